"""torch.autograd.profiler: the profiler under its older name."""

from __future__ import annotations

from ..profiler import profile, record_function

__all__ = ["profile", "record_function"]
