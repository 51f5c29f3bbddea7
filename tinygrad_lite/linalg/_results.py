"""The named tuples that functions with several results return, as torch.return_types names them."""

from __future__ import annotations

from ..return_types import named

Cholesky = named("linalg_cholesky_ex", "L", "info")
Eigh = named("linalg_eigh", "eigenvalues", "eigenvectors")
Inv = named("linalg_inv_ex", "inverse", "info")
LDL = named("linalg_ldl_factor", "LD", "pivots")
LDLInfo = named("linalg_ldl_factor_ex", "LD", "pivots", "info")
Lstsq = named("linalg_lstsq", "solution", "residuals", "rank", "singular_values")
LU = named("linalg_lu", "P", "L", "U")
LUFactor = named("linalg_lu_factor", "LU", "pivots")
LUInfo = named("linalg_lu_factor_ex", "LU", "pivots", "info")
QR = named("linalg_qr", "Q", "R")
Slogdet = named("linalg_slogdet", "sign", "logabsdet")
Solve = named("linalg_solve_ex", "result", "info")
SVD = named("linalg_svd", "U", "S", "Vh")
