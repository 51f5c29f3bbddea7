"""The command line.

`demo` goes the whole road on real data, `gradcheck` checks a function of yours, `info` says what
runs here.
"""

from .command import main

__all__ = ["main"]
