"""Which module call is running: the records that pictures and error notes are read from.

`Module.__call__` keeps the running call in the thread's `here.scope` as a plain list
`[module, parent call, number within the parent, children so far]`: a list literal costs 40 ns
where an object with named fields costs 200. The path is only worked out when somebody reads it.
"""

from __future__ import annotations

from typing import Any

__all__ = ["call_path", "note_module"]


def call_path(call: list[Any] | None) -> str:
    """The dotted path of a call's module, seen from the outermost module that was called."""
    parts: list[str] = []
    while call is not None and call[1] is not None:
        parts.append(_name_within(call[1][0], call[0]))
        call = call[1]
    return ".".join(reversed([part for part in parts if part]))


def _name_within(parent: Any, child: Any) -> str:
    """The name of `child` below `parent`; its class where it is not registered there."""
    if parent is child:
        return ""
    for name, module in parent.named_modules():
        if module is child:
            return str(name)
    return str(child.__class__.__name__)


def note_module(error: BaseException, call: list[Any]) -> None:
    """Add to `error` which module it arose in, once: the innermost call comes first."""
    if not isinstance(error, Exception) or getattr(error, "module_path", None) is not None:
        return
    try:
        path = call_path(call)
        error.module_path = path  # type: ignore[attr-defined]
        error.add_note(_where(call[0], path))
    except Exception:  # noqa: BLE001 - a note must never hide its error
        return


def _where(module: Any, path: str) -> str:
    settings = " ".join(module.extra_repr().split())
    shown = f"{module.__class__.__name__}({settings})"
    return f"in module `{path}`: {shown}" if path else f"in module {shown}"
