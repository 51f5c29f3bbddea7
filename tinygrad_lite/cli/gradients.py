"""Compares the gradients that backward() finds with differences of the loss itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from .. import float32, float64, nn
from ..autograd import no_grad, numerical_gradient

if TYPE_CHECKING:
    from .._tensor import Tensor
    from ..utils.data import TensorDataset

# Half the distance between the two points of a central difference. In float64 with losses near 2,
# rounding leaves a relative error of about 1e-8. A longer step would meet more kinks of ReLU.
STEP = 1e-6
SAMPLES = 8
# Far above what rounding leaves, far below what a wrong rule would give.
ACCEPTED = 1e-5


@dataclass
class Comparison:
    """How far the two gradients of one parameter are apart, relative to the largest element."""

    name: str
    shape: tuple[int, ...]
    error: float

    @property
    def passed(self) -> bool:
        """Whether the error is within what rounding explains."""
        return self.error < ACCEPTED


def check_gradients(model: nn.Module, data: TensorDataset) -> list[Comparison]:
    """One comparison for each parameter of `model`, element by element, in double precision."""
    images, labels = (part[:SAMPLES] for part in data.tensors)
    model.to(float64)
    try:
        loss = Loss(model, images.double(), labels)
        loss.value().backward()
        return [loss.compare(name, parameter) for name, parameter in model.named_parameters()]
    finally:
        model.zero_grad()
        model.to(float32)


class Loss:
    """The loss of a model on fixed data, as a function of one parameter at a time."""

    def __init__(self, model: nn.Module, images: Tensor, labels: Tensor) -> None:
        self.model, self.images, self.labels = model, images, labels
        self.criterion = nn.CrossEntropyLoss()

    def value(self) -> Tensor:
        """The loss as the parameters stand."""
        loss: Tensor = self.criterion(self.model(self.images), self.labels)
        return loss

    def at(self, parameter: nn.Parameter, value: Tensor) -> Tensor:
        """The loss with `value` in place of `parameter`, which is put back."""
        kept = parameter.data
        parameter.data = value
        try:
            return self.value()
        finally:
            parameter.data = kept

    def compare(self, name: str, parameter: nn.Parameter) -> Comparison:
        """The gradient of `parameter` beside its central differences."""
        with no_grad():
            expected = numerical_gradient(
                lambda value: self.at(parameter, value), parameter.detach(), h=STEP
            )
        found = parameter.grad
        if found is None:
            raise RuntimeError(f"backward() left no gradient for {name}")
        error = (found - expected).abs().max() / expected.abs().max()
        return Comparison(name, tuple(parameter.shape), error.item())
