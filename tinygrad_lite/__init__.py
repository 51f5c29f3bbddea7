"""PyTorch's way of writing models, on NumPy alone.

    import tinygrad_lite as torch

A `Tensor` records what is done with it and differentiates in reverse; `nn`, `optim` and
`utils.data` build models and train them; `viz` draws the graph; `autograd.gradcheck` compares
derivatives with numerical ones.
"""

# ruff: noqa: E402 - the collector is switched off before the modules are loaded
from __future__ import annotations

import gc
import importlib
import math
import warnings
from typing import TYPE_CHECKING, Any

# Off until all modules are loaded: the collector would look through the thousands of functions
# made meanwhile again and again, an eighth of the time that the import takes.
_collecting = gc.isenabled()
gc.disable()

from . import _creation, _draws, _dtypes, _einops, _functions, _random, autograd as autograd
from ._device import device as device
from ._dtypes import DTYPES as DTYPES, dtype as dtype
from ._format import set_printoptions as set_printoptions
from ._limits import finfo as finfo, iinfo as iinfo
from ._op import op as op
from ._scope import OUT_OF_SCOPE, REMOVED, OutOfScopeError, removed
from ._settings import (
    are_deterministic_algorithms_enabled as are_deterministic_algorithms_enabled,
    channels_last as channels_last,
    channels_last_3d as channels_last_3d,
    contiguous_format as contiguous_format,
    get_default_device as get_default_device,
    get_float32_matmul_precision as get_float32_matmul_precision,
    get_num_interop_threads as get_num_interop_threads,
    get_num_threads as get_num_threads,
    is_deterministic_algorithms_warn_only_enabled as is_deterministic_algorithms_warn_only_enabled,
    preserve_format as preserve_format,
    set_default_device as set_default_device,
    set_default_tensor_type as set_default_tensor_type,
    set_float32_matmul_precision as set_float32_matmul_precision,
    set_flush_denormal as set_flush_denormal,
    set_num_interop_threads as set_num_interop_threads,
    set_num_threads as set_num_threads,
    strided as strided,
    use_deterministic_algorithms as use_deterministic_algorithms,
)
from ._size import Size as Size
from ._tensor import Tensor as Tensor
from ._version import __version__ as __version__
from .autograd.modes import (
    enable_grad as enable_grad,
    inference_mode as inference_mode,
    is_grad_enabled as is_grad_enabled,
    is_inference_mode_enabled as is_inference_mode_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)

if TYPE_CHECKING:
    from . import nn as nn, optim as optim, utils as utils
    from .amp import autocast as autocast
    from .compiler import compile as compile
    from .serialization import load as load, save as save

# PyTorch divides by zero and takes logarithms of zero without a word, and NumPy warns. The filter
# speaks of warnings raised in this package only; what users compute with NumPy warns as before.
warnings.filterwarnings("ignore", category=RuntimeWarning, module=r"tinygrad_lite\.")

inf, nan, pi, e = math.inf, math.nan, math.pi, math.e
newaxis = None
long, half, double, short = _dtypes.long, _dtypes.half, _dtypes.double, _dtypes.short
float, int, bool = _dtypes.float, _dtypes.int, _dtypes.bool

for _module in (_creation, _draws, _random, _dtypes):
    globals().update({name: getattr(_module, name) for name in _module.__all__})
globals().update(_functions.NAMES)
globals().update(DTYPES)
_einops.watch()
if _collecting:
    # Switched on, the collector would look through all that was made at once, a tenth of the time
    # that the import takes. These two calls only relabel it as old, which it will be in any case.
    if not gc.get_freeze_count():
        gc.freeze()
        gc.unfreeze()
    gc.enable()

# Imported when first asked for: a program that differentiates a formula needs no layers.
LAZY = (
    "accelerator", "amp", "backends", "compiler", "cuda", "datasets", "distributed",
    "distributions", "func", "functional", "hints", "hub", "inference", "jit", "linalg", "masked",
    "mps", "multiprocessing", "nn", "onnx", "optim", "profiler", "random", "return_types",
    "serialization", "signal", "special", "testing", "types", "utils", "version", "vision", "viz",
)  # fmt: skip

# Functionals that PyTorch also has at its top level.
FUNCTIONALS = (
    "adaptive_avg_pool1d", "adaptive_max_pool1d", "avg_pool1d", "bilinear", "celu", "celu_",
    "channel_shuffle", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
    "conv_transpose3d", "cosine_similarity", "max_pool1d", "max_pool1d_with_indices", "max_pool2d",
    "max_pool3d", "pairwise_distance", "pdist", "pixel_shuffle", "pixel_unshuffle", "rms_norm",
    "rrelu", "rrelu_", "selu", "selu_", "threshold", "threshold_",
)  # fmt: skip

# Functions of the top level alone.
NATIVE = (
    "affine_grid_generator", "alpha_dropout", "alpha_dropout_", "bartlett_window", "batch_norm",
    "binary_cross_entropy_with_logits", "blackman_window", "cond", "constant_pad_nd", "conv_tbc",
    "convolution", "cosine_embedding_loss", "ctc_loss", "dropout", "dropout_", "embedding",
    "embedding_bag", "embedding_renorm_", "feature_alpha_dropout", "feature_alpha_dropout_",
    "feature_dropout", "feature_dropout_", "frobenius_norm", "grid_sampler", "grid_sampler_2d",
    "grid_sampler_3d", "group_norm", "hamming_window", "hann_window", "hinge_embedding_loss",
    "instance_norm", "kaiser_window", "kl_div", "layer_norm", "margin_ranking_loss",
    "native_batch_norm", "native_channel_shuffle", "native_dropout", "native_dropout_backward",
    "native_group_norm", "native_layer_norm", "native_norm", "norm_except_dim", "nuclear_norm",
    "poisson_nll_loss", "triplet_margin_loss", "while_loop", "_softmax_backward_data",
    "_log_softmax_backward_data",
)  # fmt: skip
NATIVE_RNN = (
    "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh",
    "rnn_tanh_cell",
)  # fmt: skip

# The recorded computation as a value; `trace` is the matrix trace, as in PyTorch, and `viz.trace`
# the recorder.
GRAPH = ("Graph", "graph", "record")
SINGLE = {
    "autocast": ".amp", "compile": ".compiler", "load": ".serialization", "save": ".serialization",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in LAZY:
        return importlib.import_module(f".{name}", __name__)
    if name in GRAPH:
        found = getattr(importlib.import_module("._graph", __name__), name)
        return globals().setdefault(name, found)
    if name in FUNCTIONALS:
        found = getattr(importlib.import_module(".nn.functional", __name__), name, None)
        if found is not None:
            return globals().setdefault(name, found)
    for module, names in (("._native", NATIVE), ("._native_rnn", NATIVE_RNN), (".func", ("vmap",))):
        if name in names:
            found = getattr(importlib.import_module(module, __name__), name)
            return globals().setdefault(name, found)
    if name in SINGLE:
        found = getattr(importlib.import_module(SINGLE[name], __name__), name)
        return globals().setdefault(name, found)
    if name in OUT_OF_SCOPE:
        raise OutOfScopeError(f"torch.{name} is not supported: {OUT_OF_SCOPE[name]}")
    if name in REMOVED:
        return removed(name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *LAZY, *GRAPH, *SINGLE, *FUNCTIONALS, *NATIVE, *NATIVE_RNN})


def is_tensor(obj: object) -> Any:
    """Whether `obj` is a Tensor."""
    return isinstance(obj, Tensor)


def is_storage(obj: object) -> Any:
    """False: storages are not objects of their own here."""
    return False
