"""The version of this package, written in this one place.

Its first two numbers are those of the PyTorch whose names and behaviour it follows.
"""

__version__ = "2.13.0"
