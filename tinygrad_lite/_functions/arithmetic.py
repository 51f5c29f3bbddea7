"""Arithmetic with settings: add(alpha=), div(rounding_mode=), pow, clamp, lerp and kin."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from .._dtypes import result_type
from .._lift import constant, lift_binary
from .._nodes import make
from .._record import apply, to_type
from .._stamps import outside
from .._state import here
from .._tensor import NUMPY_FUNCTIONS, OPERANDS, Tensor, as_operand
from ..ops import elementwise as el
from ._surface import need_tensor, surface
from .pointwise import pair_of

__all__: list[str] = []

USUAL = {Tensor, float, int}
"""What mostly stands beside a tensor: of these nothing has to be checked or brought into form."""
BOOL = np.dtype(bool)


def _no_bool_sub(x: Any, y: Any) -> None:
    if _is_bool(x) and _is_bool(y):
        raise RuntimeError(
            "Subtraction, the `-` operator, with two bool tensors is not supported. "
            "Use the `^` or `logical_xor()` operator instead."
        )
    if _is_bool(x) or _is_bool(y):
        raise RuntimeError(
            "Subtraction, the `-` operator, with a bool tensor is not supported. If you are "
            "trying to invert a mask, use the `~` or `logical_not()` operator instead."
        )


def _is_bool(x: Any) -> bool:
    return isinstance(x, bool) or (isinstance(x, Tensor) and x._array.dtype.kind == "b")


def _scaled(other: Any, alpha: Any) -> Any:
    return other if alpha == 1 else other * alpha


def _older(name: str, number: Any, setting: str) -> Any:
    """The number that PyTorch once took before the tensors, `x.add_(alpha, other)`; a warning."""
    if not isinstance(number, (int, float, np.generic)):
        raise TypeError(
            f"{name}() received an invalid combination of arguments: a number of tensors that it "
            f"does not take, or {setting} without its name"
        )
    line = outside()
    warnings.warn_explicit(
        f"This overload of {name} is deprecated: give the number last, as {setting}={number}",
        UserWarning,
        line.f_code.co_filename,
        line.f_lineno,
        registry=line.f_globals.setdefault("__warningregistry__", {}),
    )
    return number


@surface(inplace=True)
def add(self: Any, other: Any, older: Any = None, *, alpha: Any = 1) -> Any:
    """`input + alpha * other`, elementwise, broadcast."""
    if older is not None:
        other, alpha = older, _older("add", other, "alpha")
    if self.__class__ is Tensor and other.__class__ in USUAL and alpha == 1:
        return el.add.run(self, other)
    return apply(el.add, pair_of("add", self, _scaled(other, alpha)), {})


@surface(inplace=True, names=("subtract",))
def sub(self: Any, other: Any, older: Any = None, *, alpha: Any = 1) -> Any:
    """`input - alpha * other`, elementwise, broadcast."""
    if older is not None:
        other, alpha = older, _older("sub", other, "alpha")
    both = self.__class__ is Tensor and other.__class__ is Tensor
    if both and alpha == 1 and self._array.dtype is other._array.dtype is not BOOL:
        return el.sub.run(self, other)
    _no_bool_sub(self, other)
    return apply(el.sub, pair_of("sub", self, _scaled(other, alpha)), {})


Tensor.__sub__, Tensor.__rsub__ = lift_binary(el.sub, OPERANDS, _no_bool_sub)  # type: ignore[method-assign]


@surface
def rsub(input: Any, other: Any, *, alpha: Any = 1) -> Any:
    """`other - alpha * input`, elementwise, broadcast."""
    _no_bool_sub(input, other)
    x, y = pair_of("rsub", input, other)
    return apply(el.sub, (y, _scaled(x, alpha)), {})


@surface(inplace=True, names=("multiply",))
def mul(self: Any, other: Any) -> Any:
    """`input * other`, elementwise, broadcast."""
    if self.__class__ is Tensor and other.__class__ in USUAL:
        return el.mul.run(self, other)
    return apply(el.mul, pair_of("mul", self, other), {})


@surface(inplace=True, names=("divide",))
def div(self: Any, other: Any, *, rounding_mode: str | None = None) -> Any:
    """`input / other`; rounded toward zero ("trunc") or down ("floor") when asked for."""
    if rounding_mode is None and self.__class__ is Tensor and other.__class__ in USUAL:
        return el.div.run(self, other)
    op = {None: el.div, "floor": el.div_floor, "trunc": el.div_trunc}.get(rounding_mode)
    if op is None:
        raise RuntimeError(
            "div expected rounding_mode to be one of None, 'trunc', or 'floor' "
            f"but found {rounding_mode!r}"
        )
    return apply(op, pair_of("div", self, other), {})


def remainder(self: Any, other: Any) -> Any:
    """What is left of `self` after dividing by `other` and rounding down; `other`'s sign."""
    if not isinstance(self, Tensor):
        need_tensor("remainder", other, "other", 2)
    return apply(el.remainder, (as_operand(self), as_operand(other)), {})


remainder = surface(remainder, inplace=True)


def pow(self: Any, exponent: Any) -> Any:
    """`self` to the power of `exponent`; either may be a number."""
    number = exponent.__class__ is int or exponent.__class__ is float
    if number and self.__class__ is Tensor and self._array.dtype.kind == "f":
        return el.power.run(self, exponent)
    exponent = as_operand(exponent)
    if not isinstance(self, Tensor):
        base = as_operand(self)
        kind = result_type([exponent._array, base])
        return apply(el.exponential, (to_type(exponent, kind),), {"base": base})
    if isinstance(exponent, Tensor):
        return el.pow.run(self, exponent)
    if not isinstance(exponent, (int, float)):
        raise TypeError(f"pow(): exponent must be Tensor or Number, not {type(exponent).__name__}")
    kind = result_type([self._array, exponent])
    if kind.kind in "iu" and exponent < 0:
        raise RuntimeError("Integers to negative integer powers are not allowed.")
    return apply(el.power, (to_type(self, kind),), {"exponent": exponent})


pow = surface(pow, inplace=True)
setattr(Tensor, "__pow__", pow)  # noqa: B010 - typed as fixed
setattr(Tensor, "__rpow__", lambda y, x: pow(x, y))  # noqa: B010


def float_power(self: Any, exponent: Any) -> Any:
    """`self` to the power of `exponent`, worked out in float64."""
    double = np.dtype("float64")
    wide = to_type(self, double) if isinstance(self, Tensor) else self
    power = to_type(exponent, double) if isinstance(exponent, Tensor) else exponent
    return pow(wide, power)


float_power = surface(float_power, inplace=True)


def _float_power_(self: Any, exponent: Any) -> Any:
    """`float_power` written over `self`, which must be of float64."""
    if self._array.dtype != np.float64:
        raise RuntimeError(
            f"the base given to float_power_ has dtype {self.dtype!r} but the operation's result "
            "requires dtype torch.float64: use float_power"
        )
    return _raise_in_place(self, exponent)


_raise_in_place = getattr(Tensor, "float_power_")  # noqa: B009 - typed as fixed
setattr(Tensor, "float_power_", _float_power_)  # noqa: B010 - typed as fixed


def _bound(bound: Any) -> Any:
    return as_operand(bound)


NUMBERS = {float, int, type(None)}


@surface(inplace=True, names=("clip",))
def clamp(input: Any, min: Any = None, max: Any = None) -> Any:
    """`input` limited to `[min, max]` (numbers or tensors).

    Gradient: passes between the bounds and at them; 0 outside.
    """
    numbers = min.__class__ in NUMBERS and max.__class__ in NUMBERS and min is not max
    if numbers and input.__class__ is Tensor and input._array.dtype.kind == "f":
        return el.clamp.run(input, min, max)
    low, high = _bound(min), _bound(max)
    if low is None and high is None:
        raise RuntimeError("torch.clamp: At least one of 'min' or 'max' must not be None")
    if not isinstance(low, Tensor) and not isinstance(high, Tensor):
        kind = result_type([input._array, *[b for b in (low, high) if b is not None]])
        low, high = (None if b is None else kind.type(b) for b in (low, high))
        low, high = (None if b is None else b.item() for b in (low, high))
        return apply(el.clamp, (to_type(input, kind),), {"low": low, "high": high})
    operands = [input, *[b for b in (low, high) if b is not None]]
    kind = result_type([o._array if isinstance(o, Tensor) else o for o in operands])
    operands = [to_type(o, kind) for o in operands]
    op = el.clamp_above if high is None else el.clamp_below if low is None else el.clamp_between
    return apply(op, tuple(operands), {})


@surface(inplace=True)
def clamp_min(input: Any, min: Any) -> Any:
    """`input`, but nowhere below `min`."""
    return clamp(input, min, None)


@surface(inplace=True)
def clamp_max(input: Any, max: Any) -> Any:
    """`input`, but nowhere above `max`."""
    return clamp(input, None, max)


@surface(inplace=True)
def round(input: Any, *, decimals: int = 0) -> Any:
    """The nearest whole number, halves to even; or the nearest number of `decimals` digits."""
    if decimals == 0:
        return apply(el.round, (input,), {})
    return apply(el.round_decimals, (input,), {"decimals": decimals})


@surface(inplace=True)
def nan_to_num(
    input: Any,
    nan: float | None = 0.0,
    posinf: float | None = None,
    neginf: float | None = None,
) -> Any:
    """`input` with NaN and the infinities replaced (by 0 and the largest numbers)."""
    settings = {"nan": 0.0 if nan is None else nan, "posinf": posinf, "neginf": neginf}
    return apply(el.nan_to_num, (input,), settings)


def as_constant(value: Any, dtype: Any) -> Any:
    """A number as a tensor beside floats, which is recorded in short; None for anything else.

    Not for a watcher, who is to see a number and not a tensor that nobody made.
    """
    number = value.__class__ is float or value.__class__ is int
    found = constant(value, dtype) if number and here.state.watch is None else None
    return None if found is None else make(found, None)


def of_one_type(x: Any, y: Any) -> tuple[Any, Any] | None:
    """Two tensors if they have one type, a number beside floats as a constant; else None."""
    if x.__class__ is Tensor:
        y = y if y.__class__ is Tensor else as_constant(y, x._array.dtype)
    elif y.__class__ is Tensor:
        x = as_constant(x, y._array.dtype)
    if x.__class__ is Tensor and y.__class__ is Tensor and x._array.dtype is y._array.dtype:
        return x, y
    return None


@surface(inplace=True)
def lerp(input: Any, end: Any, weight: Any) -> Any:
    """`input + weight * (end - input)`; `weight` is a number or a tensor."""
    need_tensor("lerp", end, "end", 2)
    number = as_constant(weight, input._array.dtype)
    if number is not None:
        return el.lerp.run(input, end, number)
    if not isinstance(weight, Tensor):
        weight = np.asarray(as_operand(weight), input._array.dtype)
    return apply(el.lerp, (input, end, weight), {})


@surface(inplace=True)
def addcmul(input: Any, tensor1: Any, tensor2: Any, older: Any = None, *, value: Any = 1) -> Any:
    """`input + value * tensor1 * tensor2`."""
    if older is not None:
        tensor1, tensor2, value = tensor2, older, _older("addcmul", tensor1, "value")
    return add(input, mul(tensor1, tensor2), alpha=value)


@surface(inplace=True)
def addcdiv(input: Any, tensor1: Any, tensor2: Any, older: Any = None, *, value: Any = 1) -> Any:
    """`input + value * tensor1 / tensor2`."""
    if older is not None:
        tensor1, tensor2, value = tensor2, older, _older("addcdiv", tensor1, "value")
    if all(t._array.dtype.kind in "iub" for t in (tensor1, tensor2)):
        raise RuntimeError(
            "Integer division with addcdiv is no longer supported: convert with .float() first"
        )
    return add(input, div(tensor1, tensor2), alpha=value)


@surface(inplace=True)
def ldexp(input: Any, other: Any) -> Any:
    """`input * 2 ** other`."""
    need_tensor("ldexp", other, "other", 2)
    return mul(input, pow(2.0, other))


@surface
def clone(input: Any, *, memory_format: Any = None) -> Any:
    """A copy with memory of its own; the gradient passes through."""
    return el.clone.run(input)


@surface
def positive(input: Any) -> Any:
    """`input` itself."""
    if input._array.dtype.kind == "b":
        raise RuntimeError("The `+` operator, on a bool tensor is not supported.")
    return input


setattr(Tensor, "__pos__", positive)  # noqa: B010

NUMPY_FUNCTIONS[np.power] = pow
NUMPY_FUNCTIONS[np.clip] = clamp
