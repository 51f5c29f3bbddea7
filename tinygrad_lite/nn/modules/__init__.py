"""The layers, by family; `nn` shows them all."""

from __future__ import annotations

from . import activation, container, distance, flatten, lazy, linear, loss, module
from .activation import *
from .container import *
from .distance import *
from .flatten import *
from .linear import *
from .loss import *
from .module import Module

__all__ = [
    "Module",
    *activation.__all__,
    *container.__all__,
    *distance.__all__,
    *flatten.__all__,
    *linear.__all__,
    *loss.__all__,
]
