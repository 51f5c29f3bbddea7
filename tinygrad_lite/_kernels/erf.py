"""The error function and its complement, which NumPy lacks.

For float64, |x| < 1 uses erf(x) = x P(x²) with a polynomial fitted on [0, 1]; beyond,
erfc(x) = e^(−x²) C(t) / (1 + 2x), t = (x − 3) / (x + 3), where C is nearly constant: a Chebyshev
fit of 25 terms reaches the last bit.  For float32 one quotient of polynomials in x² covers the
whole range, for erf is 1 in float32 from 3.92 on.  All coefficients were fitted with 50 digits.
"""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["erf", "erfc", "polynomial"]

_SMALL = (
    1.1283791670955126, -0.37612638903183754, 0.11283791670955126, -0.026866170645131252,
    0.005223977625442188, -0.0008548327023450819, 0.0001205533298178689, -1.4925650358251394e-05,
    1.6462114359666885e-06, -1.6365844507206185e-07, 1.48071887584942e-08, -1.2290488309670566e-09,
    9.421933655588275e-11, -6.703876293776958e-12, 4.4144415603650027e-13, -2.565905058212486e-14,
    1.0236769385227892e-15,
)  # fmt: skip
_TAIL = (
    1.2315168442604394, -0.09315327640320652, -0.0010681965293634194, 0.019769490813614024,
    -0.013642858657265068, 0.005712114428955972, -0.0015584286272825349, 0.0002112596423372416,
    2.571290833543376e-05, -1.6963342714247094e-05, 1.3179923090605075e-06, 9.154687073102491e-07,
    -1.8685525294317122e-07, -5.228431087080917e-08, 1.706904157469543e-08, 3.737667166982858e-09,
    -1.4593204126149889e-09, -3.4938961445997055e-10, 1.207175594473787e-10, 3.854533327972525e-11,
    -9.040982735374798e-12, -4.094826269942277e-12, 5.133827504977058e-13, 2.8541074261268903e-13,
    -1.3714862423133846e-14,
)  # fmt: skip
_TAIL_FROM, _TAIL_TO = -0.5, 25 / 31  # t at x = 1 and at x = 28, where erfc underflows
_SINGLE_TOP = (
    1.1283791692119283, 0.18517505398130915, 0.05427524532277238, 0.003843581136285439,
    0.000377928293565287, 4.640035324146251e-06, -1.2965342585346236e-08,
)  # fmt: skip
_SINGLE_BOTTOM = (
    1.0, 0.49744052724732457, 0.11391319894130773, 0.015444099249612351, 0.0013040951090948086,
    6.268886115699635e-05,
)  # fmt: skip
_SINGLE_END = 3.925  # erf rounds to 1 in float32 from here on


def polynomial(coefficients: tuple[float, ...], x: Any) -> Any:
    """The polynomial with ascending `coefficients` at `x`, by Horner's rule in one buffer."""
    out = np.full_like(x, coefficients[-1])
    for c in coefficients[-2::-1]:
        out *= x
        out += c
    return out


def erf(x: Any) -> Any:
    """2/√π ∫₀ˣ e^(−t²) dt, to the last bits of float32 or float64."""
    x = np.asarray(x)
    if x.dtype.itemsize < 8:
        return _erf_single(x)
    out = np.empty_like(x)
    size = np.abs(x)
    inner = size < 1
    near = x[inner]
    out[inner] = near * polynomial(_SMALL, near * near)
    outer = ~inner
    out[outer] = np.copysign(1 - _tail(size[outer]), x[outer])
    return out


def _erf_single(x: Any) -> Any:
    wide = x.astype(np.float32, copy=False)
    wide = np.clip(wide, -_SINGLE_END, _SINGLE_END)
    square = wide * wide
    top = polynomial(_SINGLE_TOP, square)
    top *= wide
    top /= polynomial(_SINGLE_BOTTOM, square)
    return np.clip(top, -1, 1, out=top).astype(x.dtype, copy=False)


def erfc(x: Any) -> Any:
    """1 − erf(x), without cancellation: relatively exact out to its underflow near 27."""
    x = np.asarray(x)
    wide = x.astype(np.float64, copy=False)
    out = np.empty_like(wide)
    size = np.abs(wide)
    inner = size < 1
    near = wide[inner]
    out[inner] = _half_exact(near)
    outer = ~inner
    far = _tail(size[outer])
    out[outer] = np.where(wide[outer] < 0, 2 - far, far)
    return out.astype(x.dtype, copy=False)


def _half_exact(x: Any) -> Any:
    """Erfc on (−1, 1); above a half, ½ − (erf − ½) loses less than 1 − erf."""
    value = x * polynomial(_SMALL, x * x)
    return np.where(x > 0.5, 0.5 - (value - 0.5), 1 - value)


def _tail(x: Any) -> Any:
    """Compute erfc for x >= 1 in float64; NaN stays NaN."""
    x = np.minimum(x, 28.0)  # infinity too: e^(−784) is 0
    t = (x - 3) / (x + 3)
    t = (2 * t - (_TAIL_FROM + _TAIL_TO)) / (_TAIL_TO - _TAIL_FROM)
    # x² carries a rounding error that e^ would multiply by x²: split off an exact square
    head = np.rint(x * 1024) / 1024
    scale = np.exp(-head * head) * np.exp(-(x - head) * (x + head))
    return scale * polynomial(_TAIL, t) / (1 + 2 * x)
