"""Functions over tensors that make up neural networks, under PyTorch's names."""

from .activation import *
from .attention import *
from .classification import *
from .convolution import *
from .distance import *
from .dropout import *
from .embedding import *
from .grid import *
from .linear import *
from .loss import *
from .normalization import *
from .padding import *
from .pooling import *
from .sequence import *
from .unpooling import *
from .vision import *
