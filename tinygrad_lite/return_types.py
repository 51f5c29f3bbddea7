"""Named results: tuples whose parts also have names, as `torch.max(x, dim=0).values`."""

from __future__ import annotations

from operator import itemgetter
from typing import Any, ClassVar

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


class Named(tuple[Any, ...]):
    """A tuple whose parts have names; `named` makes the classes.

    Not collections.namedtuple, which compiles source text for every class: there are thirty, and
    these cost a quarter of the time at import.
    """

    __slots__ = ()
    _fields: ClassVar[tuple[str, ...]] = ()

    def __new__(cls, *values: Any) -> Named:
        """Make the tuple of its parts, in order."""
        if len(values) != len(cls._fields):
            raise TypeError(
                f"{cls.__name__} has {len(cls._fields)} parts, {', '.join(cls._fields)}, "
                f"but got {len(values)}"
            )
        return tuple.__new__(cls, values)

    def __reduce__(self) -> Any:
        return _rebuild, (type(self).__name__, tuple(self))

    def __repr__(self) -> str:
        parts = ",\n".join(f"{f}={v!r}" for f, v in zip(self._fields, self, strict=True))
        return f"torch.return_types.{type(self).__name__}(\n{parts})"


KINDS: dict[str, type[Named]] = {}


def _rebuild(name: str, values: tuple[Any, ...]) -> Named:
    return KINDS[name](*values)


def named(name: str, *fields: str) -> Any:
    """A tuple class with names for its parts, written as torch writes it.

    >>> named("max", "values", "indices")(1, 2)
    torch.return_types.max(
    values=1,
    indices=2)
    """
    body: dict[str, Any] = {f: property(itemgetter(i)) for i, f in enumerate(fields)}
    said = f"What `{name}` returns: {', '.join(fields)}; by name or by position."
    body.update(__slots__=(), _fields=fields, __module__=__name__, __doc__=said)
    KINDS[name] = type(name, (Named,), body)
    return KINDS[name]


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
