"""The names PyTorch gives recorded operations: AddBackward0 for an addition."""

from __future__ import annotations

__all__ = ["backward_name"]

SPECIAL = {
    "matmul": "MmBackward0",
    "matmul_transposed": "MmBackward0",
    "linear": "AddmmBackward0",
    "linear_without_bias": "MmBackward0",
    "power": "PowBackward0",
    "square": "PowBackward0",
    "pow": "PowBackward1",
    "exponential": "PowBackward2",
    "log1p": "Log1PBackward0",
    "deg2rad": "Deg2RadBackward0",
    "rad2deg": "Rad2DegBackward0",
    "div_floor": "DivBackward2",
    "div_trunc": "DivBackward2",
    "round_decimals": "RoundBackward1",
    "reshape": "ViewBackward0",
    "transpose": "PermuteBackward0",
    "index": "SelectBackward0",
    "windows": "UnfoldBackward0",
    "undiagonal": "DiagEmbedBackward0",
    "pad_constant": "ConstantPadNdBackward0",
    "cast": "ToCopyBackward0",
    "write_view": "CopySlices",
    "assign": "CopySlices",
    "clamp": "ClampBackward1",
    "clamp_between": "ClampBackward0",
    "clamp_above": "ClampBackward0",
    "clamp_below": "ClampBackward0",
    "max": "MaxBackward1",
    "min": "MinBackward1",
    "max_along": "MaxBackward0",
    "min_along": "MinBackward0",
    "median_along": "MedianBackward1",
    "nanmedian_along": "NanmedianBackward1",
    "norm": "LinalgVectorNormBackward0",
    "scatter_extreme": "ScatterReduceBackward0",
    "cross_entropy": "NllLossBackward0",
    "batch_norm": "NativeBatchNormBackward0",
    "layer_norm": "NativeLayerNormBackward0",
    "group_norm": "NativeGroupNormBackward0",
    "frozen_norm": "NativeBatchNormBackward0",
    "nearest": "UpsampleNearest2DBackward0",
    "logsigmoid": "LogSigmoidBackward0",
    "gelu_tanh": "GeluBackward0",
    "prelu": "PreluKernelBackward0",
    "inv": "LinalgInvExBackward0",
    "solve": "LinalgSolveExBackward0",
    "lu_factor": "LinalgLuFactorExBackward0",
    "cholesky": "LinalgCholeskyExBackward0",
    "i0e": "SpecialI0EBackward0",
    "i1e": "SpecialI1EBackward0",
    "xlog1py": "SpecialXlog1PyBackward0",
    **dict.fromkeys(("det", "slogdet", "qr", "eigh", "svd", "pinv", "matrix_exp"), "Linalg"),
    **dict.fromkeys(("erfcx", "ndtri", "log_ndtr", "i1", "entr"), "Special"),
    "solve_triangular": "Linalg",
}
"""By the names of operations; a value without the word Backward goes before the usual name."""


def backward_name(name: str, custom: bool = False) -> str:
    """PyTorch's name for the node of an operation; classes of users keep theirs."""
    if custom:
        return f"{name}Backward"
    found = SPECIAL.get(name, "")
    if "Back" in found or found == "CopySlices":
        return found
    return found + "".join(part.capitalize() for part in name.split("_")) + "Backward0"
