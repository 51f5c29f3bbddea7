"""Window functions: `M` weights that fall off towards both ends, as torch.signal.windows has them.

A symmetric window (`sym=True`) is for designing filters; a periodic one is the first `M` of `M + 1`
points and is for spectra.  Every window of one point is 1.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from .._creation import finish
from .._dtypes import default_numpy, to_numpy

__all__ = [
    "bartlett",
    "blackman",
    "cosine",
    "exponential",
    "gaussian",
    "general_cosine",
    "general_hamming",
    "hamming",
    "hann",
    "kaiser",
    "nuttall",
]


def _window(
    name: str,
    M: Any,
    shape: Callable[[Any, float], Any],
    sym: bool,
    dtype: Any,
    device: Any,
    requires_grad: bool,
) -> Any:
    """The window of `M` points; `shape(n, last)` gives the weight at point `n` of 0 .. `last`."""
    if M < 0:
        raise ValueError(f"{name} requires non-negative window length, got M={M}")
    kind = default_numpy() if dtype is None else to_numpy(dtype)
    if kind not in (np.float32, np.float64):
        raise ValueError(f"{name} expects float32 or float64 dtypes, got: {dtype}")
    if M < 2:
        return finish(np.ones(M, kind), requires_grad, device)
    points = np.arange(M, dtype=np.float64)
    values = np.asarray(shape(points, float(M - 1 if sym else M)))
    return finish(values.astype(kind), requires_grad, device)


def bartlett(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """The triangle 1 − |2n/(M − 1) − 1|, 0 at both ends."""
    return _window(
        "bartlett", M, lambda n, last: 1 - np.abs(2 * n / last - 1), sym, dtype, device,
        requires_grad,
    )  # fmt: skip


def cosine(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Half a period of the sine: sin(π (n + ½) / M)."""
    return _window(
        "cosine", M, lambda n, last: np.sin(math.pi * (n + 0.5) / (last + 1)), sym, dtype, device,
        requires_grad,
    )  # fmt: skip


def exponential(
    M: int, *, center: float | None = None, tau: float = 1.0, sym: bool = True, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """exp(−|n − center| / tau); the centre of a symmetric window is its middle."""
    if tau <= 0:
        raise ValueError(f"Tau must be positive, got: {tau} instead.")
    if sym and center is not None:
        raise ValueError("Center must be None for symmetric windows")

    def shape(n: Any, last: float) -> Any:
        return np.exp(-np.abs(n - (last / 2 if center is None else center)) / tau)

    return _window("exponential", M, shape, sym, dtype, device, requires_grad)


def gaussian(
    M: int, *, std: float = 1.0, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """The bell exp(−½ ((n − middle) / std)²)."""
    if std <= 0:
        raise ValueError(f"Standard deviation must be positive, got: {std} instead.")
    return _window(
        "gaussian", M, lambda n, last: np.exp(-0.5 * ((n - last / 2) / std) ** 2), sym, dtype,
        device, requires_grad,
    )  # fmt: skip


def kaiser(
    M: int, *, beta: float = 12.0, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """I₀(β √(1 − (2n/(M − 1) − 1)²)) / I₀(β), with the Bessel function I₀."""
    if beta < 0:
        raise ValueError(f"beta must be non-negative, got: {beta} instead.")

    def shape(n: Any, last: float) -> Any:
        return np.i0(beta * np.sqrt(np.maximum(1 - (2 * n / last - 1) ** 2, 0))) / np.i0(beta)

    return _window("kaiser", M, shape, sym, dtype, device, requires_grad)


def general_cosine(
    M: int, *, a: Iterable[float], sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """Σ (−1)ⁱ aᵢ cos(2π i n / (M − 1))."""
    if not isinstance(a, Iterable):
        raise TypeError("Coefficients must be a list/tuple")
    weights = list(a)
    if not weights:
        raise ValueError("Coefficients cannot be empty")

    def shape(n: Any, last: float) -> Any:
        return sum(
            (-1) ** i * weight * np.cos(2 * math.pi * i * n / last)
            for i, weight in enumerate(weights)
        )

    return _window("general_cosine", M, shape, sym, dtype, device, requires_grad)


def general_hamming(
    M: int, *, alpha: float = 0.54, sym: bool = True, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Any:  # fmt: skip
    """alpha − (1 − alpha) cos(2π n / (M − 1))."""
    return general_cosine(
        M, a=(alpha, 1 - alpha), sym=sym, dtype=dtype, device=device, requires_grad=requires_grad
    )


def hamming(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """0.54 − 0.46 cos(2π n / (M − 1))."""
    return general_hamming(M, sym=sym, dtype=dtype, device=device, requires_grad=requires_grad)


def hann(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """½ − ½ cos(2π n / (M − 1)), 0 at both ends."""
    return general_hamming(
        M, alpha=0.5, sym=sym, dtype=dtype, device=device, requires_grad=requires_grad
    )


def blackman(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """0.42 − 0.5 cos(2π n / (M − 1)) + 0.08 cos(4π n / (M − 1))."""
    return general_cosine(
        M, a=(0.42, 0.5, 0.08), sym=sym, dtype=dtype, device=device, requires_grad=requires_grad
    )


def nuttall(
    M: int, *, sym: bool = True, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False,
) -> Any:  # fmt: skip
    """The sum of four cosines whose side lobes are the lowest of continuous slope."""
    return general_cosine(
        M, a=(0.3635819, 0.4891775, 0.1365995, 0.0106411), sym=sym, dtype=dtype, device=device,
        requires_grad=requires_grad,
    )  # fmt: skip
