"""Formulas as MathML, which browsers draw by themselves: pages show them without a network."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from docutils.utils.math import MathError, toplevel_code
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)


def drawn(node: nodes.Element, code: str, as_block: bool) -> str:
    """Return the formula as MathML; a build with `-W` fails where that is not possible."""
    try:
        return tex2mathml(code, as_block=as_block)
    except MathError as found:
        logger.warning("formula %r: %s", code, found, location=node)
        return code


def inline(translator: Any, node: nodes.math) -> None:
    """Draw a formula within a line."""
    translator.body.append(drawn(node, node.astext(), as_block=False))
    raise nodes.SkipNode


def block(translator: Any, node: nodes.math_block) -> None:
    """Draw a formula on a line of its own; one of several lines is aligned at its `&`."""
    code = node.astext()
    if r"\\" in toplevel_code(code):
        code = rf"\begin{{align*}}{code}\end{{align*}}"
    translator.body.append(f'<div class="math">{drawn(node, code, as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
