"""Print the coefficient tables of `tinygrad_lite/_kernels/special_tables.py`.

Each table is a Chebyshev interpolation, computed by mpmath with 50 digits and cut off where the
coefficients fall below the last bit of float64, then written in powers of t, -1 <= t <= 1, the
lowest first.  Needs mpmath; prints the module to standard output.
"""

from __future__ import annotations

from collections.abc import Callable

import mpmath as mp

mp.mp.dps = 50
Function = Callable[[mp.mpf], mp.mpf]


def chebyshev(f: Function, degree: int) -> list[mp.mpf]:
    """Coefficients of the interpolation of f on [-1, 1] at Chebyshev's points."""
    n = degree + 1
    angles = [mp.pi * (2 * j + 1) / (2 * n) for j in range(n)]
    values = [f(mp.cos(a)) for a in angles]
    return [
        mp.fsum(v * mp.cos(k * a) for v, a in zip(values, angles, strict=True))
        * (1 if k == 0 else 2)
        / n
        for k in range(n)
    ]


def powers(series: list[mp.mpf]) -> list[mp.mpf]:
    """The same polynomial in powers of t, lowest first."""
    before, now = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    total = [mp.mpf(0)] * len(series)
    for k, c in enumerate(series):
        term = before if k == 0 else now
        for i, a in enumerate(term):
            total[i] += c * a
        if k:
            after = [mp.mpf(0), *(2 * a for a in now)]
            for i, a in enumerate(before):
                after[i] -= a
            before, now = now, after
    return total


def table(
    name: str, comment: str, f: Function, low: float = -1, high: float = 1, degree: int = 60
) -> None:
    """Print the table of f, given over [low, high]."""
    middle, half = (mp.mpf(low) + high) / 2, (mp.mpf(high) - low) / 2
    series = chebyshev(lambda t: f(middle + half * t), degree)
    scale = max(abs(f(middle + half * t)) for t in (-0.999, -0.5, 0, 0.5, 0.999))
    keep = max(k for k, c in enumerate(series) if abs(c) > scale * mp.mpf(2) ** -57)
    coefficients = powers(series[: keep + 1])
    print(f"# {comment}")
    print(f"{name} = (")
    for i in range(0, len(coefficients), 3):
        print("    " + ", ".join(mp.nstr(c, 18) for c in coefficients[i : i + 3]) + ",")
    print(")  # fmt: skip")


def inverse_error(w: mp.mpf) -> mp.mpf:
    """erfinv(x)/x where w = -log(1 - x²)."""
    if w == 0:
        return mp.sqrt(mp.pi) / 2
    with mp.workdps(60 + int(w / 2)):
        x = mp.sqrt(-mp.expm1(-w))
        guess = mp.sqrt(w) if w > 2 else x
        tail = 1 - x if w < 1 else mp.exp(-w) / (1 + x)
        root = mp.findroot(lambda y: mp.log(mp.erfc(y)) - mp.log(tail), guess)
        return root / x


def modulus(order: int, part: int) -> Function:
    """P (part 0) or Q·x/8 (part 1) of the Bessel functions beyond 8, of u = (8/x)²."""

    def f(u: mp.mpf) -> mp.mpf:
        x = 8 / mp.sqrt(u)
        angle = x - (2 * order + 1) * mp.pi / 4
        j, y = mp.besselj(order, x), mp.bessely(order, x)
        root = mp.sqrt(mp.pi * x / 2)
        if part == 0:
            return root * (j * mp.cos(angle) + y * mp.sin(angle))
        return root * (y * mp.cos(angle) - j * mp.sin(angle)) * x / 8

    return f


def airy_parts(part: int) -> Function:
    """The two parts of Ai(-x) for x > 8, of u = (z0/z)², z = 2/3 x^1.5."""
    z0 = mp.mpf(2) / 3 * mp.mpf(8) ** mp.mpf("1.5")

    def f(u: mp.mpf) -> mp.mpf:
        z = z0 / mp.sqrt(u)
        x = (z * 3 / 2) ** (mp.mpf(2) / 3)
        a, b = mp.airyai(-x), mp.airybi(-x)
        angle = z - mp.pi / 4
        root = mp.sqrt(mp.pi) * x ** mp.mpf("0.25")
        if part == 0:
            return root * (a * mp.cos(angle) - b * mp.sin(angle))
        return root * (a * mp.sin(angle) + b * mp.cos(angle)) * z / z0

    return f


def near(f: Function, point: float, limit: mp.mpf) -> Function:
    """The function with its limit at a removable singularity."""
    return lambda x: limit if abs(x - point) < mp.mpf(10) ** -25 else f(x)


TINY = mp.mpf(10) ** -12


def limited(f: Function, limit: mp.mpf) -> Function:
    """The function with its limit at 0, where the asymptotic series has said all."""
    return lambda u: limit if u < TINY else f(u)


PSI_ROOT = mp.findroot(mp.digamma, 1.4616321449683623)


def scaled_i(order: int, v: mp.mpf) -> mp.mpf:
    """sqrt(x) e^-x I(x) of v = 1/x."""
    if v < TINY:
        return 1 / mp.sqrt(2 * mp.pi)
    return mp.exp(-1 / v) * mp.besseli(order, 1 / v) / mp.sqrt(v)


def scaled_k(order: int, v: mp.mpf) -> mp.mpf:
    """sqrt(x) e^x K(x) of v = 1/x."""
    if v < TINY:
        return mp.sqrt(mp.pi / 2)
    return mp.exp(1 / v) * mp.besselk(order, 1 / v) / mp.sqrt(v)


def airy_scaled(v: mp.mpf) -> mp.mpf:
    """2 sqrt(pi) x^(1/4) e^z Ai(x) of v = 1/z, z = 2/3 x^1.5."""
    if v < TINY:
        return mp.mpf(1)
    z = 1 / v
    x = (z * 3 / 2) ** (mp.mpf(2) / 3)
    return 2 * mp.sqrt(mp.pi) * x ** mp.mpf("0.25") * mp.exp(z) * mp.airyai(x)


def erfcx_weighted(t: mp.mpf) -> mp.mpf:
    """(1 + 2x) e^x² erfc(x), t = (x - 3.75)/(x + 3.75)."""
    x = mp.mpf("3.75") * (1 + t) / (1 - t)
    if x > 200:
        return (1 + 2 * x) / (x * mp.sqrt(mp.pi)) * mp.hyp2f0(1, mp.mpf("0.5"), -1 / x**2)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def main() -> None:
    """Print the module."""
    print(
        '"""Polynomials in t, -1 <= t <= 1, lowest power first; '
        'made by scripts/special_tables.py."""\n'
    )
    print("from __future__ import annotations\n")
    table("ERFCX", "(1 + 2x) exp(x²) erfc(x), t = (x - 3.75)/(x + 3.75), x >= 0.5", erfcx_weighted)
    table("ERFINV_1", "erfinv(x)/x, w = -log(1 - x²) in [0, 5]", inverse_error, 0, 5)
    root = lambda s: inverse_error(s * s)
    a, b = mp.sqrt(5), mp.mpf("6.1")
    table("ERFINV_2", "the same, s = sqrt(w) in [sqrt(5), 6.1]", root, a, b)
    table("ERFINV_3", "the same, s in [6.1, 28]", root, b, 28)
    edge = near(lambda x: mp.loggamma(x) / ((x - 1) * (x - 2)), 1, mp.euler)
    table(
        "LGAMMA_1",
        "lgamma(x)/((x - 1)(x - 2)), x in [1, 3], t = x - 2",
        near(edge, 2, 1 - mp.euler),
        1,
        3,
    )
    table("LGAMMA_3", "lgamma(x), x in [3, 6]", mp.loggamma, 3, 6)
    table("LGAMMA_6", "lgamma(x), x in [6, 12]", mp.loggamma, 6, 12)
    print(f"PSI_ROOT = ({float(PSI_ROOT)!r}, {float(PSI_ROOT - float(PSI_ROOT))!r})")
    table(
        "PSI_1",
        "digamma(x)/(x - root), x in [1, 3], t = x - 2",
        near(lambda x: mp.digamma(x) / (x - PSI_ROOT), PSI_ROOT, mp.polygamma(1, PSI_ROOT)),
        1,
        3,
    )
    table("PSI_3", "digamma(x), x in [3, 6]", mp.digamma, 3, 6)
    table("PSI_6", "digamma(x), x in [6, 12]", mp.digamma, 6, 12)
    table("I0E_0", "exp(-x) I0(x), x in [0, 8]", lambda x: mp.exp(-x) * mp.besseli(0, x), 0, 8)
    table(
        "I0E_8",
        "sqrt(x) exp(-x) I0(x), 1/x in [0, 1/8]",
        lambda v: scaled_i(0, v),
        0,
        mp.mpf(1) / 8,
    )
    table(
        "I1E_0",
        "exp(-x) I1(x)/x, x in [0, 8]",
        near(lambda x: mp.exp(-x) * mp.besseli(1, x) / x, 0, mp.mpf("0.5")),
        0,
        8,
    )
    table(
        "I1E_8",
        "sqrt(x) exp(-x) I1(x), 1/x in [0, 1/8]",
        lambda v: scaled_i(1, v),
        0,
        mp.mpf(1) / 8,
    )
    small_k0 = lambda u: (
        mp.besselk(0, mp.sqrt(u)) + mp.log(mp.sqrt(u) / 2) * mp.besseli(0, mp.sqrt(u))
    )
    table("K0_0", "K0(x) + log(x/2) I0(x), x² in [0, 4]", near(small_k0, 0, -mp.euler), 0, 4)
    table(
        "K0_2", "sqrt(x) exp(x) K0(x), 1/x in [0, 1/2]", lambda v: scaled_k(0, v), 0, mp.mpf("0.5")
    )
    small_k1 = lambda u: (
        mp.sqrt(u)
        * (mp.besselk(1, mp.sqrt(u)) - mp.log(mp.sqrt(u) / 2) * mp.besseli(1, mp.sqrt(u)))
    )
    table("K1_0", "x (K1(x) - log(x/2) I1(x)), x² in [0, 4]", near(small_k1, 0, mp.mpf(1)), 0, 4)
    table(
        "K1_2", "sqrt(x) exp(x) K1(x), 1/x in [0, 1/2]", lambda v: scaled_k(1, v), 0, mp.mpf("0.5")
    )
    table("I0_SMALL", "I0(x), x² in [0, 4]", lambda u: mp.besseli(0, mp.sqrt(u)), 0, 4)
    table(
        "I1_SMALL",
        "I1(x)/x, x² in [0, 4]",
        near(lambda u: mp.besseli(1, mp.sqrt(u)) / mp.sqrt(u), 0, mp.mpf("0.5")),
        0,
        4,
    )
    table("J0_0", "J0(x), x² in [0, 64]", lambda u: mp.besselj(0, mp.sqrt(u)), 0, 64)
    table(
        "J1_0",
        "J1(x)/x, x² in [0, 64]",
        near(lambda u: mp.besselj(1, mp.sqrt(u)) / mp.sqrt(u), 0, mp.mpf("0.5")),
        0,
        64,
    )
    y0 = lambda u: mp.bessely(0, mp.sqrt(u)) - mp.log(u) / mp.pi * mp.besselj(0, mp.sqrt(u))
    table(
        "Y0_0",
        "Y0(x) - 2/pi log(x) J0(x), x² in [0, 64]",
        near(y0, 0, 2 / mp.pi * (mp.euler - mp.log(2))),
        0,
        64,
    )
    y1 = lambda u: (
        (
            mp.bessely(1, mp.sqrt(u))
            - mp.log(u) / mp.pi * mp.besselj(1, mp.sqrt(u))
            + 2 / (mp.pi * mp.sqrt(u))
        )
        / mp.sqrt(u)
    )
    table("Y1_0", "(Y1(x) - 2/pi (log(x) J1(x) - 1/x))/x, x² in [0, 64]", y1, 0, 64)
    for order in (0, 1):
        small = [mp.mpf(1), mp.mpf(4 * order * order - 1) / 64]
        for part, letter in enumerate("PQ"):
            table(
                f"{letter}{order}",
                f"{letter} of J{order} and Y{order} beyond 8, of (8/x)²" + " times x/8" * part,
                limited(modulus(order, part), small[part]),
                0,
                1,
            )
    table("AIRY_M2", "Ai(x), x in [-2, 2]", mp.airyai, -2, 2)
    table("AIRY_M5", "Ai(x), x in [-5, -2]", mp.airyai, -5, -2)
    table("AIRY_M8", "Ai(x), x in [-8, -5]", mp.airyai, -8, -5)
    table(
        "AIRY_P",
        "2 sqrt(pi) x^(1/4) exp(z) Ai(x), 1/z in [0, 0.5303], z = 2/3 x^1.5, x >= 2",
        airy_scaled,
        0,
        mp.mpf(3) / 2 / mp.mpf(2) ** mp.mpf("1.5"),
    )
    z0 = mp.mpf(2) / 3 * mp.mpf(8) ** mp.mpf("1.5")
    limits = (mp.mpf(1), mp.mpf(5) / 72 / z0)
    for part in (0, 1):
        table(
            f"AIRY_N{part}",
            f"part {part} of Ai(-x) beyond 8, of (z0/z)², z0 = 2/3 8^1.5",
            limited(airy_parts(part), limits[part]),
            0,
            1,
        )


if __name__ == "__main__":
    main()
