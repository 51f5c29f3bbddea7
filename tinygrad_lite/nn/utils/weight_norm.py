"""Weight normalisation in its older form: `weight_g` and `weight_v` beside the module's others."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from ..parameter import Parameter
from .parametrizations import norm_except_dim

if TYPE_CHECKING:
    from ..modules.module import Module

__all__ = ["WeightNorm", "remove_weight_norm", "weight_norm"]


class WeightNorm:
    """The hook that computes the weight before each call."""

    def __init__(self, name: str, dim: int | None) -> None:
        self.name, self.dim = name, -1 if dim is None else dim

    def compute_weight(self, module: Any) -> Any:
        """Return `v · g / ‖v‖`."""
        g, v = getattr(module, self.name + "_g"), getattr(module, self.name + "_v")
        return v * (g / norm_except_dim(v, self.dim))

    def __call__(self, module: Any, inputs: Any) -> None:
        """Compute the weight; runs before each call of the module."""
        object.__setattr__(module, self.name, self.compute_weight(module))


def _hook_of(module: Module, name: str) -> tuple[int, WeightNorm] | None:
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, WeightNorm) and hook.name == name:
            return key, hook
    return None


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Learn length and direction of `module.<name>` apart from each other.

    `nn.utils.parametrizations.weight_norm` is the newer form; this one keeps the state-dict names
    `weight_g` and `weight_v` of older checkpoints.

    Source: Salimans and Kingma, Weight normalization, 2016.
    """
    warnings.warn(
        "`torch.nn.utils.weight_norm` is deprecated in favor of "
        "`torch.nn.utils.parametrizations.weight_norm`.",
        FutureWarning,
        stacklevel=2,
    )
    if _hook_of(module, name) is not None:
        raise RuntimeError(f"Cannot register two weight_norm hooks on the same parameter {name}")
    hook = WeightNorm(name, dim)
    weight = getattr(module, name)
    delattr(module, name)
    length = norm_except_dim(weight.detach(), hook.dim)
    module.register_parameter(name + "_g", Parameter(length))
    module.register_parameter(name + "_v", Parameter(weight.detach()))
    hook(module, None)
    module.register_forward_pre_hook(hook)
    return module


def remove_weight_norm(module: Module, name: str = "weight") -> Module:
    """Make `module.<name>` a plain parameter again."""
    found = _hook_of(module, name)
    if found is None:
        raise ValueError(f"weight_norm of '{name}' not found in {module}")
    key, hook = found
    weight = hook.compute_weight(module).detach()
    for old in (name, name + "_g", name + "_v"):
        delattr(module, old)
    module.register_parameter(name, Parameter(weight))
    del module._forward_pre_hooks[key]  # type: ignore[attr-defined]
    return module
