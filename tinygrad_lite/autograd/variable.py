"""`Variable` under the name of the module that PyTorch kept it in."""

from __future__ import annotations

from .derivatives import Variable

__all__ = ["Variable"]
