"""The Graph as JSON, and back. The text is the same for equal graphs."""

from __future__ import annotations

import json
import math
from dataclasses import fields
from typing import Any

from .parts import Call, Leaf, Node, Operand, Statistics

FORMAT = "tinygrad_lite.graph"
VERSION = 1

_NUMBER: dict[str, Any] = {
    "type": ["number", "object"],
    "description": 'a value that is not finite is written {"float": "nan"}',
}
_SHAPE: dict[str, Any] = {
    "type": ["array", "null"],
    "items": {"type": "integer"},
    "description": "null where the record no longer knows it",
}
_STATISTICS: dict[str, Any] = {
    "type": "object",
    "properties": {
        **{name: {"type": "integer"} for name in ("size", "zeros", "nans", "infs")},
        **dict.fromkeys(("mean", "std", "min", "max", "rms", "low", "high"), _NUMBER),
        "histogram": {"type": "array", "items": {"type": "integer"}},
    },
}
_OPERAND: dict[str, Any] = {
    "type": "object",
    "properties": {
        "node": {"type": "integer", "description": "index of the operation that made the value"},
        "leaf": {"type": "integer", "description": "index of the leaf"},
        "output": {"type": "integer"},
        "scalar": {"description": "a number written in the code"},
        "name": {"type": "string"},
        "differentiable": {"type": "boolean"},
    },
}
_TEXT: dict[str, Any] = {"type": "string"}
SCHEMA: dict[str, Any] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "A recorded computation",
    "type": "object",
    "required": ["format", "version", "nodes", "leaves", "calls", "outputs"],
    "properties": {
        "format": {"const": FORMAT},
        "version": {"const": VERSION},
        "title": _TEXT,
        "freed": {"type": "boolean"},
        "has_gradients": {"type": "boolean"},
        "notes": {"type": "array", "items": _TEXT},
        "outputs": {"type": "array", "items": _OPERAND},
        "calls": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["path"],
                "properties": {
                    "path": _TEXT,
                    "module": _TEXT,
                    "number": {"type": "integer", "minimum": 1},
                    "parent": {"type": "integer", "minimum": -1},
                },
            },
        },
        "leaves": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": _TEXT,
                    "role": {"enum": ["input", "parameter", "buffer", "constant"]},
                    "shape": _SHAPE,
                    "dtype": _TEXT,
                    "requires_grad": {"type": "boolean"},
                    "value": _STATISTICS,
                    "gradient": _STATISTICS,
                    "scalar": {},
                },
            },
        },
        "nodes": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["op"],
                "properties": {
                    **dict.fromkeys(("op", "label", "kind", "source"), _TEXT),
                    **dict.fromkeys(("function", "formula", "line"), _TEXT),
                    "operands": {"type": "array", "items": _OPERAND},
                    "shapes": {"type": "array", "items": _SHAPE},
                    "dtypes": {"type": "array", "items": _TEXT},
                    "settings": {"type": "object"},
                    "call": {"type": "integer", "minimum": -1},
                    "differentiable": {"type": "boolean"},
                    "value": _STATISTICS,
                    "gradient": _STATISTICS,
                    "seconds": {"type": "number"},
                    "bytes": {"type": "integer"},
                    "saved": {"type": "array", "items": _TEXT},
                    "scalar": {},
                },
            },
        },
    },
}


def write(graph: dict[str, Any], *, indent: int | None = None) -> str:
    """JSON text of a graph given by its fields; what is at its default is left out."""
    plain = {
        "format": FORMAT,
        "version": VERSION,
        "title": graph["title"],
        "freed": graph["freed"],
        "has_gradients": graph["has_gradients"],
        "notes": list(graph["notes"]),
        "outputs": [_pack_operand(operand) for operand in graph["outputs"]],
        "calls": [_pack(call) for call in graph["calls"]],
        "leaves": [_pack(leaf) for leaf in graph["leaves"]],
        "nodes": [_pack(node) for node in graph["nodes"]],
    }
    separators = (",", ":") if indent is None else None
    return json.dumps(plain, ensure_ascii=False, indent=indent, separators=separators)


def read(text: str) -> dict[str, Any]:
    """The fields of the graph that `write` wrote."""
    plain = json.loads(text)
    if not isinstance(plain, dict) or plain.get("format") != FORMAT:
        message = f'not a graph: expected an object with "format": "{FORMAT}"'
        raise ValueError(message)
    if plain.get("version") != VERSION:
        message = f"graph of version {plain.get('version')}; this library reads version {VERSION}"
        raise ValueError(message)
    return {
        "nodes": tuple(_unpack_node(entry) for entry in plain["nodes"]),
        "leaves": tuple(_unpack_leaf(entry) for entry in plain["leaves"]),
        "calls": tuple(Call(**entry) for entry in plain["calls"]),
        "outputs": tuple(_unpack_operand(entry) for entry in plain["outputs"]),
        "title": plain.get("title", ""),
        "freed": plain.get("freed", False),
        "has_gradients": plain.get("has_gradients", False),
        "notes": tuple(plain.get("notes", ())),
    }


def _pack(entry: Call | Leaf | Node) -> dict[str, Any]:
    packed = {}
    for item in fields(entry):
        value = getattr(entry, item.name)
        if value == item.default and type(value) is type(item.default):
            continue
        packed[item.name] = _pack_field(item.name, value)
    return packed


def _pack_field(name: str, value: Any) -> Any:
    if name in {"value", "gradient"}:
        return _pack_statistics(value)
    if name == "operands":
        return [_pack_operand(operand) for operand in value]
    if name == "settings":
        return {key: _pack_plain(setting) for key, setting in value}
    return _pack_plain(value)


def _pack_operand(operand: Operand) -> dict[str, Any]:
    defaults = Operand._field_defaults
    found = operand._asdict().items()
    return {key: _pack_plain(value) for key, value in found if value is not defaults[key]}


def _pack_statistics(statistics: Statistics) -> dict[str, Any]:
    return {key: _pack_plain(value) for key, value in statistics._asdict().items()}


def _pack_plain(value: Any) -> Any:
    """JSON has no NaN and no infinity, so they travel as text."""
    if isinstance(value, tuple):
        return [_pack_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return {"float": str(value)}
    return value


def _unpack_plain(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(_unpack_plain(item) for item in value)
    if isinstance(value, dict):
        return float(value["float"])
    return value


def _unpack_operand(entry: dict[str, Any]) -> Operand:
    return Operand(**{key: _unpack_plain(value) for key, value in entry.items()})


def _unpack_statistics(entry: dict[str, Any] | None) -> Statistics | None:
    if entry is None:
        return None
    return Statistics(**{key: _unpack_plain(value) for key, value in entry.items()})


def _unpack_common(entry: dict[str, Any]) -> dict[str, Any]:
    plain = {key: _unpack_plain(value) for key, value in entry.items() if key not in _NESTED}
    plain["value"] = _unpack_statistics(entry.get("value"))
    plain["gradient"] = _unpack_statistics(entry.get("gradient"))
    return plain


_NESTED = frozenset({"value", "gradient", "operands", "settings"})


def _unpack_leaf(entry: dict[str, Any]) -> Leaf:
    return Leaf(**_unpack_common(entry))


def _unpack_node(entry: dict[str, Any]) -> Node:
    plain = _unpack_common(entry)
    plain["operands"] = tuple(_unpack_operand(operand) for operand in entry.get("operands", ()))
    settings = entry.get("settings", {}).items()
    plain["settings"] = tuple((key, _unpack_plain(value)) for key, value in settings)
    return Node(**plain)
