"""Calls of a layer that is one operation.

For one sample a layer computes for a microsecond; `Module.__call__`, `forward` and the functional
take two more. Most calls need none of them: no hooks, nobody watches, the layer's own `forward`.
Such a call notes which module is at work and hands its operands to the operation's recorder; where
nothing is recorded it computes at once. Whatever is unusual (hooks, another `forward`, other
types, an error) goes through `Module.__call__`, which is the plain twin as well: with
TINYGRAD_LITE_PLAIN=1 there are no quick calls.

Attributes are read out of the instance's dictionary: a class with `__getattr__`, as modules have,
makes Python look every attribute up the long way, 70 nanoseconds instead of 15.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from ..._kernels import PLAIN
from ..._lift import written
from ..._nodes import make
from ..._op import Op
from ..._state import State, here
from ..._tensor import Tensor
from ._hooks import everywhere
from ._scope import note_module
from .module import Module

__all__ = ["quick_affine", "quick_chain", "quick_unary"]

Call = Callable[..., Any]
Class = TypeVar("Class", bound=type[Module])
# What the careful way answers or explains: no tensor, no bias, shapes that do not fit, a weight
# that is worked out by a parametrization.
MISTAKES = (AttributeError, LookupError, RuntimeError, ValueError)

NOTHING = object()  # stands for an input that was not given
# What leads an array through a layer of a class where nothing is recorded, and whether nobody else
# has that array: a layer has just made it. A result of None means that something is unusual.
THROUGH: dict[type, Callable[[Any, Any, bool], Any]] = {}


def quick_unary(op: Op, within: Callable[[Any], Any] | None = None) -> Callable[[Class], Class]:
    """Give quick calls to a class of layers that apply an elementwise operation.

    `within` writes the result over its operand, where that is nobody else's.
    """

    def decorate(layers: Class) -> Class:
        forward, compute, run = layers.forward, op.forward, written(op, depth=3)

        def is_usual(layer: Any, array: Any) -> bool:
            own = layer.__dict__
            return (
                array.dtype.kind == "f"
                and type(layer).forward is forward
                and not (own.get("_hooked", True) or "forward" in own or own.get("inplace"))
            )

        def through(layer: Any, array: Any, ours: bool) -> Any:  # is_usual in the open
            own = layer.__dict__
            if own.get("_hooked", True) or "forward" in own or own.get("inplace"):
                return None
            if array.dtype.kind != "f" or type(layer).forward is not forward:
                return None
            return compute(array) if not ours or within is None else within(array)

        def call(self: Any, x: Any = NOTHING, /, *args: Any, **kwargs: Any) -> Any:
            state = here.state
            if (
                x.__class__ is Tensor
                and not (args or kwargs or everywhere.hooked)
                and state.watch is None
                and is_usual(self, x._array)
            ):
                if state.grad:
                    return _recorded(self, state, run, x)
                return make(compute(x._array), None)
            if x is NOTHING:
                return Module.__call__(self, **kwargs)
            return Module.__call__(self, x, *args, **kwargs)

        return _published(layers, call, through)

    return decorate


def quick_affine(op: Op) -> Callable[[Class], Class]:
    """Give quick calls to a class of layers whose operation takes input, weight and bias."""

    def decorate(layers: Class) -> Class:
        forward, compute, run = layers.forward, op.forward, written(op, depth=3)

        def through(layer: Any, array: Any, ours: bool = False) -> Any:
            own = layer.__dict__
            try:
                if own["_hooked"] or "forward" in own or type(layer).forward is not forward:
                    return None
                bias = own["bias"]._array
                if array.dtype is bias.dtype:
                    weight = own["weight"]._array
                    if array.ndim != 1:
                        return compute(array, weight, bias)
                    out = weight.dot(array)  # the bits of a matrix of one row, in two thirds of
                    out += bias  # the time
                    return out
            except MISTAKES:
                pass
            return None

        def call(self: Any, x: Any = NOTHING, /, *args: Any, **kwargs: Any) -> Any:
            state = here.state
            if (
                x.__class__ is Tensor
                and not (args or kwargs or everywhere.hooked)
                and state.watch is None
            ):
                made = None
                if not state.grad:
                    array = through(self, x._array)
                    made = None if array is None else make(array, None)
                elif type(self).forward is forward:
                    made = _recorded_affine(self, state, run, x)
                if made is not None:
                    return made
            if x is NOTHING:
                return Module.__call__(self, **kwargs)
            return Module.__call__(self, x, *args, **kwargs)

        return _published(layers, call, through)

    return decorate


def quick_chain(layers: Class) -> Class:
    """Give quick calls to Sequential: where nothing is recorded, arrays go from layer to layer.

    Recorded layers are called from here: every call between them and the user costs them a tenth
    of a microsecond, for they look for the user's line.
    """
    forward = layers.forward

    def call(self: Any, x: Any = NOTHING, /, *args: Any, **kwargs: Any) -> Any:
        own, state = self.__dict__, here.state
        if (
            x.__class__ is Tensor
            and not (args or kwargs or own.get("_hooked", True) or everywhere.hooked)
            and state.watch is None
            and type(self).forward is forward
            and "forward" not in own
        ):
            if not state.grad:
                return _chained(self, own, state, x)
            parent = enter(state, self)
            try:
                for name in own["_module_names"]:
                    x = own[name](x)
            except BaseException as error:
                note_module(error, state.scope)
                raise
            finally:
                state.scope = parent
            return x
        if x is NOTHING:
            return Module.__call__(self, **kwargs)
        return Module.__call__(self, x, *args, **kwargs)

    return _published(layers, call, None)


def _published(layers: Class, call: Call, through: Any) -> Class:
    if not PLAIN:
        layers.__call__ = call  # type: ignore[method-assign]
        if through is not None:
            THROUGH[layers] = through
    return layers


def enter(state: State, module: Module) -> Any:
    """Note that `module` is at work, as Module.__call__ does; return what was before."""
    parent = state.scope
    if parent is None:
        state.scope = [module, None, 0, 0]
    else:
        number = parent[3]
        parent[3] = number + 1
        state.scope = [module, parent, number, 0]
    return parent


def _recorded(module: Module, state: State, run: Call, x: Any) -> Any:
    parent = enter(state, module)
    try:
        return run(x)
    except BaseException as error:
        note_module(error, state.scope)
        raise
    finally:
        state.scope = parent


def _recorded_affine(module: Module, state: State, run: Call, x: Any) -> Any:
    """The result of a recorded call; None where the careful way has to answer or explain."""
    own, parent = module.__dict__, state.scope
    if own.get("_hooked", True) or "forward" in own:
        return None
    try:
        weight, bias = own["weight"], own["bias"]
        if weight._array.ndim == 2 and bias._array.ndim == 1:
            enter(state, module)
            return run(x, weight, bias)
    except MISTAKES:
        if parent is not None and state.scope is not parent:
            parent[3] -= 1  # this call did not take place
    finally:
        state.scope = parent
    return None


def _chained(module: Module, own: dict[str, Any], state: State, x: Any) -> Any:
    array, known = x._array, THROUGH
    parent = call = None  # noted when the first layer is called that asks for it
    alone = array.ndim == 2 and len(array) == 1
    if alone:  # one sample goes as a vector
        array = array.ravel()
    try:
        for name in own["_module_names"]:
            layer = own[name]
            if array is not None and (through := known.get(type(layer))) is not None:
                found = through(layer, array, x is None)
                if found is not None:
                    x, array = None, found
                    continue
            if call is None:
                parent = enter(state, module)
                call = state.scope
            x = layer(make(array[None] if alone else array, None) if x is None else x)
            seen = state.grad or everywhere.hooked or state.watch is not None
            alone, array = False, None if seen or x.__class__ is not Tensor else x._array
    except BaseException as error:
        if call is not None:
            note_module(error, call)
        raise
    finally:
        if call is not None:
            state.scope = parent
    if x is not None:
        return x
    return make(array[None] if alone else array, None)
