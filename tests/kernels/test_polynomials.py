"""Orthogonal polynomials of high degrees: closed forms, overflow, and an end to every loop."""

import time

import numpy as np
import pytest

from tinygrad_lite._kernels import polynomials

CHEBYSHEV = [name for name in polynomials.FAMILIES if "chebyshev" in name]


@pytest.mark.parametrize("family", CHEBYSHEV)
def test_closed_forms_continue_the_recurrence(family, monkeypatch):
    x, n = np.meshgrid([-1.01, -1, -0.7, -1e-3, 0, 0.3, 0.999, 1, 1.01], [2, 257, 300, 301])
    found = polynomials.evaluate(family, x, n)
    monkeypatch.setattr(polynomials, "CLOSED_FROM", 10**6)
    expected = polynomials.evaluate(family, x, n)
    finite = np.isfinite(found) & np.isfinite(expected)
    scale = np.maximum(np.abs(expected), 1)[finite]
    assert finite.sum() > 25
    assert (np.abs(found - expected)[finite] <= 1e-11 * scale).all()


@pytest.mark.parametrize("family", CHEBYSHEV)
def test_huge_degrees_take_no_time(family):
    start = time.perf_counter()
    found = polynomials.evaluate(family, np.array([0.25, 501.0]), np.array([1e18, 1e18]))
    assert np.isfinite(found[0])
    assert np.isnan(found[1])
    assert time.perf_counter() - start < 1


def test_overflow_ends_the_loop():
    found = polynomials.evaluate("legendre_polynomial_p", np.array([501.0]), np.array([1e18]))
    assert np.isnan(found).all()


def test_a_degree_that_would_take_for_ever_is_refused():
    with pytest.raises(NotImplementedError, match="degrees above"):
        polynomials.evaluate("legendre_polynomial_p", np.array([0.5]), np.array([1e18]))
