"""Docstrings, which are plain text, as reStructuredText."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable

__all__ = ["escape", "first_sentence", "indent", "write_docstring"]

HEADS = (
    "Shapes|Shape|Gradient|Differs from PyTorch(?:'s \\w+)?|Errors|Source|Range|Units or range|Note"
)
HEAD = re.compile(rf"^(?:\*\*({HEADS})\*\*[.:]?|({HEADS}):)\s+", re.DOTALL)
WITHIN = re.compile(rf"(?<=[.)]) (?=(?:{HEADS}): )")
CODE = re.compile(r"(``?)([^`]+)\1")
Linker = Callable[[str], str | None]


def escape(text: str) -> str:
    """Text in which no sign has a meaning."""
    return re.sub(r"([\\*_|`<>])", r"\\\1", text)


def indent(text: str, by: int = 3) -> str:
    """Every line that is not empty, moved to the right."""
    return re.sub(r"^(?=.)", " " * by, text, flags=re.MULTILINE)


def first_sentence(text: str) -> str:
    """The first sentence of a docstring."""
    paragraph = " ".join(text.strip().split("\n\n")[0].split())
    return re.split(r"(?<=[.:;]) (?=[A-Z`])", paragraph)[0]


def write_inline(text: str, link: Linker) -> str:
    """One paragraph, its code set as code, and linked where `link` knows a target."""
    parts, end = [], 0
    for found in CODE.finditer(text):
        parts += [escape(text[end : found.start()]), _write_code(found[2], link)]
        end = found.end()
    return "".join([*parts, escape(text[end:])])


def _write_code(code: str, link: Linker) -> str:
    target = link(code)
    if target:
        shown = code.replace("\\", "\\\\")
        return f"\\ :py:obj:`{shown} <{target}>`\\ "
    return f"\\ ``{' '.join(code.split())}``\\ "


def write_docstring(text: str, link: Linker) -> str:
    """The docstring: paragraphs, sections as fields, formulas and examples as they stand."""
    blocks = []
    for block in re.split(r"\n\s*\n", text.strip()) if text else ():
        if block.startswith("Slots: "):  # of no use outside the engine
            continue
        blocks += [_write_block(part, link) for part in _split_examples(block)]
    return "\n\n".join(blocks)


def _split_examples(block: str) -> list[str]:
    """A paragraph and the example that follows it without an empty line."""
    place = re.search(r"^>>> ", block, re.MULTILINE)
    if place and place.start():
        return [block[: place.start()].rstrip(), block[place.start() :]]
    return [block]


def _write_block(block: str, link: Linker) -> str:
    if block.startswith(">>>"):
        return ".. code-block:: pycon\n\n" + indent(block)
    lines = block.splitlines()
    if all(line.startswith("    ") for line in lines):
        return "::\n\n" + indent(textwrap.dedent(block))
    inner = next((i for i, line in enumerate(lines) if line.startswith("    ")), None)
    if inner and all(line.startswith("    ") for line in lines[inner:]):
        above = _write_block("\n".join(lines[:inner]), link)
        return above + "\n\n::\n\n" + indent(textwrap.dedent("\n".join(lines[inner:])))
    if any(line.startswith(("- ", "* ")) for line in lines):
        return _write_list(block, link)
    parts = WITHIN.split(" ".join(line.strip() for line in lines))
    return "\n\n".join(_write_paragraph(part, link) for part in parts)


def _write_list(block: str, link: Linker) -> str:
    items = re.split(r"^[-*] ", block, flags=re.MULTILINE)
    above = [write_inline(" ".join(items[0].split()), link), ""] if items[0].strip() else []
    return "\n".join([*above, *(f"- {write_inline(' '.join(i.split()), link)}" for i in items[1:])])


def _write_paragraph(text: str, link: Linker) -> str:
    head = HEAD.match(text)
    if head:
        return f"**{head[1] or head[2]}.** {write_inline(text[head.end() :], link)}"
    return write_inline(text, link)
