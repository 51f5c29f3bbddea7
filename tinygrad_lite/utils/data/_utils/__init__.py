"""PyTorch's long paths to the parts of the loader."""

from . import collate, worker

__all__ = ["collate", "worker"]
