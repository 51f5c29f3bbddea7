"""Distributions that are given by probabilities or by their logits."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from .._size import Size
from ._shared import logits_to_probs, probs_to_logits
from .distribution import Distribution

__all__ = ["ProbsOrLogits"]


class ProbsOrLogits(Distribution):
    """Common to all: exactly one of `probs` and `logits` is given, the other follows."""

    _binary = True

    def _take(self, probs: Any, logits: Any) -> Any:
        """Check that one was given; return it and note which."""
        if (probs is None) == (logits is None):
            raise ValueError("Either `probs` or `logits` must be specified, but not both.")
        self._given = "probs" if logits is None else "logits"
        return logits if probs is None else probs

    @cached_property
    def probs(self) -> Any:
        """The probabilities."""
        return logits_to_probs(self.logits, is_binary=self._binary)

    @cached_property
    def logits(self) -> Any:
        """The logits: log(p / (1 − p)), or log p where there are more than two outcomes."""
        return probs_to_logits(self.probs, is_binary=self._binary)

    @property
    def param_shape(self) -> Size:
        """The shape of the parameter that was given."""
        return self.__dict__[self._given].shape  # type: ignore[no-any-return]

    def _settings(self, shape: Size) -> dict[str, Any]:
        """Return the other arguments, for `expand`."""
        return {}

    def expand(self, batch_shape: Any, _instance: Any = None) -> Distribution:
        """Return the distribution with its parameters repeated to a batch shape."""
        shape, given = Size(batch_shape), self.__dict__[self._given]
        own = tuple(given.shape)[len(self._batch_shape) :]
        made = {self._given: given.expand((*shape, *own))}
        return type(self)(**self._settings(shape), **made, validate_args=False)
