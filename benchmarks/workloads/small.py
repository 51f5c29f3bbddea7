"""Workloads where the cost of recording decides, not the arithmetic."""

from __future__ import annotations

from typing import Any

from .inputs import array_of, fill, normal, numbers

__all__ = ["at_once", "chain", "hessian_product", "one_by_one"]


class Chain:
    """y ← tanh(y a + b) − c over and over: `count` operations on ten elements."""

    def __init__(self, torch: Any, count: int) -> None:
        self.x = torch.tensor(normal(10), requires_grad=True)
        self.a = torch.tensor(1 + 0.1 * normal(10, seed=2), requires_grad=True)
        self.b, self.c = torch.tensor(normal(10, seed=3)), torch.tensor(normal(10, seed=4))
        self.torch, self.rounds = torch, count // 4

    def step(self) -> Any:
        """Forward and backward."""
        self.x.grad = self.a.grad = None
        y, a, b, c, tanh = self.x, self.a, self.b, self.c, self.torch.tanh
        for _ in range(self.rounds):
            y = tanh(y * a + b) - c
        y = y.sum()
        y.backward()
        return y

    def evidence(self) -> dict[str, Any]:
        """The sum and both gradients."""
        return {
            "sum": array_of(self.step()), "x": array_of(self.x.grad), "a": array_of(self.a.grad),
        }  # fmt: skip


def chain(torch: Any) -> Any:
    """1,000 operations."""
    return Chain(torch, 1000)


class Inference:
    """A network under no_grad, on each of some batches."""

    def __init__(self, torch: Any, batches: list[Any]) -> None:
        nn = torch.nn
        model = nn.Sequential(nn.Linear(128, 64), nn.ReLU(), nn.Linear(64, 10))
        self.model = fill(torch, model).eval()
        self.torch, self.batches = torch, [torch.tensor(b) for b in batches]

    def step(self) -> Any:
        """Classify all batches."""
        with self.torch.no_grad():
            for batch in self.batches:
                out = self.model(batch)
        return out

    def evidence(self) -> dict[str, Any]:
        """The last result."""
        return {"out": array_of(self.step())}


def one_by_one(torch: Any) -> Any:
    """1,000 samples, each a batch of its own."""
    return Inference(torch, list(normal(1000, 1, 128)))


def at_once(torch: Any) -> Any:
    """10,000 samples in one batch."""
    return Inference(torch, [normal(10_000, 128)])


class HessianProduct:
    """The Hessian of a small network's loss times a vector, by differentiating twice."""

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        nn = torch.nn
        model = nn.Sequential(
            nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 16), nn.Tanh(), nn.Linear(16, 1)
        )
        self.model = fill(torch, model)
        self.params = list(model.parameters())
        self.vectors = [torch.tensor(normal(*p.shape, seed=5)) for p in self.params]
        self.x = torch.tensor(normal(100, 2))
        self.y = torch.tensor(2.0 * numbers(2, 100, 1).astype("float32") - 1)

    def step(self) -> Any:
        """Gradient with its own graph, then the gradient of its product with the vector."""
        grad = self.torch.autograd.grad
        loss = ((self.model(self.x) - self.y) ** 2).mean()
        slopes = grad(loss, self.params, create_graph=True)
        return grad(slopes, self.params, grad_outputs=self.vectors)

    def evidence(self) -> dict[str, Any]:
        """The product."""
        return {f"part {i}": array_of(part) for i, part in enumerate(self.step())}


def hessian_product(torch: Any) -> Any:
    """2-16-16-1 with tanh and squared error, batch 100."""
    return HessianProduct(torch)
