"""Layers, losses and what belongs to them, under PyTorch's names."""

from __future__ import annotations

from . import attention, functional, init, modules, parallel, parameter, utils

# Family by family: type checkers cannot follow one star through another where modules refer back
# to this package.
from .modules.activation import *
from .modules.adaptive import *
from .modules.batchnorm import *
from .modules.channelshuffle import *
from .modules.container import *
from .modules.conv import *
from .modules.distance import *
from .modules.dropout import *
from .modules.flatten import *
from .modules.fold import *
from .modules.instancenorm import *
from .modules.linear import *
from .modules.linear_loss import *
from .modules.loss import *
from .modules.module import Module
from .modules.normalization import *
from .modules.padding import *
from .modules.parallel import DataParallel
from .modules.pixelshuffle import *
from .modules.pooling import *
from .modules.rnn import *
from .modules.sparse import *
from .modules.transformer import *
from .modules.upsampling import *
from .parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

__all__ = [
    "Buffer",
    "DataParallel",
    "Module",
    "Parameter",
    "UninitializedBuffer",
    "UninitializedParameter",
    "attention",
    "functional",
    "init",
    "modules",
    "parallel",
    "parameter",
    "utils",
]
__all__ += modules.activation.__all__
__all__ += modules.adaptive.__all__
__all__ += modules.batchnorm.__all__
__all__ += modules.channelshuffle.__all__
__all__ += modules.container.__all__
__all__ += modules.conv.__all__
__all__ += modules.distance.__all__
__all__ += modules.dropout.__all__
__all__ += modules.flatten.__all__
__all__ += modules.fold.__all__
__all__ += modules.instancenorm.__all__
__all__ += modules.linear.__all__
__all__ += modules.linear_loss.__all__
__all__ += modules.loss.__all__
__all__ += modules.normalization.__all__
__all__ += modules.padding.__all__
__all__ += modules.pixelshuffle.__all__
__all__ += modules.pooling.__all__
__all__ += modules.rnn.__all__
__all__ += modules.sparse.__all__
__all__ += modules.transformer.__all__
__all__ += modules.upsampling.__all__
