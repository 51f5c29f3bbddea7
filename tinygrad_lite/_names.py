"""The names PyTorch gives recorded operations: AddBackward0 for an addition."""

from __future__ import annotations

__all__ = ["backward_name"]

SPECIAL = {
    "matmul": "MmBackward0",
    "matmul_transposed": "MmBackward0",
    "linear": "AddmmBackward0",
    "power": "PowBackward0",
    "pow": "PowBackward1",
    "reshape": "ViewBackward0",
    "transpose": "PermuteBackward0",
    "index": "SelectBackward0",
    "cast": "ToCopyBackward0",
    "write_view": "CopySlices",
    "assign": "CopySlices",
    "clamp": "ClampBackward1",
    "cross_entropy": "NllLossBackward0",
    "max_all": "MaxBackward1",
    "min_all": "MinBackward1",
    "vector_norm": "LinalgVectorNormBackward0",
    "conv": "ConvolutionBackward0",
    "batch_norm": "NativeBatchNormBackward0",
    "layer_norm": "NativeLayerNormBackward0",
}


def backward_name(name: str, custom: bool = False) -> str:
    """PyTorch's name for the node of an operation; classes of users keep theirs."""
    if custom:
        return f"{name}Backward"
    found = SPECIAL.get(name)
    return found or "".join(part.capitalize() for part in name.split("_")) + "Backward0"
