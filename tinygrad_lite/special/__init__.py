"""Special functions under torch.special's names."""

from __future__ import annotations

from typing import Any

from .._functions._surface import NAMES
from .._functions.special import FUNCTIONS

# names that torch.special shares with the top of the namespace, some under another name
SHARED = {
    "exp2": "exp2", "expit": "sigmoid", "expm1": "expm1", "gammaln": "lgamma", "log1p": "log1p",
    "log_softmax": "log_softmax", "logsumexp": "logsumexp", "psi": "digamma", "round": "round",
    "softmax": "softmax",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in SHARED and SHARED[name] in NAMES:
        return NAMES[SHARED[name]]
    if name in FUNCTIONS and name != "lgamma":
        return FUNCTIONS[name]
    raise AttributeError(f"module 'torch.special' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*FUNCTIONS, *SHARED} - {"lgamma"})
