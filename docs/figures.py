"""Figures on the pages: those of the examples, shown where they are made."""

from __future__ import annotations

import contextlib
import io
import tempfile
from pathlib import Path

from show import Figure as ExampleFigure

__all__ = ["Figure"]


class Figure(ExampleFigure):
    """A row of panels under a title; the last expression of a cell shows it."""

    def _repr_html_(self) -> str:
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
            path = Path(folder) / "figure.svg"
            self.save(str(path))
            return f'<div style="overflow-x: auto">{path.read_text("utf-8")}</div>'
