"""repr of tensors."""

from __future__ import annotations

from typing import Any

import numpy as np


def format_tensor(x: Any) -> str:
    """The text of a tensor."""
    body = np.array2string(np.asarray(x._array), precision=4, separator=", ", prefix="tensor(")
    end = ""
    if x._node is not None:
        end = ", requires_grad=True" if x.is_leaf else f", grad_fn=<{x.grad_fn!r}>"
    return f"tensor({body}{end})"
