"""Linear maps along one axis: what interpolation and adaptive averaging are made of."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import op


@op(kind="linear", label="blend", onnx="MatMul")
def blend(x: Any, matrix: Any, *, axis: int) -> Any:
    """Each result along `axis` a mixture of the elements of `x` there: a row of `matrix` each."""
    moved = np.tensordot(x, np.asarray(matrix, x.dtype), axes=(axis, 1))
    return np.moveaxis(moved, -1, axis)


blend.rule(lambda g, matrix, axis: blend(g, matrix.T, axis=axis), "x")
