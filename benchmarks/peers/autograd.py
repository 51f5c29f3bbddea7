"""HIPS autograd."""

from __future__ import annotations

from typing import Any

import autograd.numpy as anp
from autograd import value_and_grad
from autograd.scipy.special import erf

from .job import Job, job_of
from .numeric import Numeric

__all__ = ["build"]

without = {"W5a"}  # its convolution takes seconds a step


def build(workload: str) -> Job:
    """The workload."""
    kit = Numeric(anp, erf)
    kit.differentiate, kit.without, kit.__name__ = _differentiate, without, "autograd"
    return job_of(kit, workload)


def _differentiate(loss: Any) -> Any:
    return value_and_grad(loss)
