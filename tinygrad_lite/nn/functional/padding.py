"""Padding with a number, a mirror image, the edge, or the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._needs import NUMBERS, fill_number
from ...ops.fold import pad_constant
from ...ops.scatter import index_select
from ._arguments import need_tensor

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._tensor import Tensor

__all__ = ["pad"]


def pad(
    input: Tensor, pad: Sequence[int], mode: str = "constant", value: float | None = None
) -> Tensor:
    """`input` longer by pad[0] and pad[1] on the last axis, pad[2] and pad[3] on the one before, …

    `mode` is "constant" (of `value`, 0 unless given), "reflect" (a mirror image without the edge),
    "replicate" (the edge) or "circular" (the other side).  Negative numbers cut off.
    """
    need_tensor("pad", input)
    pad = tuple(int(p) for p in pad)
    if len(pad) % 2:
        raise RuntimeError(f"Padding length must be divisible by 2, got {len(pad)} numbers")
    if len(pad) > 2 * input.ndim:
        raise RuntimeError(
            f"Padding length should be less than or equal to two times the input dimension but "
            f"got padding length {len(pad)} and input of dimension {input.ndim}"
        )
    pairs = [(0, 0)] * (input.ndim - len(pad) // 2)
    pairs += [(pad[i], pad[i + 1]) for i in range(len(pad) - 2, -1, -2)]
    if any(n + lo + hi < 0 for n, (lo, hi) in zip(input.shape, pairs, strict=True)):
        raise RuntimeError(
            f"The input size {list(input.shape)}, plus negative padding {list(pad)} "
            "resulted in a negative output size, which is invalid."
        )
    if mode == "constant":
        if value is None or value.__class__ in NUMBERS:
            filled = fill_number(value or 0.0, input._array.dtype)
            value = value or 0.0 if input._array.dtype.kind == "f" else filled.item()
        return pad_constant(input, pads=tuple(pairs), value=value)  # type: ignore[no-any-return]
    if mode not in {"reflect", "replicate", "circular"}:
        raise NotImplementedError(f"Unrecognised padding mode {mode}")
    if value is not None:
        raise ValueError(f'Padding mode "{mode}" doesn\'t take in value argument')
    _check_axes(input, pad)
    return _reindexed(input, pairs, mode)  # type: ignore[no-any-return]


def _check_axes(input: Any, pad: tuple[int, ...]) -> None:
    axes = len(pad) // 2
    if input.ndim not in {axes + 1, axes + 2} or not 1 <= axes <= 3:
        raise NotImplementedError(
            "Only 2D, 3D, 4D, 5D padding with non-constant padding are supported for now: "
            f"{axes} axes of a {input.ndim}-D input were to be padded"
        )


def _reindexed(input: Any, pairs: list[tuple[int, int]], mode: str) -> Any:
    for axis, (lo, hi) in enumerate(pairs):
        if lo or hi:
            places = _places(input.shape[axis], lo, hi, mode, axis)
            input = index_select(input, places, axis=axis)
    return input


def _places(size: int, lo: int, hi: int, mode: str, axis: int) -> Any:
    """Where along an axis each element of the padded result comes from."""
    at = np.arange(-lo, size + hi)
    if mode == "replicate":
        if not size:
            raise RuntimeError("Expected a non-empty axis to replicate the edge of")
        return np.clip(at, 0, size - 1)
    if mode == "circular":
        if max(lo, hi) > size:
            raise RuntimeError(
                f"Padding value causes wrapping around more than once: ({lo}, {hi}) on dimension "
                f"{axis} of size {size}"
            )
        first, last = max(0, -lo), size - max(0, -hi)  # what is cut off does not come round again
        return np.arange(-max(0, lo), last - first + max(0, hi)) % max(last - first, 1) + first
    if max(lo, hi) >= size:
        raise RuntimeError(
            "Padding size should be less than the corresponding input dimension, but got: padding "
            f"({lo}, {hi}) at dimension {axis} of size {size}"
        )
    at = np.abs(at)
    return size - 1 - np.abs(size - 1 - at)
