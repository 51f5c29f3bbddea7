"""The reference: one page for each namespace, written from the docstrings before Sphinx reads.

Every public name has an entry with its signature and its docstring; names of one thing share an
entry, `abs_` stands with `abs`, and a method that is also a function points to it.
"""

from __future__ import annotations

import importlib
import inspect
import warnings
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinygrad_lite._op import CATALOGUE

from .entries import PACKAGE, Entry, collect, members_of, signature_of
from .pages import FAMILIES, PAGES, Page
from .prose import Linker, escape, first_sentence, indent, write_docstring, write_inline

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

__all__ = ["setup", "write_pages"]

HEADER = ".. This page is written from docstrings by docs/reference.\n\n"
SPOKEN = "import tinygrad_lite as torch"


class Reference:
    """All entries, and where links may lead."""

    def __init__(self) -> None:
        spaces = dict.fromkeys(space for page in PAGES for space in page.spaces)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.entries = {space: collect(space) for space in spaces}
        self.first: dict[int, Entry] = {}
        last = ["", "linalg", "special", *PAGES[-1].spaces]  # what is elsewhere, is described there
        order = [*(space for space in spaces if space not in last), *last]
        for space in order:
            for entry in self.entries[space]:
                if entry.kind != "data":
                    self.first.setdefault(id(entry.thing), entry)
        self.targets = {
            ".".join(part for part in (PACKAGE, entry.space, name) if part)
            for entries in self.entries.values() for entry in entries for name in entry.names
        }  # fmt: skip

    def is_elsewhere(self, entry: Entry) -> Entry | None:
        """The entry of the same thing in another namespace, where it is described."""
        first = self.first.get(id(entry.thing), entry)
        return first if first.space != entry.space else None

    def linker(self, entry: Entry) -> Linker:
        """Finds the target of a name as it is written in the docstring of `entry`."""
        own = {*entry.names, *_parameters(entry.thing)}

        def link(code: str) -> str | None:
            name = code.removesuffix("()").removeprefix("torch.").removeprefix(f"{PACKAGE}.")
            if name in own or not name.replace(".", "").replace("_", "").isalnum():
                return None
            spaces = (entry.space, "", "nn.functional", "nn")
            for space in spaces if "." in name or code.endswith("()") else spaces[:1]:
                full = ".".join(part for part in (PACKAGE, space, name) if part)
                if full in self.targets:
                    return full
            return None

        return link


def _parameters(thing: Any) -> Iterable[str]:
    try:
        return inspect.signature(thing).parameters
    except (TypeError, ValueError):
        return ()


def write_entry(reference: Reference, entry: Entry) -> str:
    """One thing with all its names, its docstring, and its members."""
    prefix = f"{entry.space}." if entry.space else ""
    call = signature_of(entry.thing) if entry.kind != "data" else ""
    shown = [f"{prefix}{name}{call}" for name in entry.names]
    lines = [f".. py:{entry.kind}:: " + ("\n" + " " * (len(entry.kind) + 10)).join(shown)]
    if entry.kind == "data":
        lines.append(f"   :value: {_shorten(repr(entry.thing))}")
    other = reference.is_elsewhere(entry)
    if other is not None and entry.kind != "data":
        said = write_inline(first_sentence(entry.text), reference.linker(entry)) + "\n\n"
        body = (
            said + f"The same as :py:obj:`{other.full.removeprefix(PACKAGE + '.')} <{other.full}>`."
        )
    else:
        body = write_docstring(entry.text, reference.linker(entry)) + write_gradient(entry)
        if entry.kind in {"class", "exception"} and entry.names[0] != "Tensor":
            members = members_of(entry, set(reference.first))
            body = "\n\n".join([body, *(write_member(reference, member) for member in members)])
    return "\n".join(lines) + "\n\n" + indent(body.strip()) + "\n"


def write_gradient(entry: Entry) -> str:
    """The derivative that stands beside the forward in the catalogue."""
    operation = CATALOGUE.get(entry.names[0]) if entry.space in {"", "special"} else None
    if operation is None or not operation.formula or "Gradient:" in entry.text:
        return ""
    return f"\n\n**Gradient.** ``{operation.formula}``"


def _shorten(text: str) -> str:
    return text if len(text) < 60 else "..."


def write_member(reference: Reference, member: Entry, prefix: str = "") -> str:
    """A method or an attribute."""
    kind = "method" if member.kind in {"staticmethod", "classmethod"} else member.kind
    bound = member.kind in {"method", "classmethod"}
    call = "" if kind == "property" else signature_of(member.thing, bound=bound)
    flag = f"\n   :{member.kind}:" if kind != member.kind else ""
    shown = ("\n" + " " * (len(kind) + 10)).join(f"{prefix}{name}{call}" for name in member.names)
    body = write_docstring(member.text, reference.linker(member))
    return f".. py:{kind}:: {shown}{flag}\n\n{indent(body)}"


def family_of(entry: Entry) -> str:
    """The heading under which an entry stands."""
    part = entry.home.rpartition(".")[2]
    if entry.home.startswith(f"{PACKAGE}._graph"):
        part = "_graph"
    return FAMILIES.get(part, FAMILIES.get(part.lstrip("_"), "")) if entry.home else ""


def write_families(entries: list[Entry], write: Any) -> str:
    """Entries under the headings of their families, where there are several."""
    families: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        families[family_of(entry)].append(entry)
    if len(entries) < 25 or len(families) < 3:
        return "\n".join(write(entry) for entry in entries)
    rest = families.pop("", [])
    parts = [
        _heading(title, "-") + "\n".join(write(entry) for entry in families[title])
        for title in sorted(families)
    ]
    if rest:
        parts.append(_heading("Others", "-") + "\n".join(write(entry) for entry in rest))
    return "\n".join(parts)


def _heading(title: str, line: str) -> str:
    return f"{escape(title)}\n{line * (len(title) + 4)}\n\n"


def write_page(reference: Reference, page: Page, entries: dict[str, list[Entry]]) -> str:
    """One page of the reference."""
    parts = [HEADER + _heading(page.title, "=") + f"{page.about}\n"]
    parts.append(f".. py:currentmodule:: {PACKAGE}\n")
    for space in page.spaces:
        first, _, more = (inspect.getdoc(_module(space)) or "").partition("\n\n")
        if space and space != page.title:
            parts.append(_heading(space.lstrip("_"), "~"))
            parts.append(write_docstring(first, _unlinked) + "\n")
        if space:
            parts.append(write_docstring(more, _unlinked) + "\n")
        if len(page.spaces) > 1:
            parts += [write_entry(reference, entry) for entry in entries[space]]
        else:
            parts.append(write_families(entries[space], lambda e: write_entry(reference, e)))
    if page.file == "tensor":
        parts.append(write_tensor(reference))
    return "\n".join(parts)


def _unlinked(code: str) -> None:
    """Finds no target."""


def _module(space: str) -> Any:
    return importlib.import_module(f"{PACKAGE}.{space}" if space else PACKAGE)


def write_tensor(reference: Reference) -> str:
    """Attributes and methods of tensors; what is also a function is described there."""
    tensor = _module("").Tensor
    functions = {id(e.thing): e for e in reversed(reference.entries[""]) if e.kind == "function"}
    members: dict[int, Entry] = {}
    silent = []
    for name in dir(tensor):
        if name.startswith("_"):
            continue
        raw = inspect.getattr_static(tensor, name)
        known = members.get(id(raw))
        if known is not None:
            known.names.append(name)
            continue
        member = _tensor_member(reference, functions, name, raw)
        if member.text:
            members[id(raw)] = member
        else:
            silent.append(member)
    entries = _join_in_place(list(members.values()))
    body = write_families(entries, lambda member: write_member(reference, member, "Tensor.") + "\n")
    return body + "\n" + _write_silent(silent)


def _tensor_member(reference: Reference, functions: dict[int, Entry], name: str, raw: Any) -> Entry:
    plain = raw.__func__ if isinstance(raw, staticmethod) else raw
    kind = "staticmethod" if isinstance(raw, staticmethod) else "method"
    if not callable(plain):
        kind = "property"
    text = inspect.getdoc(plain) or "" if kind != "property" or isinstance(raw, property) else ""
    home = getattr(inspect.unwrap(plain), "__module__", "") if callable(plain) else "attributes"
    return Entry("", [name], plain, kind, home or "", text)


def _join_in_place(members: list[Entry]) -> list[Entry]:
    by_name = {name: member for member in members for name in member.names}
    kept = []
    for member in members:
        base = by_name.get(member.names[0].removesuffix("_"))
        if member.names[0].endswith("_") and base and member.text.startswith("In-place version of"):
            base.names += member.names
        else:
            kept.append(member)
    return kept


def _write_silent(members: list[Entry]) -> str:
    shown = "\n                  ".join(f"Tensor.{member.names[0]}" for member in members)
    return (
        _heading("There for scripts that ask", "-")
        + "Attributes and questions that have the answer of a dense tensor on the CPU.\n\n"
        + f".. py:property:: {shown}\n"
    )


def write_pages(folder: Path) -> None:
    """Write all pages; a page that would not change is left alone."""
    reference = Reference()
    folder.mkdir(exist_ok=True)
    wanted = {"index.rst": write_index()}
    for page, entries in distribute(reference):
        wanted[f"{page.file}.rst"] = write_page(reference, page, entries)
    for name, text in wanted.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, encoding="utf-8")
    for path in set(folder.glob("*.rst")) - {folder / name for name in wanted}:
        path.unlink()


def distribute(reference: Reference) -> list[tuple[Page, dict[str, list[Entry]]]]:
    """The entries of each page; what no page of the top level names stands on its last one."""
    left = list(reference.entries[""])
    found = []
    for page in PAGES:
        entries = {space: reference.entries[space] for space in page.spaces}
        if page.spaces == ("",):
            mine = [e for e in left if not page.homes or e.home.rpartition(".")[2] in page.homes]
            mine = [e for e in mine if page.file != "tensor" or e.kind == "class"]
            left = [e for e in left if e not in mine]
            entries = {"": mine}
        found.append((page, entries))
    return found


def write_index() -> str:
    """The page that leads to the others."""
    lines = [HEADER + _heading("Reference", "=")]
    lines.append(
        f"Every public name, with its signature and what it does. Names are written as after\n"
        f"``{SPOKEN}``. Functions of tensors also take ``out=``, where PyTorch's do, and\n"
        "NumPy's ``axis`` and ``keepdims`` for ``dim`` and ``keepdim``; shapes are broadcast and\n"
        "types promoted as in PyTorch. :ref:`All names in one list <genindex>`.\n"
    )
    lines.append(".. list-table::\n   :widths: 30 70\n")
    lines += [f"   * - :doc:`{page.title} <{page.file}>`\n     - {page.about}" for page in PAGES]
    files = "\n   ".join(page.file for page in PAGES)
    lines.append(f"\n.. toctree::\n   :hidden:\n   :maxdepth: 1\n\n   {files}\n")
    return "\n".join(lines)


def _prepare(app: Sphinx) -> None:
    write_pages(Path(app.srcdir) / "reference")


def _settle(app: Sphinx, config: Config) -> None:
    """Names stand without the package's; two thousand of them are no table of contents."""
    config.add_module_names = False
    config.toc_object_entries = False


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages when Sphinx starts."""
    app.connect("config-inited", _settle)
    app.connect("builder-inited", _prepare)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
