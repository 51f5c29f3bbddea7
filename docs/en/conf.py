"""The English pages."""

import sys
from pathlib import Path

sys.path[:0] = map(str, Path(__file__).parents[1:3])
from settings import *  # noqa: F403 - Sphinx reads the names of this module
from settings import extensions as common

language = "en"
extensions = [*common, "reference"]
