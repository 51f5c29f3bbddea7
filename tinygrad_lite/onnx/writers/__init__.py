"""Writers of ONNX nodes: one function per operation, in files after the catalogue's."""

from . import (
    convolution as convolution,
    elementwise as elementwise,
    indexing as indexing,
    layers as layers,
    recurrence as recurrence,
    reduction as reduction,
    scatter as scatter,
    shape as shape,
)
