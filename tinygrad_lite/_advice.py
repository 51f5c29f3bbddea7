"""What to write instead: the second half of error messages, worked out from what was given."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = [
    "for_channels", "for_classes", "for_features", "for_labels", "for_rank", "for_shapes",
    "for_types",
]  # fmt: skip


def for_types(names: Iterable[str]) -> str:
    """How to bring operands to one type: named are their types, the input's first."""
    found = [str(name).removeprefix("torch.") for name in names]
    first, others = found[0], found[1:]
    if "uint8" in found:
        return "images of bytes become numbers by x.float() / 255"
    if not first.startswith("float") and any(name.startswith("float") for name in others):
        return f"convert the {first} operand with x.float()"
    if "float64" in found and "float32" in found:
        return (
            "float64 is NumPy's default and float32 that of layers: convert the data with "
            "x.float(), or the model with model.double()"
        )
    return "convert one of them, such as x.to(y.dtype)"


def for_features(shape: tuple[int, ...], wanted: int, out: int) -> str:
    """Which layer an input of `shape` needs where one with `wanted` features stands."""
    if not shape:
        return "a 0-d input has no features"
    text = f"the input of shape {tuple(shape)} has {shape[-1]} features, expected {wanted}"
    if len(shape) > 1 and wanted and _product(shape[1:]) == wanted:
        return f"{text}: x.flatten(1) has them"
    if len(shape) == 2 and shape[0] == wanted:
        return f"{text}: x.T has them, or use Linear({shape[-1]}, {out})"
    return f"{text}: use Linear({shape[-1]}, {out}), or bring the input to {wanted}"


def _product(numbers: Iterable[int]) -> int:
    result = 1
    for n in numbers:
        result *= n
    return result


def for_channels(shape: tuple[int, ...], channels: int) -> str:
    """How an input of `shape` comes to have `channels` channels at its second axis."""
    axes = len(shape) - 2
    if shape[-1] == channels:
        order = ", ".join(map(str, (0, axes + 1, *range(1, axes + 1))))
        return f"; the channels stand last: x.permute({order})"
    if shape[1] == 1:
        repeats = f"1, {channels}" + ", 1" * axes
        return f"; for grey images use a layer with in_channels=1, or x.repeat({repeats})"
    return f"; use a layer with in_channels={shape[1]}"


def for_rank(shape: tuple[int, ...], axes: int, channels: int) -> str:
    """How an input of another rank becomes a batch for `axes` spatial dimensions."""
    if len(shape) == 2 and axes == 2:  # an image in a row
        side = int((shape[1] / max(channels, 1)) ** 0.5)
        if channels * side * side == shape[1]:
            return f": unflatten it with x.view(-1, {channels}, {side}, {side})"
    sizes = ", ".join(["batch", "channels", *["length", "height", "width"][-axes:]])
    return f": arrange it as ({sizes})"


def for_labels(
    shape: tuple[int, ...], expected: tuple[int, ...], input_shape: tuple[int, ...], integers: Any
) -> str:
    """How targets of `shape` become class indices of shape `expected`."""
    if tuple(shape) == tuple(input_shape):
        kind = ", or target.float() if they are probabilities" if integers else ""
        return f"; they look one-hot: target.argmax(1){kind}"
    if tuple(shape) == (*expected[:1], 1, *expected[1:]):
        return "; use target.squeeze(1)"
    if _product(shape) == _product(expected):
        return f"; use target.reshape({', '.join(map(str, expected))})"
    return ""


def for_classes(wrong: int, classes: int) -> str:
    """What is likely wrong with a class index outside of 0 to classes - 1."""
    text = f"class indices go from 0 to {classes - 1}"
    if wrong == classes:
        return f"{text}; labels that start at 1 want target - 1"
    if wrong < 0:
        return f"{text}; to leave out such rows pass ignore_index={wrong}"
    return f"{text}; or the last layer has too few outputs"


def for_shapes(shapes: list[tuple[int, ...]]) -> str:
    """How two shapes that do not broadcast may be meant."""
    if len(shapes) != 2 or not all(shapes):
        return ""
    a, b = map(tuple, shapes)
    if len(a) == len(b) == 1:
        return f"; for all pairs use a.unsqueeze(1), of shape ({a[0]}, 1)"
    long, short = (a, b) if len(a) >= len(b) else (b, a)
    if len(short) == 1 and short[0] == long[0]:
        ones = ", 1" * (len(long) - 1)
        return f"; along the first axis use .view(-1{ones})"
    if len(a) == len(b) == 2 and a == b[::-1]:
        return "; one is the transpose of the other: use .T"
    return "; make the sizes equal, or one of them 1"
