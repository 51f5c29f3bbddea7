"""Evaluate one expression of PyTorch code with PyTorch and with ours, and compare what comes out.

An expression names the library `torch`, whichever it is. `h` draws inputs: the same for both.
"""

from __future__ import annotations

import collections
import copy
import importlib
import pickle
import warnings

import numpy as np
import pytest

import tinygrad_lite as ours

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")

LONG_PATHS = (
    "nn.utils.parametrizations", "nn.utils.parametrize", "nn.utils.prune", "nn.utils.rnn",
    "nn.utils.stateless", "optim.swa_utils", "optim.lr_scheduler", "utils.data._utils.collate",
)  # fmt: skip
for library in (torch, ours):
    for path in LONG_PATHS:
        importlib.import_module(f"{library.__name__}.{path}")

EXACT, NEAR = {"rtol": 1e-9, "atol": 1e-12}, {"rtol": 3e-4, "atol": 3e-5}


class Hand:
    """Draws the same numbers for both libraries."""

    def __init__(self, torch) -> None:
        self.torch, self.rng = torch, np.random.default_rng(0)

    def x(self, *shape, dtype="float32", grad=False, lo=None, hi=None):
        """A tensor: normal, uniform from `lo` to `hi`, whole numbers below `hi`, or booleans."""
        if dtype.startswith(("int", "uint")):
            array = self.rng.integers(lo or 0, hi or 5, shape)
        elif dtype == "bool":
            array = self.rng.random(shape) < 0.5
        elif lo is None:
            array = self.rng.standard_normal(shape)
        else:
            array = self.rng.uniform(lo, hi, shape)
        made = self.torch.tensor(np.asarray(array).astype(dtype))
        return made.requires_grad_() if grad else made

    def fill(self, module):
        """`module` with its parameters drawn anew."""
        with self.torch.no_grad():
            for p in module.parameters():
                drawn = np.asarray(self.rng.standard_normal(tuple(p.shape)) * 0.5)
                p.copy_(self.torch.tensor(drawn.astype(str(p.dtype)[6:])))
        return module


def plain(x, torch, depth=0):
    """What a result consists of, without either library's types."""
    if depth > 8:
        return "..."
    if isinstance(x, torch.nn.parameter.UninitializedTensorMixin):
        return type(x).__name__
    if isinstance(x, torch.Tensor):
        return str(x.dtype), tuple(x.shape), bool(x.requires_grad), x.detach().numpy().copy()
    if isinstance(x, torch.nn.Module):
        return repr(x)
    if isinstance(x, dict):
        pairs = [(plain(k, torch, depth + 1), plain(v, torch, depth + 1)) for k, v in x.items()]
        return type(x).__name__, pairs
    if isinstance(x, list | tuple):
        return type(x).__name__, [plain(v, torch, depth + 1) for v in x]
    if isinstance(x, set | frozenset):
        return type(x).__name__, sorted(map(repr, x))
    if isinstance(x, np.ndarray | int | float | str | bytes | complex | None):
        return x
    if callable(x) and hasattr(x, "__name__"):
        return x.__name__
    shown = str(x) if type(x).__repr__ is not object.__repr__ else ""
    return type(x).__name__, shown.replace("tinygrad_lite", "torch")


def difference(a, b, tolerance, place="result"):
    """Where two plain results differ; None where they agree."""
    if isinstance(a, np.ndarray | float) and isinstance(b, np.ndarray | float):
        a, b = np.asarray(a), np.asarray(b)
        close = (
            a.shape == b.shape and np.allclose(a, b, **tolerance, equal_nan=True)
            if a.dtype.kind in "fc"
            else a.shape == b.shape and bool((a == b).all())
        )
        return None if close else f"{place}: {a} for {b}"
    if type(a) is not type(b):
        return f"{place}: {a!r} for {b!r}"
    if isinstance(a, list | tuple):
        if len(a) != len(b):
            return f"{place}: {len(a)} parts for {len(b)}: {a!r} for {b!r}"
        pairs = enumerate(zip(a, b, strict=True))
        found = (difference(x, y, tolerance, f"{place}[{i}]") for i, (x, y) in pairs)
        return next((text for text in found if text), None)
    return None if a == b else f"{place}: {a!r} for {b!r}"


def outcome(run, torch):
    """What `run(torch, hand)` gives, as plain values, or the class of its error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return "gives", plain(run(torch, Hand(torch)), torch)
        except Exception as error:  # noqa: BLE001 - the class is what is compared
            return "raises", type(error).__name__, str(error)


def agree(run, tolerance=NEAR):
    """Fail unless both libraries give the same, or raise the same class of error."""
    mine, theirs = outcome(run, ours), outcome(run, torch)
    assert mine[0] == theirs[0], f"{mine} for {theirs}"
    if mine[0] == "raises":
        assert mine[1] == theirs[1], f"{mine} for {theirs}"
        return
    found = difference(mine[1], theirs[1], tolerance)
    assert found is None, found


def lines(table: str) -> list[str]:
    """The expressions of a table: one in a line, and what is indented goes on with the line."""
    joined = table.replace("\n    ", " ")
    return [line for line in joined.split("\n") if line.strip()]


def evaluate(expression: str, helpers, subject: tuple[str, str] | None = None):
    """A function that evaluates the expression; `subject` is a name and what it stands for."""
    code = compile(expression, expression, "eval")

    def run(torch, hand):
        names = {
            **vars(helpers), "torch": torch, "h": hand, "np": np, "copy": copy, "pickle": pickle,
            "OrderedDict": collections.OrderedDict, "collections": collections,
            "import_module": importlib.import_module,
        }  # fmt: skip
        if subject is not None:
            names[subject[0]] = eval(subject[1], names)
        return eval(code, names)

    return run
