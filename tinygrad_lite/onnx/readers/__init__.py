"""Readers of ONNX nodes: one function per operator."""

from . import (
    control as control,
    elementwise as elementwise,
    images as images,
    layers as layers,
    recurrence as recurrence,
    reduction as reduction,
    scatter as scatter,
    shape as shape,
)
