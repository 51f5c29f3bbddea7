"""Words on a card: names of operations, their settings, numbers beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .._graph import Node

LONGEST_KEY = 18
_SPATIAL = {"convolution", "transposed_convolution", "max_pool", "avg_pool", "unpool"}
_WORDS = {
    "convolution": "conv",
    "transposed_convolution": "conv_transpose",
    "unpool": "max_unpool",
    "logit_entropy": "bce_with_logits",
    "weighted_logit_entropy": "bce_with_logits",
    "binary_entropy": "bce",
    "divergence": "kl_div",
    "huber": "huber_loss",
    "ctc": "ctc_loss",
    "attention": "scaled_dot_product_attention",
    "linear_without_bias": "linear",
    "matmul_transposed": "matmul xᵀ",
    "clamp_between": "clamp",
    "clamp_above": "clamp",
    "clamp_below": "clamp",
    "exponential": "pow",
    "power": "pow",
    "max_along": "max",
    "min_along": "min",
}
_USUAL: dict[str, object] = {
    "stride": 1, "padding": 0, "dilation": 1, "groups": 1, "reduction": "mean",
    "ignore_index": -100,
}  # fmt: skip
_TOLD = frozenset({
    "shape", "axes", "key", "sizes", "size", "dtype", "keepdims", "output_size", "count",
    "include_padding",
})  # fmt: skip


def number(value: int) -> str:
    """`1 234 567` with narrow spaces."""
    return f"{value:,}".replace(",", "\u202f")


def get_word(op: str) -> str:
    """The name of an operation as users know it."""
    return _WORDS.get(op, op)


def write_name(node: Node) -> str:
    """The name of an operation as users know it, with its number of dimensions where it has one."""
    name = get_word(node.op)
    if node.op in _SPATIAL and node.shape is not None and len(node.shape) > 2:
        return f"{name}{len(node.shape) - 2}d"
    return name


def write_key(value: object) -> str:
    """What an index takes, as `[:, 2:4]`; empty where it is all, or too long to be read."""
    items = [str(item) for item in value] if isinstance(value, tuple) else [str(value)]
    while items and items[-1] in {"...", ":"}:
        items.pop()
    text = f"[{', '.join(items)}]"
    return text if items and len(text) <= LONGEST_KEY else ""


def find_key(node: Node) -> str:
    """What an operation takes of its operand, where it is an index."""
    return next((write_key(value) for name, value in node.settings if name == "key"), "")


def squeeze(names: list[str], limit: int = 4) -> list[str]:
    """Runs as `tanh ×3`, and the middle of a long list as `…`."""
    found: list[tuple[str, int]] = []
    for name in names:
        if found and found[-1][0] == name:
            found[-1] = (name, found[-1][1] + 1)
        else:
            found.append((name, 1))
    words = [name if times == 1 else f"{name} ×{number(times)}" for name, times in found]
    return words if len(words) <= limit else [*words[: limit - 1], "…", words[-1]]


def write_scalars(node: Node) -> str:
    """Numbers among the operands, inline: `mul ×0.25`, `pow 2`."""
    found = [o.scalar for o in node.operands if o.scalar is not None]
    if not found or len(node.operands) > 2:
        return ""
    signs = {"mul": "×", "add": "+", "sub": "−", "div": "÷"}
    first = node.operands[0].scalar is not None
    sign = signs.get(node.op, "")
    text = write_value(found[0])
    if first and node.op in {"sub", "div", "pow", "power"}:
        return f" {text}{sign}…"
    return f" {sign}{text}"


def write_setting(name: str, value: object) -> str:
    """`stride 2`; empty for what is usual, unwieldy, or told by the shapes anyway."""
    if value is None or value is False or name in _TOLD or isinstance(value, float):
        return ""
    word = name.replace("_", " ")
    if value is True:
        return word
    if isinstance(value, tuple):
        value = _flatten(value)
        same = len(set(value)) == 1
        if len(value) > 3 and not same:
            return ""
        if not value or not all(type(item) is int for item in value):
            return ""
        if name in {"axis", "dims"}:
            return f"{word} {', '.join(map(str, value))}"
        value = value[0] if same else "×".join(map(str, value))
    if not isinstance(value, (int, str)) or _USUAL.get(name) == value:
        return ""
    return f"{word} {value}"


def _flatten(value: tuple[object, ...]) -> tuple[object, ...]:
    """Pairs within a tuple laid out in one row, as convolutions give their padding."""
    parts = (item if isinstance(item, tuple) else (item,) for item in value)
    return tuple(item for part in parts for item in part)


def write_value(value: object) -> str:
    """A number in at most four digits."""
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value)
