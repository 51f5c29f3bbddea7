"""tinygrad_lite."""
from ._tensor import Tensor as Tensor
from ._functions import NAMES
globals().update(NAMES)
