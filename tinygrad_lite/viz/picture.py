"""A picture: a graph, how to draw it, and every format it can be had in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .compose import EFFORT, Drawing, compose
from .dot import make_digraph, place_with_dot, write_dot
from .expand import prepare
from .mermaid import write_mermaid
from .options import BUDGET, Options, make_options
from .raster import write_pdf, write_png
from .scene import Scene, build_scene
from .svg import write_page, write_svg
from .text import write_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .._graph import Graph, Node

STEPS = (44, 32, 24, 18)  # cards to try with where the full budget does not fit the page
HASTE, NEARLY = 2_000, 1.15  # effort of a trial, and how far it may miss the page
SUFFIXES = (".svg", ".html", ".png", ".pdf", ".dot", ".gv", ".json", ".mmd", ".txt")


@dataclass(frozen=True)
class Picture:
    """A drawing of `graph`; nothing is laid out before a format is asked for."""

    graph: Graph
    options: Options = field(default_factory=Options)

    def __repr__(self) -> str:
        shown, ops = self.stats["shown"], self.stats["ops"]
        name = self.options.title or self.graph.title or "untitled"
        return f"Picture({name}: {ops} operations, {shown} shown, {ops - shown} folded)"

    def __str__(self) -> str:
        return self.text()

    def __len__(self) -> int:
        return len(self.graph)

    def __iter__(self) -> Iterator[Node]:
        return iter(self.graph)

    @property
    def scene(self) -> Scene:
        """Cards, frames and wires, folded to the budget."""
        return self._laid[0]

    @property
    def drawing(self) -> Drawing:
        """The scene with a place for everything."""
        return self._laid[1]

    @cached_property
    def _laid(self) -> tuple[Scene, Drawing]:
        """The picture with as many cards as the budget allows and the page holds."""
        options = self.options
        free = options.fold and options.budget == BUDGET
        free = free and options.depth is None and options.expand != "all"
        scene, drawing = self._lay(options)
        for budget in STEPS if free else ():
            if drawing.excess <= 1.0:
                break
            # How large a picture gets depends little on the order of its cards: try in haste.
            fewer = replace(options, budget=budget)
            if budget == STEPS[-1] or self._lay(fewer, HASTE)[1].excess <= NEARLY:
                scene, drawing = self._lay(fewer)
        if options.engine == "dot":
            place_with_dot(scene, drawing, options)
        return scene, drawing

    def _lay(self, options: Options, effort: int = EFFORT) -> tuple[Scene, Drawing]:
        """Scene and drawing for these options."""
        root, opened = prepare(self.graph, options)
        scene = build_scene(self.graph, root, opened, options)
        return scene, compose(scene, options, effort)

    @property
    def stats(self) -> dict[str, int]:
        """Counts: ops, params, saved_bytes, shown, folded; shown + folded = ops."""
        return {
            "ops": len(self.graph.nodes),
            "params": sum(leaf.size for leaf in self.graph.parameters),
            "saved_bytes": sum(node.bytes or 0 for node in self.graph.nodes),
            "shown": self.scene.shown,
            "folded": self.scene.folded,
        }

    def find(self, query: str) -> tuple[Node, ...]:
        """Operations that satisfy the query, as `Graph.find`."""
        return self.graph.find(query)

    def expand(self, *patterns: str) -> Picture:
        """The same picture with the modules of these paths or classes open; "all" opens all."""
        if "all" in patterns:
            return self.redraw(expand="all")
        before = self.options.expand if isinstance(self.options.expand, tuple) else ()
        return self.redraw(expand=(*before, *patterns))

    def collapse(self, *patterns: str) -> Picture:
        """The same picture with the modules of these paths or classes closed."""
        return self.redraw(collapse=(*self.options.collapse, *patterns))

    def redraw(self, **options: Any) -> Picture:
        """The same graph, drawn with other options."""
        return Picture(self.graph, make_options(options, self.options))

    def svg(self) -> str:
        """SVG text, the same bytes for the same graph and options everywhere."""
        return write_svg(self.scene, self.drawing, self.options)

    def html(self) -> str:
        """A page that holds the picture, whole in one file: no script, nothing fetched."""
        return write_page(self.svg(), self.options.title or self.graph.title or "Graph")

    @property
    def dot(self) -> str:
        """The picture's cards and wires in Graphviz' language."""
        return write_dot(self.scene, self.options)

    def to_graphviz(self) -> Any:
        """A `graphviz.Digraph` with the picture's cards and wires."""
        return make_digraph(self.dot)

    def mermaid(self) -> str:
        """The picture's cards and wires as a Mermaid flow chart."""
        return write_mermaid(self.scene, self.options)

    def json(self, *, indent: int | None = None) -> str:
        """The whole graph as JSON, see `Graph.json`."""
        return self.graph.json(indent=indent)

    def text(self) -> str:
        """The picture as an indented list for terminals."""
        return write_text(self.scene, self.options)

    def png(self, scale: float = 2.0) -> bytes:
        """PNG bytes; needs the extra `viz`."""
        return write_png(self._light().svg(), scale)

    def pdf(self) -> bytes:
        """PDF bytes: one page of the picture's size; needs the extra `viz`."""
        return write_pdf(self._light().svg())

    def _light(self) -> Picture:
        """A raster has one theme."""
        return self.redraw(theme="light") if self.options.theme == "auto" else self

    def save(self, path: str | Path) -> Path:
        """Write the picture; the suffix says in which format."""
        target = Path(path)
        writers: dict[str, Callable[[], str | bytes]] = {
            ".svg": self.svg,
            ".html": self.html,
            ".png": self.png,
            ".pdf": self.pdf,
            ".dot": lambda: self.dot,
            ".gv": lambda: self.dot,
            ".json": self.json,
            ".mmd": self.mermaid,
            ".txt": self.text,
        }
        writer = writers.get(target.suffix.lower())
        if writer is None:
            known = " ".join(SUFFIXES)
            raise ValueError(f"save: {target.name!r} has no suffix known here; use one of {known}")
        content = writer()
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            target.write_text(content, encoding="utf-8", newline="\n")
        return target

    def _repr_mimebundle_(self, **_: Any) -> dict[str, str]:
        return {"image/svg+xml": self.svg(), "text/plain": repr(self)}
