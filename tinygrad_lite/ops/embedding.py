"""Rows of a table by their number, and the gradient that comes back to the table."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels.rows import Rows, add_rows
from .._op import op


@op(kind="linear", label="embedding", onnx="Gather")
def embedding(
    weight: Any, indices: Any, *, padding_idx: int | None = None, by_frequency: bool = False,
    as_rows: bool = False,
) -> Any:  # fmt: skip
    """weight[indices]; row `padding_idx` gets no gradient.

    With `by_frequency` the gradient of a row is divided by how often the row was looked up.
    With `as_rows`, for leaves, it stays a list of rows until somebody wants the whole.
    """
    return weight.take(indices, axis=0)


@op(kind="linear", label="embeddingᵀ")
def embed_back(
    x: Any, indices: Any, *, rows: int, padding_idx: int | None, by_frequency: bool
) -> Any:
    """A table of `rows` rows with `x` added at `indices`."""
    out = np.zeros((rows, x.shape[-1]), x.dtype)
    flat = indices.reshape(-1)
    add_rows(out, flat, _shared(x, flat, padding_idx, by_frequency))
    return out


def _shared(g: Any, flat: Any, padding_idx: int | None, by_frequency: bool) -> Any:
    """The rows of `g`, those of the padding at zero, divided by their frequency if asked."""
    values = g.reshape(flat.size, g.shape[-1])
    if by_frequency and flat.size:
        values = values * (1 / np.bincount(flat)[flat]).astype(g.dtype)[:, None]
    if padding_idx is not None:
        values = np.where((flat != padding_idx)[:, None], values, g.dtype.type(0))
    return values


@op(kind="linear", label="embedding")
def embed_weighted(
    weight: Any, indices: Any, *, padding_idx: int | None, by_frequency: bool
) -> Any:
    """The transpose of `embed_back`: rows of `weight`, scaled as their gradients are."""
    flat = indices.reshape(-1)
    rows = _shared(weight.take(flat, axis=0), flat, padding_idx, by_frequency)
    return rows.reshape(*indices.shape, weight.shape[1])


def _back(g: Any, weight_shape: Any, indices: Any, padding_idx: Any, by_frequency: bool) -> Any:
    return embed_back(
        g, indices, rows=weight_shape[0], padding_idx=padding_idx, by_frequency=by_frequency
    )


@embedding.rule("weight")
def _(
    g: Any, weight_shape: Any, indices: Any, padding_idx: Any, by_frequency: bool, as_rows: bool
) -> Any:
    if not as_rows or g.__class__ is not np.ndarray:
        return _back(g, weight_shape, indices, padding_idx, by_frequency)
    flat = indices.reshape(-1)
    return Rows(weight_shape[0], flat, _shared(g, flat, padding_idx, by_frequency))


embed_weighted.rule(_back, "weight")


@embed_back.rule("x")
def _(g: Any, indices: Any, padding_idx: int | None, by_frequency: bool) -> Any:
    return embed_weighted(g, indices, padding_idx=padding_idx, by_frequency=by_frequency)
