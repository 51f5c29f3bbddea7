"""Transforms from all real numbers to the values that a constraint allows.

`biject_to(constraint)` is invertible and knows its volume; `transform_to(constraint)` may be
simpler, for parameters that an optimiser changes freely.

>>> import tinygrad_lite as torch
>>> from tinygrad_lite.distributions import constraints
>>> transform_to(constraints.positive)(torch.zeros(2)).tolist()
[1.0, 1.0]
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._transforms import (
    AffineTransform,
    ComposeTransform,
    ExpTransform,
    IndependentTransform,
    SigmoidTransform,
    Transform,
    identity_transform,
)
from ._vector_transforms import (
    CatTransform,
    CorrCholeskyTransform,
    LowerCholeskyTransform,
    PositiveDefiniteTransform,
    SoftmaxTransform,
    StackTransform,
    StickBreakingTransform,
)

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]

Factory = Callable[[Any], Transform]


class ConstraintRegistry:
    """From constraints to transforms; called with a constraint."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._by_kind: dict[str, Factory] = {}
        self._by_constraint: dict[Any, Factory] = {}

    def register(self, constraint: Any, factory: Factory | None = None) -> Any:
        """Register a factory for a constraint; also a decorator."""
        if factory is None:
            return lambda found: self.register(constraint, found)
        self._by_constraint[constraint] = factory
        return factory

    def __call__(self, constraint: Any) -> Transform:
        """Return the transform to the values of a constraint."""
        factory = self._by_constraint.get(constraint) or self._by_constraint.get(type(constraint))
        factory = factory or self._by_kind.get(getattr(constraint, "kind", ""))
        if factory is None:
            raise NotImplementedError(
                f"Cannot transform {constraint!r} constraints: {self._name}.register takes the "
                "constraint and a function that returns the transform"
            )
        return factory(constraint)


biject_to, transform_to = ConstraintRegistry("biject_to"), ConstraintRegistry("transform_to")


def _above(constraint: Any) -> Transform:
    return ComposeTransform([ExpTransform(), AffineTransform(constraint.lower_bound, 1)])


def _below(constraint: Any) -> Transform:
    return ComposeTransform([ExpTransform(), AffineTransform(constraint.upper_bound, -1)])


def _between(constraint: Any) -> Transform:
    low, high = constraint.lower_bound, constraint.upper_bound
    if _is(low, 0) and _is(high, 1):
        return SigmoidTransform()
    return ComposeTransform([SigmoidTransform(), AffineTransform(low, high - low)])


def _is(bound: Any, number: int) -> bool:
    return isinstance(bound, (int, float)) and bound == number


def _factories(registry: ConstraintRegistry) -> dict[str, Factory]:
    return {
        "real": lambda c: identity_transform,
        "greater_than": lambda c: ExpTransform() if _is(c.lower_bound, 0) else _above(c),
        "less_than": _below,
        "interval": _between,
        "independent": lambda c: IndependentTransform(
            registry(c.base_constraint), c.reinterpreted_batch_ndims
        ),
        "corr_cholesky": lambda c: CorrCholeskyTransform(),
        "cat": lambda c: CatTransform([registry(part) for part in c.cseq], c.dim, c.lengths),
        "stack": lambda c: StackTransform([registry(part) for part in c.cseq], c.dim),
    }


biject_to._by_kind.update(_factories(biject_to), simplex=lambda c: StickBreakingTransform())
transform_to._by_kind.update(
    _factories(transform_to),
    simplex=lambda c: SoftmaxTransform(),
    lower_cholesky=lambda c: LowerCholeskyTransform(),
    positive_definite=lambda c: PositiveDefiniteTransform(),
)
