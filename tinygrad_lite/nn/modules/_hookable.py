"""Registering hooks on a module."""

from __future__ import annotations

import types
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from ._hooks import add_hook

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ...utils.hooks import RemovableHandle

__all__ = ["Hookable"]

_NO_HOOKS: Mapping[int, Any] = types.MappingProxyType({})


class Hookable:
    """The part of `Module` that takes hooks."""

    # made an own dictionary when the first hook comes, so that a module without costs nothing
    _forward_pre_hooks: Mapping[int, Any] = _NO_HOOKS
    _forward_hooks: Mapping[int, Any] = _NO_HOOKS
    _backward_pre_hooks: Mapping[int, Any] = _NO_HOOKS
    _backward_hooks: Mapping[int, Any] = _NO_HOOKS
    _is_full_backward_hook: bool | None = None
    _hook_options: Mapping[int, Any] = _NO_HOOKS
    _state_dict_pre_hooks: Mapping[int, Any] = _NO_HOOKS
    _state_dict_hooks: Mapping[int, Any] = _NO_HOOKS
    _load_state_dict_pre_hooks: Mapping[int, Any] = _NO_HOOKS
    _load_state_dict_post_hooks: Mapping[int, Any] = _NO_HOOKS

    def _add_hook(
        self, kind: str, hook: Callable[..., Any], *, prepend: bool = False, **options: bool
    ) -> RemovableHandle:
        own = self.__dict__
        hooks = own.setdefault(kind, OrderedDict())
        chosen = own.setdefault("_hook_options", OrderedDict())
        wanted = [name for name, value in options.items() if value]
        if kind in {
            "_forward_pre_hooks",
            "_forward_hooks",
            "_backward_pre_hooks",
            "_backward_hooks",
        }:
            own["_hooked"] = True
        return add_hook(hooks, hook, prepend=prepend, options=chosen, option=wanted)

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Run `hook(module, args)` before forward; what it returns replaces the arguments."""
        return self._add_hook("_forward_pre_hooks", hook, prepend=prepend, with_kwargs=with_kwargs)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Run `hook(module, args, output)` after forward; what it returns replaces the output."""
        return self._add_hook(
            "_forward_hooks",
            hook,
            prepend=prepend,
            with_kwargs=with_kwargs,
            always_call=always_call,
        )

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run `hook(module, grad_output)` before the backward of the module."""
        return self._add_hook("_backward_pre_hooks", hook, prepend=prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Run `hook(module, grad_input, grad_output)` once both gradients are known."""
        self._keep_to_one_kind(full=True)
        return self._add_hook("_backward_hooks", hook, prepend=prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run `hook(module, grad_input, grad_output)`.

        Differs from PyTorch: its deprecated form sees the gradients of the last operation only;
        here it is the full hook.
        """
        self._keep_to_one_kind(full=False)
        return self._add_hook("_backward_hooks", hook)

    def _keep_to_one_kind(self, *, full: bool) -> None:
        if self._backward_hooks and self._is_full_backward_hook is not full:
            raise RuntimeError(
                "Cannot use both regular backward hooks and full backward hooks on a single "
                "Module. Please use only one of them."
            )
        self.__dict__["_is_full_backward_hook"] = full

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run `hook(module, prefix, keep_vars)` before the state is written down."""
        return self._add_hook("_state_dict_pre_hooks", hook)

    def register_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run `hook(module, state_dict, prefix, local_metadata)` after the state is written."""
        return self._add_hook("_state_dict_hooks", hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        hook._from_private_api = True  # type: ignore[attr-defined]
        return self._add_hook("_state_dict_hooks", hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run `hook(module, state_dict, prefix, ...)` before the module reads its state."""
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        bound = types.MethodType(hook, self) if with_module else hook
        return self._add_hook("_load_state_dict_pre_hooks", bound)

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Run `hook(module, incompatible_keys)` after the module and its children have loaded."""
        return self._add_hook("_load_state_dict_post_hooks", hook)
