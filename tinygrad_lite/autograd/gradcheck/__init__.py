"""Is my backward right? Checks of derivative rules against the function itself."""

from __future__ import annotations

import sys
import types
from typing import Any

from ..._graph import Graph
from ..._tensor import Tensor
from .differentiate import gradcheck as check_gradients, gradgradcheck
from .function import check_function
from .module import check_module
from .nodes import GraphReport, check_nodes
from .report import GradcheckError, GradcheckReport

__all__ = [
    "GradcheckError",
    "GradcheckReport",
    "GraphReport",
    "check_function",
    "check_module",
    "check_nodes",
    "gradcheck",
    "gradgradcheck",
]


def gradcheck(fn: Any, inputs: Any = None, **options: Any) -> Any:  # noqa: D103 - set below
    if inputs is None and isinstance(fn, Tensor | Graph):
        return check_nodes(fn, **options)
    return check_gradients(fn, inputs, **options)


gradcheck.__doc__ = check_gradients.__doc__


class _Callable(types.ModuleType):
    """This module, callable as the function of its own name, as PyTorch's `autograd.gradcheck`."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return gradcheck(*args, **keywords)


sys.modules[__name__].__class__ = _Callable
