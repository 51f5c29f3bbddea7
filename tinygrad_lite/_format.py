"""Tensors as text, in PyTorch's layout: `repr`, `print` and `set_printoptions`."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ._dtypes import bool as bool_dtype, get_default_dtype, int64, of

__all__ = ["format_tensor", "set_printoptions"]


class PrintOptions:
    """Digits, the size from which tensors are abridged, items shown at each end, line width."""

    def __init__(self, precision: int = 4, threshold: float = 1000, edgeitems: int = 3) -> None:
        self.precision, self.threshold, self.edgeitems = precision, threshold, edgeitems
        self.linewidth = 80
        self.sci_mode: bool | None = None


OPTIONS = PrintOptions()
PROFILES = {
    "default": PrintOptions(),
    "short": PrintOptions(precision=2, edgeitems=2),
    "full": PrintOptions(threshold=math.inf),
}


def set_printoptions(
    precision: int | None = None,
    threshold: float | None = None,
    edgeitems: int | None = None,
    linewidth: int | None = None,
    profile: str | None = None,
    sci_mode: bool | None = None,
) -> None:
    """Choose how tensors are printed; `profile` is "default", "short" or "full"."""
    if profile is not None:
        if profile not in PROFILES:
            raise ValueError(f"profile must be one of {', '.join(PROFILES)}, got {profile!r}")
        OPTIONS.__dict__.update(PROFILES[profile].__dict__)
    given = {
        "precision": precision, "threshold": threshold, "edgeitems": edgeitems,
        "linewidth": linewidth,
    }  # fmt: skip
    OPTIONS.__dict__.update({name: value for name, value in given.items() if value is not None})
    OPTIONS.sci_mode = sci_mode


LARGE, SMALL, RATIO = 1e8, 1e-4, 1000.0  # beyond these, numbers are shown as 1.0000e+09


class Numbers:
    """How the numbers of one tensor are written: all alike, in one width."""

    def __init__(self, values: Any) -> None:
        self.width, self.whole, self.scientific = 1, True, False
        if values.dtype.kind != "f":
            self.width = max((len(str(v)) for v in values.reshape(-1).tolist()), default=1)
            self.floating = False
            return
        self.floating = True
        finite = np.abs(values[np.isfinite(values) & (values != 0)].astype(np.float64))
        if not finite.size:
            return
        largest, smallest = float(finite.max()), float(finite.min())
        self.whole = bool(np.all(finite == np.ceil(finite)))
        spread = largest / smallest > RATIO or largest > LARGE
        self.scientific = spread or (not self.whole and smallest < SMALL)
        if OPTIONS.sci_mode is not None:
            self.scientific = OPTIONS.sci_mode
        shown = values[np.isfinite(values) & (values != 0)]
        self.width = max(1, *(len(self._text(float(v))) for v in shown.reshape(-1)))

    def _text(self, value: float) -> str:
        if self.scientific:
            return f"{value:.{OPTIONS.precision}e}"
        if self.whole:
            return f"{value:.0f}" + ("." if math.isfinite(value) else "")
        return f"{value:.{OPTIONS.precision}f}"

    def write(self, value: Any) -> str:
        """One number, filled up to the width of all."""
        text = self._text(value) if self.floating else str(value)
        return str(text.rjust(self.width))


def format_tensor(x: Any, prefix: str = "tensor(") -> str:
    """The text of a tensor."""
    array = np.asarray(x._array)
    indent = len(prefix)
    suffixes = []
    default = of(array.dtype) in (get_default_dtype(), int64, bool_dtype)
    if array.size == 0:
        body = "[]"
        if array.ndim != 1:
            suffixes.append(f"size={tuple(array.shape)}")
        default = of(array.dtype) is get_default_dtype()
    else:
        abridged = array.size > OPTIONS.threshold
        body = _body(array, indent, abridged, Numbers(_ends(array) if abridged else array))
    if not default:
        suffixes.append(f"dtype={of(array.dtype)!r}")
    if x._node is not None:
        fn = x.grad_fn
        suffixes.append("requires_grad=True" if fn is None else f"grad_fn=<{fn.name()}>")
    return _with_suffixes(prefix + body, suffixes, indent)


def _ends(array: Any) -> Any:
    """The part of a large array that is shown."""
    n = OPTIONS.edgeitems
    for axis in range(array.ndim):
        if array.shape[axis] > 2 * n:
            places = [*range(n), *range(array.shape[axis] - n, array.shape[axis])]
            array = np.take(array, places, axis)
    return array


def _body(array: Any, indent: int, abridged: bool, numbers: Numbers) -> str:
    if array.ndim == 0:
        return numbers.write(array.item())
    n = OPTIONS.edgeitems
    cut = abridged and array.shape[0] > 2 * n
    rows = [*array[:n], *array[-n:]] if cut else list(array)
    if array.ndim == 1:
        items = [numbers.write(v.item()) for v in rows]
        if cut:
            items.insert(n, " ...")
        per_line = max(1, (OPTIONS.linewidth - indent) // (numbers.width + 2))
        lines = [", ".join(items[i : i + per_line]) for i in range(0, len(items), per_line)]
        return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"
    parts = [_body(row, indent + 1, abridged, numbers) for row in rows]
    if cut:
        parts.insert(n, "...")
    between = "," + "\n" * (array.ndim - 1) + " " * (indent + 1)
    return f"[{between.join(parts)}]"


def _with_suffixes(text: str, suffixes: list[str], indent: int) -> str:
    """Append `, dtype=...` and kin, on a new line where the last one is full."""
    used = len(text) - text.rfind("\n") + 1
    for suffix in suffixes:
        if used + len(suffix) + 2 > OPTIONS.linewidth:
            text += ",\n" + " " * indent + suffix
            used = indent + len(suffix)
        else:
            text += ", " + suffix
            used += len(suffix) + 2
    return text + ")"
