"""Own operations in PyTorch's class form: `autograd.Function`."""

from __future__ import annotations

import functools
import inspect
import sys
import warnings
import weakref
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from .._nodes import Leaf, Pick, WideNode, make
from .._op import Op
from .._record import apply
from .._stamps import version
from .._state import here, tick
from .._tensor import Tensor
from .._walk import connect
from .modes import enable_grad, no_grad

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class SavedResult(NamedTuple):
    """A saved result of the forward itself, kept without its history: that would be a cycle."""

    array: Any
    which: int


class FunctionCtx:
    """What a Function's forward leaves for its backward."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Any, ...] | None = ()
        self._versions: tuple[int, ...] = ()
        self._materialize = True
        self._dirty: tuple[Any, ...] = ()
        self._constant: tuple[Any, ...] = ()
        self._node: Any = None  # a weak reference to the recorded call

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors (or None) for backward, where they are `ctx.saved_tensors`."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(
                    "save_for_backward can only save variables, but one argument is of type "
                    f"{type(tensor).__name__}: keep other things as attributes of ctx"
                )
        self._saved = tensors
        self._versions = tuple(0 if t is None else version(t._array) for t in tensors)

    save_for_forward = save_for_backward

    @property
    def saved_tensors(self) -> tuple[Any, ...]:
        """The tensors that forward saved."""
        if self._saved is None:
            raise RuntimeError(
                "Trying to backward through the graph a second time (or directly access saved "
                "tensors after they have already been freed). Specify retain_graph=True."
            )
        return tuple(map(self._opened, self._saved, self._versions))

    def _opened(self, saved: Any, then: int) -> Any:
        """One saved tensor, unless it was changed since."""
        if saved is None:
            return None
        if hasattr(saved, "unpack"):
            return self._unpacked(saved)
        array = saved.array if isinstance(saved, SavedResult) else saved._array
        if version(array) != then:
            raise RuntimeError(
                "one of the variables needed for gradient computation has been modified by an "
                f"inplace operation: a saved tensor of shape {list(array.shape)} is at version "
                f"{version(array)}; expected version {then} instead. clone() it before changing it."
            )
        if not isinstance(saved, SavedResult):
            return saved
        node = None if self._node is None else self._node()
        return make(array, None if node is None else Pick(node, saved.which))

    def _unpacked(self, packed: Any) -> Any:
        """One saved tensor that a hook of `saved_tensors_hooks` had packed."""
        before, which = packed.node
        if which is None:
            return connect(packed.open(), before)
        node = None if self._node is None else self._node()
        return make(packed.open(), None if node is None else Pick(node, which))

    def mark_dirty(self, *tensors: Any) -> None:
        """Say which inputs forward changed in place; it must return them."""
        self._dirty = tensors

    def mark_non_differentiable(self, *tensors: Any) -> None:
        """Say which outputs carry no gradient."""
        self._constant = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Say whether unused outputs' gradients reach backward as zeros (True) or None."""
        self._materialize = value


class Function:
    """An operation with a hand-written backward.

    Write `forward(ctx, *inputs)` and `backward(ctx, *grad_outputs)` as static methods and call
    `MyFunction.apply(...)`.  A separate `setup_context(ctx, inputs, output)` also works.
    """

    def __init__(self, *args: Any, **keywords: Any) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all "
            "static, so you should invoke them on the class itself: "
            f"{type(self).__name__}.apply(x)",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """Raise: instances are not called."""
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use "
            f"new-style autograd function with static forward method: {type(self).__name__}"
            ".apply(x)"
        )

    @staticmethod
    def forward(*args: Any, **keywords: Any) -> Any:
        """Compute the result; to be written."""
        raise NotImplementedError(
            "You must implement the forward function for custom autograd.Function."
        )

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what backward needs, when forward takes no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """Return one gradient (or None) for each input of forward; to be written."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom "
            "autograd.Function to use it with backward mode AD."
        )

    vjp = backward

    @classmethod
    def apply(cls, *inputs: Any, **keywords: Any) -> Any:
        """Run forward and record it; backward runs when gradients flow back."""
        old = cls.setup_context is Function.setup_context  # forward takes ctx
        if keywords or not old:
            inputs = _bound(cls.forward, inputs, keywords, old)
        nodes = tuple(_node_of(x) for x in inputs)
        recording = here.state.grad and any(n is not None for n in nodes)
        ctx = FunctionCtx(tuple(n is not None for n in nodes))
        # One call is one operation: who watches does not see what it is made of, unless asking to.
        watch = here.state.watch
        if not getattr(watch, "looks_inside", False):
            here.state.watch = None
        try:
            with no_grad():
                if old:
                    result = cls.forward(ctx, *inputs)
                else:
                    result = cls.forward(*inputs)
                    cls.setup_context(ctx, inputs, result)
        finally:
            here.state.watch = watch
        several = isinstance(result, tuple)
        outputs = result if several else (result,)
        if recording:
            outputs = CallNode(cls, ctx, nodes, inputs, outputs).hand_out(inputs, outputs)
        if watch is not None:
            watch(Op(cls.apply, name=cls.__name__, operands=()), inputs, {}, outputs)
        return outputs if several else outputs[0]


def _bound(
    forward: Callable[..., Any], inputs: tuple[Any, ...], keywords: dict[str, Any], takes_ctx: bool
) -> tuple[Any, ...]:
    """Arguments given by name or left out, in forward's order: backward answers all of them."""
    if not keywords and len(inputs) >= forward.__code__.co_argcount:
        return inputs
    bound = inspect.signature(forward).bind(*((None,) if takes_ctx else ()), *inputs, **keywords)
    if not takes_ctx:
        bound.apply_defaults()
    return bound.args[1:] if takes_ctx else bound.args


def _node_of(x: Any) -> Any:
    if not isinstance(x, Tensor):
        return None
    if x._view is not None:
        x._view.refresh(x)
    return x._node


class CallNode(WideNode):
    """A recorded call of a Function."""

    __slots__ = ("__weakref__", "ctx", "function", "tensors")

    def __init__(
        self,
        function: type[Function],
        ctx: FunctionCtx,
        nodes: tuple[Any, ...],
        inputs: tuple[Any, ...],
        outputs: tuple[Any, ...],
    ) -> None:
        self.function, self.ctx, self.parents = function, ctx, nodes
        self.op = Op(function.apply, name=function.__name__, operands=(), kind="custom")
        self.tensors = tuple(isinstance(x, Tensor) for x in inputs)
        self.shapes = tuple(x._array.shape if isinstance(x, Tensor) else () for x in inputs)
        self.results = len(outputs)
        self.shape = tuple(o._array.shape if isinstance(o, Tensor) else () for o in outputs)
        self.dtype = tuple(o._array.dtype if isinstance(o, Tensor) else None for o in outputs)
        self.kept, self.kept_again, self.hooks, self.settings = (), None, None, {}
        frame = sys._getframe(2)
        self.code, self.at, self.scope = frame.f_code, frame.f_lasti, here.state.scope
        self.clock = tick()
        ctx._node = weakref.ref(self)

    def __getattr__(self, name: str) -> Any:
        """What forward left on its ctx, which in PyTorch is the node itself."""
        if name in CallNode.__slots__ or name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.ctx, name)

    def hand_out(self, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """The results as tensors with a history; saved results are kept without theirs."""
        ctx = self.ctx
        ctx._saved = tuple(self._unlinked(saved, outputs) for saved in ctx._saved or ())
        made = tuple(self._result(i, o, inputs) for i, o in enumerate(outputs))
        ctx._dirty = ctx._constant = ()
        return made

    def _unlinked(self, saved: Any, outputs: tuple[Any, ...]) -> Any:
        for which, output in enumerate(outputs):
            if saved is output and not any(saved is d for d in self.ctx._dirty):
                return SavedResult(saved._array, which)
        return saved

    def _result(self, which: int, output: Any, inputs: tuple[Any, ...]) -> Any:
        if not isinstance(output, Tensor) or output._array.dtype.kind != "f":
            return output
        if any(output is c for c in self.ctx._constant):
            return output
        if any(output is d for d in self.ctx._dirty) and output._node.__class__ is Leaf:
            raise RuntimeError(
                "a leaf Variable that requires grad has been used in an in-place operation."
            )
        if any(output is x for x in inputs) and not any(output is d for d in self.ctx._dirty):
            output = make(output._array, None)
        output._node = Pick(self, which)
        return output

    def pull(self, g: Any, create_graph: bool) -> tuple[Any, ...]:
        """Call the Function's backward: one gradient or None for each input."""
        function = self.function
        given = [self._incoming(which, part) for which, part in enumerate(g)]
        backward = function.vjp if function.backward is Function.backward else function.backward
        with enable_grad() if create_graph else no_grad():
            found = backward(self.ctx, *given)
        found = found if isinstance(found, tuple) else (found,)
        count = len(self.parents)
        if len(found) > count and all(f is None for f in found[count:]):
            found = found[:count]
        if len(found) != count:
            raise RuntimeError(
                f"function {function.__name__}Backward returned an incorrect number of gradients "
                f"(expected {count}, got {len(found)})"
            )
        self._require_tensors(found)
        return tuple(self._outgoing(i, f, create_graph) for i, f in enumerate(found))

    def _require_tensors(self, found: tuple[Any, ...]) -> None:
        """Raise where a gradient is no tensor, or is one for an argument that was none."""
        for position, (g, wanted) in enumerate(zip(found, self.tensors, strict=True)):
            if g is None:
                continue
            if not isinstance(g, Tensor):
                raise RuntimeError(  # noqa: TRY004 - torch's class
                    f"expected Variable or None (got {type(g).__name__}): gradient {position} of "
                    f"{self.name()}"
                )
            if not wanted:
                raise RuntimeError(
                    f"function {self.name()} returned a gradient different than None at position "
                    f"{position + 1}, but the corresponding forward input was not a Variable"
                )

    def _incoming(self, which: int, g: Any) -> Any:
        if g is not None:
            return g if isinstance(g, Tensor) else make(g, None)
        if not self.ctx._materialize or self.dtype[which] is None:
            return None
        return make(np.zeros(self.shape[which], self.dtype[which]), None)

    def _outgoing(self, position: int, g: Any, create_graph: bool) -> Any:
        if g is None:
            return None
        shape = self.shapes[position]
        if g._array.shape != shape and not _expands(shape, g._array.shape):
            raise RuntimeError(
                f"Function {self.name()} returned an invalid gradient at index {position} - got "
                f"{list(g._array.shape)} but expected shape compatible with {list(shape)}"
            )
        return g if create_graph else g._array

    def release(self) -> None:
        """Let go of what forward saved."""
        if self.ctx._saved:
            self.ctx._saved = None


def _expands(shape: tuple[int, ...], larger: tuple[int, ...]) -> bool:
    """Whether an array of `shape` could have been expanded to the larger shape."""
    rest = larger[len(larger) - len(shape) :]
    return len(larger) >= len(shape) and all(n in (1, m) for n, m in zip(shape, rest, strict=True))


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Mark a backward whose own derivative is not to be taken: trying to raises."""

    @functools.wraps(backward)
    def call(ctx: Any, *grad_outputs: Any) -> Any:
        with no_grad():
            found = backward(ctx, *grad_outputs)
        behind = next((g for g in grad_outputs if isinstance(g, Tensor) and g.requires_grad), None)
        if behind is None or not here.state.grad:
            return found
        several = isinstance(found, tuple)
        barred = tuple(
            apply(BARRED, (behind,), {"value": f._array}) if isinstance(f, Tensor) else f
            for f in (found if several else (found,))
        )
        return barred if several else barred[0]

    return call


def _barred(x: Any, *, value: Any) -> Any:
    return value


BARRED = Op(_barred, name="once_differentiable")


@BARRED.rule
def _(g: Any) -> Any:
    raise RuntimeError(
        "trying to differentiate twice a function that was marked with @once_differentiable"
    )
