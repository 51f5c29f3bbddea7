"""The bridge to Graphviz: DOT text, a `Digraph`, and places worked out by `dot`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from .cards import Writer
from .compose import Path
from .kinds import KINDS
from .mermaid import list_edges

if TYPE_CHECKING:
    from .compose import Drawing
    from .options import Options
    from .scene import Entity, Scene


def write_dot(scene: Scene, options: Options) -> str:
    """A `digraph` with one node per card and one cluster per frame."""
    writer = Writer(scene, options)
    lines = [
        "digraph {",
        f"  rankdir={options.direction};",
        '  node [shape=box style="rounded,filled" fillcolor=white fontname="Helvetica" '
        "fontsize=11];",
        '  edge [color="#7a8694" arrowsize=0.6];',
        "  compound=true;",
    ]
    names = {id(card): f"n{number}" for number, card in enumerate(scene.cards)}
    _write_frames(scene, writer, names, lines)
    for tail, head, differentiable in list_edges(scene):
        style = "" if differentiable else " [style=dashed]"
        lines.append(f"  {names[id(tail)]} -> {names[id(head)]}{style};")
    lines.append("}")
    return "\n".join(lines) + "\n"


def _write_frames(scene: Scene, writer: Writer, names: dict[int, str], lines: list[str]) -> None:
    work: list[tuple[Entity | None, int]] = [(child, 1) for child in scene.root.children[::-1]]
    clusters = 0
    while work:
        entity, depth = work.pop()
        pad = "  " * depth
        if entity is None:
            lines.append(f"{pad}}}")
        elif entity.form == "frame":
            face = writer.write_title(entity)
            title = " ".join(w for w in (face.title, face.name, face.badge) if w)
            lines.append(f"{pad}subgraph cluster_{clusters} {{")
            lines.append(f'{pad}  label={_quote(title)}; style="rounded"; color="#c3cad3";')
            clusters += 1
            work.append((None, depth))
            work += [(child, depth + 1) for child in entity.children][::-1]
        elif entity.form != "port":
            color = KINDS[writer.write(entity).kind].light
            label = _quote(_write_label(writer, entity))
            lines.append(f'{pad}{names[id(entity)]} [label={label} color="{color}"];')


def _write_label(writer: Writer, card: Entity) -> str:
    face = writer.write(card)
    head = " ".join(w for w in (face.title, face.name, face.badge) if w)
    return "\n".join([head, *(f"{row.left} {row.right}".strip() for row in face.rows)])


def _quote(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def make_digraph(source: str) -> Any:
    """A `graphviz.Digraph` with this body."""
    import graphviz

    digraph = graphviz.Digraph()
    lines = source.splitlines(keepends=True)
    digraph.body.extend(lines[1:-1])
    return digraph


def place_with_dot(scene: Scene, drawing: Drawing, options: Options) -> None:
    """Replace the places of cards and the ways of wires by those that `dot` works out.

    Frames become the clusters' boxes. Needs the Graphviz program.
    """
    import graphviz

    names = {id(card): f"n{number}" for number, card in enumerate(scene.cards)}
    source = _write_skeleton(scene, options, names)
    try:
        laid = json.loads(graphviz.Source(source).pipe(format="json", encoding="utf-8"))
    except graphviz.ExecutableNotFound:
        raise RuntimeError(
            'engine="dot" needs the Graphviz program `dot` on the path; the default '
            'engine="builtin" needs nothing'
        ) from None
    _read_places(scene, drawing, laid, names)


def _write_skeleton(scene: Scene, options: Options, names: dict[int, str]) -> str:
    lines = [f'digraph {{ rankdir={options.direction}; node [shape=box fixedsize=true label=""];']
    work: list[Entity | None] = [*scene.root.children[::-1]]
    frames = 0
    while work:
        entity = work.pop()
        if entity is None:
            lines.append("}")
        elif entity.form == "frame":
            frames += 1
            number = next(i for i, frame in enumerate(scene.frames) if frame is entity)
            lines.append(f'subgraph cluster_{number} {{ label=" "; margin=14;')
            work.append(None)
            work += list(entity.children)[::-1]
        elif entity.form != "port":
            size = f"width={entity.width / 72:.4f} height={entity.height / 72:.4f}"
            lines.append(f"{names[id(entity)]} [{size}];")
    lines += [f"{names[id(t)]} -> {names[id(h)]};" for t, h, _ in list_edges(scene)]
    return "\n".join([*lines, "}"])


def _read_places(
    scene: Scene, drawing: Drawing, laid: dict[str, Any], names: dict[int, str]
) -> None:
    _, _, width, height = (float(v) for v in laid["bb"].split(","))
    drawing.width, drawing.height = width, height
    by_name = {entry["name"]: entry for entry in laid.get("objects", [])}
    for card in scene.cards:
        x, y = (float(v) for v in by_name[names[id(card)]]["pos"].split(","))
        card.x, card.y = x, height - y
    for number, frame in enumerate(scene.frames[1:], 1):
        box = by_name[f"cluster_{number}"]["bb"]
        left, low, right, high = (float(v) for v in box.split(","))
        frame.x, frame.y = (left + right) / 2, height - (low + high) / 2
        frame.width, frame.height = right - left, high - low
    drawing.marks = []
    drawing.paths = []
    for (_, _, differentiable), edge in zip(list_edges(scene), _order(laid), strict=True):
        parts = edge["pos"].removeprefix("e,").split()
        ends = [tuple(float(v) for v in part.split(",")) for part in parts]
        points = [(x, height - y) for x, y in [*ends[1:], ends[0]]]
        source = ("node", -1, 0)
        drawing.paths.append(Path(points, differentiable, "", source, arrow=True, spline=True))


def _order(laid: dict[str, Any]) -> list[dict[str, Any]]:
    return sorted(laid.get("edges", []), key=lambda edge: int(edge["_gvid"]))
