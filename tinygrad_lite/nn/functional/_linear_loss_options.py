"""The settings of `linear_cross_entropy`."""

from __future__ import annotations

from typing import Any

__all__ = ["LinearCrossEntropyOptions"]

_POLICIES = ("auto", "accurate", "balanced", "compact")
_TYPES = ("torch.float16", "torch.bfloat16", "torch.float32", "torch.float64")
_FIELDS = (
    "allow_retain_graph",
    "batch_chunk_size",
    "chunking_method",
    "acc_policy",
    "acc_dtype",
)


class LinearCrossEntropyOptions:
    """How PyTorch cuts `linear_cross_entropy` into pieces of the batch, checked and kept.

    Differs from PyTorch: nothing is cut here, so the loss, its gradients and the memory are those
    without options, and second derivatives and `retain_graph` work.

    Errors: ValueError for a policy, method, size or dtype that PyTorch does not know.
    """

    __slots__ = _FIELDS

    def __init__(
        self,
        allow_retain_graph: bool = False,
        batch_chunk_size: int | None = None,
        chunking_method: str | None = "auto",
        acc_policy: str = "auto",
        acc_dtype: Any = None,
    ) -> None:
        if acc_policy not in _POLICIES:
            raise ValueError(f"invalid acc_policy: {acc_policy!r}, expected one of {_POLICIES}")
        _check_method(chunking_method)
        size = batch_chunk_size
        if size is not None and not (isinstance(size, int) and size > 0):
            raise ValueError(f"batch_chunk_size must be positive int or None, got {size!r}")
        if acc_dtype is not None and str(acc_dtype) not in _TYPES:
            raise ValueError(f"acc_dtype must be None or one of {_TYPES}, got {acc_dtype!r}")
        given = (allow_retain_graph, size, chunking_method, acc_policy, acc_dtype)
        for name, value in zip(_FIELDS, given, strict=True):
            object.__setattr__(self, name, value)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"cannot assign to field {name!r}: make new options")

    def _values(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in _FIELDS)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LinearCrossEntropyOptions):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()

    def __repr__(self) -> str:
        shown = zip(_FIELDS, self._values(), strict=True)
        text = ", ".join(f"{name}={value!r}" for name, value in shown)
        return f"LinearCrossEntropyOptions({text})"


def _check_method(method: str | None) -> None:
    if method is None or method == "auto":
        return
    name, colon, factor = method.partition(":")
    if name != "aspect_ratio" or (colon and not (factor.isdigit() and int(factor) > 0)):
        raise ValueError(f"invalid chunking_method: {method!r}, expected 'aspect_ratio:2', say")
