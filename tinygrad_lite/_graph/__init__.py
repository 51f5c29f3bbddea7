"""The recorded computation as an immutable value, and the three ways to get one."""

from __future__ import annotations

from .parts import Call, Leaf, Node, Operand, Statistics
from .record import Recorder, record, trace
from .value import Graph
from .walk import graph

__all__ = [
    "Call", "Graph", "Leaf", "Node", "Operand", "Recorder", "Statistics",
    "graph", "record", "trace",
]  # fmt: skip
