"""The numerical gradient: what every derivative rule is measured against."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Point = TypeVar("Point")

# The best relative step of a central difference in float64: truncation and rounding balance there.
BEST_STEP = float(np.finfo(np.float64).eps) ** (1 / 3)


def is_tensor(value: object) -> bool:
    """Whether `value` is a tensor and not an array: known by its methods, not by its class."""
    return hasattr(value, "detach") and hasattr(value, "numpy")


def read_array(value: Any) -> NDArray[Any]:
    """`value` (tensor, array, number or nested list) as an array that shares its memory."""
    return np.asarray(value.detach().numpy() if is_tensor(value) else value)


def numerical_gradient(f: Callable[[Any], Any], x: Point, h: float = 1e-4) -> Point:
    """Gradient of the scalar function `f` at `x` by central differences, in float64.

    (f(x + h eᵢ) − f(x − h eᵢ)) / 2h for every element i, where 2h is the difference between the
    two points as float64 stores them. `f` always receives a fresh float64 copy of `x`, so neither
    `x` nor an array that `f` keeps is ever changed under the caller's hands.

    A loss of the form `lambda W: net.loss(x, t)`, which ignores its argument and reads `x` from
    where it is kept, works as well: when no copy makes a difference, the elements of `x` itself
    are moved one by one and put back.

    **Shapes** any, 0-d and empty included; an array gives an array, a tensor a tensor.

    **Errors** TypeError for integers, which cannot be moved by `h`; ValueError when `f` returns
    anything but one number.

    >>> numerical_gradient(lambda x: (x ** 2).sum(), np.array([1.0, 3.0])).round(6)
    array([2., 6.])
    """
    array = read_array(x)
    check_input(array, h)
    start = array.astype(np.float64)
    wrap = tensor_maker(x) if is_tensor(x) else np.copy
    gradient = difference_quotients(lambda point: scalar(f(wrap(point))), start, h)
    if not gradient.any() and array.size and array.flags.writeable:
        gradient = move_in_place(lambda: scalar(f(x)), array, h)
    return wrap(gradient) if is_tensor(x) else gradient  # type: ignore[return-value]


def check_input(array: NDArray[Any], h: float) -> None:
    """Raise unless `array` holds real floating-point numbers and `h` is a positive step."""
    if not np.issubdtype(array.dtype, np.floating):
        raise TypeError(
            f"numerical_gradient needs floating-point numbers, but x is {array.dtype}: an integer "
            "cannot be moved by a small step; write x.astype(np.float64) (or x.double())"
        )
    if not (h > 0 and math.isfinite(h)):
        raise ValueError(f"numerical_gradient needs a finite step h > 0, got {h!r}")


def tensor_maker(like: Any) -> Callable[[Vector], Any]:
    """Function that makes float64 tensors of the class of `like` from copies of arrays."""
    double = like.detach().double()
    return lambda array: double.new_tensor(np.copy(array))


def scalar(value: Any) -> float:
    """The one number in `value`."""
    array = read_array(value)
    if array.size != 1:
        raise ValueError(
            f"numerical_gradient needs a function that returns one number, but it returned the "
            f"shape {array.shape}; add .sum(), or use gradcheck for functions with more outputs"
        )
    return float(array.reshape(()))


def steps_around(value: float, h: float) -> tuple[float, float]:
    """The two points beside `value`; further apart where `h` drowns in the rounding of `value`."""
    low, high = value - h, value + h
    if abs((high - low) / (2 * h) - 1) > 0.01:
        step = BEST_STEP * abs(value)
        low, high = value - step, value + step
    return low, high


def difference_quotients(f: Callable[[Vector], float], start: Vector, h: float) -> Vector:
    """Central difference of `f` for each element of `start`, which stays as it is."""
    gradient = np.zeros(start.shape)
    for index in np.ndindex(start.shape):
        low, high = steps_around(float(start[index]), h)
        values = [f(replaced(start, index, moved)) for moved in (low, high)]
        gradient[index] = (values[1] - values[0]) / (high - low)
    return gradient


def replaced(start: Vector, index: tuple[int, ...], value: float) -> Vector:
    """A copy of `start` with one element replaced."""
    point = start.copy()
    point[index] = value
    return point


def move_in_place(f: Callable[[], float], array: NDArray[Any], h: float) -> Vector:
    """Central difference of `f` for each element of `array`, which `f` reads by itself."""
    gradient = np.zeros(array.shape)
    for index in np.ndindex(array.shape):
        (low, below), (high, above) = measured_in_place(f, array, index, h)
        gradient[index] = (above - below) / (high - low) if high != low else 0.0
    return gradient


def measured_in_place(
    f: Callable[[], float], array: NDArray[Any], index: tuple[int, ...], h: float
) -> list[tuple[float, float]]:
    """Pairs (value stored, value of `f`) for the two points around one element, then put back."""
    kept = array[index]
    pairs = []
    try:
        for moved in steps_around(float(kept), h):
            array[index] = moved
            pairs.append((float(array[index]), f()))
    finally:
        array[index] = kept
    return pairs
