"""Deep graphs: chains of operations on one element."""

from __future__ import annotations

from typing import Any

from .small import Chain

__all__ = ["chain_of"]


def chain_of(torch: Any, count: int) -> Any:
    """A chain on one element."""
    job = Chain(torch, count)
    for name in ("x", "a"):
        setattr(job, name, getattr(job, name).detach()[:1].clone().requires_grad_())
    job.b, job.c = job.b[:1].clone(), job.c[:1].clone()
    return job


def chain_1e5(torch: Any) -> Any:
    """100,000 operations."""
    return chain_of(torch, 100_000)
