"""The options of a drawing, checked once: an error names the option and the allowed values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

SHOWABLE = (
    "shape", "params", "dtype", "values", "grads", "saved", "bytes", "time", "source", "formula",
)  # fmt: skip
COLORS = ("kind", "grad", "value", "time", "bytes", "gradcheck")


BUDGET = 60  # cards; beyond them a reader is lost, and SVG begins to pan slowly at 300


@dataclass(frozen=True, slots=True)
class Options:
    """How to draw.

    `budget` is the greatest number of cards shown unasked; `depth` opens modules down to a level
    instead; `expand` is "auto", "all" or patterns of module paths; `collapse` are patterns that
    stay closed. `errors` are relative gradient errors by name or number of the operation, for
    `color="gradcheck"`. `embed_source` writes the line of code that ran each operation into the
    picture, where the capture took it.
    """

    budget: int = BUDGET
    depth: int | None = None
    expand: str | tuple[str, ...] = "auto"
    collapse: tuple[str, ...] = ()
    fold: bool = True
    group: str = "module"
    show: frozenset[str] = frozenset({"shape", "params"})
    color: str | Callable[..., Any] = "kind"
    direction: str = "TB"
    columns: str | int = "auto"
    theme: str = "auto"
    engine: str = "builtin"
    title: str | None = None
    legend: str | bool = "auto"
    embed_source: bool = False
    errors: tuple[tuple[str | int, float], ...] = ()


def make_options(given: dict[str, Any], base: Options | None = None) -> Options:
    """Options from keywords; TypeError for an unknown one, ValueError for an unknown value."""
    known = Options.__dataclass_fields__
    for name in given:
        if name not in known:
            names = ", ".join(sorted(known))
            raise TypeError(f"draw: unknown option {name!r}; options are {names}")
    options = replace(base or Options(), **{k: _normalise(k, v) for k, v in given.items()})
    _check(options)
    return options


def _normalise(name: str, value: Any) -> Any:
    if name == "show":
        words = (value,) if isinstance(value, str) else tuple(value)
        return frozenset(words)
    if name in {"expand", "collapse"} and not isinstance(value, str):
        return tuple(value)
    if name == "collapse":
        return (value,)
    if name == "expand" and value not in {"auto", "all"}:
        return (value,)
    if name == "errors" and isinstance(value, dict):
        return tuple(sorted(value.items(), key=lambda entry: (str(type(entry[0])), entry[0])))
    return value


def _check(options: Options) -> None:
    _check_choice("group", options.group, ("module", "function", "none"))
    _check_choice("direction", options.direction, ("TB", "LR"))
    _check_choice("theme", options.theme, ("auto", "light", "dark"))
    _check_choice("engine", options.engine, ("builtin", "dot"))
    _check_choice("columns", options.columns, ("auto", 1, 2, 3, 4))
    _check_choice("legend", options.legend, ("auto", True, False))
    if not callable(options.color):
        _check_choice("color", options.color, COLORS)
    for word in sorted(options.show):
        _check_choice("show", word, SHOWABLE)
    if not isinstance(options.budget, int) or options.budget < 1:
        raise ValueError(f"draw: budget={options.budget!r}; expected a whole number from 1")
    if options.depth is not None and (not isinstance(options.depth, int) or options.depth < 0):
        raise ValueError(f"draw: depth={options.depth!r}; expected None or a whole number from 0")


def _check_choice(name: str, value: object, allowed: Collection[object]) -> None:
    if value not in allowed:
        choices = ", ".join(repr(choice) for choice in allowed)
        raise ValueError(f"draw: {name}={value!r}; allowed: {choices}")
