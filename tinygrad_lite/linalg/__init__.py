"""Linear algebra under torch.linalg's names, on stacks of matrices, differentiable to any order."""

from .._kernels.lapack import LinAlgError as LinAlgError
from ._decomposition import (
    cholesky as cholesky,
    cholesky_ex as cholesky_ex,
    eig as eig,
    eigh as eigh,
    eigvals as eigvals,
    eigvalsh as eigvalsh,
    householder_product as householder_product,
    ldl_factor as ldl_factor,
    ldl_factor_ex as ldl_factor_ex,
    ldl_solve as ldl_solve,
    lu as lu,
    lu_factor as lu_factor,
    lu_factor_ex as lu_factor_ex,
    qr as qr,
    svd as svd,
    svdvals as svdvals,
)  # fmt: skip
from ._norm import (
    cond as cond,
    det as det,
    matrix_norm as matrix_norm,
    matrix_rank as matrix_rank,
    norm as norm,
    slogdet as slogdet,
    vector_norm as vector_norm,
)  # fmt: skip
from ._product import (
    cross as cross,
    diagonal as diagonal,
    matmul as matmul,
    matrix_exp as matrix_exp,
    matrix_power as matrix_power,
    multi_dot as multi_dot,
    vander as vander,
    vecdot as vecdot,
)  # fmt: skip
from ._system import (
    inv as inv,
    inv_ex as inv_ex,
    lstsq as lstsq,
    lu_solve as lu_solve,
    pinv as pinv,
    solve as solve,
    solve_ex as solve_ex,
    solve_triangular as solve_triangular,
    tensorinv as tensorinv,
    tensorsolve as tensorsolve,
)  # fmt: skip
