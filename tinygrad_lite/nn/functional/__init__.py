"""Functions over tensors that make up neural networks, under PyTorch's names."""

from .activation import *
from .classification import *
from .convolution import *
from .distance import *
from .linear import *
from .loss import *
from .pooling import *
