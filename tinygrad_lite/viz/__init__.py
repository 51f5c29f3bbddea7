"""Pictures of computational graphs."""

from __future__ import annotations

from .._graph import record
from .draw import draw
from .picture import Picture

__all__ = ["Picture", "draw", "record"]
