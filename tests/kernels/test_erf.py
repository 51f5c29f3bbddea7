"""The error functions against Python's own, to a few units in the last place."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tinygrad_lite._kernels.erf import erf, erfc
from tinygrad_lite._kernels.special import erfinv

POINTS = np.concatenate([np.linspace(-6, 6, 2001), np.logspace(-300, 0, 200), [0.0, -0.0]])


@pytest.mark.parametrize(("ours", "reference"), [(erf, math.erf), (erfc, math.erfc)])
def test_agrees_with_the_c_library_to_four_units(ours, reference):
    points = np.concatenate([POINTS, np.linspace(6, 26, 500)])
    expected = np.array([reference(x) for x in points])
    error = np.abs(ours(points) - expected)
    assert np.max(error / np.maximum(np.abs(expected), 1e-300)) < 4 * np.finfo(float).eps


def test_float32_keeps_its_type_and_three_units():
    points = POINTS.astype(np.float32)
    expected = np.array([math.erf(x) for x in points])
    result = erf(points)
    assert result.dtype == np.float32
    error = np.abs(result - expected) / np.maximum(np.abs(expected), 1e-37)
    assert np.max(error[np.abs(points) > 1e-30]) < 3e-7


def test_ends_and_nan():
    assert erf(np.array([np.inf, -np.inf])).tolist() == [1, -1]
    assert erfc(np.array([np.inf, -np.inf])).tolist() == [0, 2]
    assert np.isnan(erf(np.array([np.nan]))).all()
    assert np.isnan(erf(np.array([np.nan], np.float32))).all()
    assert np.signbit(erf(np.array(-0.0)))


def test_inverse_undoes_erf():
    x = np.linspace(-5, 5, 1001)
    slope = 2 / np.sqrt(np.pi) * np.exp(-x * x)
    assert np.max(np.abs(erfinv(erf(x)) - x) * slope) < 4 * np.finfo(float).eps
    assert erfinv(np.array([1.0, -1.0])).tolist() == [np.inf, -np.inf]
    assert np.isnan(erfinv(np.array([1.5, -2.0, np.nan]))).all()
