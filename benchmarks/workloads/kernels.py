"""Single operations on large arrays, forward and backward."""

from __future__ import annotations

from typing import Any

from .inputs import array_of, normal, numbers
from .training import Training

__all__ = ["embedding", "gelu", "gelu_tanh", "layer_norm", "softmax"]

ROWS, WIDTH = 4096, 1024


class Pulled:
    """A function of a large array, and its gradient for a given one of the result."""

    def __init__(self, torch: Any, function: Any, *weights: Any) -> None:
        self.x = torch.tensor(normal(ROWS, WIDTH), requires_grad=True)
        self.g = torch.tensor(normal(ROWS, WIDTH, seed=2))
        self.function, self.leaves = function, [self.x, *weights]

    def step(self) -> Any:
        """Forward and backward."""
        for leaf in self.leaves:
            leaf.grad = None
        out = self.function(*self.leaves)
        out.backward(self.g)
        return out

    def evidence(self) -> dict[str, Any]:
        """The result and the gradients."""
        found = {"out": array_of(self.step())}
        return found | {f"gradient {i}": array_of(x.grad) for i, x in enumerate(self.leaves)}


def gelu(torch: Any) -> Any:
    """GELU by the error function."""
    return Pulled(torch, torch.nn.functional.gelu)


def gelu_tanh(torch: Any) -> Any:
    """GELU by tanh."""
    return Pulled(torch, lambda x: torch.nn.functional.gelu(x, approximate="tanh"))


def softmax(torch: Any) -> Any:
    """Softmax of rows."""
    return Pulled(torch, lambda x: torch.nn.functional.softmax(x, dim=-1))


def layer_norm(torch: Any) -> Any:
    """LayerNorm of rows with weight and bias."""
    weights = (torch.tensor(normal(WIDTH, seed=s), requires_grad=True) for s in (3, 4))
    return Pulled(
        torch, lambda x, w, b: torch.nn.functional.layer_norm(x, (WIDTH,), w, b), *weights
    )


def embedding(torch: Any) -> Any:
    """4,096 rows of a table of 50,000, then plain SGD."""
    model = torch.nn.Embedding(50_000, 128)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(normal(50_000, 128)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    x, g = torch.tensor(numbers(50_000, 4096)), torch.tensor(normal(4096, 128, seed=3))
    return Training(model, lambda model, x, g: (model(x) * g).sum(), optimizer, x, g)
