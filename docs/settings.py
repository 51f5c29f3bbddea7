"""What the English and the Korean pages have in common: Sphinx's settings."""

from __future__ import annotations

import os
from pathlib import Path

DOCS = Path(__file__).parent

# The cells of the pages import the package from the clone, and the figures from here.
os.environ["PYTHONPATH"] = os.pathsep.join(map(str, (DOCS.parent, DOCS, DOCS.parent / "examples")))
os.environ.setdefault("OMP_NUM_THREADS", "1")
# This Python runs them; its kernel says only what went wrong.
os.environ["JUPYTER_PATH"] = str(DOCS / "jupyter")

project = "tinygrad_lite"
author = "the tinygrad_lite authors"
copyright = author
version = "2.13"
extensions = ["korean_search", "mathml", "myst_nb", "pictures", "sphinx_design"]
exclude_patterns = ["_build"]
nitpicky = True

myst_enable_extensions = ["amsmath", "attrs_inline", "colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 120
nb_merge_streams = True

html_theme = "furo"
html_title = "tinygrad_lite"
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # browsers fetch none from a local folder
html_static_path = ["../static"]
templates_path = ["../templates"]
html_sidebars = {
    "**": [
        "sidebar/brand.html",
        "language.html",
        "sidebar/search.html",
        "sidebar/scroll-start.html",
        "sidebar/navigation.html",
        "sidebar/scroll-end.html",
    ]
}
html_css_files = ["pages.css"]
html_js_files = ["pad.js"]
# Styles of Pygments itself: those that furo prefers turn on the log of everything else.
pygments_style, pygments_dark_style = "friendly", "github-dark"
html_math_renderer = "mathml"


def pages(language: str) -> set[str]:
    """Return the names of the pages that are written in a language."""
    tree = DOCS / language
    return {path.relative_to(tree).with_suffix("").as_posix() for path in tree.rglob("*.md")}


# From a page that exists in both languages a link leads to the same page in the other one.
html_context = {"translated": sorted(pages("en") & pages("ko"))}
