"""What the examples show while they run and when they are done: a progress bar, and a figure."""

from .figure import Figure
from .progress import track

__all__ = ["Figure", "track"]
