"""The layers of einops as modules: what `einops.layers.torch` is for PyTorch.

The functions (`rearrange`, `reduce`, `repeat`, `einsum`, `pack`) come from einops itself and accept
tensors as they are. Its layers for PyTorch import PyTorch, so that a script changes that import
line too: `from tinygrad_lite.utils.einops import Rearrange`.
"""

from __future__ import annotations

from typing import Any

from einops.layers import RearrangeMixin, ReduceMixin
from einops.layers._einmix import _EinmixMixin

from .._creation import empty
from .._functions.einsum import einsum
from ..nn import Module, Parameter

__all__ = ["EinMix", "Rearrange", "Reduce"]


class Rearrange(RearrangeMixin, Module):  # type: ignore[misc]
    """`einops.rearrange` with a fixed pattern."""

    def forward(self, x: Any) -> Any:
        """Return `x` rearranged."""
        return self._apply_recipe(x)


class Reduce(ReduceMixin, Module):  # type: ignore[misc]
    """`einops.reduce` with a fixed pattern."""

    def forward(self, x: Any) -> Any:
        """Return `x` reduced."""
        return self._apply_recipe(x)


class EinMix(_EinmixMixin, Module):  # type: ignore[misc]
    """`einops.EinMix`: a linear layer over any axes of a pattern."""

    def _create_parameters(
        self, weight_shape: Any, weight_bound: float, bias_shape: Any, bias_bound: float
    ) -> None:
        self.weight = _uniform(weight_shape, weight_bound)
        self.bias = None if bias_shape is None else _uniform(bias_shape, bias_bound)

    def _create_rearrange_layers(
        self, before: str | None, before_sizes: Any, after: str | None, after_sizes: Any
    ) -> None:
        self.pre_rearrange = None if before is None else Rearrange(before, **before_sizes)
        self.post_rearrange = None if after is None else Rearrange(after, **after_sizes)

    def forward(self, x: Any) -> Any:
        """Return the product with the weight, plus the bias."""
        x = x if self.pre_rearrange is None else self.pre_rearrange(x)
        x = einsum(self.einsum_pattern, x, self.weight)
        x = x if self.bias is None else x + self.bias
        return x if self.post_rearrange is None else self.post_rearrange(x)


def _uniform(shape: Any, bound: float) -> Parameter:
    made: Parameter = Parameter(empty(tuple(shape)).uniform_(-bound, bound))
    return made
