"""JAX on the processor, loss and gradients compiled as one function."""

from __future__ import annotations

from .jax import kit_of
from .job import Job, job_of

__all__ = ["build"]


def build(workload: str) -> Job:
    """The workload."""
    return job_of(kit_of(jit=True), workload)
