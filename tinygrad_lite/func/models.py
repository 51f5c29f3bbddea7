"""What goes with functional calls of models: stacked states, batch norm without statistics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .._functions import NAMES
from ..nn.modules.batchnorm import BatchNorm1d, BatchNorm2d, BatchNorm3d
from ..nn.modules.module import Module

__all__ = [
    "debug_unwrap",
    "functionalize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
]


def stack_module_state(models: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and buffers of equal modules, stacked: for `functional_call` under `vmap`."""
    models = list(models)
    if not models:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if any(type(m) is not type(models[0]) for m in models):
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    parameters = [dict(m.named_parameters()) for m in models]
    buffers = [dict(m.named_buffers()) for m in models]
    return (
        {
            k: NAMES["stack"]([p[k].detach() for p in parameters]).requires_grad_()
            for k in parameters[0]
        },
        {k: NAMES["stack"]([b[k] for b in buffers]) for k in buffers[0]},
    )


def replace_all_batch_norm_modules_(root: Module) -> Module:
    """Let all batch normalisations of a model work without running statistics; `root` itself."""
    for module in root.modules():
        if isinstance(module, (BatchNorm1d, BatchNorm2d, BatchNorm3d)):
            module.track_running_stats = False
            module.running_mean = None
            module.running_var = None
            module.num_batches_tracked = None
    return root


def functionalize(func: Callable[..., Any], *, remove: str = "mutations") -> Callable[..., Any]:
    """`func` itself: changes in place are differentiated here as they are."""
    if remove not in {"mutations", "mutations_and_views"}:
        raise RuntimeError(
            "functionalize(f, remove='mutations'): Valid options for argument `remove` are:\n"
            "     remove='mutations'\n     remove='mutations_and_views'"
        )
    return func


def debug_unwrap(tensor: Any, *, recurse: bool = True) -> Any:
    """The tensor itself: transforms wrap nothing."""
    return tensor
