"""PyTorch's distributions check their parameters here, whatever else this process has run."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _checked():
    """PyTorch's compiler switches the checks off for the whole process once it is asked for."""
    from torch.distributions import Distribution  # the tests are skipped where there is none

    before = Distribution._validate_args
    Distribution.set_default_validate_args(True)
    yield
    Distribution.set_default_validate_args(before)
