"""torch.functional: functions of the top level, under the path where PyTorch keeps them."""

from __future__ import annotations

from typing import Any

from . import _functions

HERE = (
    "atleast_1d", "atleast_2d", "atleast_3d", "block_diag", "broadcast_shapes",
    "broadcast_tensors", "cartesian_prod", "cdist", "chain_matmul", "einsum", "lu", "meshgrid",
    "norm", "split", "tensordot", "unique", "unique_consecutive", "unravel_index",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in HERE:
        return _functions.NAMES[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
