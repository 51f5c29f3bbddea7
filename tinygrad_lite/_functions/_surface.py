"""One function, written once with PyTorch's signature, becomes `torch.f`, `Tensor.f`, `Tensor.f_`.

    @surface(inplace=True, names=("clip",))
    def clamp(input, min=None, max=None): ...

The decorator adds what all of PyTorch's functions share: `out=`, the spellings `axis`, `keepdims`
and `x` beside `dim`, `keepdim` and `input`, and the error for an input that is no tensor.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar, overload

import numpy as np

from .._dtypes import of
from .._inplace import forbid, in_place_of
from .._op import parameters_of
from .._stamps import stamp
from .._state import here
from .._tensor import NUMPY_FUNCTIONS, Tensor

__all__ = ["NAMES", "method", "need_tensor", "surface", "write_out"]

NAMES: dict[str, Callable[..., Any]] = {}
"""The functions of the top-level namespace."""

SPELLINGS = {
    "axis": "dim",
    "keepdims": "keepdim",
    "x": "input",
    "a": "input",
    "x1": "input",
    "x2": "other",
}

# Functions that also take a number first call that parameter `self`; the user says `input`.
NUMBERS_TOO = {"input": "self", "x": "self", "a": "self", "x1": "self"}

F = TypeVar("F", bound=Callable[..., Any])


@overload
def surface(
    function: F,
    *,
    top: bool = True,
    method: bool = True,
    inplace: bool = False,
    names: tuple[str, ...] = (),
    numpy: tuple[Any, ...] = (),
) -> F: ...
@overload
def surface(
    function: None = None,
    *,
    top: bool = True,
    method: bool = True,
    inplace: bool = False,
    names: tuple[str, ...] = (),
    numpy: tuple[Any, ...] = (),
) -> Callable[[F], F]: ...
def surface(
    function: Callable[..., Any] | None = None,
    *,
    top: bool = True,
    method: bool = True,
    inplace: bool = False,
    names: tuple[str, ...] = (),
    numpy: tuple[Any, ...] = (),
) -> Any:
    """Publish a function: at the top (`top`), as a method, in place; also under other `names`.

    `numpy` lists NumPy functions that call it when they meet a tensor.
    """
    if function is None:
        return functools.partial(
            surface, top=top, method=method, inplace=inplace, names=names, numpy=numpy
        )
    flexible = _flexible(function)
    for name in (function.__name__, *names):
        if top:
            NAMES[name] = flexible
        if method:
            setattr(Tensor, name, flexible)
        if inplace:
            publish_in_place(name, flexible)
    for key in numpy:
        NUMPY_FUNCTIONS[key] = flexible
    return flexible


def publish_in_place(name: str, function: Callable[..., Any]) -> None:
    """Attach the in-place form of a function as method `name_` and at the top."""
    changed = in_place_of(function, name + "_")
    setattr(Tensor, name + "_", changed)
    NAMES[name + "_"] = changed


@overload
def method(function: F, *, names: tuple[str, ...] = ()) -> F: ...
@overload
def method(function: None = None, *, names: tuple[str, ...] = ()) -> Callable[[F], F]: ...
def method(function: Callable[..., Any] | None = None, *, names: tuple[str, ...] = ()) -> Any:
    """Attach a function as a method only, as it is."""
    if function is None:
        return functools.partial(method, names=names)
    for name in (function.__name__, *names):
        setattr(Tensor, name, function)
    return function


def need_tensor(name: str, value: Any, argument: str = "input", position: int = 1) -> None:
    """Raise torch's TypeError unless a value is a tensor."""
    if not isinstance(value, Tensor):
        raise TypeError(
            f"{name}(): argument '{argument}' (position {position}) must be Tensor, not "
            f"{type(value).__name__}"
        )


def _flexible(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `out=`, other spellings of keywords and the check of the input."""
    positional, keyword_only, _ = parameters_of(function)
    parameters = [*positional, *keyword_only]
    wants_tensor = bool(parameters) and parameters[0] == "input"
    own = set(parameters)
    spellings = SPELLINGS if "input" in own else {**SPELLINGS, **NUMBERS_TOO}

    @functools.wraps(function)
    def call(*args: Any, **keywords: Any) -> Any:
        if args and wants_tensor and args[0].__class__ is not Tensor:  # a subclass, or a mistake
            need_tensor(function.__name__, args[0])
        if not keywords:
            return function(*args)
        out = keywords.pop("out", None) if "out" not in own else None
        for name in [k for k in keywords if k not in own and k in spellings]:
            keywords[spellings[name]] = keywords.pop(name)
        result = function(*args, **keywords)
        return result if out is None else write_out(out, result)

    return call


def write_out(out: Any, result: Any) -> Any:
    """Write results into the tensors given as `out`; they take the results' shape."""
    if isinstance(result, tuple):
        written = [write_out(o, r) for o, r in zip(out, result, strict=True)]
        return type(result)(*written) if hasattr(result, "_fields") else tuple(written)
    if here.state.grad and (out._node is not None or result._node is not None):
        raise RuntimeError(
            "functions with out=... arguments don't support automatic differentiation, but one of "
            "the arguments requires grad."
        )
    order = {"b": 0, "u": 1, "i": 1, "f": 2}
    if order[result._array.dtype.kind] > order[out._array.dtype.kind]:
        raise RuntimeError(
            f"result type {of(result._array.dtype).name} can't be cast to the desired output type "
            f"{of(out._array.dtype).name}"
        )
    if out._array.shape == result._array.shape:
        forbid(out)
        np.copyto(out._array, result._array, casting="unsafe")
        stamp(out._array, "out=")
    else:
        out._array = np.array(result._array, out._array.dtype)
    return out
