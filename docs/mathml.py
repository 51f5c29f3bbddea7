"""Formulas as MathML, which browsers draw by themselves: pages show them without a network."""

from __future__ import annotations

from html import escape
from typing import Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from sphinx.application import Sphinx
from sphinx.util import logging

logger = logging.getLogger(__name__)


def drawn(node: nodes.Element, as_block: bool) -> str:
    """Return the formula as MathML; a build with `-W` fails where that is not possible."""
    try:
        return tex2mathml(node.astext(), as_block=as_block)
    except MathError as found:
        logger.warning("formula %r: %s", node.astext(), found, location=node)
        return escape(node.astext())


def inline(translator: Any, node: nodes.math) -> None:
    """Draw a formula within a line."""
    translator.body.append(drawn(node, as_block=False))
    raise nodes.SkipNode


def block(translator: Any, node: nodes.math_block) -> None:
    """Draw a formula on a line of its own; one of several lines is aligned at its `&`."""
    translator.body.append(f'<div class="math">{drawn(node, as_block=True)}</div>')
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the renderer."""
    app.add_html_math_renderer("mathml", (inline, None), (block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
