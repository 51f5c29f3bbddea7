"""Is my backward right? Checks of derivative rules against the function itself."""

from __future__ import annotations

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
