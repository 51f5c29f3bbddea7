"""What the batch is good for: one sample at a time against all samples at once."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import rand
from ..autograd import no_grad
from .training import make_model

if TYPE_CHECKING:
    from .. import nn
    from .._tensor import Tensor

REPEATS = 10
MANY = (10_000, 128)


@dataclass
class InferenceTime:
    """Seconds for the same samples, singly and together."""

    samples: int
    features: int
    one_by_one: float
    together: float

    @property
    def ratio(self) -> float:
        """How many times faster the batch is."""
        return self.one_by_one / self.together


def time_inference(model: nn.Module, inputs: Tensor) -> list[InferenceTime]:
    """Times for `model` on `inputs`, and for a like network on 10,000 samples of 128 numbers."""
    samples, features = MANY
    many = rand(samples, features)
    return [time_both(model, inputs), time_both(make_model(features), many)]


@no_grad()
def time_both(model: nn.Module, inputs: Tensor) -> InferenceTime:
    """Times of `model` for the rows of `inputs`, singly and together."""
    rows = [inputs[i : i + 1] for i in range(len(inputs))]
    together = min(seconds(model, [inputs]) for _ in range(REPEATS))
    return InferenceTime(len(inputs), inputs.shape[1], seconds(model, rows), together)


def seconds(model: nn.Module, batches: list[Tensor]) -> float:
    """Seconds that `model` takes for all `batches`."""
    start = time.perf_counter()
    for batch in batches:
        model(batch)
    return time.perf_counter() - start
