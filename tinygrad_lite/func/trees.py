"""Trees: nested tuples, lists and dicts with tensors (or anything else) as leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

__all__ = ["alike", "filled", "leaves", "mapped"]


def children(tree: Any) -> list[tuple[Any, Any]] | None:
    """The keys and branches of a node; None for a leaf."""
    if isinstance(tree, dict):
        return list(tree.items())
    if isinstance(tree, (list, tuple)):
        return list(enumerate(tree))
    return None


def rebuilt(tree: Any, branches: list[Any]) -> Any:
    """A node of the same kind with other branches."""
    if isinstance(tree, dict):
        return dict(zip(tree, branches, strict=True))
    if hasattr(tree, "_fields"):
        return type(tree)(*branches)
    return branches if isinstance(tree, list) else tuple(branches)


def mapped(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same tree with a function applied to every leaf."""
    inside = children(tree)
    if inside is None:
        return function(tree)
    return rebuilt(tree, [mapped(function, branch) for _, branch in inside])


def leaves(tree: Any) -> list[Any]:
    """The leaves in order."""
    found: list[Any] = []
    mapped(found.append, tree)
    return found


def filled(tree: Any, values: Iterable[Any]) -> Any:
    """The same tree with other leaves."""
    rest = iter(values)
    return mapped(lambda _: next(rest), tree)


def alike(one: Any, other: Any) -> bool:
    """Whether two trees have the same structure."""
    mine, theirs = children(one), children(other)
    if mine is None or theirs is None:
        return mine is None and theirs is None
    return [k for k, _ in mine] == [k for k, _ in theirs] and all(
        alike(a, b) for (_, a), (_, b) in zip(mine, theirs, strict=True)
    )
