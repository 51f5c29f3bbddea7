"""The public names of the package: what each is, how it is called, what is said of it."""

from __future__ import annotations

import importlib
import inspect
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

__all__ = ["Entry", "collect", "members_of", "signature_of"]

PACKAGE = "tinygrad_lite"
TRUSTED = ("tinygrad_lite.", "tinygrad_lite")
NOT_FOR_USERS = {"TYPE_CHECKING", "Any", "annotations", "OUT_OF_SCOPE", "REMOVED", "DTYPES", "LAZY",
                 "FUNCTIONALS", "NATIVE", "NATIVE_RNN", "GRAPH", "of", "to_numpy", "removed",
                 "generator_of"}  # fmt: skip
EVERY_LAYER_HAS = {"forward", "extra_repr"}  # described with `nn.Module`
IN_PLACE = re.compile(r"In-place version of|`\w+` in place\.$")


@dataclass
class Entry:
    """One thing with its names in a namespace, the main one first."""

    space: str
    names: list[str]
    thing: Any
    kind: str
    home: str
    text: str
    members: list[Entry] = field(default_factory=list)

    @property
    def full(self) -> str:
        """The path by which it is imported."""
        return ".".join(part for part in (PACKAGE, self.space, self.names[0]) if part)


def _kind(thing: Any) -> str:
    if inspect.isclass(thing):
        return "exception" if issubclass(thing, BaseException) else "class"
    return "function" if callable(thing) else "data"


def _text(thing: Any, kind: str) -> str:
    """Its own docstring; values of a class say nothing by themselves."""
    if kind == "data":
        return ""
    if kind in {"class", "exception"} and not isinstance(vars(thing).get("__doc__"), str):
        return ""
    text = inspect.getdoc(thing) or ""
    return "" if text.startswith(f"{getattr(thing, '__name__', '')}(") else text


def _home(thing: Any) -> str:
    """The module in which it is written."""
    plain = inspect.unwrap(thing) if callable(thing) else type(thing)
    home = getattr(plain, "__module__", "") or ""
    return home if home.startswith(TRUSTED) else ""


def public_names(space: str, module: ModuleType) -> list[str]:
    """The names of a namespace, in the order in which it lists them."""
    listed = getattr(module, "__all__", None)
    if listed is not None:
        return [name for name in listed if not name.startswith("_")]
    return [name for name in dir(module) if not name.startswith("_") and name not in NOT_FOR_USERS]


def collect(space: str) -> list[Entry]:
    """What a namespace offers, each thing once with all its names."""
    module = importlib.import_module(f"{PACKAGE}.{space}" if space else PACKAGE)
    listed = hasattr(module, "__all__")
    found: dict[int, Entry] = {}
    entries: list[Entry] = []
    for name in public_names(space, module):
        try:
            thing = getattr(module, name)
        except (AttributeError, ImportError):
            continue
        if inspect.ismodule(thing):  # autograd.gradcheck is a function in a module of its name
            thing = vars(thing).get(name)
            if not listed or thing is None:
                continue
        kind = _kind(thing)
        home = _home(thing)
        if not listed and kind != "data" and not home:
            continue  # imported from elsewhere
        if kind != "data" and id(thing) in found:
            found[id(thing)].names.append(name)
            continue
        entry = Entry(space, [name], thing, kind, home, _text(thing, kind))
        found[id(thing)] = entry
        entries.append(entry)
    for entry in entries:
        _put_own_name_first(entry)
    return _join_forms_in_place(entries)


def _put_own_name_first(entry: Entry) -> None:
    own = getattr(entry.thing, "__name__", "")
    if own in entry.names:
        entry.names.sort(key=lambda name: name != own)


def _join_forms_in_place(entries: list[Entry]) -> list[Entry]:
    """`abs_` is shown with `abs`."""
    by_name = {name: entry for entry in entries for name in entry.names}
    kept = []
    for entry in entries:
        base = by_name.get(entry.names[0].removesuffix("_"))
        derived = entry.names[0].endswith("_") and base is not None and base is not entry
        if derived and (not entry.text or IN_PLACE.match(entry.text)):
            base.names += entry.names  # type: ignore[union-attr]
        else:
            kept.append(entry)
    return kept


def signature_of(thing: Any, bound: bool = False) -> str:
    """How it is called: names and defaults, without types."""
    if thing.__module__ == f"{PACKAGE}._lift":  # written at the first call
        return "()" if bound else "(input)"
    try:
        signature = inspect.signature(thing)
    except (TypeError, ValueError):
        return "" if inspect.isclass(thing) else "(...)"
    parameters = list(signature.parameters.values())
    if bound and parameters and parameters[0].kind not in (
        inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD
    ):  # fmt: skip
        parameters = parameters[1:]
    return f"({', '.join(_write_parameters(parameters))})"


def _write_parameters(parameters: list[inspect.Parameter]) -> Iterator[str]:
    before = None
    kinds = inspect.Parameter
    starred = False
    for parameter in parameters:
        if before is kinds.POSITIONAL_ONLY and parameter.kind is not before:
            yield "/"
        if parameter.kind is kinds.KEYWORD_ONLY and not starred:
            starred = True
            yield "*"
        starred = starred or parameter.kind is kinds.VAR_POSITIONAL
        before = parameter.kind
        stars = {kinds.VAR_POSITIONAL: "*", kinds.VAR_KEYWORD: "**"}.get(parameter.kind, "")
        default = "" if parameter.default is kinds.empty else f"={_write(parameter.default)}"
        yield f"{stars}{parameter.name}{default}"
    if before is kinds.POSITIONAL_ONLY:
        yield "/"


def _write(value: Any) -> str:
    """A default as one would type it."""
    if inspect.isclass(value) or inspect.isroutine(value):
        return value.__name__ if value.__name__ != "<lambda>" else "..."
    text = repr(value)
    return "..." if text.startswith("<") or len(text) > 40 else text


def members_of(entry: Entry, public: set[int]) -> list[Entry]:
    """Methods and attributes of a class that say something of their own.

    What it has from another `public` class stands there.
    """
    above = [owner for owner in entry.thing.__mro__[1:] if id(owner) in public]
    known = {base for owner in above for base in owner.__mro__}
    found: dict[str, Entry] = {}
    for owner in entry.thing.__mro__:
        if owner in known or not owner.__module__.startswith(TRUSTED):
            continue
        for name, raw in vars(owner).items():
            if name.startswith("_") or name in found or (above and name in EVERY_LAYER_HAS):
                continue
            member = _member(entry, name, raw)
            if member is not None:
                found[name] = member
    return list(found.values())


def _member(entry: Entry, name: str, raw: Any) -> Entry | None:
    plain = raw.__func__ if isinstance(raw, (staticmethod, classmethod)) else raw
    text = getattr(plain, "__doc__", None) or ""
    if isinstance(raw, property) or (hasattr(type(raw), "__get__") and not callable(plain)):
        kind = "property"
        if not isinstance(raw, property):
            text = ""  # a slot
        elif text.startswith("itemgetter"):
            text = ""  # a field of a named tuple
    elif inspect.isfunction(plain):
        kind = {staticmethod: "staticmethod", classmethod: "classmethod"}.get(type(raw), "method")
    else:
        return None
    if not text:
        return None
    home = getattr(inspect.unwrap(plain), "__module__", "") or "" if callable(plain) else ""
    return Entry(entry.space, [name], plain, kind, home, inspect.cleandoc(text))
