"""Layered layout: ranks, order, coordinates."""

from __future__ import annotations

from .layered import Arrangement, Box, Wire, arrange, rank_boxes

__all__ = ["Arrangement", "Box", "Wire", "arrange", "rank_boxes"]
