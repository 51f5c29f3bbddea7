"""Elementwise functions of PyTorch: torch.exp(x), x.exp(), x.exp_()."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._dtypes import number_type
from .._lift import lift_binary, lift_unary, written
from .._nodes import make
from .._op import Op
from .._record import apply
from .._tensor import OPERANDS, Tensor, as_operand
from ..ops import elementwise as el
from ._dims import legacy_name
from ._sentences import SENTENCES
from ._surface import NAMES, need_tensor, publish_in_place, surface

__all__ = ["pair_of"]

UNARY = [
    "neg",
    "reciprocal",
    "sqrt",
    "rsqrt",
    "exp",
    "exp2",
    "expm1",
    "log",
    "log2",
    "log10",
    "log1p",
    "sin",
    "cos",
    "tan",
    "asin",
    "acos",
    "atan",
    "sinh",
    "cosh",
    "tanh",
    "asinh",
    "acosh",
    "atanh",
    "sigmoid",
    "deg2rad",
    "rad2deg",
    "sign",
    "floor",
    "ceil",
    "trunc",
    "frac",
    "abs",
    "square",
]
TESTS = [
    "isnan",
    "isinf",
    "isfinite",
    "isposinf",
    "isneginf",
    "signbit",
    "logical_not",
    "bitwise_not",
]
OTHER_NAMES = {
    "absolute": "abs", "negative": "neg", "arcsin": "asin", "arccos": "acos", "arctan": "atan",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "fix": "trunc", "sgn": "sign",
}  # fmt: skip
FLOATS_ONLY = {"frac"}
SIGNED_ONLY = {"neg"}


def _unary(op: Op, name: str) -> Any:
    """The public function of an elementwise operation: quick, then careful."""

    def checked(input: Any) -> Any:
        kind = input._array.dtype.kind
        if kind == "b" and name in SIGNED_ONLY:
            raise RuntimeError(
                "Negation, the `-` operator, on a bool tensor is not supported. "
                "If you are trying to invert a mask, use the `~` or `logical_not()` operator "
                "instead."
            )
        if kind == "f" and name == "bitwise_not":
            raise NotImplementedError(
                f"\"bitwise_not_cpu\" not implemented for '{legacy_name(input)}': whole numbers "
                "and booleans have bits to turn over; a mask comes of x > 0"
            )
        if kind != "f" and name in FLOATS_ONLY:
            raise NotImplementedError(
                f"\"{name}_cpu\" not implemented for '{legacy_name(input)}': convert with .float()"
            )
        return apply(op, (input,), {})

    checked.__name__ = checked.__qualname__ = name
    function = lift_unary(op, surface(checked, top=False, method=False))
    function.__name__ = function.__qualname__ = name
    function.__doc__ = SENTENCES.get(op.name, op.__doc__)
    return function


def _publish_unary() -> None:
    for name in (*UNARY, *TESTS):
        op = getattr(el, name)
        spelled = [other for other, known in OTHER_NAMES.items() if known == name]
        for public in (name, *spelled):
            function = _unary(op, public)
            NAMES[public] = function
            setattr(Tensor, public, function)
            if name not in TESTS or name.endswith("_not"):
                publish_in_place(public, function)


_publish_unary()


def _inverted(x: Any) -> Any:
    """`~x`, which PyTorch refuses in its own words."""
    if x._array.dtype.kind == "f":
        raise TypeError(
            "~ (operator.invert) is only implemented on integer and Boolean-type tensors"
        )
    return apply(el.bitwise_not, (x,), {})


Tensor.__neg__ = NAMES["neg"]  # type: ignore[method-assign]
Tensor.__invert__ = written(el.bitwise_not, _inverted, operator=True)  # type: ignore[method-assign]


def pair_of(name: str, input: Any, other: Any) -> tuple[Any, Any]:
    """Two operands, each a tensor or a number; of two numbers the first becomes a tensor."""
    if not isinstance(other, (Tensor, int, float, np.generic)):
        raise TypeError(
            f"{name}(): argument 'other' (position 2) must be Tensor or Number, not "
            f"{type(other).__name__}"
        )
    if not isinstance(input, Tensor):
        input = _number(name, input)
        if not isinstance(other, Tensor):
            if name.startswith("bitwise"):
                raise TypeError(f"{name}(): one of two numbers must be a tensor: use Python's own")
            input = make(np.asarray(input, number_type(input)), None)
    return input, as_operand(other)


def _number(name: str, value: Any) -> Any:
    """A number given for the first operand."""
    if not isinstance(value, (int, float, np.generic)):
        need_tensor(name, value)
    return as_operand(value)


def _number_first(op: Op, name: str, check: Any) -> Any:
    """The public function of an operation that PyTorch also calls with a number first."""

    def function(self: Any, other: Any) -> Any:
        pair = pair_of(name, self, other)
        if check is not None:
            check(*pair)
        return apply(op, pair, {})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = SENTENCES.get(op.name, op.__doc__)
    return function


def _binary(op: Op, name: str, check: Any = None) -> Any:
    if name in NUMBER_FIRST:
        return _number_first(op, name, check)

    kinds = WHOLE if name in WHOLE_ONLY else "fiub"

    def function(input: Any, other: Any) -> Any:
        both = input.__class__ is Tensor and other.__class__ is Tensor
        if both and input._array.dtype is other._array.dtype and input._array.dtype.kind in kinds:
            return op.run(input, other) if op.differentiable else apply(op, (input, other), {})
        pair = pair_of(name, input, other)
        if check is not None:
            check(*pair)
        return apply(op, pair, {})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = SENTENCES.get(op.name, op.__doc__)
    return function


def _kind_of(x: Any) -> str:
    return x._array.dtype.kind if isinstance(x, Tensor) else np.asarray(x).dtype.kind


def _whole_numbers(name: str, bools: bool = True) -> Any:
    def check(x: Any, y: Any) -> None:
        for operand in (x, y):
            kind = _kind_of(operand)
            if kind == "f" or (kind == "b" and not bools):
                raise NotImplementedError(f'"{name}_cpu" not implemented for {_named(operand)}')

    return check


def _named(x: Any) -> str:
    return f"'{legacy_name(x)}'" if isinstance(x, Tensor) else type(x).__name__


WHOLE, WHOLE_ONLY = "iu", {"gcd", "lcm"}  # what has nothing else to check
NUMBER_FIRST = {
    "floor_divide", "true_divide", "bitwise_and", "bitwise_or", "bitwise_xor",
    "bitwise_left_shift", "bitwise_right_shift",
}  # fmt: skip
BINARY: dict[str, tuple[Op, tuple[str, ...], Any]] = {
    "atan2": (el.atan2, ("arctan2",), "tensor"),
    "fmod": (el.fmod, (), None),
    "floor_divide": (el.floor_divide, (), None),
    "copysign": (el.copysign, (), None),
    "true_divide": (el.div, (), None),
    "bitwise_and": (el.bitwise_and, ("__and__",), _whole_numbers("bitwise_and")),
    "bitwise_or": (el.bitwise_or, ("__or__",), _whole_numbers("bitwise_or")),
    "bitwise_xor": (el.bitwise_xor, ("__xor__",), _whole_numbers("bitwise_xor")),
    "bitwise_left_shift": (el.left_shift, ("__lshift__",), _whole_numbers("lshift", bools=False)),
    "bitwise_right_shift": (el.right_shift, ("__rshift__",), _whole_numbers("rshift", bools=False)),
    "logical_and": (el.logical_and, (), "tensor"),
    "logical_or": (el.logical_or, (), "tensor"),
    "logical_xor": (el.logical_xor, (), "tensor"),
    "eq": (el.eq, (), None),
    "ne": (el.ne, ("not_equal",), None),
    "lt": (el.lt, ("less",), None),
    "le": (el.le, ("less_equal",), None),
    "gt": (el.gt, ("greater",), None),
    "ge": (el.ge, ("greater_equal",), None),
}
TENSORS_ONLY: dict[str, tuple[Op, Any]] = {
    "maximum": (el.maximum, None),
    "minimum": (el.minimum, None),
    "fmax": (el.fmax, None),
    "fmin": (el.fmin, None),
    "hypot": (el.hypot, None),
    "logaddexp": (el.logaddexp, None),
    "logaddexp2": (el.logaddexp2, None),
    "nextafter": (el.nextafter, None),
    "gcd": (el.gcd, _whole_numbers("gcd", bools=False)),
    "lcm": (el.lcm, _whole_numbers("lcm", bools=False)),
}
NO_IN_PLACE = {"maximum", "minimum", "fmax", "fmin", "logaddexp", "logaddexp2"}


def _need_second(name: str, check: Any) -> Any:
    def both(x: Any, y: Any) -> None:
        need_tensor(name, y, "other", 2)
        if check is not None:
            check(x, y)

    return both


def _publish_binary() -> None:
    for name, (op, names, check) in BINARY.items():
        needs = _need_second(name, None) if check == "tensor" else check
        surface(_binary(op, name, needs), inplace=True, names=names)
        for dunder in names:
            if dunder.startswith("__"):
                setattr(Tensor, f"__r{dunder[2:]}", lift_binary(op, OPERANDS, check)[1])
    for name, (op, check) in TENSORS_ONLY.items():
        surface(_binary(op, name, _need_second(name, check)), inplace=name not in NO_IN_PLACE)


_publish_binary()


@surface(inplace=True)
def heaviside(input: Any, values: Any) -> Any:
    """0 where `input` is negative, 1 where it is positive, `values` where it is 0."""
    need_tensor("heaviside", values, "values", 2)
    if input._array.dtype != values._array.dtype:
        raise RuntimeError("heaviside is not yet implemented for tensors with different dtypes.")
    return apply(el.heaviside, (input, values), {})
