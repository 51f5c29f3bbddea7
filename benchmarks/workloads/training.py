"""Training steps of whole models."""

from __future__ import annotations

from typing import Any

from . import models
from .inputs import array_of, fill, normal, numbers

__all__ = ["Training"]


class Training:
    """A model, its loss and an optimizer; one step is zero_grad, forward, backward, step."""

    def __init__(self, model: Any, loss: Any, optimizer: Any, *batch: Any) -> None:
        self.model, self.loss, self.optimizer, self.batch = model, loss, optimizer, batch

    def step(self) -> Any:
        """Train on the batch once."""
        self.optimizer.zero_grad()
        loss = self.loss(self.model, *self.batch)
        loss.backward()
        self.optimizer.step()
        return loss

    def evidence(self) -> dict[str, Any]:
        """Losses of two steps, the gradients of the first, the parameters after both."""
        found = {"loss 1": array_of(self.step())}
        for name, parameter in self.model.named_parameters():
            found[f"gradient of {name}"] = array_of(parameter.grad)
        found["loss 2"] = array_of(self.step())
        for name, parameter in self.model.named_parameters():
            found[f"{name} after two steps"] = array_of(parameter)
        return found


def moons(torch: Any) -> Any:
    """Hinge loss and a penalty on all weights, batch 100."""
    x, y = normal(100, 2), 2.0 * numbers(2, 100, 1).astype("float32") - 1
    model = fill(torch, models.moons(torch))

    def loss(model: Any, x: Any, y: Any) -> Any:
        margin = (1 - y * model(x)).relu().mean()
        return margin + 1e-4 * sum((p * p).sum() for p in model.parameters())

    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    return Training(model, loss, optimizer, torch.tensor(x), torch.tensor(y))


def _classes(torch: Any, model: Any, optimizer: Any, x: Any, classes: int = 10) -> Training:
    """Cross entropy of random classes."""
    y = torch.tensor(numbers(classes, len(x)))
    criterion = torch.nn.CrossEntropyLoss()
    return Training(
        model, lambda model, x, y: criterion(model(x), y), optimizer, torch.tensor(x), y
    )


def mlp_momentum(torch: Any) -> Any:
    """784-256-128-10, batch 128, SGD with momentum."""
    model = fill(torch, models.mlp(torch))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return _classes(torch, model, optimizer, normal(128, 784))


def mlp_adam(torch: Any) -> Any:
    """The same network, batch 32, Adam."""
    model = fill(torch, models.mlp(torch))
    return _classes(torch, model, torch.optim.Adam(model.parameters()), normal(32, 784))


def lenet(torch: Any) -> Any:
    """Two 5x5 convolutions and two linear layers on 1x28x28, batch 64."""
    model = fill(torch, models.lenet(torch))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return _classes(torch, model, optimizer, normal(64, 1, 28, 28))


def batchnorm_cnn(torch: Any) -> Any:
    """Three 3x3 convolutions, each with BatchNorm, on 3x32x32, batch 32."""
    model = fill(torch, models.batchnorm_cnn(torch))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return _classes(torch, model, optimizer, normal(32, 3, 32, 32))


def depthwise_cnn(torch: Any) -> Any:
    """Depthwise and pointwise convolutions with stride 2, batch 32."""
    model = fill(torch, models.depthwise_cnn(torch))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    return _classes(torch, model, optimizer, normal(32, 3, 32, 32))


def gpt(torch: Any, *, fused: bool = False) -> Any:
    """4 layers, 4 heads, 128 channels, context 64, batch 12, 65 characters, AdamW."""
    model = fill(torch, models.gpt(torch, fused=fused))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    x, y = numbers(65, 12, 64), numbers(65, 12 * 64, seed=3)
    criterion = torch.nn.CrossEntropyLoss()
    return Training(
        model,
        lambda model, x, y: criterion(model(x).reshape(-1, 65), y),
        optimizer,
        torch.tensor(x),
        torch.tensor(y),
    )


def gpt_fused(torch: Any) -> Any:
    """The same with scaled_dot_product_attention."""
    return gpt(torch, fused=True)


def autoencoder(torch: Any) -> Any:
    """A variational autoencoder 784-256-16-256-784, batch 128, Adam."""
    model = fill(torch, models.Autoencoder(torch))
    x, noise = torch.tensor(normal(128, 784)), torch.tensor(normal(128, 16, seed=4))
    optimizer = torch.optim.Adam(model.parameters())
    return Training(model, models.autoencoder_loss, optimizer, x, noise)


def transformer(torch: Any) -> Any:
    """Two layers of nn.TransformerEncoder, 128 channels, 32 steps, batch 16."""
    model = fill(torch, models.encoder(torch))
    optimizer = torch.optim.AdamW(model.parameters())
    x = torch.tensor(normal(16, 32, 128))
    return Training(model, lambda model, x: (model(x) ** 2).mean(), optimizer, x)


class Accumulation(Training):
    """Four batches go backward before each step."""

    def step(self) -> Any:
        """Add up the gradients of four batches, then step."""
        self.optimizer.zero_grad()
        for _ in range(4):
            loss = self.loss(self.model, *self.batch)
            loss.backward()
        self.optimizer.step()
        return loss


def accumulation(torch: Any) -> Any:
    """The MLP with batches of 32, four before each step."""
    job = mlp_adam(torch)
    return Accumulation(job.model, job.loss, job.optimizer, *job.batch)
