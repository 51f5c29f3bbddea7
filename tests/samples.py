"""Samples of every operation of the catalogue: operands, settings, and independent references.

`reference` is a function of the operands' arrays, written in NumPy or Python's math; `torch` an
expression over the operands' names, `T` (torch) and `F` (its functionals), which is compared in
values and gradients where PyTorch is installed. Where `smooth`, numeric differentiation applies:
no operand lies at a kink or a tie. `through` makes the operands of free ones (symmetric matrices).
"""

# ruff: noqa: E501 - a sample is one line

from __future__ import annotations

import math
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Sample(NamedTuple):
    """One call of an operation."""

    operands: tuple[Any, ...]
    settings: dict[str, Any]
    reference: Callable[..., Any] | None = None
    torch: str | None = None
    smooth: bool = True
    through: Callable[..., tuple[Any, ...]] | None = None


SAMPLES: dict[str, list[Sample]] = {}

INF, NAN = math.inf, math.nan


def add(
    name: str, *operands: Any, reference: Any = None, torch: Any = None, smooth: bool = True,
    through: Any = None, **settings: Any,
) -> None:  # fmt: skip
    """Enter a sample."""
    operands = tuple(np.asarray(x) if isinstance(x, np.generic) else x for x in operands)
    SAMPLES.setdefault(name, []).append(
        Sample(operands, settings, reference, torch, smooth, through)
    )


def draw(seed: Any, shape: tuple[int, ...], low: float = -2.0, high: float = 2.0) -> np.ndarray:
    """Numbers between `low` and `high`, no two alike, in an order that depends on `seed`."""
    rng = np.random.default_rng(zlib.crc32(repr((seed, shape)).encode()))
    values = np.linspace(low, high, math.prod(shape) + 2)[1:-1] + rng.uniform(-1e-3, 1e-3)
    return rng.permutation(values).reshape(shape)


def ints(seed: Any, shape: tuple[int, ...], stop: int) -> np.ndarray:
    """Whole numbers below `stop`, with repetitions."""
    return np.random.default_rng(zlib.crc32(repr((seed, shape)).encode())).integers(
        stop, size=shape
    )


def mask(seed: Any, shape: tuple[int, ...]) -> np.ndarray:
    """Truth values, of which some are true and some false."""
    return ints(seed, shape, 2).astype(bool)


def each(function: Callable[..., float]) -> Callable[..., Any]:
    """A function of numbers, applied element by element."""

    def run(*arrays: Any) -> Any:
        return np.vectorize(function, otypes=[np.float64])(*arrays)

    return run


def transposed(function: Callable[[Any], Any], shape: tuple[int, ...]) -> Callable[..., Any]:
    """The transpose of a linear function of an array of `shape`, by its columns."""

    def run(g: Any, *_: Any) -> Any:
        columns = [function(one.reshape(shape)) for one in np.eye(math.prod(shape))]
        return np.array([(column * g).sum() for column in columns]).reshape(shape)

    return run


# Elementwise, one operand: lowest and highest value, reference, PyTorch's expression, kinks

UNARY: dict[str, tuple[Any, ...]] = {
    "neg": (-2, 2, lambda x: 0 - x, "-x"),
    "sqrt": (0.2, 3, each(math.sqrt), "T.sqrt(x)", [0.0]),
    "exp": (-2, 2, each(math.exp), "T.exp(x)"),
    "exp2": (-2, 2, each(lambda x: 2**x), "T.exp2(x)"),
    "expm1": (-2, 2, each(math.expm1), "T.expm1(x)"),
    "log": (0.2, 3, each(math.log), "T.log(x)", [0.0]),
    "log2": (0.2, 3, each(math.log2), "T.log2(x)"),
    "log10": (0.2, 3, each(math.log10), "T.log10(x)"),
    "log1p": (-0.7, 2, each(math.log1p), "T.log1p(x)"),
    "sin": (-3, 3, each(math.sin), "T.sin(x)"),
    "cos": (-3, 3, each(math.cos), "T.cos(x)"),
    "tan": (-1, 1, each(math.tan), "T.tan(x)"),
    "asin": (-0.9, 0.9, each(math.asin), "T.asin(x)", [1.0, -1.0]),
    "acos": (-0.9, 0.9, each(math.acos), "T.acos(x)", [1.0, -1.0]),
    "atan": (-2, 2, each(math.atan), "T.atan(x)"),
    "sinh": (-2, 2, each(math.sinh), "T.sinh(x)"),
    "cosh": (-2, 2, each(math.cosh), "T.cosh(x)"),
    "tanh": (-2, 2, each(math.tanh), "T.tanh(x)"),
    "asinh": (-2, 2, each(math.asinh), "T.asinh(x)"),
    "acosh": (1.2, 3, each(math.acosh), "T.acosh(x)"),
    "atanh": (-0.9, 0.9, each(math.atanh), "T.atanh(x)"),
    "reciprocal": (0.3, 2, lambda x: x**-1, "T.reciprocal(x)", [0.0]),
    "square": (-2, 2, lambda x: x**2, "T.square(x)"),
    "rsqrt": (0.3, 2, lambda x: x**-0.5, "T.rsqrt(x)", [0.0]),
    "deg2rad": (-90, 90, each(math.radians), "T.deg2rad(x)"),
    "rad2deg": (-2, 2, each(math.degrees), "T.rad2deg(x)"),
    "sigmoid": (-3, 3, each(lambda x: 1 / (1 + math.exp(-x))), "T.sigmoid(x)"),
    "abs": (0.2, 2, each(math.fabs), "T.abs(x)", [0.0, -0.0, -1.5]),
    "floor": (0.1, 0.9, each(math.floor), "T.floor(x)", [-1.5, 2.0, 1.5]),
    "ceil": (0.1, 0.9, each(math.ceil), "T.ceil(x)", [-1.5, 2.0, 1.5]),
    "trunc": (0.1, 0.9, each(math.trunc), "T.trunc(x)", [-1.5, 2.0, 1.5]),
    "round": (0.1, 0.4, each(round), "T.round(x)", [-1.5, 2.5, 0.5]),
    "frac": (1.1, 1.9, each(lambda x: math.modf(x)[0]), "T.frac(x)", [-1.5, 2.0]),
    "sign": (0.2, 2, each(lambda x: math.copysign(1, x)), "T.sign(x)", [0.0, -3.0, NAN]),
    "zero": (-2, 2, each(lambda x: 0.0), "x * 0"),
    "angle": (0.2, 2, each(lambda x: 0.0), "T.angle(x)", [-2.0, 0.0, NAN]),
    "relu": (0.2, 2, each(lambda x: max(x, 0)), "T.relu(x)", [0.0, -1.0]),
    "softsign": (0.2, 2, each(lambda x: x / (1 + abs(x))), "F.softsign(x)", [0.0, -1.0]),
    "tanhshrink": (-2, 2, each(lambda x: x - math.tanh(x)), "F.tanhshrink(x)"),
    "hardsigmoid": (-2.5, 2.5, each(lambda x: x / 6 + 0.5), "F.hardsigmoid(x)", [3.0, -3.0, 4.0]),
    "hardswish": (-2.5, 2.5, each(lambda x: x * (x + 3) / 6), "F.hardswish(x)", [3.0, -3.0, 4.0]),
    "logsigmoid": (-3, 3, each(lambda x: -math.log1p(math.exp(-x))), "F.logsigmoid(x)", [-80.0]),
    "silu": (-3, 3, each(lambda x: x / (1 + math.exp(-x))), "F.silu(x)"),
    "mish": (-3, 3, each(lambda x: x * math.tanh(math.log1p(math.exp(x)))), "F.mish(x)", [30.0]),
    "gelu": (-3, 3, each(lambda x: x * (1 + math.erf(x / 2**0.5)) / 2), "F.gelu(x)"),
    "gelu_tanh": (-3, 3, None, "F.gelu(x, approximate='tanh')"),
    "normal_cdf": (-3, 3, each(lambda x: (1 + math.erf(x / 2**0.5)) / 2), "T.special.ndtr(x)"),
    "erf": (-2, 2, each(math.erf), "T.erf(x)"),
    "erfc": (-2, 2, each(math.erfc), "T.erfc(x)"),
    "erfinv": (-0.9, 0.9, None, "T.erfinv(x)", [1.0, -1.0]),
    "erfcx": (-2, 2, each(lambda x: math.exp(x * x) * math.erfc(x)), "T.special.erfcx(x)"),
    "ndtr": (-2, 2, each(lambda x: math.erfc(-x / 2**0.5) / 2), "T.special.ndtr(x)"),
    "ndtri": (0.1, 0.9, None, "T.special.ndtri(x)"),
    "log_ndtr": (-3, 2, each(lambda x: math.log(math.erfc(-x / 2**0.5) / 2)), "T.special.log_ndtr(x)"),
    "lgamma": (0.3, 4, each(math.lgamma), "T.lgamma(x)"),
    "digamma": (0.3, 4, None, "T.digamma(x)"),
    "entr": (0.1, 2, each(lambda x: -x * math.log(x)), "T.special.entr(x)", [0.0, -1.0]),
    "i0": (-2, 2, None, "T.special.i0(x)"),
    "i1": (-2, 2, None, "T.special.i1(x)", [0.0]),
    "i0e": (0.2, 2, None, "T.special.i0e(x)", [0.0, -1.0]),
    "i1e": (0.2, 2, None, "T.special.i1e(x)", [-1.0]),
}  # fmt: skip

# PyTorch has these without derivatives
BESSEL = {
    "bessel_j0": (-3, 3), "bessel_j1": (-3, 3), "bessel_y0": (0.3, 4), "bessel_y1": (0.3, 4),
    "modified_bessel_k0": (0.3, 3), "modified_bessel_k1": (0.3, 3),
    "scaled_modified_bessel_k0": (0.3, 3), "scaled_modified_bessel_k1": (0.3, 3),
    "airy_ai": (-2, 2),
}  # fmt: skip

TRUTHS = {
    "isnan": math.isnan, "isinf": math.isinf, "isfinite": math.isfinite,
    "signbit": lambda x: math.copysign(1, x) < 0, "logical_not": lambda x: not x,
    "isposinf": lambda x: x == INF, "isneginf": lambda x: x == -INF,
}  # fmt: skip

SHAPES = ((), (0,), (5,), (2, 3))


def unary(name: str, low: float, high: float, reference: Any, torch: Any, kinks: Any = ()) -> None:
    """Enter an elementwise operation of one operand."""
    for shape in SHAPES:
        add(name, draw(name, shape, low, high), reference=reference, torch=torch)
    if kinks:
        add(name, np.array(kinks), torch=torch, smooth=False)


for _name, _row in UNARY.items():
    unary(_name, *_row)
for _name, _range in BESSEL.items():
    unary(_name, *_range, None, f"T.special.{_name}(x.detach())")
for _name, _truth in TRUTHS.items():
    add(_name, np.array([[1.5, -0.0, NAN], [INF, -INF, -2.0]]), reference=np.vectorize(_truth))
    add(_name, np.array(-0.5), reference=np.vectorize(_truth))

# One operand and settings

for _shape in SHAPES:
    x = draw("settings", _shape, 0.3, 0.9)
    for _n in (0, 1, 3):
        add("polygamma", x, n=_n, torch=f"T.polygamma({_n}, x)")
    for _order in (0, 1, 2):
        add("sinc", x, order=_order, torch="T.sinc(x)" if not _order else None)
        add("spherical_bessel_j0", x, order=_order)
    for _power in (2, 3.0, -1, 0.5, 0, 1, -2.5):
        add(
            "power",
            x,
            exponent=_power,
            torch=f"x ** {_power}",
            reference=each(lambda v, p=_power: v**p),
        )
    for _base in (2.0, 0.5):
        add("exponential", x, base=_base, torch=f"{_base} ** y")
    for _low, _high in ((0.5, 0.7), (None, 0.65), (0.45, None), (0.1, 0.2)):
        add("clamp", x, low=_low, high=_high, torch=f"T.clamp(x, {_low}, {_high})")
    for _eps in (None, 0.35):
        add("logit", x, eps=_eps, torch=f"T.logit(x, {_eps})")
    add("round_decimals", x, decimals=1, torch="T.round(x, decimals=1)", smooth=False)
    add("nan_to_num", x, torch="T.nan_to_num(x)")
    add("hardtanh", x * 3 - 1.5, low=-0.4, high=0.5, torch="F.hardtanh(x, -0.4, 0.5)")
    add("threshold", x * 3 - 1.5, threshold=0.1, value=20.0, torch="F.threshold(x, 0.1, 20.)")
    add("hardshrink", x * 3 - 1.5, lambd=0.3, torch="F.hardshrink(x, 0.3)")
    add("softshrink", x * 3 - 1.5, lambd=0.3, torch="F.softshrink(x, 0.3)")
    add("leaky_relu", x * 3 - 1.51, slope=0.2, torch="F.leaky_relu(x, 0.2)")
    add("elu", x * 3 - 1.51, alpha=1.5, scale=1.2, inner=0.7)
    add("elu", x * 3 - 1.51, alpha=1.5, torch="F.elu(x, 1.5)")
    add("softplus", x * 3 - 1.5, beta=2.0, threshold=1.2, torch="F.softplus(x, 2., 1.2)")
    add("cast", x, dtype=np.dtype(np.float64), torch="x.double()")
    add("clone", x, reference=np.copy, torch="x.clone()")
add(
    "round_decimals",
    np.array([123.4, 150.0]),
    decimals=-2,
    torch="T.round(x, decimals=-2)",
    smooth=False,
)
add("sinc", np.array([0.0, 1.0, -0.5]), torch="T.sinc(x)")
add("nan_to_num", np.array([NAN, INF, -INF, 1.0]), nan=2.0, posinf=3.0, neginf=-4.0,
    torch="T.nan_to_num(x, 2., 3., -4.)", smooth=False)  # fmt: skip
for _at in ("hardtanh", "threshold", "hardshrink", "softshrink", "leaky_relu", "elu"):
    _edges = {"hardtanh": {"low": -1.0, "high": 1.0}, "threshold": {"threshold": 1.0, "value": 3.0},
              "hardshrink": {"lambd": 0.5}, "softshrink": {"lambd": 0.5}}.get(_at, {})  # fmt: skip
    add(_at, np.array([-1.0, -0.5, 0.0, 0.5, 1.0]), smooth=False, **_edges,
        torch=f"F.{_at}(x{''.join(f', {v}' for v in _edges.values())})")  # fmt: skip
add("clamp", np.array([1.0, 2.0, 3.0]), low=1.0, high=3.0, torch="T.clamp(x, 1, 3)", smooth=False)

# Elementwise, two operands: ranges, reference, PyTorch's expression, ties

P = (0.3, 2.0)
R = (-2.0, 2.0)
BINARY: dict[str, tuple[Any, ...]] = {
    "add": (R, R, lambda x, y: x - (0 - y), "x + y"),
    "sub": (R, R, lambda x, y: x + (0 - y), "x - y"),
    "mul": (R, P, lambda x, y: x / (1 / y), "x * y"),
    "div": (R, P, lambda x, y: x * (1 / y), "x / y", ([0.0, 1.0], [0.0, 0.0])),
    "pow": (P, R, each(math.pow), "T.pow(x, y)", ([0.0, 0.0, 0.0, -1.0], [0.0, 2.0, 0.5, 2.0])),
    "logaddexp": (R, R, each(lambda x, y: math.log(math.exp(x) + math.exp(y))), "T.logaddexp(x, y)"),
    "logaddexp2": (R, R, each(lambda x, y: math.log2(2**x + 2**y)), "T.logaddexp2(x, y)"),
    "tanh_backward": (R, R, lambda x, y: x - x * y**2, "x * (1 - y * y)"),
    "sigmoid_backward": (R, R, lambda x, y: x * y - x * y**2, "x * (y - y * y)"),
    "relu_backward": (R, P, lambda x, y: x * (y != 0), "T.where(y != 0, x, 0.0)", ([1.0], [0.0])),
    "atan2": (P, R, each(math.atan2), "T.atan2(x, y)", ([0.0], [0.0])),
    "hypot": (P, R, each(math.hypot), "T.hypot(x, y)"),
    "copysign": (P, P, each(math.copysign), "T.copysign(x, y)", ([0.0, -1.0], [1.0, -0.0])),
    "nextafter": (R, R, each(math.nextafter), "T.nextafter(x, y)", ()),
    "maximum": (R, R, each(max), "T.maximum(x, y)", ([1.0, NAN, 1.0], [1.0, 1.0, NAN])),
    "minimum": (R, R, each(min), "T.minimum(x, y)", ([1.0, NAN, 1.0], [1.0, 1.0, NAN])),
    "fmax": (R, R, each(max), "T.fmax(x, y)", ([1.0, NAN, 1.0, NAN], [1.0, 1.0, NAN, NAN])),
    "fmin": (R, R, each(min), "T.fmin(x, y)", ([1.0, NAN, 1.0, NAN], [1.0, 1.0, NAN, NAN])),
    "remainder": ((2.1, 2.9), (0.8, 1.02), each(math.fmod), "T.remainder(x, y)", ([-3.5, 3.5], [2.0, -2.0])),
    "fmod": ((2.1, 2.9), (0.8, 1.02), each(math.fmod), "T.fmod(x, y)", ([-3.5, 3.5], [2.0, -2.0])),
    "div_floor": ((2.1, 2.9), (0.8, 1.02), each(lambda x, y: x // y), "T.div(x, y, rounding_mode='floor')", ([-3.5], [2.0])),
    "div_trunc": ((2.1, 2.9), (0.8, 1.02), each(lambda x, y: x // y), "T.div(x, y, rounding_mode='trunc')", ([-3.5], [2.0])),
    "huber": (R, R, None, "F.huber_loss(x, y, reduction='none', delta=0.7)", ([0.7, 0.0], [0.0, 0.0])),
    "smooth_l1": (R, R, None, "F.smooth_l1_loss(x, y, reduction='none', beta=0.7)", ([0.7, 0.0], [0.0, 0.0])),
    "binary_entropy": ((0.1, 0.9), (0.1, 0.9), None, "F.binary_cross_entropy(x, y, reduction='none')"),
    "logit_entropy": (R, (0.1, 0.9), None, "F.binary_cross_entropy_with_logits(x, y, reduction='none')"),
    "divergence": (R, P, each(lambda x, y: y * (math.log(y) - x)), "F.kl_div(x, y, reduction='none')"),
    "xlogy": (R, P, each(lambda x, y: x * math.log(y)), "T.xlogy(x, y)", ([0.0, 0.0], [0.0, 1.0])),
    "xlog1py": (R, P, each(lambda x, y: x * math.log1p(y)), "T.special.xlog1py(x, y)"),
    "zeta": ((1.5, 3.0), (0.5, 2.0), None, "T.special.zeta(x, y.detach())"),
    "igamma": ((0.5, 2.0), P, None, "T.special.gammainc(x.detach(), y)"),
    "igammac": ((0.5, 2.0), P, None, "T.special.gammaincc(x.detach(), y)"),
    "prelu": (R, P, lambda x, y: np.where(x > 0, x, x * y), None),
}  # fmt: skip

PAIRS = (((2, 3), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((), (3,)), ((), ()), ((0, 1), (2,)))
DELTAS = {"huber": {"delta": 0.7}, "smooth_l1": {"beta": 0.7}}


def binary(name: str, low: Any, high: Any, reference: Any, torch: Any, ties: Any = ()) -> None:
    """Enter an elementwise operation of two operands."""
    settings = DELTAS.get(name, {})
    for one, other in PAIRS:
        x, y = draw(name, one, *low), draw((name, "y"), other, *high)
        if low == high:  # never equal
            y = y + 0.137
        apart = name in DELTAS or name.endswith("entropy")  # losses that do not broadcast
        add(name, x, y, reference=reference, torch=torch if one == other or not apart else None,
            **settings)  # fmt: skip
    if ties:
        add(name, *map(np.array, ties), torch=torch, smooth=False, **settings)


for _name, _row in BINARY.items():
    binary(_name, *_row)

COMPARED = {
    "eq": lambda x, y: x == y, "ne": lambda x, y: x != y, "lt": lambda x, y: x < y,
    "le": lambda x, y: x <= y, "gt": lambda x, y: x > y, "ge": lambda x, y: x >= y,
    "logical_and": lambda x, y: bool(x) and bool(y), "logical_or": lambda x, y: bool(x or y),
    "logical_xor": lambda x, y: bool(x) != bool(y),
}  # fmt: skip
for _name, _truth in COMPARED.items():
    for _one, _other in (
        ([1.0, 2.0, NAN, 0.0], [1.0, 1.0, NAN, 3.0]),
        ([[0.0], [1.0]], [0.0, 1.0]),
    ):
        add(_name, np.array(_one), np.array(_other), reference=np.vectorize(_truth, otypes=[bool]))

WHOLE = {
    "bitwise_and": lambda x, y: x & y, "bitwise_or": lambda x, y: x | y,
    "bitwise_xor": lambda x, y: x ^ y, "left_shift": lambda x, y: x << y,
    "right_shift": lambda x, y: x >> y, "gcd": math.gcd, "lcm": math.lcm,
}  # fmt: skip
for _name, _whole in WHOLE.items():
    add(_name, np.array([[12, -5, 7]]), np.array([[1], [3]]), reference=np.vectorize(_whole))
add("bitwise_not", np.array([0, 5, -3]), reference=lambda x: -x - 1)
add(
    "heaviside",
    np.array([-1.0, 0.0, 2.0]),
    np.array(0.5),
    reference=lambda x, y: np.array([0, 0.5, 1]),
)
add(
    "floor_divide",
    np.array([-3.5, 3.5, 7.0]),
    np.array([2.0]),
    reference=lambda x, y: np.array([-2.0, 1, 3]),
)

POLYNOMIALS = (
    "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v",
    "chebyshev_polynomial_w", "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v", "shifted_chebyshev_polynomial_w", "hermite_polynomial_h",
    "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
)  # fmt: skip
for _name in POLYNOMIALS:
    for _shape in ((), (0,), (2, 3)):
        for _degree in (0, 1, 4):
            add(_name, draw(_name, _shape, 0.1, 0.9), np.array(float(_degree)),
                torch=f"T.special.{_name}(x.detach(), y.detach())")  # fmt: skip

# at the corners PyTorch's gradient of the target is infinite, that of the bounded logarithms is not
add("binary_entropy", np.array([1.0, 0.0]), np.array([0.0, 1.0]), smooth=False,
    reference=lambda x, y: np.array([100.0, 100.0]))  # fmt: skip

# Elementwise, three operands

for _one, _other, _third in (
    ((2, 3), (2, 3), (2, 3)),
    ((2, 3), (3,), ()),
    ((), (), ()),
    ((0, 3), (3,), (1,)),
):
    x, y, z = draw("x", _one), draw("y", _other, -1, 0.1), draw("z", _third, 0.3, 1.2)
    add("where", mask("where", _one), x, y, torch="T.where(condition, x, y)",
        reference=lambda c, x, y: c * x + (1 - c) * y)  # fmt: skip
    add(
        "lerp", x, y, z, torch="T.lerp(x, y, weight)", reference=lambda x, y, w: x * (1 - w) + y * w
    )
    add("clamp_between", x, y, z, torch="T.clamp(x, low, high)")
    add("clamp_above", x, y, torch="T.clamp(x, min=low)")
    add("clamp_below", x, z, torch="T.clamp(x, max=high)")
    add("prelu_pull", draw("g", _one), x, z)
add("clamp_between", np.array([1.0, 2, 3, 2]), np.array([1.0, 1, 1, 3]), np.array([3.0, 3, 3, 1]),
    torch="T.clamp(x, low, high)", smooth=False)  # fmt: skip
add("clamp_above", np.array([1.0]), np.array([1.0]), torch="T.clamp(x, min=low)", smooth=False)
add("clamp_below", np.array([1.0]), np.array([1.0]), torch="T.clamp(x, max=high)", smooth=False)
add(
    "prelu_pull_weight",
    draw("g", (2, 3)),
    draw("x", (2, 3)),
    reference=lambda g, x: g * x * (x < 0),
)

import tests.samples_shaped  # noqa: E402, F401 - enters the rest
