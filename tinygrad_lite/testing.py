"""torch.testing: comparing tensors in tests."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from ._dtypes import of
from ._tensor import Tensor

__all__ = ["assert_allclose", "assert_close"]

# Relative and absolute tolerance by type, as PyTorch's documentation lists them.
TOLERANCES = {"float16": (1e-3, 1e-5), "float32": (1.3e-6, 1e-5), "float64": (1e-7, 1e-7)}


def assert_close(
    actual: Any,
    expected: Any,
    *,
    allow_subclasses: bool = True,
    rtol: float | None = None,
    atol: float | None = None,
    equal_nan: bool = False,
    check_device: bool = True,
    check_dtype: bool = True,
    check_layout: bool = True,
    check_stride: bool = False,
    msg: str | Callable[[str], str] | None = None,
) -> None:
    """Raise an AssertionError unless `actual` and `expected` are close.

    Close means |actual - expected| <= atol + rtol |expected|, with the same shape and dtype;
    sequences and mappings are compared item by item.
    """
    if (rtol is None) != (atol is None):
        raise ValueError(
            f"rtol and atol must both be specified or both be unspecified, got {rtol=}, {atol=}"
        )
    problem = _difference(actual, expected, rtol, atol, equal_nan, check_dtype)
    if problem is None:
        return
    raise AssertionError(msg(problem) if callable(msg) else msg or problem)


def _difference(
    actual: Any, expected: Any, rtol: Any, atol: Any, equal_nan: bool, check_dtype: bool
) -> str | None:
    if isinstance(actual, Mapping) and isinstance(expected, Mapping):
        if actual.keys() != expected.keys():
            return f"The keys do not match: {sorted(actual)} and {sorted(expected)}"
        pairs = [(f"['{k}']", actual[k], expected[k]) for k in actual]
    elif _is_sequence(actual) and _is_sequence(expected):
        if len(actual) != len(expected):
            return f"The length of the sequences mismatch: {len(actual)} != {len(expected)}"
        pairs = [(f"[{i}]", a, b) for i, (a, b) in enumerate(zip(actual, expected, strict=True))]
    else:
        return _differ(actual, expected, rtol, atol, equal_nan, check_dtype)
    for place, a, b in pairs:
        problem = _difference(a, b, rtol, atol, equal_nan, check_dtype)
        if problem:
            return f"{problem}\n\nThe failure occurred for item {place}"
    return None


def _is_sequence(x: Any) -> bool:
    return isinstance(x, Sequence) and not isinstance(x, str)


def _array(x: Any) -> Any:
    return np.asarray(x._array) if isinstance(x, Tensor) else np.asarray(x)


def _differ(
    actual: Any, expected: Any, rtol: Any, atol: Any, equal_nan: bool, check_dtype: bool
) -> str | None:
    tensors = isinstance(actual, Tensor) + isinstance(expected, Tensor)
    if tensors == 1:
        return f"None of the pair types could handle {type(actual)} and {type(expected)}"
    a, b = _array(actual), _array(expected)
    if a.shape != b.shape:
        return f"The values for attribute 'shape' do not match: {a.shape} != {b.shape}."
    if tensors and check_dtype and a.dtype != b.dtype:
        return f"The values for attribute 'dtype' do not match: {of(a.dtype)!r} != {of(b.dtype)!r}."
    if rtol is None:
        found = [TOLERANCES.get(x.dtype.name, (0.0, 0.0)) for x in (a, b)]
        rtol, atol = max(f[0] for f in found), max(f[1] for f in found)
    wide: list[Any] = [x.astype(np.float64) if x.dtype.kind == "f" else x for x in (a, b)]
    close = np.isclose(wide[0], wide[1], rtol=rtol, atol=atol, equal_nan=equal_nan)
    if np.all(close):
        return None
    return _describe(wide[0], wide[1], close, rtol, atol)


def _describe(a: Any, b: Any, close: Any, rtol: float, atol: float) -> str:
    """How many elements differ, and where most."""
    gap = np.abs(a.astype(np.float64) - b.astype(np.float64))
    relative = gap / np.where(b == 0, np.nan, np.abs(b))
    if a.ndim == 0:
        return (
            f"Scalars are not close!\n\nExpected {b.item()} but got {a.item()}.\n"
            f"Absolute difference: {gap.item()} (up to {atol} allowed)\n"
            f"Relative difference: {relative.item()} (up to {rtol} allowed)"
        )
    wrong = int((~close).sum())
    worst = np.unravel_index(np.nanargmax(np.where(close, -1, gap)), a.shape)
    place = tuple(int(i) for i in worst)
    return (
        f"Tensor-likes are not close!\n\nMismatched elements: {wrong} / {a.size} "
        f"({100 * wrong / a.size:.1f}%)\n"
        f"Greatest absolute difference: {gap[worst]} at index {place} (up to {atol} allowed)\n"
        f"Greatest relative difference: {relative[worst]} at index {place} (up to {rtol} allowed)"
    )


def assert_allclose(
    actual: Any, expected: Any, rtol: float | None = None, atol: float | None = None,
    equal_nan: bool = True, msg: str = "",
) -> None:  # fmt: skip
    """The older spelling of `assert_close`, without the check of dtypes."""
    if rtol is None and atol is None:
        found = [TOLERANCES.get(_array(x).dtype.name, (0.0, 0.0)) for x in (actual, expected)]
        rtol, atol = max(f[0] for f in found), max(f[1] for f in found)
    assert_close(
        actual, expected, rtol=rtol, atol=atol, equal_nan=equal_nan, check_dtype=False,
        msg=msg or None,
    )  # fmt: skip
