"""Writes docs/pytorch-names.json: the documented names of the installed PyTorch, by namespace.

    python scripts/list_pytorch.py

The page "Coming from PyTorch" compares this list with the package, so building it needs no PyTorch.
"""

from __future__ import annotations

import datetime as dt
import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import torch

TARGET = Path(__file__).parents[1] / "docs" / "pytorch-names.json"
SPACES = (
    "", "Tensor", "nn", "nn.functional", "nn.init", "nn.utils", "nn.utils.rnn",
    "nn.utils.parametrize", "nn.utils.parametrizations", "nn.utils.prune", "optim",
    "optim.lr_scheduler", "optim.swa_utils", "utils.data", "autograd", "autograd.functional",
    "autograd.forward_ad", "autograd.graph", "func", "linalg", "special", "distributions",
    "distributions.constraints", "distributions.transforms", "masked", "signal.windows", "random",
    "amp", "fft", "sparse",
)  # fmt: skip


def find(space: str) -> Any:
    """The module or class of a namespace."""
    if space == "Tensor":
        return torch.Tensor
    return importlib.import_module(f"torch.{space}" if space else "torch")


def is_documented(thing: Any) -> bool:
    """Whether a thing is PyTorch's own and has a docstring."""
    home = getattr(thing, "__module__", None) or "torch"
    own = home.startswith("torch") and callable(thing)
    return own and bool((inspect.getdoc(thing) or "").strip())


def documented(space: str) -> list[str]:
    """Public names of a namespace that have a docstring."""
    owner = find(space)
    listed = getattr(owner, "__all__", None) or dir(owner)
    found = {name: getattr(owner, name, None) for name in listed if not name.startswith("_")}
    return sorted(name for name, thing in found.items() if is_documented(thing))


def main() -> None:
    """Write the file."""
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    names = {space: documented(space) for space in SPACES}
    content = {"version": torch.__version__.partition("+")[0], "date": today, "names": names}
    TARGET.write_text(json.dumps(content, indent=0) + "\n", encoding="utf-8")
    print(TARGET, sum(map(len, names.values())), "names")


if __name__ == "__main__":
    main()
