"""PyTorch's distributions check their parameters here, whatever else this process has run."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")


@pytest.fixture(autouse=True)
def _checked():
    """PyTorch's compiler switches the checks off for the whole process once it is asked for."""
    kind, before = torch.distributions.Distribution, torch.distributions.Distribution._validate_args
    kind.set_default_validate_args(True)
    yield
    kind.set_default_validate_args(before)
