"""The English pages."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # the reference reads the package
sys.path.insert(0, str(Path(__file__).parents[1]))
from settings import *  # noqa: F403 - Sphinx reads the names of this module
from settings import extensions as common

language = "en"
extensions = [*common, "gathered", "reference"]
