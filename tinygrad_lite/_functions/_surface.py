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
from .._inplace import forbid, forbid_overlap, in_place_of
from .._lift import named_like, shorter
from .._op import Op, parameters_of
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
    "axis0": "dim0",
    "axis1": "dim1",
}

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
    alone: Op | None = None,
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
    alone: Op | None = None,
) -> Callable[[F], F]: ...
def surface(
    function: Callable[..., Any] | None = None,
    *,
    top: bool = True,
    method: bool = True,
    inplace: bool = False,
    names: tuple[str, ...] = (),
    numpy: tuple[Any, ...] = (),
    alone: Op | None = None,
) -> Any:
    """Publish a function: at the top (`top`), as a method, in place; also under other `names`.

    `numpy` lists NumPy functions that call it when they meet a tensor. The operation `alone` is all
    that it does with a tensor of floats and no further arguments: such calls go to its recorder.
    """
    if function is None:
        return functools.partial(
            surface, top=top, method=method, inplace=inplace, names=names, numpy=numpy, alone=alone
        )
    flexible = _flexible(function, alone)
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


DIRECT = {
    "add": np.add, "sub": np.subtract, "subtract": np.subtract, "mul": np.multiply,
    "multiply": np.multiply, "div": np.true_divide, "divide": np.true_divide,
}  # fmt: skip
"""Functions of two operands that are one call of NumPy's, in place too."""


def publish_in_place(name: str, function: Callable[..., Any]) -> None:
    """Attach the in-place form of a function as method `name_` and at the top."""
    changed = in_place_of(function, name + "_", DIRECT.get(name))
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


def _flexible(function: Callable[..., Any], alone: Op | None = None) -> Callable[..., Any]:
    """Add `out=`, other spellings of keywords and the check of the input."""
    positional, keyword_only, _ = parameters_of(function)
    parameters = [*positional, *keyword_only]
    wants_tensor = bool(parameters) and parameters[0] == "input"
    own = set(parameters)
    spellings = SPELLINGS
    if parameters and "input" not in own:  # the first operand, whatever it is called here
        spellings = {**SPELLINGS, **dict.fromkeys(("input", "x", "a", "x1"), parameters[0])}

    def call(*args: Any, **keywords: Any) -> Any:
        if args and wants_tensor and args[0].__class__ is not Tensor:  # a subclass, or a mistake
            need_tensor(function.__name__, args[0])
        if not keywords:
            try:
                return function(*args)
            except AttributeError as error:  # costs nothing until it is raised
                raise explained(function.__name__, parameters, args, error) from None
        out = keywords.pop("out", None) if "out" not in own else None
        for name in [k for k in keywords if k not in own and k in spellings]:
            keywords[spellings[name]] = keywords.pop(name)
        try:
            result = function(*args, **keywords)
        except AttributeError as error:
            given = (*args, *(keywords.get(name) for name in parameters[len(args) :]))
            raise explained(function.__name__, parameters, given, error) from None
        if out is None:
            return result
        check_out(function.__name__, out, result, args)
        return write_out(out, result)

    named_like(call, function)
    return call if alone is None else shorter(alone)(call)


def explained(name: str, parameters: list[str], given: Any, error: AttributeError) -> Exception:
    """torch's TypeError if the error came of an argument that should be a tensor; else itself."""
    wrong = error.obj
    kind = type(wrong).__name__
    if isinstance(wrong, Tensor):
        return error
    for position, value in enumerate(given):
        parameter = parameters[min(position, len(parameters) - 1)]
        if value is wrong:
            return TypeError(
                f"{name}(): argument '{parameter}' (position {position + 1}) must be Tensor, not "
                f"{kind}: wrap it in torch.tensor(...)"
            )
        if isinstance(value, list | tuple) and any(element is wrong for element in value):
            return TypeError(
                f"{name}(): expected Tensors in argument '{parameter}' (position {position + 1}), "
                f"but got {kind}"
            )
    return error


EXACT = {
    "addbmm", "addmm", "addmv", "addr", "amax", "amin", "argmax", "argmin", "baddbmm", "bmm",
    "cholesky_inverse", "cummax", "cummin", "dot", "gather", "ger", "heaviside", "histc",
    "index_add", "index_copy", "index_reduce", "index_select", "inner", "inverse", "kthvalue",
    "logsumexp", "lu_solve", "masked_select", "matmul", "median", "mm", "mode",
    "msort", "mv", "nan_to_num", "nanmedian", "ormqr", "outer", "put", "scatter", "scatter_add",
    "scatter_reduce", "sort", "take", "take_along_dim", "topk", "tril", "triu",
}  # fmt: skip
"""Functions whose `out` must have the type of the result, where others cast."""

UNSHARED = {
    "cat", "concat", "concatenate", "gather", "hstack", "index_select", "stack", "vstack",
}  # fmt: skip
"""Functions whose `out` may not be the very memory of an operand either."""


def check_out(name: str, out: Any, result: Any, operands: Any) -> None:
    """Raise torch's error if `out` has another type, or a part of the memory of an operand."""
    pairs = zip(out, result, strict=True) if isinstance(result, tuple) else ((out, result),)
    for given, found in pairs:
        if not isinstance(given, Tensor):
            raise TypeError(f"{name}(): argument 'out' must be Tensor, not {type(given).__name__}")
        target, kind = given._array, found._array.dtype
        if name in EXACT and target.dtype != kind:
            raise RuntimeError(
                f"Expected out tensor to have dtype {of(kind).name}, but got "
                f"{of(target.dtype).name} instead"
            )
        if target.shape == found._array.shape:
            read = [t for x in operands for t in (x if isinstance(x, list | tuple) else (x,))]
            forbid_overlap(target, read, wholly_too=name in UNSHARED)


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
