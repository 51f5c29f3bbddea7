"""Hooks of modules: the handles that remove them, and the call that runs them."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from ..._tensor import Tensor
from ...autograd import Function
from ...utils.hooks import RemovableHandle

__all__ = [
    "RemovableHandle",
    "as_registered",
    "call_with_hooks",
    "everywhere",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

Hooks = OrderedDict[int, Callable[..., Any]]


def add_hook(
    hooks: Hooks,
    hook: Callable[..., Any],
    *,
    prepend: bool = False,
    options: OrderedDict[int, frozenset[str]] | None = None,
    option: Sequence[str] = (),
) -> RemovableHandle:
    """Enter `hook` and return its handle; `option` names how it wants to be called."""
    handle = RemovableHandle(hooks, extra_dict=options)
    hooks[handle.id] = hook
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    if options is not None and option:
        options[handle.id] = frozenset(option)
    return handle


class _Everywhere:
    """The hooks that run on every module, and whether there are any."""

    def __init__(self) -> None:
        self.forward_pre: Hooks = OrderedDict()
        self.forward: Hooks = OrderedDict()
        self.backward_pre: Hooks = OrderedDict()
        self.backward: Hooks = OrderedDict()
        self.options: OrderedDict[int, frozenset[str]] = OrderedDict()
        self.hooked = False
        self.full_backward: bool | None = None
        # by the noun of what is registered
        self.registration: dict[str, Hooks] = {
            "parameter": OrderedDict(),
            "buffer": OrderedDict(),
            "module": OrderedDict(),
        }

    def refresh(self) -> None:
        """Look again whether any hook is left."""
        self.hooked = bool(self.forward_pre or self.forward or self.backward_pre or self.backward)


everywhere = _Everywhere()


def register_module_forward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run `hook(module, args)` before every module's forward."""
    everywhere.hooked = True
    return add_hook(everywhere.forward_pre, hook)


def register_module_forward_hook(
    hook: Callable[..., Any], *, with_kwargs: bool = False, always_call: bool = False
) -> RemovableHandle:
    """Run `hook(module, args, output)` after every module's forward."""
    everywhere.hooked = True
    return add_hook(
        everywhere.forward,
        hook,
        options=everywhere.options,
        option=_chosen(with_kwargs=with_kwargs, always_call=always_call),
    )


def register_module_full_backward_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run `hook(module, grad_output)` before every module's backward."""
    everywhere.hooked = True
    return add_hook(everywhere.backward_pre, hook)


def register_module_full_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run `hook(module, grad_input, grad_output)` after every module's backward."""
    _keep_to_one_kind(full=True)
    everywhere.hooked = True
    return add_hook(everywhere.backward, hook)


def register_module_backward_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run `hook(module, grad_input, grad_output)` after every module's backward.

    Differs from PyTorch: its deprecated form sees the gradients of the last operation only; here
    it is the full hook.
    """
    _keep_to_one_kind(full=False)
    everywhere.hooked = True
    return add_hook(everywhere.backward, hook)


def _keep_to_one_kind(*, full: bool) -> None:
    if everywhere.backward and everywhere.full_backward is not full:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks as a global Module "
            "hook. Please use only one of them."
        )
    everywhere.full_backward = full


def register_module_parameter_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run `hook(module, name, parameter)` at every registration; what it returns goes in."""
    return add_hook(everywhere.registration["parameter"], hook)


def register_module_buffer_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run `hook(module, name, buffer)` at every registration; what it returns goes in."""
    return add_hook(everywhere.registration["buffer"], hook)


def register_module_module_registration_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Run `hook(module, name, submodule)` at every registration; what it returns goes in."""
    return add_hook(everywhere.registration["module"], hook)


def as_registered(noun: str, module: Any, name: str, value: Any) -> Any:
    """What the registration hooks make of `value`."""
    for hook in everywhere.registration[noun].values():
        given = hook(module, name, value)
        if given is not None:
            value = given
    return value


def _chosen(**flags: bool) -> list[str]:
    return [name for name, wanted in flags.items() if wanted]


def call_with_hooks(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Call `module.forward` with every hook around it, in PyTorch's order."""
    if not (module._hooked or everywhere.hooked):
        return module.forward(*args, **kwargs)
    everywhere.refresh()
    if not (everywhere.hooked or has_hooks(module)):
        module.__dict__["_hooked"] = False
        return module.forward(*args, **kwargs)
    finished: set[int] = set()
    try:
        return _call_around(module, args, kwargs, finished)
    except Exception:
        _call_always(module, args, kwargs, finished)
        raise


def has_hooks(module: Any) -> bool:
    """Whether any hook of `module`'s own runs around its forward or backward."""
    return bool(
        module._forward_pre_hooks
        or module._forward_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )


def _call_around(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], finished: set[int]
) -> Any:
    args, kwargs = _run_forward_pre(module, args, kwargs)
    watch = BackwardWatch.of(module)
    if watch is not None:
        args = watch.gate_inputs(args)
    result = module.forward(*args, **kwargs)
    result = _run_forward(module, args, kwargs, result, finished)
    return result if watch is None else watch.gate_outputs(result)


def _run_forward_pre(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    options = module._hook_options
    for key, hook in [*everywhere.forward_pre.items(), *module._forward_pre_hooks.items()]:
        if "with_kwargs" in options.get(key, ()):
            given = hook(module, args, kwargs)
            if given is not None:
                args, kwargs = _args_and_kwargs(given)
            continue
        given = hook(module, args)
        if given is not None:
            args = given if isinstance(given, tuple) else (given,)
    return args, kwargs


def _args_and_kwargs(given: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    if isinstance(given, tuple) and len(given) == 2:
        return given
    raise RuntimeError(
        f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {given}."
    )


def _forward_hooks(module: Any) -> list[tuple[int, Callable[..., Any], Any]]:
    own, all_modules = module._hook_options, everywhere.options
    hooks = [(key, hook, all_modules.get(key, ())) for key, hook in everywhere.forward.items()]
    return hooks + [(key, hook, own.get(key, ())) for key, hook in module._forward_hooks.items()]


def _run_forward(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], result: Any, finished: set[int]
) -> Any:
    for key, hook, option in _forward_hooks(module):
        if "always_call" in option:
            finished.add(key)
        given = (
            hook(module, args, kwargs, result)
            if "with_kwargs" in option
            else hook(module, args, result)
        )
        if given is not None:
            result = given
    return result


def _call_always(
    module: Any, args: tuple[Any, ...], kwargs: dict[str, Any], finished: set[int]
) -> None:
    """Run the hooks that asked to be called even when the forward failed."""
    for key, hook, option in _forward_hooks(module):
        if "always_call" not in option or key in finished:
            continue
        try:
            hook(module, args, kwargs, None) if "with_kwargs" in option else hook(
                module, args, None
            )
        except Exception as error:  # noqa: BLE001 - the forward's own error goes first
            warnings.warn(
                "module forward hook with always_call=True raised an exception "
                f"that was silenced as another error was raised in forward: {error!s}",
                stacklevel=2,
            )


class BackwardWatch:
    """Watches the gradients that pass one call of a module, and runs its backward hooks.

    Two identities stand around the forward. The one on the outputs sees `grad_output`; the one on
    the inputs sees `grad_input` when all of it is known, and may hand on another.
    """

    def __init__(
        self, module: Any, pre: list[Callable[..., Any]], hooks: list[Callable[..., Any]]
    ) -> None:
        self.module, self.pre, self.hooks = module, pre, hooks
        self.places: list[int] = []
        self.count = 0
        self.outputs: tuple[int, list[int]] = (1, [0])
        self.grad_output: tuple[Any, ...] | None = None

    @classmethod
    def of(cls, module: Any) -> BackwardWatch | None:
        """A watch for `module`; None when nobody wants to see its gradients."""
        pre = [*everywhere.backward_pre.values(), *module._backward_pre_hooks.values()]
        hooks = [*everywhere.backward.values(), *module._backward_hooks.values()]
        return cls(module, pre, hooks) if pre or hooks else None

    def gate_inputs(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """Stand before the forward: the arguments, those with a gradient passed through."""
        self.count = len(args)
        self.places = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x.requires_grad]
        if not self.hooks or not self.places:
            self.places = []
            return args
        passed = _pass_through(self.see_grad_input, [args[i] for i in self.places])
        changed = list(args)
        for i, x in zip(self.places, passed, strict=True):
            changed[i] = x
        return tuple(changed)

    def gate_outputs(self, result: Any) -> Any:
        """Stand behind the forward: the result, passed through."""
        if not isinstance(result, (Tensor, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of "
                f"Tensors but received {type(result)}",
                stacklevel=2,
            )
            return result
        outputs = list(result) if isinstance(result, tuple) else [result]
        places = [i for i, x in enumerate(outputs) if isinstance(x, Tensor)]
        if not any(outputs[i].requires_grad for i in places):
            return result
        self.outputs = (len(outputs), places)
        for i, x in zip(
            places,
            _pass_through(self.see_grad_output, [outputs[i] for i in places]),
            strict=True,
        ):
            outputs[i] = x
        if not isinstance(result, tuple):
            return outputs[0]
        return type(result)(*outputs) if hasattr(result, "_fields") else type(result)(outputs)

    def see_grad_output(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """Run the backward pre-hooks; without a watched input, the backward hooks too."""
        size, places = self.outputs
        seen = dict(zip(places, grads, strict=True))
        grads = tuple(seen.get(i) for i in range(size))  # None for what is no tensor
        for hook in self.pre:
            given = hook(self.module, grads)
            if given is not None:
                grads = given if isinstance(given, tuple) else (given,)
        self.grad_output = grads
        if self.hooks and not self.places:
            self._run_hooks_without_input(grads)
        return tuple(grads[i] for i in places)

    def _run_hooks_without_input(self, grads: tuple[Any, ...]) -> None:
        nothing = (None,) * self.count
        for hook in self.hooks:
            given = hook(self.module, nothing, grads)
            if given is not None and not _all_none(given):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always "
                    "return None or None for all gradients."
                )

    def see_grad_input(self, grads: tuple[Any, ...]) -> tuple[Any, ...]:
        """Run the backward hooks on the gradients of the inputs, and hand on what they say."""
        if self.grad_output is None:  # came past the output: nothing to show beside it
            return grads
        row: list[Any] = [None] * self.count
        for i, grad in zip(self.places, grads, strict=True):
            row[i] = grad
        grad_input = tuple(row)
        for hook in self.hooks:
            given = hook(self.module, grad_input, self.grad_output)
            if given is not None:
                grad_input = self._checked(given)
        self.grad_output = None
        return tuple(grad_input[i] for i in self.places)

    def _checked(self, given: Any) -> tuple[Any, ...]:
        row = given if isinstance(given, tuple) else (given,)
        if len(row) != self.count:
            raise RuntimeError(
                f"Backward hook returned an invalid number of grad_input, got {len(row)}, "
                f"but expected {self.count}"
            )
        return row


def _all_none(given: Any) -> bool:
    return isinstance(given, tuple) and all(grad is None for grad in given)


class _Gate(Function):
    """The identity, which shows the gradients that come back through it to `see`."""

    @staticmethod
    def forward(ctx: Any, see: Callable[..., Any], *xs: Any) -> Any:
        """Return the operands themselves."""
        ctx.see = see
        ctx.set_materialize_grads(False)
        passed = tuple(x.view_as(x) for x in xs)
        return passed[0] if len(passed) == 1 else passed

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Show the gradients, hand on what comes back."""
        return (None, *ctx.see(grads))


def _pass_through(see: Callable[..., Any], xs: list[Any]) -> list[Any]:
    passed = _Gate.apply(see, *xs)
    return list(passed) if isinstance(passed, tuple) else [passed]
