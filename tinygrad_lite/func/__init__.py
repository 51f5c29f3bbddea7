"""torch.func: functions that make functions.

`grad`, `vjp`, `jacrev` and the others differentiate with respect to arguments, whatever their
`requires_grad`.  `vmap` calls the function once for each slice and stacks the results: it saves
writing the loop, not running it.
"""

from __future__ import annotations

from ..nn.utils.stateless import functional_call
from .derivatives import grad, grad_and_value, hessian, jacfwd, jacrev, jvp, linearize, vjp
from .mapping import vmap
from .models import (
    debug_unwrap,
    functionalize,
    replace_all_batch_norm_modules_,
    stack_module_state,
)

__all__ = [
    "debug_unwrap",
    "functional_call",
    "functionalize",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "replace_all_batch_norm_modules_",
    "stack_module_state",
    "vjp",
    "vmap",
]
