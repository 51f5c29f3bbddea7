"""torch.backends: flags that can be set, and that say which back ends are absent."""

from __future__ import annotations

from . import cuda, cudnn, mkldnn, mps, openmp

__all__ = ["cuda", "cudnn", "mkldnn", "mps", "openmp"]
