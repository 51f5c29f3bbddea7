"""The affine map x Wᵀ + b as one operation, and the bilinear form of two inputs."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._kernels.affine import affine, product, times
from .._kernels.blocks import tall_gram
from .._kernels.broadcast import column_sums
from .._kernels.products import product_of
from .._op import op
from .matmul import matmul, matmul_transposed
from .shape import reshape, unexpand


def _rows(x: Any) -> Any:
    """`x` as a matrix of rows along its last axis."""
    if x.ndim == 2:
        return x
    return reshape(x, shape=(math.prod(x.shape[:-1]), x.shape[-1]))


@op(kind="bilinear", label="linear", onnx="Gemm", dtypes="same", formula="g W, gᵀ x, Σ g")
def linear(x: Any, weight: Any, bias: Any) -> Any:
    """x Wᵀ + b over the last axis of `x`: (…, in), (out, in), (out) -> (…, out)."""
    if x.ndim == 2:
        return affine(x, weight, bias)
    return affine(_rows(x), weight, bias).reshape(*x.shape[:-1], weight.shape[0])


@op(kind="bilinear", label="linear", onnx="MatMul", dtypes="same", formula="g W, gᵀ x")
def linear_without_bias(x: Any, weight: Any) -> Any:
    """x Wᵀ over the last axis of `x`: (…, in), (out, in) -> (…, out)."""
    return product(_rows(x), weight).reshape(*x.shape[:-1], weight.shape[0])


def _pull_x(g: Any, weight: Any) -> Any:
    if g.__class__ is np.ndarray and g.ndim == 2:
        return times(g, weight)
    if g.ndim <= 2:
        return matmul(g, weight)
    return reshape(matmul(_rows(g), weight), shape=(*g.shape[:-1], weight.shape[1]))


def _pull_weight(g: Any, x: Any) -> Any:
    g, x = _rows(g), _rows(x)
    return tall_gram(g, x) if g.__class__ is np.ndarray else matmul_transposed(g, x)


linear.rule(_pull_x)


@linear.rule
def _(g: Any, x: Any) -> Any:
    """The same, where a loop that uses the weight again and again gets one product of all steps."""
    if g.ndim == 2 and g.__class__ is np.ndarray:
        return product_of(g, x)
    return _pull_weight(g, x)


@linear.rule
def _(g: Any) -> Any:
    if g.__class__ is np.ndarray and g.ndim == 2:
        return column_sums(g)
    return unexpand(g, shape=g.shape[-1:])


linear_without_bias.rule(_pull_x)
linear_without_bias.rule(_pull_weight)
