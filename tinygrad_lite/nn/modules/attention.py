"""Multi-head attention."""

from __future__ import annotations

from typing import Any

from ... import _creation as creation
from ..._dtypes import bool as bool_
from ...ops.shape import cat
from .. import functional as F, init
from ..parameter import Parameter
from .linear import NonDynamicallyQuantizableLinear
from .module import Module

__all__ = ["MultiheadAttention", "additive_mask"]


class MultiheadAttention(Module):
    """`concat(head_1, ..., head_h) W_o`, each head softmax(q kᵀ / √d) v of its own projections.

    Shapes: query (L, N, E), key (S, N, kdim), value (S, N, vdim) -> (L, N, E) and the weights
    (N, L, S); with `batch_first` N comes first; without a batch N is missing.

    Source: Vaswani et al., Attention is all you need, 2017.
    """

    in_proj_weight: Any
    in_proj_bias: Any
    bias_k: Any
    bias_v: Any

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, "
                f"got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim = embed_dim
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.num_heads, self.dropout, self.batch_first = num_heads, dropout, batch_first
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError(
                f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}"
            )
        self._make_projections(bias, {"device": device, "dtype": dtype})
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        for name in ("bias_k", "bias_v"):
            shape = (1, 1, embed_dim)
            fresh = creation.empty(shape, device=device, dtype=dtype) if add_bias_kv else None
            setattr(self, name, None if fresh is None else Parameter(fresh))
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _make_projections(self, bias: bool, factory: dict[str, Any]) -> None:
        size, same = self.embed_dim, self._qkv_same_embed_dim
        shapes = {
            "q_proj_weight": None if same else (size, size),
            "k_proj_weight": None if same else (size, self.kdim),
            "v_proj_weight": None if same else (size, self.vdim),
            "in_proj_weight": (3 * size, size) if same else None,
            "in_proj_bias": (3 * size,) if bias else None,
        }
        for name, shape in shapes.items():
            fresh = None if shape is None else Parameter(creation.empty(shape, **factory))
            self.register_parameter(name, fresh)

    def _reset_parameters(self) -> None:
        """Draw the projections anew, Xavier uniform; the biases of the projections become 0."""
        for name in ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight"):
            if getattr(self, name) is not None:
                init.xavier_uniform_(getattr(self, name))
        if self.in_proj_bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for extra in (self.bias_k, self.bias_v):
            if extra is not None:
                init.xavier_normal_(extra)

    def forward(
        self,
        query: Any,
        key: Any,
        value: Any,
        key_padding_mask: Any = None,
        need_weights: bool = True,
        attn_mask: Any = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Any, Any]:
        """Return the attended values, and the weights when they are needed.

        True in `key_padding_mask` (N, S) or `attn_mask` (L, S) or (N · heads, L, S) forbids; a
        float mask is added to the scores.
        """
        if is_causal and attn_mask is None:
            raise RuntimeError("Need attn_mask if specifying the is_causal hint.")
        batched = _check_dims(query, key, value, key_padding_mask, attn_mask)
        q, k, v = (self._batch_first(x, batched) for x in (query, key, value))
        if not batched and key_padding_mask is not None:
            key_padding_mask = key_padding_mask.unsqueeze(0)
        self._check_sizes(q, k, v)
        mask = self._joined_mask(key_padding_mask, attn_mask, q, k)
        q, k, v = self._projected(q, k, v, key is value, query is key)
        k, v, mask = self._extended(k, v, mask)
        heads = [self._split_heads(x) for x in (q, k, v)]
        dropout = self.dropout if self.training else 0.0
        if need_weights:
            out, weights = _attend(heads, mask, dropout)
            weights = weights.mean(dim=1) if average_attn_weights else weights
        else:
            out = F.scaled_dot_product_attention(heads[0], heads[1], heads[2], mask, dropout)
            weights = None
        out = out.transpose(1, 2).reshape(q.shape)
        out = F.linear(out, self.out_proj.weight, self.out_proj.bias)
        if not batched:
            return out.squeeze(0), None if weights is None else weights.squeeze(0)
        return (out if self.batch_first else out.transpose(0, 1)), weights

    def _batch_first(self, x: Any, batched: bool) -> Any:
        if not batched:
            return x.unsqueeze(0)
        return x if self.batch_first else x.transpose(0, 1)

    def _check_sizes(self, q: Any, k: Any, v: Any) -> None:
        if q.shape[-1] != self.embed_dim:
            raise AssertionError(
                f"was expecting embedding dimension of {self.embed_dim}, but got {q.shape[-1]}"
            )
        if tuple(k.shape[:2]) != tuple(v.shape[:2]):
            raise AssertionError(
                f"key's sequence and batch dims {tuple(k.shape[:2])} do not match value's "
                f"{tuple(v.shape[:2])}"
            )
        if k.shape[0] != q.shape[0]:
            raise RuntimeError(
                f"key and value have {k.shape[0]} samples and the query {q.shape[0]}: expected as "
                f"many; shape {tuple(k.shape)} is invalid beside {tuple(q.shape)}"
            )
        if self._qkv_same_embed_dim and k.shape[-1] != v.shape[-1]:
            raise AssertionError(
                f"key shape {tuple(k.shape)} does not match value shape {tuple(v.shape)}"
            )

    def _projected(
        self, q: Any, k: Any, v: Any, key_is_value: bool, query_is_key: bool
    ) -> tuple[Any, Any, Any]:
        """The three projections: one product for self-attention."""
        size, bias = self.embed_dim, self.in_proj_bias
        if self._qkv_same_embed_dim and key_is_value and query_is_key:
            return tuple(F.linear(q, self.in_proj_weight, bias).chunk(3, -1))
        if self._qkv_same_embed_dim:
            weights = [self.in_proj_weight[i * size : (i + 1) * size] for i in range(3)]
        else:
            weights = [self.q_proj_weight, self.k_proj_weight, self.v_proj_weight]
        biases = [None if bias is None else bias[i * size : (i + 1) * size] for i in range(3)]
        rows = [F.linear(x, w, b) for x, w, b in zip((q, k, v), weights, biases, strict=True)]
        return rows[0], rows[1], rows[2]

    def _extended(self, k: Any, v: Any, mask: Any) -> tuple[Any, Any, Any]:
        """Keys and values with the learnt ones and the zeros behind them, if asked for."""
        extra = 0
        if self.bias_k is not None:
            k = cat(k, self.bias_k.expand((k.shape[0], 1, self.embed_dim)), axis=1)
            v = cat(v, self.bias_v.expand((v.shape[0], 1, self.embed_dim)), axis=1)
            extra += 1
        if self.add_zero_attn:
            nothing = creation.zeros((k.shape[0], 1, self.embed_dim), dtype=k.dtype)
            k, v = cat(k, nothing, axis=1), cat(v, nothing, axis=1)
            extra += 1
        if extra and mask is not None:
            mask = F.pad(mask, (0, extra))
        return k, v, mask

    def _split_heads(self, x: Any) -> Any:
        """(N, L, E) -> (N, heads, L, E / heads)."""
        batch, length, _ = x.shape
        return x.reshape((batch, length, self.num_heads, self.head_dim)).transpose(1, 2)

    def _joined_mask(self, padding: Any, mask: Any, q: Any, k: Any) -> Any:
        """Both masks as one that is added to the scores: (N or 1, heads or 1, L, S), or None."""
        batch, length = q.shape[:2]
        size = k.shape[1]
        total = None
        if mask is not None:
            total = self._shaped(additive_mask(mask, "attn_mask", q.dtype), batch, length, size)
        if padding is not None:
            if tuple(padding.shape) != (batch, size):
                raise AssertionError(
                    f"expecting key_padding_mask shape of {(batch, size)}, "
                    f"but got {tuple(padding.shape)}"
                )
            add = additive_mask(padding, "key_padding_mask", q.dtype)
            add = add.reshape((batch, 1, 1, size))
            total = add if total is None else total + add
        return total

    def _shaped(self, mask: Any, batch: int, length: int, size: int) -> Any:
        if mask.dim() == 2:
            if tuple(mask.shape) != (length, size):
                raise RuntimeError(
                    f"The shape of the 2D attn_mask is {mask.shape}, "
                    f"but should be {(length, size)}."
                )
            return mask.reshape((1, 1, length, size))
        wanted = (batch * self.num_heads, length, size)
        if mask.dim() != 3:
            raise RuntimeError(f"attn_mask's dimension {mask.dim()} is not supported")
        if tuple(mask.shape) != wanted:
            raise RuntimeError(
                f"The shape of the 3D attn_mask is {mask.shape}, but should be {wanted}."
            )
        return mask.reshape((batch, self.num_heads, length, size))

    def merge_masks(self, attn_mask: Any, key_padding_mask: Any, query: Any) -> tuple[Any, Any]:
        """Both masks as one for each sample and head, and 2; padding alone, and 1; or None twice.

        Shapes: query (N, L, E), attn_mask (L, L) or (N · heads, L, L), key_padding_mask (N, L).
        """
        if attn_mask is None:
            return key_padding_mask, None if key_padding_mask is None else 1
        batch, length, _ = query.shape
        if attn_mask.dim() == 3:
            merged = attn_mask.reshape((batch, -1, length, length))
        else:
            merged = attn_mask.reshape((1, 1, length, length))
            merged = merged.expand((batch, self.num_heads, length, length))
        if key_padding_mask is not None:
            merged = merged + key_padding_mask.reshape((batch, 1, 1, length))
        return merged, 2


def _check_dims(query: Any, key: Any, value: Any, padding: Any, mask: Any) -> bool:
    """Whether there is a batch dimension; raise unless all arguments agree about it."""
    if query.dim() not in {2, 3}:
        raise AssertionError(
            f"query should be unbatched 2D or batched 3D tensor but received {query.dim()}-D "
            "query tensor"
        )
    batched = bool(query.dim() == 3)
    kind = "batched (3-D)" if batched else "unbatched (2-D)"
    if key.dim() != query.dim() or value.dim() != query.dim():
        raise AssertionError(
            f"For {kind} `query`, expected `key` and `value` to be {query.dim()}-D "
            f"but found {key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    wanted = 2 if batched else 1
    if padding is not None and padding.dim() != wanted:
        raise AssertionError(
            f"For {kind} `query`, expected `key_padding_mask` to be `None` or {wanted}-D "
            f"but found {padding.dim()}-D tensor instead"
        )
    if mask is not None and mask.dim() not in {2, 3}:
        raise AssertionError(
            f"For {kind} `query`, expected `attn_mask` to be `None`, 2-D or 3-D "
            f"but found {mask.dim()}-D tensor instead"
        )
    return batched


def additive_mask(mask: Any, name: str, dtype: Any) -> Any:
    """A mask that is added to the scores; True of a boolean one becomes −∞."""
    if mask is None:
        return None
    if mask.dtype == bool_:
        zeros = creation.zeros(tuple(mask.shape), dtype=dtype)
        return zeros.masked_fill(mask, float("-inf"))
    if not mask.is_floating_point():
        raise AssertionError(f"only bool and floating types of {name} are supported")
    return mask


def _attend(heads: list[Any], mask: Any, dropout: float) -> tuple[Any, Any]:
    """The attended values and the weights of every head."""
    q, k, v = heads
    scores = (q * q.shape[-1] ** -0.5).matmul(k.transpose(-2, -1))
    weights = F.softmax(scores if mask is None else scores + mask, dim=-1)
    if dropout:
        weights = F.dropout(weights, dropout)
    return weights.matmul(v), weights
