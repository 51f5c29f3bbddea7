"""The exponential of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels import lapack
from .._op import op
from .matmul import swap
from .shape import cat


@op(label="e^A")
def matrix_exp(x: Any) -> Any:
    """Σ Xᵏ/k! of every matrix.

    Gradient: the upper right block of the exponential of [[Xᵀ, g], [0, Xᵀ]].
    """
    lapack.need_floats("linalg.matrix_exp", x)
    return lapack.expm(x)


@matrix_exp.rule
def _(g: Any, x: Any) -> Any:
    n = x.shape[-1]
    turned = swap(x)
    zeros = np.zeros(x.shape, np.dtype(getattr(x.dtype, "numpy", x.dtype)))
    block = cat(cat(turned, g, axis=-1), cat(zeros, turned, axis=-1), axis=-2)
    return matrix_exp(block)[..., :n, n:]
