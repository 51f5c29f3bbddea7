"""Dropout: zeros at random in training, nothing in evaluation."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from .module import Module

__all__ = [
    "AlphaDropout",
    "Dropout",
    "Dropout1d",
    "Dropout2d",
    "Dropout3d",
    "FeatureAlphaDropout",
]


class _Dropout(Module):
    """The probability of a zero."""

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        super().__init__()
        if p < 0 or p > 1:
            raise ValueError(f"dropout probability has to be between 0 and 1, but got {p}")
        self.p, self.inplace = p, inplace

    def extra_repr(self) -> str:
        """The probability."""
        return f"p={self.p}, inplace={self.inplace}"


class Dropout(_Dropout):
    """Each element 0 with probability p, else divided by 1 − p.

    Source: Hinton et al., Improving neural networks by preventing co-adaptation, 2012.
    """

    def forward(self, input: Any) -> Any:
        """Return `input`, thinned out in training."""
        return F.dropout(input, self.p, self.training, self.inplace)


class Dropout1d(_Dropout):
    """Each channel of a sequence 0 with probability p, else divided by 1 − p."""

    def forward(self, input: Any) -> Any:
        """Return `input`, thinned out in training."""
        return F.dropout1d(input, self.p, self.training, self.inplace)


class Dropout2d(_Dropout):
    """Each channel of an image 0 with probability p, else divided by 1 − p."""

    def forward(self, input: Any) -> Any:
        """Return `input`, thinned out in training."""
        return F.dropout2d(input, self.p, self.training, self.inplace)


class Dropout3d(_Dropout):
    """Each channel of a volume 0 with probability p, else divided by 1 − p."""

    def forward(self, input: Any) -> Any:
        """Return `input`, thinned out in training."""
        return F.dropout3d(input, self.p, self.training, self.inplace)


class AlphaDropout(_Dropout):
    """Dropout that keeps mean and variance: the companion of SELU."""

    def forward(self, input: Any) -> Any:
        """Return `input`, thinned out in training."""
        return F.alpha_dropout(input, self.p, self.training)


class FeatureAlphaDropout(_Dropout):
    """`AlphaDropout` of whole channels."""

    def forward(self, input: Any) -> Any:
        """Return `input`, thinned out in training."""
        return F.feature_alpha_dropout(input, self.p, self.training)
