"""Attention: weighted means of values, by the likeness of queries and keys."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._composite import composite
from ..._state import here
from ...ops.activation import softmax
from ...ops.attention import attention as fused
from ...ops.elementwise import where
from ...ops.matmul import matmul, swap
from ...ops.reduction import mean
from ...ops.shape import cat, expand, reshape, transpose
from ._arguments import array_of, need_tensor, tensor_of
from .dropout import dropout
from .linear import linear
from .padding import pad

if TYPE_CHECKING:
    from ..._tensor import Tensor

__all__ = ["multi_head_attention_forward", "scaled_dot_product_attention"]


def scaled_dot_product_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attn_mask: Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
) -> Tensor:
    """softmax(Q Kᵀ · scale + mask) V, the scale being 1/√E unless given.

    `attn_mask` is added, or if boolean says which keys take part; `is_causal` lets a query see
    the keys up to its own position.  A query that sees no key gives 0.

    Shapes: query (…, L, E), key (…, S, E), value (…, S, V) -> (…, L, V)
    Source: Vaswani et al., Attention Is All You Need (2017).
    """
    for label, given in (("query", query), ("key", key), ("value", value)):
        need_tensor("scaled_dot_product_attention", given, label)
    if query.ndim < 2 or key.ndim < 2 or value.ndim < 2:
        raise RuntimeError(
            "Expected query, key, and value to all be  at least 2 dimensional, but got "
            f"query.dim: {query.ndim}, key.dim: {key.ndim}, value.dim: {value.ndim}"
        )
    if is_causal and attn_mask is not None:
        if dropout_p or query.ndim != 4:
            raise RuntimeError(
                "_scaled_dot_product_attention: Explicit attn_mask should not be set when "
                "is_causal=True, but for (N, heads, L, E) without dropout"
            )
        attn_mask, is_causal = _hiding_later(attn_mask, query.shape[-2], key.shape[-2]), False
    if enable_gqa:
        key, value = (_repeated(x, query.shape[-3] // x.shape[-3]) for x in (key, value))
    width = query.shape[-1]
    factor = (1 / math.sqrt(width) if width else 1.0) if scale is None else scale
    alike = query.shape[:-2] == key.shape[:-2] == value.shape[:-2] and key.shape[-2]
    if attn_mask is None and alike and not dropout_p:
        mask = _causal(query.shape[-2], key.shape[-2], array_of(query).dtype) if is_causal else None
        if mask is not None and here.state.watch is None:  # a watcher is to see no tensor of ours
            mask = tensor_of(mask)
        return fused.run(query, key, value, mask, factor)  # type: ignore[no-any-return]
    if is_causal:
        attn_mask = np.tri(query.shape[-2], key.shape[-2], dtype=bool)  # type: ignore[assignment]
    weights = _weights(matmul(query * factor, swap(key)), attn_mask)
    return matmul(dropout(weights, dropout_p), value)  # type: ignore[no-any-return]


def _hiding_later(mask: Any, queries: int, keys: int) -> Any:
    """A mask that hides the later keys too."""
    seen = np.tri(queries, keys, dtype=bool)
    if array_of(mask).dtype == bool:
        return tensor_of(array_of(mask) & seen)
    return where(seen, mask, -math.inf)


@lru_cache(maxsize=16)
def _causal(queries: int, keys: int, dtype: Any) -> Any:
    """−∞ where a query would see a later key, to be added."""
    mask = np.zeros((queries, keys), dtype)
    mask[~np.tri(queries, keys, dtype=bool)] = -math.inf
    mask.flags.writeable = False
    return mask


def _repeated(x: Any, times: int) -> Any:
    """Each head of (…, H, S, E) `times` times over."""
    if times == 1:
        return x
    lead, heads, tail = x.shape[:-3], x.shape[-3], x.shape[-2:]
    wide = expand(reshape(x, shape=(*lead, heads, 1, *tail)), shape=(*lead, heads, times, *tail))
    return reshape(wide, shape=(*lead, heads * times, *tail))


@composite
def _weights(scores: Any, mask: Any) -> Any:
    """softmax of the scores along the last axis, 0 in rows that are masked completely."""
    if mask is None:
        return softmax(scores, axis=scores.ndim - 1)
    array = array_of(mask)
    if array.dtype.kind == "b":
        scores = where(array, scores, -math.inf)
        blind = ~array.any(axis=-1, keepdims=True)
    else:
        if array.dtype != array_of(scores).dtype:
            raise RuntimeError(
                "Expected attn_mask dtype to be bool or to match query dtype, but got "
                f"attn_mask.dtype: {mask.dtype} and query.dtype: {scores.dtype} instead."
            )
        scores = scores + mask
        blind = (array == -math.inf).all(axis=-1, keepdims=True)
    if not blind.any():
        return softmax(scores, axis=scores.ndim - 1)
    # a row of −∞ alone would be NaN, forwards and backwards
    return where(blind, 0.0, softmax(where(blind, 0.0, scores), axis=scores.ndim - 1))


def multi_head_attention_forward(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    embed_dim_to_check: int,
    num_heads: int,
    in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None,
    bias_k: Tensor | None,
    bias_v: Tensor | None,
    add_zero_attn: bool,
    dropout_p: float,
    out_proj_weight: Tensor,
    out_proj_bias: Tensor | None,
    training: bool = True,
    key_padding_mask: Tensor | None = None,
    need_weights: bool = True,
    attn_mask: Tensor | None = None,
    use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None,
    k_proj_weight: Tensor | None = None,
    v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None,
    static_v: Tensor | None = None,
    average_attn_weights: bool = True,
    is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """Attention in `num_heads` subspaces side by side, and its weights (None if not needed).

    Shapes: query (L, N, E), key and value (S, N, E), or without N -> (L, N, E) and (N, L, S), or
    (N, heads, L, S) unless `average_attn_weights`.
    """
    alone = query.ndim == 2
    if alone:
        query, key, value = query[:, None], key[:, None], value[:, None]
        key_padding_mask = None if key_padding_mask is None else key_padding_mask[None]
    length, batch, width = query.shape
    if width != embed_dim_to_check:
        raise AssertionError(
            f"was expecting embedding dimension of {embed_dim_to_check}, but got {width}"
        )
    if width % num_heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    if is_causal and attn_mask is None:
        raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
    separate = (q_proj_weight, k_proj_weight, v_proj_weight) if use_separate_proj_weight else None
    q, k, v = _projected(query, key, value, in_proj_weight, in_proj_bias, separate)
    mask = _float_mask(attn_mask, q)
    padding = _float_mask(key_padding_mask, q)
    k, v, mask, padding = _lengthened(k, v, mask, padding, bias_k, bias_v)
    q, k, v = (_heads(x, num_heads) for x in (q, k, v))
    k = k if static_k is None else static_k
    v = v if static_v is None else static_v
    if add_zero_attn:
        k, v = (_with_zero(x) for x in (k, v))
        mask, padding = _widened(mask), _widened(padding)
    if padding is not None:
        mask = _with_padding(mask, padding, num_heads)
    weights = _weights(matmul(q * math.sqrt(1 / q.shape[-1]), swap(k)), mask)
    out = matmul(dropout(weights, dropout_p, training), v)
    out = reshape(transpose(out, axes=(1, 0, 2)), shape=(length * batch, width))
    out = linear(out, out_proj_weight, out_proj_bias)
    out = reshape(out, shape=(length, batch, out.shape[1]))
    result = out[:, 0] if alone else out
    if not need_weights:
        return result, None
    shown = reshape(weights, shape=(batch, num_heads, length, weights.shape[2]))
    shown = mean(shown, axis=1) if average_attn_weights else shown
    return result, shown[0] if alone else shown


def _projected(
    query: Any, key: Any, value: Any, weight: Any, bias: Any, separate: Any
) -> tuple[Any, Any, Any]:
    """Queries, keys and values, by one packed weight (3 E, E) or by three."""
    width = query.shape[-1]
    biases = (
        (None,) * 3 if bias is None else tuple(bias[i * width : (i + 1) * width] for i in range(3))
    )
    if separate is not None:
        weights = separate
    elif query is key and key is value:
        together = linear(query, weight, bias)
        return tuple(together[..., i * width : (i + 1) * width] for i in range(3))  # type: ignore[return-value]
    else:
        weights = tuple(weight[i * width : (i + 1) * width] for i in range(3))
    return tuple(
        linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases, strict=True)
    )  # type: ignore[return-value]


@composite
def _float_mask(mask: Any, like: Any) -> Any:
    """A mask to be added: −∞ where a boolean one is True."""
    if mask is None or array_of(mask).dtype.kind == "f":
        return mask
    if array_of(mask).dtype.kind != "b":
        raise AssertionError("only bool and floating types of masks are supported")
    zeros = np.zeros(mask.shape, array_of(like).dtype)
    zeros[array_of(mask)] = -math.inf
    return zeros


def _widened(mask: Any) -> Any:
    """A mask with one more key, which everyone sees."""
    if mask is None:
        return None
    if isinstance(mask, np.ndarray):
        return np.concatenate([mask, np.zeros((*mask.shape[:-1], 1), mask.dtype)], axis=-1)
    return pad(mask, (0, 1))


def _lengthened(
    k: Any, v: Any, mask: Any, padding: Any, bias_k: Any, bias_v: Any
) -> tuple[Any, Any, Any, Any]:
    """Keys and values with a learned one at the end, if there is one."""
    if bias_k is None or bias_v is None:
        return k, v, mask, padding
    shape = (1, *k.shape[1:])
    k, v = (
        cat(x, expand(reshape(b, shape=(1, 1, shape[2])), shape=shape), axis=0)
        for x, b in ((k, bias_k), (v, bias_v))
    )
    return k, v, _widened(mask), _widened(padding)


def _heads(x: Any, count: int) -> Any:
    """(S, N, E) -> (N · heads, S, E / heads)."""
    steps, batch, width = x.shape
    split = reshape(x, shape=(steps, batch * count, width // count))
    return transpose(split, axes=(1, 0, 2))


def _with_zero(x: Any) -> Any:
    zeros = np.zeros((x.shape[0], 1, x.shape[2]), array_of(x).dtype)
    return cat(x, zeros, axis=1)


def _with_padding(mask: Any, padding: Any, heads: int) -> Any:
    """The mask (…, L, S) and the padding of the keys (N, S) added up, for all heads."""
    batch, keys = padding.shape
    wide = expand(reshape(padding, shape=(batch, 1, 1, keys)), shape=(batch, heads, 1, keys))
    wide = reshape(wide, shape=(batch * heads, 1, keys))
    return wide if mask is None else mask + wide
