"""The recorded computation as an immutable value."""

from __future__ import annotations

from .parts import Call, Leaf, Node, Operand, Statistics
from .value import Graph

__all__ = ["Call", "Graph", "Leaf", "Node", "Operand", "Statistics"]
