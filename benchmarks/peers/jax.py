"""JAX on the processor, operation by operation."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.scipy.special import erf

from .job import Job, job_of
from .numeric import Numeric

__all__ = ["build", "kit_of"]


def _conv(x: Any, weight: Any, bias: Any) -> Any:
    return jax.lax.conv(x, weight, (1, 1), "VALID") + bias[:, None, None]


def _pool(x: Any) -> Any:
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")


def kit_of(*, jit: bool) -> Any:
    """The kit; with `jit` loss and gradients are one compiled function."""
    kit = Numeric(jnp, erf)
    kit.constant, kit.conv, kit.pool = jnp.asarray, _conv, _pool
    kit.without, kit.__name__ = set(), "jax"

    def differentiate(loss: Any) -> Any:
        both = jax.value_and_grad(loss)
        return jax.jit(both) if jit else lambda p: both({n: jnp.asarray(a) for n, a in p.items()})

    kit.differentiate = differentiate
    return kit


def build(workload: str) -> Job:
    """The workload."""
    return job_of(kit_of(jit=False), workload)
