"""torch.version: the version, and no CUDA."""

from ._version import __version__

cuda = None
hip = None
git_version = "unknown"
debug = False

__all__ = ["__version__", "cuda", "debug", "git_version", "hip"]
