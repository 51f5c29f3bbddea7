"""The functionals that PyTorch also has at the top level and as methods: x.relu(), x.softmax(1)."""

from __future__ import annotations

from typing import Any

from ..._functions import NAMES
from ..._functions._surface import surface
from . import activation

__all__: list[str] = []


@surface(inplace=True)
def relu(input: Any) -> Any:  # noqa: A002
    """The larger of 0 and each element; the gradient at 0 is 0."""
    return activation.relu(input)


@surface
def softmax(input: Any, dim: int, dtype: Any = None) -> Any:  # noqa: A002
    """Exponentials along `dim`, divided by their sum."""
    return activation.softmax(input, dim, dtype=dtype)


@surface
def log_softmax(input: Any, dim: int, dtype: Any = None) -> Any:  # noqa: A002
    """The logarithm of softmax along `dim`, without overflow."""
    return activation.log_softmax(input, dim, dtype=dtype)


@surface
def prelu(input: Any, weight: Any) -> Any:  # noqa: A002
    """`input` where positive, else `weight` times it."""
    return activation.prelu(input, weight)


@surface
def hardshrink(input: Any, lambd: float = 0.5) -> Any:  # noqa: A002
    """`input` where it lies outside [-lambd, lambd], else 0."""
    return activation.hardshrink(input, lambd)


TOP_ONLY = (
    "celu selu rrelu threshold dropout alpha_dropout feature_dropout feature_alpha_dropout "
    "conv1d conv2d conv3d conv_transpose1d conv_transpose2d conv_transpose3d conv_tbc "
    "max_pool1d max_pool2d max_pool3d avg_pool1d adaptive_avg_pool1d adaptive_max_pool1d "
    "max_pool1d_with_indices batch_norm layer_norm group_norm instance_norm rms_norm embedding "
    "embedding_bag pixel_shuffle pixel_unshuffle channel_shuffle cosine_similarity "
    "pairwise_distance pdist bilinear ctc_loss binary_cross_entropy_with_logits "
    "cosine_embedding_loss hinge_embedding_loss kl_div margin_ranking_loss poisson_nll_loss "
    "triplet_margin_loss affine_grid_generator grid_sampler native_dropout"
).split()
IN_PLACE = "celu_ selu_ rrelu_ threshold_ dropout_ alpha_dropout_ feature_dropout_".split()


def publish(namespace: dict[str, Any]) -> None:
    """Put the functionals that torch has at its top level there."""
    for name in (*TOP_ONLY, *IN_PLACE):
        if name in namespace:
            NAMES.setdefault(name, namespace[name])
