"""Dropout: elements times a mask that was drawn beforehand."""

from __future__ import annotations

from typing import Any

from .._op import op


@op(kind="linear", onnx="Dropout")
def dropout(x: Any, mask: Any) -> Any:
    """`x` times a mask of zeros and one over the share of elements that stay."""
    return x * mask


dropout.rule(lambda g, mask: dropout(g, mask), "x")
