"""The operators that change their left side: `x += y` is `x.add_(y)`."""

from __future__ import annotations

from .._tensor import Tensor
from . import arithmetic, pointwise  # noqa: F401 - they define the methods named here

__all__: list[str] = []

METHODS = {
    "add": "add_",
    "sub": "sub_",
    "mul": "mul_",
    "truediv": "div_",
    "floordiv": "floor_divide_",
    "mod": "remainder_",
    "pow": "pow_",
    "and": "bitwise_and_",
    "or": "bitwise_or_",
    "xor": "bitwise_xor_",
    "lshift": "bitwise_left_shift_",
    "rshift": "bitwise_right_shift_",
}

for _operator, _method in METHODS.items():
    setattr(Tensor, f"__i{_operator}__", getattr(Tensor, _method))
