"""Modules whose sizes come from the first input."""

from __future__ import annotations

from typing import Any

from ..parameter import is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin:
    """Makes a module draw its parameters on the first call, and then become `cls_to_become`.

    The class that mixes it in enters `UninitializedParameter`s and writes
    `initialize_parameters(*inputs)`, which gives them their shapes.
    """

    cls_to_become: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._register_load_state_dict_pre_hook(self._lazy_load_hook)  # type: ignore[attr-defined]
        self.register_forward_pre_hook(  # type: ignore[attr-defined]
            self._infer_parameters, with_kwargs=True
        )

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Give the parameters their shapes, from the arguments of the first call."""
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self) -> bool:
        """Whether any parameter or buffer still waits for its shape."""
        own = self.__dict__
        names = [*own["_parameter_names"], *own["_buffer_names"]]
        return any(is_lazy(own[name]) for name in names)

    def _lazy_load_hook(self, state_dict: Any, prefix: str, *rest: Any) -> None:
        """Take shapes from the state dict: a plain layer's state loads into a lazy one."""
        own = self.__dict__
        for name in [*own["_parameter_names"], *own["_buffer_names"]]:
            key = prefix + name
            if is_lazy(own[name]) and key in state_dict and not is_lazy(state_dict[key]):
                own[name].materialize(tuple(state_dict[key].shape))

    def _infer_parameters(self, module: Any, args: Any, kwargs: Any = None) -> None:
        self.initialize_parameters(*args, **(kwargs or {}))
        if self.has_uninitialized_params():
            raise RuntimeError(f"module {type(self).__name__} has not been fully initialized")
        self._remove_own_hooks()
        if self.cls_to_become is not None:
            self.__class__ = self.cls_to_become

    def _remove_own_hooks(self) -> None:
        """Find the hooks by what they call: a handle of a copied module is its original's."""
        own = self.__dict__
        for hooks in (own["_forward_pre_hooks"], own["_load_state_dict_pre_hooks"]):
            for key, hook in list(hooks.items()):
                if getattr(hook, "__self__", None) is self:
                    del hooks[key]
