"""Is my backward right? Checks of derivative rules against the function itself."""

from __future__ import annotations

import sys
import types
from typing import Any

from .differentiate import gradcheck, gradgradcheck
from .function import check_function
from .module import check_module
from .report import GradcheckError, GradcheckReport

__all__ = [
    "GradcheckError",
    "GradcheckReport",
    "check_function",
    "check_module",
    "gradcheck",
    "gradgradcheck",
]


class _Callable(types.ModuleType):
    """This module, callable as the function of its own name, as PyTorch's `autograd.gradcheck`."""

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return gradcheck(*args, **keywords)


sys.modules[__name__].__class__ = _Callable
