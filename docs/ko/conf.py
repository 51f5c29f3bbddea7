"""The Korean pages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from settings import *  # noqa: F403 - Sphinx reads the names of this module

language = "ko"
html_title = "tinygrad_lite 한국어"

locale_dirs = ["locales"]
