"""Special functions on plain arrays: values and gradients against PyTorch, or mpmath's digits."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.ops.pulling import pull
from tinygrad_lite.ops import special

torch = pytest.importorskip("torch")

EVERYWHERE = np.array(
    [-3.7, -2.4, -1.5, -0.9, -0.3, -1e-3, 1e-3, 0.2, 0.7, 1.3, 2.6, 4.1, 9.5, 31.0]
)
POSITIVE = np.abs(EVERYWHERE)
WITH_GRADIENT = {
    "erf": EVERYWHERE, "erfc": EVERYWHERE, "erfinv": EVERYWHERE / 32, "erfcx": EVERYWHERE,
    "ndtr": EVERYWHERE / 4, "ndtri": POSITIVE / 32, "log_ndtr": EVERYWHERE, "digamma": EVERYWHERE,
    "gammaln": EVERYWHERE, "i0": EVERYWHERE, "i1": EVERYWHERE, "i0e": EVERYWHERE,
    "i1e": EVERYWHERE, "sinc": EVERYWHERE, "logit": POSITIVE / 32, "entr": POSITIVE,
}  # fmt: skip
OURS = {"gammaln": "lgamma"}


@pytest.mark.parametrize("name", WITH_GRADIENT)
def test_value_and_gradient_equal_torch(name):
    x = WITH_GRADIENT[name]
    g = np.linspace(-1, 2, x.size)
    out, (gradient,) = pull(getattr(special, OURS.get(name, name)), [x], g=g)
    t = torch.tensor(x, requires_grad=True)
    expected = getattr(torch.special, name)(t)
    np.testing.assert_allclose(out, expected.detach().numpy(), rtol=2e-13, atol=1e-300)
    (theirs,) = torch.autograd.grad(expected, t, torch.tensor(g))
    np.testing.assert_allclose(gradient, theirs, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("name", WITH_GRADIENT)
def test_float32_stays_and_special_values_agree(name):
    x = np.array([0.0, -0.0, 1, -1, 2, math.inf, -math.inf, math.nan, 0.3, -7.5], np.float32)
    out, (gradient,) = pull(getattr(special, OURS.get(name, name)), [x], g=np.ones_like(x))
    expected = getattr(torch.special, name)(torch.tensor(x)).numpy()
    assert out.dtype == gradient.dtype == np.float32
    np.testing.assert_allclose(out, expected, rtol=3e-6, atol=1e-7)


@pytest.mark.parametrize("name", [
    "bessel_j0", "bessel_j1", "bessel_y0", "bessel_y1", "modified_bessel_k0", "modified_bessel_k1",
    "scaled_modified_bessel_k0", "scaled_modified_bessel_k1", "spherical_bessel_j0",
])  # fmt: skip
def test_bessel_values_equal_torch_and_gradients_equal_differences(name):
    x, step = POSITIVE + 0.1, 1e-6
    operation = getattr(special, name)
    expected = getattr(torch.special, name)(torch.tensor(x)).numpy()
    out, (gradient,) = pull(operation, [x], g=np.ones_like(x))
    np.testing.assert_allclose(out, expected, rtol=1e-7, atol=1e-14)
    slope = (operation(x + step) - operation(x - step)) / (2 * step)
    np.testing.assert_allclose(gradient, slope, rtol=1e-7, atol=1e-9)


DIGITS = [  # operation, x, value to 17 digits, by mpmath
    ("airy_ai", -27.562946287635285, 0.032798851347131616),
    ("airy_ai", -2.5, -0.11232506769296609),
    ("airy_ai", 1.0, 0.13529241631288142),
    ("airy_ai", 10.0, 1.1047532552898686e-10),
    ("ndtr", -30.0, 4.9067139271481871e-198),
    ("log_ndtr", -50.0, -1254.8313611394199),
    ("ndtri", 1e-300, -37.047096299361199),
    ("lgamma", 1 + 2.0**-40, -5.2497458900760178e-13),
    ("digamma", 1.4616321449683622, -9.2412655217294275e-17),
    ("erfcx", 100.0, 0.0056416137829894329),
    ("bessel_j0", 500.0, -0.034100556880731998),
    ("scaled_modified_bessel_k1", 1e-3, 1000.9967345590684),
]


@pytest.mark.parametrize(("name", "x", "value"), DIGITS)
def test_values_to_the_last_digits(name, x, value):
    got = getattr(special, name)(np.array([x]))[0]
    assert got == pytest.approx(value, rel=6e-14, abs=0)


@pytest.mark.parametrize("n", range(5))
def test_polygamma(n):
    x = np.array([0.1, 0.9, 1.4, 3.2, 7.7, 25.0])
    out = special.polygamma(x, n=n)
    np.testing.assert_allclose(out, torch.polygamma(n, torch.tensor(x)), rtol=1e-9)
    _, (gradient,) = pull(special.polygamma, [x], {"n": n}, np.ones_like(x))
    np.testing.assert_allclose(gradient, torch.polygamma(n + 1, torch.tensor(x)), rtol=1e-9)


@pytest.mark.parametrize("name", ["igamma", "igammac"])
def test_incomplete_gamma(name):
    a, x = (
        v.ravel()
        for v in np.meshgrid([0.01, 0.5, 1, 3.3, 20, 150, 3e3], [0.02, 0.9, 2.5, 18, 160, 3e3])
    )
    operation, reference = (
        getattr(special, name),
        getattr(torch.special, {"igamma": "gammainc", "igammac": "gammaincc"}[name]),
    )
    np.testing.assert_allclose(
        operation(a, x), reference(torch.tensor(a), torch.tensor(x)), rtol=2e-9, atol=1e-300
    )
    np.testing.assert_allclose(special.igamma(a, x) + special.igammac(a, x), 1, rtol=1e-14)
    edge = [
        np.array(v, float)
        for v in zip(
            *[
                (0, 0),
                (0, 1),
                (1, 0),
                (-1, 2),
                (2, -1),
                (math.inf, 1),
                (1, math.inf),
                (math.inf, math.inf),
                (math.nan, 1),
            ],
            strict=True,
        )
    ]
    np.testing.assert_allclose(operation(*edge), reference(*map(torch.tensor, edge)))
    t = torch.tensor(x, requires_grad=True)
    (theirs,) = torch.autograd.grad(reference(torch.tensor(a), t).sum(), t)
    rule = operation.rules[1].function
    np.testing.assert_allclose(rule(np.ones_like(x), a, x), theirs, rtol=1e-9, atol=1e-300)
    with pytest.raises(NotImplementedError, match="derivative for 'input' of igamma"):
        operation.rules[0].function(np.ones_like(x))


def test_zeta():
    s, q = (v.ravel() for v in np.meshgrid([1.1, 2, 3.7, 12, 40], [0.01, 0.5, 1, 8, 33.3]))
    np.testing.assert_allclose(
        special.zeta(s, q), torch.special.zeta(torch.tensor(s), torch.tensor(q)), rtol=1e-12
    )
    assert np.isinf(special.zeta(np.array(1.0), np.array(2.0)))
    assert np.isnan(special.zeta(np.array(0.5), np.array(2.0)))


@pytest.mark.parametrize("name", ["xlogy", "xlog1py"])
def test_products_with_a_logarithm(name):
    x = np.array([0, 0, 0, 0, 1, 2, -1, 0.5, math.nan, 0])
    y = np.array([0, 1, -2, math.nan, 0, 3, 2, -0.5, 1, -1])
    tensors = [torch.tensor(v, requires_grad=True) for v in (x, y)]
    expected = getattr(torch.special, name)(*tensors)
    out, gradients = pull(getattr(special, name), [x, y], g=np.ones(x.size))
    np.testing.assert_array_equal(np.isnan(out), np.isnan(expected.detach().numpy()))
    np.testing.assert_allclose(out, expected.detach().numpy(), rtol=1e-14)
    for ours, theirs in zip(gradients, torch.autograd.grad(expected.sum(), tensors), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_sinc_derivatives_at_and_near_zero():
    x = np.array([0.0, 1e-9, 1e-4, 0.3])
    z = math.pi * x
    even = math.pi**2 * (-1 / 3 + z**2 / 10 - z**4 / 168 + z**6 / 6480)
    np.testing.assert_allclose(special.sinc(x, order=2), even, rtol=1e-3 * x.max() ** 4)
    assert special.sinc(np.zeros(1), order=1)[0] == 0
    assert special.sinc(np.zeros(1), order=4)[0] == pytest.approx(math.pi**4 / 5, rel=1e-15)


def test_sinc_series_and_recurrence_meet():
    for order in range(1, 6):
        edge = (order + 1) / math.pi
        low, high = special.sinc(np.array([edge * (1 - 1e-12), edge * (1 + 1e-12)]), order=order)
        assert low == pytest.approx(high, rel=1e-9)


@pytest.mark.parametrize("family", [
    "chebyshev_polynomial_t", "chebyshev_polynomial_u", "chebyshev_polynomial_v",
    "chebyshev_polynomial_w", "shifted_chebyshev_polynomial_t", "shifted_chebyshev_polynomial_u",
    "shifted_chebyshev_polynomial_v", "shifted_chebyshev_polynomial_w", "hermite_polynomial_h",
    "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
])  # fmt: skip
def test_orthogonal_polynomials(family):
    x = np.linspace(-1.4, 1.4, 9)[:, None]
    n = np.array([-1.0, 0, 1, 2, 5, 8])
    expected = getattr(torch.special, family)(torch.tensor(x), torch.tensor(n))
    np.testing.assert_allclose(getattr(special, family)(x, n), expected, rtol=1e-9, atol=1e-9)
