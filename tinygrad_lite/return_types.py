"""Named results: tuples whose parts also have names, as `torch.max(x, dim=0).values`."""

from __future__ import annotations

from collections import namedtuple
from typing import Any

__all__ = [
    "aminmax",
    "cummax",
    "cummin",
    "histogram",
    "histogramdd",
    "kthvalue",
    "max",
    "median",
    "min",
    "mode",
    "nanmedian",
    "sort",
    "topk",
]


def named(name: str, *fields: str) -> Any:
    """A tuple class with names for its parts, written as torch writes it.

    >>> named("max", "values", "indices")(1, 2)
    torch.return_types.max(
    values=1,
    indices=2)
    """
    kind: Any = namedtuple(name, fields)  # type: ignore[misc]
    kind.__module__ = __name__
    kind.__repr__ = _shown  # type: ignore[method-assign]
    return kind


def _shown(self: Any) -> str:
    parts = ",\n".join(f"{f}={v!r}" for f, v in zip(self._fields, self, strict=True))
    return f"torch.return_types.{type(self).__name__}(\n{parts})"


aminmax = named("aminmax", "min", "max")
cummax = named("cummax", "values", "indices")
cummin = named("cummin", "values", "indices")
histogram = named("histogram", "hist", "bin_edges")
histogramdd = named("histogramdd", "hist", "bin_edges")
kthvalue = named("kthvalue", "values", "indices")
max = named("max", "values", "indices")
median = named("median", "values", "indices")
min = named("min", "values", "indices")
mode = named("mode", "values", "indices")
nanmedian = named("nanmedian", "values", "indices")
sort = named("sort", "values", "indices")
topk = named("topk", "values", "indices")
