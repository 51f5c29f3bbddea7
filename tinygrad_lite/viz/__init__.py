"""Pictures of computational graphs."""

from __future__ import annotations

from .._graph import Graph, graph, record, trace
from .draw import draw
from .make_dot import make_dot
from .picture import Picture
from .tables import profile, summary

__all__ = [
    "Graph", "Picture", "draw", "graph", "make_dot", "profile", "record", "summary", "trace",
]  # fmt: skip
