"""Models to and from ONNX files; needs the package onnx: pip install 'tinygrad-lite[export]'."""

from __future__ import annotations

from .errors import (
    OnnxExporterError as OnnxExporterError,
    UnsupportedOperatorError as UnsupportedOperatorError,
)
from .export import (
    TrainingMode as TrainingMode,
    export as export,
    is_in_onnx_export as is_in_onnx_export,
)
from .load import OnnxModel as OnnxModel, load as load

__all__ = [
    "OnnxExporterError", "OnnxModel", "TrainingMode", "UnsupportedOperatorError", "export",
    "is_in_onnx_export", "load",
]  # fmt: skip
