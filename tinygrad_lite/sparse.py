"""PyTorch's names for sparse matrices, on dense tensors: scripts for graphs run unchanged.

Nothing is saved by zeros here: what these functions return is dense, with the same values.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ._creation import as_tensor, zeros
from ._dtypes import DTYPES
from ._functions import NAMES
from ._tensor import Tensor

__all__ = [
    "DoubleTensor", "FloatTensor", "IntTensor", "LongTensor", "addmm", "log_softmax", "mm",
    "softmax", "sparse_coo_tensor", "spmm", "sum",
]  # fmt: skip

addmm, log_softmax = NAMES["addmm"], NAMES["log_softmax"]
softmax, sum = NAMES["softmax"], NAMES["sum"]
mm = spmm = NAMES["mm"]


def sparse_coo_tensor(
    indices: Any, values: Any = None, size: Any = None, *, dtype: Any = None, device: Any = None,
    pin_memory: bool = False, requires_grad: bool = False, check_invariants: bool | None = None,
    is_coalesced: bool | None = None,
) -> Tensor:  # fmt: skip
    """Zeros, and the values at their indices; values of equal indices are added.

    Shapes: indices (axes, n), values (n, …) -> size.  Gradient: that of the places of the values.
    Differs from PyTorch: the tensor is dense.

    >>> import tinygrad_lite as torch
    >>> sparse_coo_tensor([[0, 1, 1], [2, 0, 0]], [3.0, 4.0, 5.0], (2, 3)).tolist()
    [[0.0, 0.0, 3.0], [9.0, 0.0, 0.0]]
    """
    if values is None:  # a size alone
        return zeros(*indices, dtype=dtype, device=device, requires_grad=requires_grad)
    places = np.asarray(indices.detach() if isinstance(indices, Tensor) else indices)
    places = places.astype(np.int64)
    if places.ndim != 2:
        raise RuntimeError(
            f"indices must be sparse_dim x nnz, but got: {list(places.shape)}; "
            "a row for each axis, a column for each value"
        )
    made = as_tensor(values, dtype=dtype, device=device)
    if size is None:
        found = tuple((places.max(axis=1) + 1).tolist()) if places.size else (0,) * len(places)
        size = (*found, *made.shape[1:])
    _check_places(places, tuple(size))
    empty = zeros(*size, dtype=made.dtype)
    full = empty.index_put(tuple(map(as_tensor, places)), made, accumulate=True)
    return full.requires_grad_() if requires_grad else full


def _check_places(places: Any, size: tuple[int, ...]) -> None:
    for axis, (row, length) in enumerate(zip(places, size, strict=False)):
        if row.size and not (row.min() >= 0 and row.max() < length):
            worst = row.max() if row.max() >= length else row.min()
            raise RuntimeError(
                f"size is inconsistent with indices: for dim {axis}, size is {length} but found "
                f"index {worst}"
            )


def _class_of(name: str, kind: str) -> Any:
    def function(indices: Any, values: Any = None, size: Any = None) -> Tensor:
        return sparse_coo_tensor(indices, values, size, dtype=DTYPES[kind])

    function.__name__ = function.__qualname__ = name
    function.__doc__ = f"A matrix of {kind}, as `sparse_coo_tensor` makes it."
    return function


FloatTensor = _class_of("FloatTensor", "float32")
DoubleTensor = _class_of("DoubleTensor", "float64")
LongTensor = _class_of("LongTensor", "int64")
IntTensor = _class_of("IntTensor", "int32")
