"""What sort of thing an operation is, for colour, glyph and folding.

Every kind has a colour *and* a glyph, so that a reader who cannot tell the colours apart, or a
printer without any, still tells the kinds apart.
"""

from __future__ import annotations

from typing import NamedTuple


class Kind(NamedTuple):
    """Appearance of a kind: its word in the legend, glyph, colour on light and on dark."""

    word: str
    glyph: str
    light: str
    dark: str


# Strips reach a contrast of 3:1 against the card in both themes.
KINDS: dict[str, Kind] = {
    "weighted": Kind("weights", "square", "#1d5fbf", "#6aa8ff"),
    "activation": Kind("activation", "diamond", "#c05a00", "#ffa657"),
    "normal": Kind("normalisation", "hexagon", "#7b3fb5", "#c99bff"),
    "arithmetic": Kind("arithmetic", "circle", "#5b6672", "#aab6c2"),
    "reduction": Kind("reduction", "wedge", "#00776b", "#4fd1bf"),
    "loss": Kind("loss", "star", "#c4213c", "#ff7b8e"),
    "shape": Kind("shape", "bar", "#7d7f85", "#8d949e"),
    "index": Kind("lookup", "grid", "#4d7c0f", "#a3d65c"),
    "random": Kind("random", "dice", "#a3297f", "#ff8fd8"),
    "attention": Kind("attention", "target", "#0e7490", "#5cc8e6"),
    "module": Kind("folded, more inside", "stack", "#334155", "#c3cedb"),
    "constant": Kind("no gradient", "ring", "#70757d", "#9aa3ad"),
    "input": Kind("input", "arrow", "#166534", "#6fdd8b"),
    "shared": Kind("shared parameter", "key", "#8a6100", "#e5c04b"),
    "other": Kind("operation", "dot", "#4b5563", "#b6c0cc"),
}

_WORDS = {
    "weighted": "matmul matmul_transposed bmm addmm linear linear_without_bias bilinear conv "
    "conv1d conv2d conv3d conv_transpose recurrence einsum dot outer mv mm lstm gru rnn tensordot "
    "baddbmm",
    "activation": "relu hardtanh threshold hardshrink softshrink hardsigmoid hardswish leaky_relu "
    "prelu elu softplus logsigmoid softsign tanhshrink silu mish gelu gelu_tanh sigmoid tanh "
    "softmax log_softmax relu6 selu celu glu swish",
    "normal": "layer_norm batch_norm group_norm instance_norm rms_norm normalize batch_norm_eval",
    "loss": "cross_entropy nll_loss mse_loss l1_loss binary_cross_entropy kl_div huber_loss "
    "smooth_l1_loss binary_cross_entropy_with_logits ctc_loss hinge_loss bce_with_logits huber ctc "
    "logit_entropy weighted_logit_entropy binary_entropy divergence",
    "shape": "reshape view transpose permute expand unexpand squeeze unsqueeze flatten cast clone "
    "contiguous flip roll diagonal windows unwindows unflatten to swapaxes movedim ravel detach "
    "cat stack block_diag repeat",
    "index": "index take gather embedding index_select masked_select picked pick_places scatter "
    "scatter_add place unindex ungather masked_fill where tril triu masked_scatter index_add assign"
    " write_view lengthen shift select narrow",
    "random": "dropout bernoulli rand randn multinomial normal uniform",
    "attention": "scaled_dot_product_attention attention",
    "reduction": "sum mean var std amax amin max min max_along min_along prod logsumexp norm "
    "argmax argmin any all count_nonzero cumsum cumprod logcumsumexp cummax cummin max_pool2d "
    "avg_pool2d max_pool avg_pool adaptive_avg_pool2d adaptive_max_pool2d median pool",
}
_BY_NAME = {name: kind for kind, names in _WORDS.items() for name in names.split()}
_BY_DECLARED = {
    "elementwise": "arithmetic",
    "bilinear": "weighted",
    "reduction": "reduction",
    "scan": "reduction",
    "view": "shape",
    "cast": "shape",
    "constant": "constant",
    "loss": "loss",
    "norm": "normal",
    "pool": "reduction",
    "conv": "weighted",
}
_STEMS = (
    ("conv", "weighted"),
    ("_norm", "normal"),
    ("pool", "reduction"),
    ("loss", "loss"),
    ("entropy", "loss"),
    ("dropout", "random"),
    ("attention", "attention"),
    ("linear", "weighted"),
    ("embedding", "index"),
    ("scatter", "index"),
    ("index", "index"),
)
# Operations that only move numbers or give them another shape: runs of them fold into one card.
RESHAPERS = frozenset({
    "index", "select", "narrow", "reshape", "view", "transpose", "permute", "expand", "squeeze",
    "unsqueeze", "flatten", "cast", "contiguous", "clone", "unflatten", "to", "swapaxes", "movedim",
    "ravel",
})  # fmt: skip
_ORDERED = frozenset({
    "sub", "div", "pow", "power", "matmul", "matmul_transposed", "linear", "linear_without_bias",
    "bilinear", "where", "tanh_backward", "sigmoid_backward", "relu_backward", "lerp",
    "atan2", "copysign", "lt", "le", "gt", "ge", "floor_divide", "remainder", "fmod",
    "recurrence", "cross_entropy", "nll_loss", "mse_loss", "conv2d", "gather", "take",
    "index_select", "masked_fill", "kl_div", "cat", "stack",
})  # fmt: skip


def classify(op: str, declared: str) -> str:
    """The kind of an operation from its name, or else from what its row in the catalogue says."""
    found = _BY_NAME.get(op) or _BY_DECLARED.get(declared)
    if found:
        return found
    for stem, kind in _STEMS:
        if stem in op:
            return kind
    return "other"


def keeps_order(op: str) -> bool:
    """Whether exchanging the operands would change the result."""
    return op in _ORDERED
