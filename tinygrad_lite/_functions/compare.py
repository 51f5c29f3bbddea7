"""Comparisons of whole tensors, and the functions that are trivial for real numbers."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from .._dtypes import of, result_type
from .._nodes import make
from .._record import apply
from .._tensor import Tensor
from ..ops import elementwise as el
from . import join, rearrange, shape  # the views that are copied below
from ._surface import NAMES, need_tensor, surface

__all__ = ["join", "rearrange", "shape"]


@surface
def isclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> Any:
    """Where |input - other| <= atol + rtol |other|."""
    need_tensor("isclose", other, "other", 2)
    a, b = input._array, other._array
    if a.dtype != b.dtype:
        raise RuntimeError(f"{of(a.dtype).name} did not match {of(b.dtype).name}")
    if rtol < 0 or atol < 0:
        raise RuntimeError("rtol and atol must be greater than or equal to zero")
    close = a == b
    if equal_nan and a.dtype.kind == "f":
        close = close | (np.isnan(a) & np.isnan(b))
    if rtol == 0 and atol == 0:
        return make(close, None)
    if a.dtype.kind != "f":
        gap, allowed = np.abs(a.astype(float) - b), atol + np.abs(rtol * b.astype(float))
    else:
        gap, allowed = np.abs(a - b), atol + np.abs(rtol * b)
    return make(close | (np.isfinite(gap) & (gap <= allowed)), None)


@surface
def allclose(
    input: Any, other: Any, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: bool = False
) -> bool:
    """Whether `isclose` holds everywhere."""
    return bool(np.all(isclose(input, other, rtol, atol, equal_nan)._array))


@surface
def equal(input: Any, other: Any) -> bool:
    """Whether both have the same shape and elements."""
    need_tensor("equal", other, "other", 2)
    return bool(np.array_equal(input._array, other._array))


class frexp_result(NamedTuple):  # noqa: N801
    """Mantissa and exponent."""

    mantissa: Any
    exponent: Any


@surface
def frexp(input: Any) -> Any:
    """Mantissas in [0.5, 1) and exponents: input = mantissa * 2 ** exponent."""
    if input._array.dtype.kind != "f":
        raise RuntimeError("torch.frexp() only supports floating-point dtypes")
    exponent = np.frexp(input._array)[1].astype(np.int32)
    scale = make(np.ldexp(np.ones((), input._array.dtype), -exponent), None)
    return frexp_result(apply(el.mul, (input, scale), {}), make(exponent, None))


def _itself(name: str, text: str) -> None:
    def function(input: Any) -> Any:
        return input

    function.__name__ = name
    function.__doc__ = text
    surface(function)


for _name in ("conj", "conj_physical", "conj_physical_", "resolve_conj", "resolve_neg", "real"):
    _itself(_name, "`input` itself: real numbers are their own conjugates.")
Tensor.real = property(lambda self: self)  # type: ignore[attr-defined]


def _never(name: str, text: str) -> None:
    def answer(input: Any) -> Any:
        return False

    answer.__name__ = answer.__qualname__ = name
    answer.__doc__ = text
    NAMES[name] = answer
    setattr(Tensor, name, answer)


_never("is_conj", "False: no tensor here waits to be conjugated.")
_never("is_neg", "False: no tensor here waits to be negated.")
_never("is_inference", "False: tensors made in inference mode are ordinary ones here.")


def _copied(name: str, of_name: str) -> None:
    view = getattr(Tensor, of_name)

    def function(input: Any, *args: Any, **keywords: Any) -> Any:
        made = view(input, *args, **keywords)
        if isinstance(made, tuple):
            return tuple(m.clone() for m in made)
        return made.clone()

    function.__name__ = name
    function.__doc__ = f"`{of_name}` with memory of its own."
    surface(function, method=False)


for _name in (
    "expand", "diagonal", "permute", "select", "squeeze", "unsqueeze", "transpose", "t", "unbind",
    "split", "split_with_sizes", "unfold", "view", "detach",
):  # fmt: skip
    _copied(f"{_name}_copy", _name)


@surface(method=False)
def alias_copy(input: Any) -> Any:
    """A copy."""
    return input.clone()


@surface
def isreal(input: Any) -> Any:
    """True everywhere: there are no complex numbers."""
    return make(np.ones(input._array.shape, bool), None)


@surface
def narrow_copy(input: Any, dim: int, start: int, length: int) -> Any:
    """`narrow` with memory of its own."""
    return join.narrow(input, dim, start, length).clone()


@surface(method=False)
def unravel_index(indices: Any, shape: Any) -> tuple[Any, ...]:
    """Places in a tensor of `shape` from places in its flattened form, one tensor per dimension."""
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return tuple(make(np.asarray(i), None) for i in np.unravel_index(indices._array, shape))


def angle(input: Any) -> Any:
    """0 for positive numbers, pi for negative ones."""
    return apply(el.angle, (input,), {})


def _float_kind(x: Any) -> Any:
    return x._array.dtype if x._array.dtype.kind == "f" else result_type([0.5])


def zero_of(x: Any) -> Any:
    """Zeros that keep NaN, connected to `x`."""
    floats = x.to(of(_float_kind(x)))
    return apply(
        el.where, (apply(el.isnan, (floats,), {}), floats, apply(el.zero, (floats,), {})), {}
    )


angle = surface(angle)


def result_dtype(tensor1: Any, tensor2: Any) -> Any:
    """The dtype in which two operands meet."""
    pair = [x._array if isinstance(x, Tensor) else x for x in (tensor1, tensor2)]
    return of(result_type(pair))


NAMES["result_type"] = result_dtype


def can_cast(from_: Any, to: Any) -> bool:
    """Whether a conversion keeps the kind of number (integers may become floats)."""
    order = {"b": 0, "u": 1, "i": 1, "f": 2, "c": 3}
    return order[from_.kind] <= order[to.kind] and not (from_.kind == "i" and to.kind == "u")


NAMES["can_cast"] = can_cast
