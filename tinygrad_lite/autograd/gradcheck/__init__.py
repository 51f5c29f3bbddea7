"""Is my backward right? Checks of derivative rules against the function itself."""

from __future__ import annotations

from .function import check_function
from .report import GradcheckError, GradcheckReport

__all__ = ["GradcheckError", "GradcheckReport", "check_function"]
