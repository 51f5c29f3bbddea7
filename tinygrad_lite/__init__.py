"""PyTorch's way of writing models, on NumPy alone.

    import tinygrad_lite as torch

A `Tensor` records what is done with it and differentiates in reverse; `nn`, `optim` and
`utils.data` build models and train them; `viz` draws the graph; `autograd.gradcheck` compares
derivatives with numerical ones.
"""

from __future__ import annotations

import math
import warnings

from . import _creation, _dtypes, _functions, _random, autograd, nn, optim, utils
from ._device import device
from ._dtypes import DTYPES, dtype
from ._format import set_printoptions
from ._op import op
from ._size import Size
from ._tensor import Tensor
from ._version import __version__
from .autograd.modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)

# PyTorch divides by zero and takes logarithms of zero without a word, and NumPy warns. The filter
# speaks of warnings raised in this package only; what users compute with NumPy warns as before.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tinygrad_lite\.")

inf, nan, pi, e = math.inf, math.nan, math.pi, math.e
newaxis = None

for _module in (_creation, _random, _dtypes):
    globals().update({name: getattr(_module, name) for name in _module.__all__})
globals().update(_functions.NAMES)
globals().update(DTYPES)
globals().update(
    {name: getattr(_dtypes, name) for name in ("float", "double", "half", "int", "short", "long")}
)
