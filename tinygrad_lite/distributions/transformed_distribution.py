"""The distribution of a transformed random number."""

from __future__ import annotations

from typing import Any, ClassVar

from .._size import Size
from ..autograd.modes import no_grad
from . import constraints
from ._shared import sum_rightmost
from ._transforms import ComposeTransform, Transform
from .distribution import Distribution
from .independent import Independent

__all__ = ["TransformedDistribution"]


class TransformedDistribution(Distribution):
    """The distribution of y = tₙ(... t₁(x)) for x of a base distribution.

    log p(y) = log p(x) − log |det dy/dx|.

    >>> from tinygrad_lite.distributions import Normal
    >>> from tinygrad_lite.distributions.transforms import ExpTransform
    >>> TransformedDistribution(Normal(0.0, 1.0), [ExpTransform()]).support
    GreaterThan(lower_bound=0.0)
    """

    arg_constraints: ClassVar[dict[str, Any]] = {}

    def __init__(
        self, base_distribution: Any, transforms: Any, validate_args: bool | None = None
    ) -> None:
        self.transforms = _as_list(transforms)
        base, shape = _fitting(base_distribution, self.transforms)
        transform = ComposeTransform(self.transforms)
        self.base_dist = base
        shape = transform.forward_shape(tuple(shape))
        deep = max(
            transform.codomain.event_dim,
            len(base.event_shape) + transform.codomain.event_dim - transform.domain.event_dim,
        )
        cut = len(shape) - deep
        super().__init__(shape[:cut], shape[cut:], validate_args=validate_args)

    @property
    def has_rsample(self) -> bool:  # type: ignore[override]
        """Whether samples are differentiable."""
        return bool(self.base_dist.has_rsample)

    @property
    def support(self) -> Any:
        """The values that can occur."""
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        extra = len(self.event_shape) - support.event_dim
        return constraints.independent(support, extra) if extra > 0 else support

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw samples, without a gradient."""
        with no_grad():
            return self._through(self.base_dist.sample(sample_shape))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw samples that are differentiable in the parameters."""
        return self._through(self.base_dist.rsample(sample_shape))

    def _through(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density."""
        self._validate_sample(value)
        deep, total, y = len(self.event_shape), 0.0, value
        for transform in reversed(self.transforms):
            x = transform.inv(y)
            deep += transform.domain.event_dim - transform.codomain.event_dim
            logs = transform.log_abs_det_jacobian(x, y)
            total = total - sum_rightmost(logs, deep - transform.domain.event_dim)
            y = x
        inside = sum_rightmost(self.base_dist.log_prob(y), deep - len(self.base_dist.event_shape))
        return total + inside

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        self._validate_sample(value)
        for transform in reversed(self.transforms):
            value = transform.inv(value)
        return _mirrored(self.base_dist.cdf(value), self._sign())

    def icdf(self, value: Any) -> Any:
        """Return the quantile."""
        return self._through(self.base_dist.icdf(_mirrored(value, self._sign())))

    def _sign(self) -> Any:
        sign = 1
        for transform in self.transforms:
            sign = sign * transform.sign
        return sign

    def expand(self, batch_shape: Any, _instance: Any = None) -> Distribution:
        """Return the distribution with its parameters repeated to a batch shape."""
        whole = (*batch_shape, *self.event_shape)
        for transform in reversed(self.transforms):
            whole = transform.inverse_shape(whole)
        base = self.base_dist
        cut = len(whole) - len(base.event_shape)
        made: Distribution = TransformedDistribution(
            base.expand(Size(whole[:cut])), self.transforms, validate_args=False
        )
        return made

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def _as_list(transforms: Any) -> list[Transform]:
    if isinstance(transforms, Transform):
        return [transforms]
    if isinstance(transforms, list) and all(isinstance(t, Transform) for t in transforms):
        return list(transforms)
    raise ValueError(
        f"transforms must be a Transform or a list of Transforms, but was {transforms}"
    )


def _fitting(base: Any, transforms: list[Transform]) -> tuple[Any, Any]:
    """Return the base with the batch and event axes that the transforms need, and its shape."""
    shape = (*base.batch_shape, *base.event_shape)
    transform = ComposeTransform(transforms)
    deep = transform.domain.event_dim
    if len(shape) < deep:
        raise ValueError(
            f"base_distribution needs to have shape with size at least {deep}, but got {shape}."
        )
    expanded = transform.inverse_shape(transform.forward_shape(shape))
    if tuple(expanded) != shape:
        cut = len(expanded) - len(base.event_shape)
        base = base.expand(Size(expanded[:cut]))
    extra = deep - len(base.event_shape)
    return (Independent(base, extra) if extra > 0 else base), expanded


def _mirrored(value: Any, sign: Any) -> Any:
    """Return the value for a rising transform, 1 − value for a falling one."""
    return value if isinstance(sign, int) and sign == 1 else sign * (value - 0.5) + 0.5
