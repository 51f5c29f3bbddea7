"""The picture as a Mermaid flow chart, for pages that render Mermaid."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cards import Writer

if TYPE_CHECKING:
    from .options import Options
    from .scene import Entity, Scene


def write_mermaid(scene: Scene, options: Options) -> str:
    """A `flowchart` with one node per card and one subgraph per frame."""
    writer = Writer(scene, options)
    names = {id(card): f"n{number}" for number, card in enumerate(scene.cards)}
    lines = [f"flowchart {options.direction}"]
    _write_frame(scene.root, writer, names, lines)
    for tail, head, differentiable in list_edges(scene):
        arrow = "-->" if differentiable else "-.->"
        lines.append(f"  {names[id(tail)]} {arrow} {names[id(head)]}")
    return "\n".join(lines) + "\n"


def _write_frame(root: Entity, writer: Writer, names: dict[int, str], lines: list[str]) -> None:
    work: list[tuple[Entity | None, int]] = [(child, 1) for child in root.children[::-1]]
    frames = 0
    while work:
        entity, depth = work.pop()
        pad = "  " * depth
        if entity is None:
            lines.append(f"{pad}end")
        elif entity.form == "frame":
            face = writer.write_title(entity)
            title = " ".join(w for w in (face.title, face.name, face.badge) if w)
            lines.append(f'{pad}subgraph s{frames}["{_quote(title)}"]')
            frames += 1
            work.append((None, depth))
            work += [(child, depth + 1) for child in entity.children][::-1]
        elif entity.form != "port":
            lines.append(f'{pad}{names[id(entity)]}["{_write_label(writer, entity)}"]')


def _write_label(writer: Writer, card: Entity) -> str:
    face = writer.write(card)
    head = " ".join(w for w in (face.title, face.name, face.badge) if w)
    rows = [f"{row.left} {row.right}".strip() for row in face.rows]
    return "<br/>".join([f"<b>{_quote(head)}</b>", *(_quote(row) for row in rows)])


def _quote(text: str) -> str:
    """Mermaid's own escapes, so that no name can end the label."""
    codes = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "`": "#96;", "\n": " "}
    return "".join(codes.get(letter, letter) for letter in text)


def list_edges(scene: Scene) -> list[tuple[Entity, Entity, bool]]:
    """Edges from card to card, through the borders of frames, each once."""
    found: dict[tuple[int, int], tuple[Entity, Entity, bool]] = {}
    leaving: dict[tuple[int, object], Entity] = {}
    for frame in reversed(scene.frames):
        for link in frame.links.values():
            if link.head.form == "port":
                tail = link.tail if link.tail.form != "frame" else leaving[id(link.tail), link.key]
                leaving[id(frame), link.key] = tail
    entering: dict[tuple[int, object], Entity] = {}
    for frame in scene.frames:
        for link in frame.links.values():
            tail = _find_tail(link.tail, link.key, frame, leaving, entering)
            if link.head.form == "frame":
                entering[id(link.head), link.key] = tail
            elif link.head.form != "port":
                pair = (id(tail), id(link.head))
                known = found.get(pair)
                differentiable = link.differentiable or (known is not None and known[2])
                found[pair] = (tail, link.head, differentiable)
    return list(found.values())


def _find_tail(
    tail: Entity,
    key: object,
    frame: Entity,
    leaving: dict[tuple[int, object], Entity],
    entering: dict[tuple[int, object], Entity],
) -> Entity:
    """The card behind a frame or a port."""
    if tail.form == "frame":
        return leaving[id(tail), key]
    if tail.form == "port":
        return entering[id(frame), key]
    return tail
