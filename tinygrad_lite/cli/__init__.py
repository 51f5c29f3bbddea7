"""The command line: `demo` goes the whole road on real data, `info` says what runs here."""

from .command import main

__all__ = ["main"]
