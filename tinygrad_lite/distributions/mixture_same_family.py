"""A mixture of distributions of one family."""

from __future__ import annotations

from typing import Any, ClassVar

from .._size import Size
from ..autograd.modes import no_grad
from .categorical import Categorical
from .distribution import Distribution

__all__ = ["MixtureSameFamily"]


class MixtureSameFamily(Distribution):
    """p(x) = Σ wₖ pₖ(x): the last batch axis of the components counts them.

    >>> import tinygrad_lite as torch
    >>> from tinygrad_lite.distributions import Normal
    >>> peaks = Normal(torch.tensor([-1.0, 1.0]), torch.ones(2))
    >>> MixtureSameFamily(Categorical(torch.ones(2)), peaks).mean.item()
    0.0
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(
        self,
        mixture_distribution: Any,
        component_distribution: Any,
        validate_args: bool | None = None,
    ) -> None:
        if not isinstance(mixture_distribution, Categorical):
            raise ValueError(  # noqa: TRY004 - PyTorch's class
                " The Mixture distribution needs to be an  instance of "
                "torch.distributions.Categorical"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(  # noqa: TRY004
                "The Component distribution need to be an instance of "
                "torch.distributions.Distribution"
            )
        _check(mixture_distribution, component_distribution)
        self.mixture_distribution = mixture_distribution
        self.component_distribution = component_distribution
        self._num_component = int(component_distribution.batch_shape[-1])
        self._event_ndims = len(component_distribution.event_shape)
        super().__init__(
            component_distribution.batch_shape[:-1],
            component_distribution.event_shape,
            validate_args=validate_args,
        )

    @property
    def support(self) -> Any:
        """The values that can occur in any component."""
        return self.component_distribution.support

    @property
    def mean(self) -> Any:
        """The mean: that of the components, weighted."""
        return (self._weights() * self.component_distribution.mean).sum(-1 - self._event_ndims)

    @property
    def variance(self) -> Any:
        """The mean of the variances plus the variance of the means."""
        weights, axis = self._weights(), -1 - self._event_ndims
        means = self.component_distribution.mean
        inside = (weights * self.component_distribution.variance).sum(axis)
        away = means - self._padded(self.mean)
        return inside + (weights * away.pow(2)).sum(axis)

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        inside = self.component_distribution.cdf(self._padded(value))
        return (inside * self.mixture_distribution.probs).sum(-1)

    def log_prob(self, value: Any) -> Any:
        """Return log Σ wₖ pₖ(x)."""
        self._validate_sample(value)
        inside = self.component_distribution.log_prob(self._padded(value))
        return (inside + self.mixture_distribution.logits.log_softmax(-1)).logsumexp(-1)

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw a component each, and one of its samples."""
        with no_grad():
            chosen = self.mixture_distribution.sample(sample_shape)
            drawn = self.component_distribution.sample(sample_shape)
            axis = drawn.ndim - self._event_ndims - 1
            places = chosen.reshape((*chosen.shape, 1, *(1,) * self._event_ndims))
            places = places.expand((*chosen.shape, 1, *self.event_shape))
            return drawn.gather(axis, places).squeeze(axis)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Distribution:
        """Return the distribution with its parameters repeated to a batch shape."""
        made: Distribution = MixtureSameFamily(
            self.mixture_distribution.expand(Size(batch_shape)),
            self.component_distribution.expand(Size((*batch_shape, self._num_component))),
            validate_args=False,
        )
        return made

    def _weights(self) -> Any:
        probs = self.mixture_distribution.probs
        return probs.reshape((*probs.shape, *(1,) * self._event_ndims))

    def _padded(self, value: Any) -> Any:
        return value.unsqueeze(-1 - self._event_ndims)

    def __repr__(self) -> str:
        return (
            f"MixtureSameFamily(\n  {self.mixture_distribution!r},\n"
            f"  {self.component_distribution!r})"
        )


def _check(mixture: Any, component: Any) -> None:
    batch = component.batch_shape[:-1]
    for own, other in zip(reversed(mixture.batch_shape), reversed(batch), strict=False):
        if own not in (1, other) and other != 1:
            raise ValueError(
                f"`mixture_distribution.batch_shape` ({mixture.batch_shape}) is not compatible "
                "with "
                f"`component_distribution.batch_shape[:-1]`({batch})"
            )
    count, expected = mixture.param_shape[-1], component.batch_shape[-1]
    if count != expected:
        raise ValueError(
            f"`mixture_distribution component` ({count}) does not equal "
            f"`component_distribution.batch_shape[-1]` ({expected})"
        )
