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
version = "1.0"
extensions = ["mathml", "myst_nb", "pictures", "sphinx_design"]
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
html_static_path = ["../static"]
html_css_files = ["pages.css"]
html_js_files = ["pad.js"]
pygments_style, pygments_dark_style = "friendly", "monokai"
html_math_renderer = "mathml"
