"""The picture for a terminal: an indented list with shapes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cards import Writer

if TYPE_CHECKING:
    from .options import Options
    from .scene import Entity, Scene


def write_text(scene: Scene, options: Options) -> str:
    """One line per card, modules as headings; inputs first."""
    writer = Writer(scene, options)
    total = scene.shown + scene.folded
    name = options.title or scene.graph.title or "Graph"
    lines = [f"{name}: {total} operations, {scene.shown} shown, {scene.folded} folded"]
    work = [(child, 1) for child in _sort(scene.root.children)][::-1]
    while work:
        entity, depth = work.pop()
        if entity.form == "frame":
            face = writer.write_title(entity)
            words = [face.title, face.name, face.badge, *(row.left for row in face.rows)]
            lines.append("  " * depth + " ".join(word for word in words if word))
            work += [(child, depth + 1) for child in _sort(entity.children)][::-1]
        else:
            lines.append("  " * depth + _write_card(writer, entity))
    return "\n".join(lines) + "\n"


def _sort(children: list[Entity]) -> list[Entity]:
    drawn = [child for child in children if child.form != "port"]
    return sorted(drawn, key=lambda child: child.order)


def _write_card(writer: Writer, card: Entity) -> str:
    face = writer.write(card)
    head = " ".join(word for word in (face.title, face.name, face.badge) if word)
    facts = [f"{row.left} {row.right}".strip() for row in face.rows]
    return f"{head}  [{'; '.join(facts)}]" if facts else head
