"""What cannot be exported or imported, said with the operation's name and the line."""

from __future__ import annotations

import importlib
from typing import Any

__all__ = ["OnnxExporterError", "UnsupportedOperatorError", "UntracedError", "need_package"]


class OnnxExporterError(RuntimeError):
    """A model that cannot be written as, or read from, an ONNX graph."""


class UnsupportedOperatorError(OnnxExporterError, NotImplementedError):
    """An operation that has no counterpart on the other side."""


class UntracedError(UnsupportedOperatorError):
    """A value that depends on the inputs, and that no recorded operation made."""

    def __init__(self, text: str, array: Any) -> None:
        super().__init__(text)
        self.array = array


def need_package() -> Any:
    """The `onnx` package; an error that names the extra where it is missing."""
    try:
        return importlib.import_module("onnx")
    except ImportError as error:
        raise ModuleNotFoundError(
            "reading and writing ONNX files needs the package onnx: "
            "pip install 'tinygrad-lite[export]'",
            name="onnx",
        ) from error
