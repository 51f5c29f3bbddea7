"""Differentiation: torch.autograd."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from .._nodes import Recorded
from .derivatives import Variable, backward, grad
from .modes import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)

if TYPE_CHECKING:
    from .explanation import why_no_grad
    from .function import Function
    from .gradcheck import (
        check_function,
        check_module,
        check_nodes,
        gradcheck,
        gradgradcheck,
    )
    from .numerical import numerical_gradient
    from .provenance import explain

# The checker is a third of the package's code and most programs never check: imported on demand.
LAZY = {
    "Function": "function",
    "anomaly_mode": None,
    "check_function": "gradcheck",
    "check_module": "gradcheck",
    "check_nodes": "gradcheck",
    "detect_anomaly": "anomaly_mode",
    "explain": "provenance",
    "forward_ad": None,
    "function": None,
    "functional": None,
    "grad_mode": None,
    "gradcheck": "gradcheck",
    "gradgradcheck": "gradcheck",
    "graph": None,
    "numerical_gradient": "numerical",
    "set_detect_anomaly": "anomaly_mode",
    "set_multithreading_enabled": "grad_mode",
    "variable": None,
    "why_no_grad": "explanation",
}


def __getattr__(name: str) -> Any:
    if name == "profiler":  # PyTorch keeps it here; it lives on a higher floor
        return importlib.import_module(".profiler", __name__)
    if name not in LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = LAZY[name]
    module = importlib.import_module(f".{home or name}", __name__)
    found = module if home is None else getattr(module, name)
    globals()[name] = found
    return found


# What nodes offer beyond their edges comes from `node`, imported when one of it is first asked for.
OF_NODES = (
    "_input_metadata", "_saved_other", "_saved_result", "_saved_self", "_sequence_nr", "metadata",
    "register_hook", "register_prehook", "requires_grad",
)  # fmt: skip


def _on_demand(name: str) -> property:
    """Stands on nodes until `node` puts the real thing in its place."""

    def find(self: Any) -> Any:
        importlib.import_module(".node", __name__)
        return getattr(self, name)

    return property(find)


for _name in OF_NODES:
    setattr(Recorded, _name, _on_demand(_name))

__all__ = [
    "Function",
    "Variable",
    "backward",
    "check_function",
    "check_module",
    "check_nodes",
    "enable_grad",
    "explain",
    "function",
    "grad",
    "gradcheck",
    "gradgradcheck",
    "inference_mode",
    "is_grad_enabled",
    "is_inference_mode_enabled",
    "no_grad",
    "numerical_gradient",
    "set_grad_enabled",
    "why_no_grad",
]
