"""The base of all distributions."""

from __future__ import annotations

import warnings
from typing import Any, ClassVar

from .._size import Size
from .._state import here
from .._tensor import Tensor
from .constraints import Constraint, dependent

__all__ = ["Distribution"]


class Distribution:
    """A distribution, or a batch of them: `batch_shape` tells how many, `event_shape` of what.

    Samples have the shape sample_shape + batch_shape + event_shape; `log_prob` gives one number
    for each event. `rsample` is differentiable in the parameters, `sample` is not.
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args = True
    arg_constraints: ClassVar[dict[str, Constraint]]
    support: Any

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Switch the checks of parameters and values on or off for all distributions."""
        if value not in (True, False):
            raise ValueError(f"expected True or False, got {value!r}")
        Distribution._validate_args = value

    def __init__(
        self,
        batch_shape: Any = Size(()),  # noqa: B008 - a tuple
        event_shape: Any = Size(()),  # noqa: B008
        validate_args: bool | None = None,
    ) -> None:
        self._batch_shape = Size(batch_shape)
        self._event_shape = Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        for name, constraint in self.arg_constraints.items():
            value = self.__dict__.get(name)
            if constraint is dependent or value is None or constraint.satisfied(value):
                continue
            raise ValueError(
                f"Expected parameter {name} ({type(value).__name__} of shape "
                f"{tuple(value.shape)}) of distribution {self!r} to satisfy the constraint "
                f"{constraint!r}, but found invalid values:\n{value}"
            )

    def _parameters(self) -> dict[str, Any]:
        """Return the parameters that were given."""
        return {name: self.__dict__[name] for name in self.arg_constraints if name in self.__dict__}

    def expand(self, batch_shape: Any, _instance: Any = None) -> Distribution:
        """Return the distribution with its parameters repeated to a batch shape."""
        shape, made = Size(batch_shape), {}
        for name, value in self._parameters().items():
            own = len(value.shape) - len(self._batch_shape)
            made[name] = value.expand(shape + tuple(value.shape)[len(value.shape) - own :])
        return type(self)(**made, validate_args=False)

    @property
    def batch_shape(self) -> Size:
        """The shape of the batch of distributions."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one event."""
        return self._event_shape

    @property
    def mean(self) -> Any:
        """The mean."""
        raise self._missing("mean")

    @property
    def mode(self) -> Any:
        """The most likely value."""
        raise self._missing("mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise self._missing("variance")

    @property
    def stddev(self) -> Any:
        """The standard deviation."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Any:
        """Draw samples, without a gradient."""
        before, here.grad = here.grad, False
        try:
            return self.rsample(sample_shape)
        finally:
            here.grad = before

    def sample_n(self, n: int) -> Any:
        """Draw n samples."""
        warnings.warn("use sample((n,))", FutureWarning, stacklevel=2)
        return self.sample((n,))

    def rsample(self, sample_shape: Any = ()) -> Any:
        """Draw samples that are differentiable in the parameters."""
        raise self._missing("rsample")

    def log_prob(self, value: Any) -> Any:
        """Return the logarithm of the density or probability at `value`."""
        raise self._missing("log_prob")

    def cdf(self, value: Any) -> Any:
        """Return the probability of at most `value`."""
        raise self._missing("cdf")

    def icdf(self, value: Any) -> Any:
        """Return the quantile of the probability `value`."""
        raise self._missing("icdf")

    def enumerate_support(self, expand: bool = True) -> Any:
        """Return all possible values, along a new first axis."""
        raise self._missing("enumerate_support")

    def entropy(self) -> Any:
        """Return the entropy, in nats."""
        raise self._missing("entropy")

    def perplexity(self) -> Any:
        """Return e to the power of the entropy."""
        return self.entropy().exp()

    def _missing(self, name: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} does not implement {name}")

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size((*sample_shape, *self._batch_shape, *self._event_shape))

    def _enumerated(self, values: Any, expand: bool) -> Any:
        """Shape a row of values as `enumerate_support` returns them."""
        values = values.reshape((-1,) + (1,) * len(self._batch_shape))
        return values.expand((-1, *self._batch_shape)) if expand else values

    def _validate_sample(self, value: Any) -> None:
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")  # noqa: TRY004
        shape, expected = tuple(value.shape), tuple(self._batch_shape + self._event_shape)
        events = len(self._event_shape)
        if shape[len(shape) - events :] != tuple(self._event_shape):
            raise ValueError(
                f"The right-most size of value must match event_shape: {value.shape} vs "
                f"{self._event_shape}."
            )
        for i, j in zip(reversed(shape), reversed(expected), strict=False):
            if 1 not in (i, j) and i != j:
                raise ValueError(
                    "Value is not broadcastable with batch_shape+event_shape: "
                    f"{value.shape} vs {Size(expected)}."
                )
        if not self.support.satisfied(value):
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {shape}) to be within "
                f"the support ({self.support!r}) of the distribution {self!r}, but found invalid "
                f"values:\n{value}"
            )

    def __repr__(self) -> str:
        texts = (
            f"{name}: {value if value._array.size == 1 else value.shape}"
            for name, value in self._parameters().items()
        )
        return f"{type(self).__name__}({', '.join(texts)})"
