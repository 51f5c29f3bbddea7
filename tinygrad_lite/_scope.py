"""Names of PyTorch that are out of scope here, each with the reason and what to use instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["OUT_OF_SCOPE", "REMOVED", "OutOfScopeError", "refusal", "removed"]


class OutOfScopeError(NotImplementedError, AttributeError):
    """A name of PyTorch that is not there; `hasattr` answers False, as for any missing name."""


_COMPLEX = "complex numbers are out of scope; split into real and imaginary parts"
_SPARSE = "sparse tensors are out of scope; use a dense tensor or index_add"
_QUANTISED = "quantised tensors are out of scope; use float32"
_ACCELERATOR = "there is no such device here; every tensor is on the CPU"


def refusal(name: str, reason: str) -> Any:
    """A function that stands for `torch.name` or `Tensor.name` and says why it is not there."""

    def function(*_: Any, **__: Any) -> Any:
        raise NotImplementedError(f"{name} is not supported: {reason}")

    function.__name__ = function.__qualname__ = name.rpartition(".")[2]
    function.__doc__ = f"Not supported: {reason}."
    return function


OUT_OF_SCOPE = {
    **dict.fromkeys(
        ("fft", "complex", "polar", "view_as_complex", "view_as_real", "stft", "istft",
         "view_as_complex_copy", "view_as_real_copy", "ComplexFloatStorage",
         "ComplexDoubleStorage"),
        _COMPLEX,
    ),
    **dict.fromkeys(
        ("sparse", "sparse_coo_tensor", "sparse_csr_tensor", "sparse_csc_tensor",
         "sparse_bsr_tensor", "sparse_bsc_tensor", "sparse_compressed_tensor", "smm",
         "dsmm", "hsmm", "hspmm", "saddmm", "sspaddmm", "lobpcg", "resize_as_sparse_"),
        _SPARSE,
    ),
    **dict.fromkeys(
        ("quantize_per_tensor", "quantize_per_channel", "quantize_per_tensor_dynamic",
         "quantization", "ao", "dequantize", "int_repr", "q_scale", "q_zero_point", "qint8",
         "quint8", "qint32", "quint4x2", "quint2x4", "per_tensor_affine", "per_channel_affine",
         "fake_quantize_per_tensor_affine", "fake_quantize_per_channel_affine",
         "empty_quantized"),
        _QUANTISED,
    ),
    **dict.fromkeys(("mtia", "xpu"), _ACCELERATOR),
    **dict.fromkeys(
        ("fx", "export", "package", "library", "classes"),
        "programs are not compiled here; record the computation with graph or record",
    ),
    "nested": "nested tensors are out of scope; pad with nn.utils.rnn.pad_sequence",
}  # fmt: skip

REMOVED = {
    "eig": "linalg.eig, for complex eigenvalues, or linalg.eigh",
    "lstsq": "linalg.lstsq",
    "matrix_rank": "linalg.matrix_rank",
    "solve": "linalg.solve",
    "symeig": "linalg.eigh",
}
"""Functions that PyTorch itself has taken away, and what took their place."""


def removed(name: str) -> Callable[..., Any]:
    """The function that says what took the place of a removed one."""

    def function(*args: Any, **keywords: Any) -> Any:
        raise RuntimeError(
            f"This function was deprecated since version 1.9 and is now removed: torch.{name}; "
            f"use torch.{REMOVED[name]}"
        )

    function.__name__ = name
    function.__doc__ = f"Removed from PyTorch; use {REMOVED[name]}."
    return function
