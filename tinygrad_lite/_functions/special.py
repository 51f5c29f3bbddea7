"""Special functions at the top of the namespace: torch.erf, torch.lgamma, torch.xlogy and kin."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .._op import Op
from .._record import apply
from .._tensor import Tensor, as_operand
from ..ops import special as ops
from ._surface import NAMES, need_tensor, publish_in_place, surface, write_out

__all__ = ["PAIRS", "SINGLE"]

# torch's names of the operations of one operand, and whether they are at the top of the namespace
SINGLE: dict[str, tuple[Op, bool]] = {
    "erf": (ops.erf, True), "erfc": (ops.erfc, True), "erfinv": (ops.erfinv, True),
    "lgamma": (ops.lgamma, True), "digamma": (ops.digamma, True), "i0": (ops.i0, True),
    "sinc": (ops.sinc, True), "erfcx": (ops.erfcx, False), "ndtr": (ops.ndtr, False),
    "ndtri": (ops.ndtri, False), "log_ndtr": (ops.log_ndtr, False), "i0e": (ops.i0e, False),
    "i1": (ops.i1, False), "i1e": (ops.i1e, False), "entr": (ops.entr, False),
    "airy_ai": (ops.airy_ai, False), "bessel_j0": (ops.bessel_j0, False),
    "bessel_j1": (ops.bessel_j1, False), "bessel_y0": (ops.bessel_y0, False),
    "bessel_y1": (ops.bessel_y1, False), "modified_bessel_i0": (ops.i0, False),
    "modified_bessel_i1": (ops.i1, False), "modified_bessel_k0": (ops.modified_bessel_k0, False),
    "modified_bessel_k1": (ops.modified_bessel_k1, False),
    "scaled_modified_bessel_k0": (ops.scaled_modified_bessel_k0, False),
    "scaled_modified_bessel_k1": (ops.scaled_modified_bessel_k1, False),
    "spherical_bessel_j0": (ops.spherical_bessel_j0, False),
}  # fmt: skip
FUNCTIONS: dict[str, Any] = {}
"""Every function of this module by torch.special's name."""


def _single(op: Op, name: str) -> Any:
    def function(input: Any) -> Any:
        return apply(op, (input,), {})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = op.__doc__ or f"`{name}` of every element."
    return function


def _publish_single() -> None:
    for name, (op, top) in SINGLE.items():
        FUNCTIONS[name] = surface(_single(op, name), top=top, method=top, inplace=top)


_publish_single()

# torch.special's names of the operations of two operands, either of which may be a number
PAIRS: dict[str, tuple[Op, bool]] = {
    "xlogy": (ops.xlogy, True), "xlog1py": (ops.xlog1py, False), "zeta": (ops.zeta, False),
    "chebyshev_polynomial_t": (ops.chebyshev_polynomial_t, False),
    "chebyshev_polynomial_u": (ops.chebyshev_polynomial_u, False),
    "chebyshev_polynomial_v": (ops.chebyshev_polynomial_v, False),
    "chebyshev_polynomial_w": (ops.chebyshev_polynomial_w, False),
    "shifted_chebyshev_polynomial_t": (ops.shifted_chebyshev_polynomial_t, False),
    "shifted_chebyshev_polynomial_u": (ops.shifted_chebyshev_polynomial_u, False),
    "shifted_chebyshev_polynomial_v": (ops.shifted_chebyshev_polynomial_v, False),
    "shifted_chebyshev_polynomial_w": (ops.shifted_chebyshev_polynomial_w, False),
    "hermite_polynomial_h": (ops.hermite_polynomial_h, False),
    "hermite_polynomial_he": (ops.hermite_polynomial_he, False),
    "laguerre_polynomial_l": (ops.laguerre_polynomial_l, False),
    "legendre_polynomial_p": (ops.legendre_polynomial_p, False),
}  # fmt: skip


def _pair(op: Op, name: str) -> Any:
    def function(self: Any, other: Any) -> Any:
        if not isinstance(self, Tensor) and not isinstance(other, Tensor):
            need_tensor(name, other, "other", 2)
        return apply(op, (as_operand(self), as_operand(other)), {})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = op.__doc__ or f"`{name}` of two operands, elementwise and broadcast."
    return function


def _publish_pairs() -> None:
    for name, (op, top) in PAIRS.items():
        FUNCTIONS[name] = surface(_pair(op, name), top=top, method=top, inplace=top)


_publish_pairs()


def _tensors(op: Op, name: str) -> Any:
    def function(input: Any, other: Any) -> Any:
        need_tensor(name, other, "other", 2)
        return apply(op, (input, other), {})

    function.__name__ = function.__qualname__ = name
    function.__doc__ = op.__doc__ or {
        "igamma": "The regularised lower incomplete gamma function P(input, other).",
        "igammac": "The regularised upper incomplete gamma function Q(input, other).",
    }.get(name, name)
    return function


FUNCTIONS["gammainc"] = surface(_tensors(ops.igamma, "igamma"), inplace=True)
FUNCTIONS["gammaincc"] = surface(_tensors(ops.igammac, "igammac"), inplace=True)


@surface(inplace=True)
def logit(input: Any, eps: float | None = None) -> Any:
    """log(x / (1 - x)); with `eps`, x is first limited to [eps, 1 - eps].

    Gradient: 0 where the limit holds, NaN outside [0, 1] without one.
    """
    return apply(ops.logit, (input,), {"eps": eps})


@surface(inplace=True)
def mvlgamma(input: Any, p: int) -> Any:
    """Logarithm of the multivariate gamma function of dimension `p`."""
    if p < 1:
        raise RuntimeError(f"mvlgamma: p has to be greater than or equal to 1, got {p}")
    if p >= 2**31:
        raise RuntimeError(f"mvlgamma: p is the dimension of a matrix, which {p} cannot be")
    total = p * (p - 1) / 4 * math.log(math.pi)
    terms = [ops.lgamma(_shifted(input, j)) for j in range(p)]
    out = terms[0]
    for term in terms[1:]:
        out = out + term
    return out + total


def _shifted(x: Any, j: int) -> Any:
    if x._array.dtype.kind == "f":
        return x - j / 2 if j else x
    return x * 1.0 - j / 2


def _degree(n: Any) -> int:
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(
            f"polygamma(): argument 'n' (position 1) must be int, not {type(n).__name__}"
        )
    if n < 0:
        raise RuntimeError(f"polygamma(n, x) does not support negative n, got {n}")
    return int(n)


def polygamma(n: int, input: Any, *, out: Any = None) -> Any:
    """The derivative of order `n` of the digamma function."""
    return _of_order(input, n) if out is None else write_out(out, _of_order(input, n))


def _polygamma(input: Any, n: int) -> Any:
    """The derivative of order `n` of the digamma function."""
    return apply(ops.polygamma, (input,), {"n": _degree(n)})


_polygamma.__name__ = "polygamma"
_of_order = surface(_polygamma, top=False)
publish_in_place("polygamma", _of_order)
NAMES["polygamma"] = FUNCTIONS["polygamma"] = polygamma
FUNCTIONS["logit"], FUNCTIONS["multigammaln"] = logit, mvlgamma
