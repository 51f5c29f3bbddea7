"""Normalisations, dropout, attention, losses."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._creation import from_numpy
from ..reading import Call, as_tensor, reads, type_of
from .names import F, T


def _face(vector: Any, ndim: int) -> Any:
    return vector.reshape((-1, *[1] * (ndim - 2)))


@reads("BatchNormalization")
def read_batch_norm(c: Call, x: Any, scale: Any, bias: Any, mean: Any, var: Any) -> Any:
    """The running statistics move as PyTorch's do where the model is in training mode."""
    eps, momentum = c.get("epsilon", 1e-5), c.get("momentum", 0.9)
    if not (c.get("training_mode", 0) or c.training):
        return F.batch_norm(x, mean, var, scale, bias, False, 0.0, eps)
    if c.count == 1:
        return F.batch_norm(x, mean, var, scale, bias, True, 1 - momentum, eps)
    axes = (0, *range(2, x.ndim))
    own_mean, own_var = x.mean(axes), x.var(axes, unbiased=False)
    out = (x - _face(own_mean, x.ndim)) / T.sqrt(_face(own_var, x.ndim) + eps)
    out = out * _face(scale, x.ndim) + _face(bias, x.ndim)
    moved = [a * momentum + b * (1 - momentum) for a, b in ((mean, own_mean), (var, own_var))]
    return (out, *moved)


@reads("InstanceNormalization")
def read_instance_norm(c: Call, x: Any, scale: Any, bias: Any) -> Any:
    return F.instance_norm(x, None, None, scale, bias, True, 0.1, c.get("epsilon", 1e-5))


@reads("LayerNormalization")
def read_layer_norm(c: Call, x: Any, scale: Any, bias: Any = None) -> Any:
    axis, eps = c.get("axis", -1) % x.ndim, c.get("epsilon", 1e-5)
    face = tuple(x.shape[axis:])
    if c.count == 1 and tuple(scale.shape) == face and (bias is None or bias.shape == scale.shape):
        return F.layer_norm(x, face, scale, bias, eps)
    axes = tuple(range(axis, x.ndim))
    mean = x.mean(axes, True)
    apart = x - mean
    inverse = 1 / T.sqrt((apart * apart).mean(axes, True) + eps)
    out = apart * inverse * scale
    out = out if bias is None else out + bias
    return (out, mean, inverse)[: c.count] if c.count > 1 else out


@reads("RMSNormalization")
def read_rms_norm(c: Call, x: Any, scale: Any) -> Any:
    axis = c.get("axis", -1) % x.ndim
    axes = tuple(range(axis, x.ndim))
    return x / T.sqrt((x * x).mean(axes, True) + c.get("epsilon", 1e-5)) * scale


@reads("GroupNormalization")
def read_group_norm(c: Call, x: Any, scale: Any, bias: Any) -> Any:
    groups = c["num_groups"]
    if c.opset < 21:  # one factor for each group
        each = x.shape[1] // groups
        scale, bias = (T.repeat_interleave(v, each) for v in (scale, bias))
    return F.group_norm(x, groups, scale, bias, c.get("epsilon", 1e-5))


@reads("LpNormalization")
def read_lp_norm(c: Call, x: Any) -> Any:
    length = x.norm(p=c.get("p", 2), dim=c.get("axis", -1), keepdim=True)
    return T.where(
        length == 0, T.zeros_like(x), x / T.where(length == 0, T.ones_like(length), length)
    )


@reads("MeanVarianceNormalization")
def read_mean_variance(c: Call, x: Any) -> Any:
    axes = tuple(c.get("axes", (0, 2, 3)))
    apart = x - x.mean(axes, True)
    return apart / (T.sqrt((apart * apart).mean(axes, True)) + 1e-9)


@reads("LRN")
def read_lrn(c: Call, x: Any) -> Any:
    """Σ over channels from ⌊(n−1)/2⌋ before to ⌈(n−1)/2⌉ after."""
    size = c["size"]
    channels = np.arange(x.shape[1])
    apart = channels[None, :] - channels[:, None]
    near = (apart >= -((size - 1) // 2)) & (apart <= size // 2)
    matrix = as_tensor(near).to(x.dtype)
    square = T.tensordot(matrix, x * x, ([1], [1])).movedim(0, 1)
    alpha, beta = c.get("alpha", 1e-4), c.get("beta", 0.75)
    return x / (square * (alpha / size) + c.get("bias", 1.0)) ** beta


@reads("Dropout")
def read_dropout(c: Call, x: Any, ratio: Any = None, training: Any = None) -> Any:
    share = c.get("ratio", 0.5) if ratio is None else float(ratio.item())
    active = c.training or (training is not None and bool(training.item()))
    if not active or share == 0:
        out, mask = x, T.ones_like(x).bool()
    else:
        mask = T.rand(tuple(x.shape)) >= share
        out = x * mask.to(x.dtype) / (1 - share)
    return (out, mask) if c.count > 1 else out


# Attention


@reads("Attention")
def read_attention(
    c: Call, q: Any, k: Any, v: Any, mask: Any = None, past_key: Any = None,
    past_value: Any = None, lengths: Any = None,
) -> Any:  # fmt: skip
    """softmax(q kᵀ · scale + mask) v of heads, given as an axis or side by side."""
    if set(c.node.attributes) - KNOWN or c.count > 3 or lengths is not None:
        c.refuse("windows, lengths of keys and intermediate scores have no counterpart")
    flat = q.ndim == 3
    if flat:
        counts = (c["q_num_heads"], c["kv_num_heads"], c["kv_num_heads"])
        q, k, v = (_heads(x, n) for x, n in zip((q, k, v), counts, strict=True))
    if past_key is not None:
        k, v = T.cat([past_key, k], 2), T.cat([past_value, v], 2)
    present = (k, v)
    repeat = q.shape[1] // k.shape[1]
    k, v = (T.repeat_interleave(x, repeat, 1) if repeat > 1 else x for x in (k, v))
    scale = c["scale"]
    scores = q @ k.transpose(-1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if c.get("softcap", 0.0):
        scores = T.tanh(scores / c["softcap"]) * c["softcap"]
    allowed = _allowed(c, scores, mask, 0 if past_key is None else past_key.shape[2])
    if allowed is not None:
        scores = scores + allowed
        blind = (scores == -math.inf).all(-1, True)  # sees no key: 0, not NaN
        scores = T.where(blind, T.zeros_like(scores), scores)
    weights = F.softmax(scores, -1)
    if allowed is not None:
        weights = T.where(blind, T.zeros_like(weights), weights)
    out = weights @ v
    if flat:
        out = out.transpose(1, 2)
        out = out.reshape((*out.shape[:2], -1))
    return (out, *present)[: c.count] if c.count > 1 else out


KNOWN = {"is_causal", "scale", "softcap", "q_num_heads", "kv_num_heads", "softmax_precision"}


def _heads(x: Any, count: int) -> Any:
    return x.reshape((*x.shape[:2], count, -1)).transpose(1, 2)


def _allowed(c: Call, scores: Any, mask: Any, past: int) -> Any:
    """What is added to the scores: −∞ where a key must not be seen."""
    found = None
    if mask is not None:
        found = mask
        if mask._array.dtype.kind == "b":
            found = T.where(mask, T.tensor(0.0), T.tensor(-math.inf)).to(scores.dtype)
        more = scores.shape[-1] - found.shape[-1]
        if more:
            found = F.pad(found, (0, more), value=-math.inf)
    if c.get("is_causal", 0):
        rows, columns = scores.shape[-2:]
        late = ~np.tri(rows, columns, past, dtype=bool)
        causal = as_tensor(np.where(late, -np.inf, 0.0)).to(scores.dtype)
        found = causal if found is None else found + causal
    return found


@reads("RotaryEmbedding")
def read_rotary(c: Call, x: Any, cos: Any, sin: Any, places: Any = None) -> Any:
    flat = x.ndim == 3
    heads = x.reshape((*x.shape[:2], c["num_heads"], -1)) if flat else x.transpose(1, 2)
    if places is not None:
        cos, sin = cos[places], sin[places]
    width = c.get("rotary_embedding_dim", 0) or heads.shape[-1]
    cos, sin = (t[..., : width // 2].unsqueeze(2) for t in (cos, sin))
    turned, rest = heads[..., :width], heads[..., width:]
    if c.get("interleaved", 0):
        a, b = turned[..., ::2], turned[..., 1::2]
        made = T.stack([a * cos - b * sin, b * cos + a * sin], -1).reshape(turned.shape)
    else:
        a, b = turned[..., : width // 2], turned[..., width // 2 :]
        made = T.cat([a * cos - b * sin, b * cos + a * sin], -1)
    out = T.cat([made, rest], -1)
    return out.reshape(x.shape) if flat else out.transpose(1, 2)


# Losses


@reads("NegativeLogLikelihoodLoss")
def read_nll(c: Call, x: Any, target: Any, weight: Any = None) -> Any:
    return F.nll_loss(
        x, target.long(), weight, ignore_index=c.get("ignore_index", -(2**62)),
        reduction=c.get("reduction", "mean"),
    )  # fmt: skip


@reads("SoftmaxCrossEntropyLoss")
def read_cross_entropy(c: Call, x: Any, target: Any, weight: Any = None) -> Any:
    logs = F.log_softmax(x, 1)
    return (
        (read_nll(c, logs, target, weight), logs)[: c.count]
        if c.count > 1
        else read_nll(c, logs, target, weight)
    )


# Windows of signals


def _raised(c: Call, size: Any, first: float, second: float, third: float = 0.0) -> Any:
    count = int(size.item())
    whole = count if c.get("periodic", 1) else count - 1
    angle = 2 * math.pi * np.arange(count) / whole
    window = first - second * np.cos(angle) + third * np.cos(2 * angle)
    return from_numpy(window).to(type_of(c.get("output_datatype", 1)))


@reads("HannWindow")
def read_hann(c: Call, size: Any) -> Any:
    return _raised(c, size, 0.5, 0.5)


@reads("HammingWindow")
def read_hamming(c: Call, size: Any) -> Any:
    return _raised(c, size, 25 / 46, 21 / 46)


@reads("BlackmanWindow")
def read_blackman(c: Call, size: Any) -> Any:
    return _raised(c, size, 0.42, 0.5, 0.08)
