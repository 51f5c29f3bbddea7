"""Real data that lies inside the package: no download, no cache."""

from ._digits import digits

__all__ = ["digits"]
