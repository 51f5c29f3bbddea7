"""Single steps equal their plain twins on every size, layout and type."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_lite._kernels import PLAIN, cells as kernels

pytestmark = pytest.mark.skipif(PLAIN, reason="the plain twins are running")

GATES = {"lstm_cell": 4, "gru_cell": 3, "rnn_cell": 1}


def spaced(array):
    """The same values with gaps between the rows."""
    wide = np.zeros((array.shape[0], array.shape[1] + 3), array.dtype)
    wide[:, : array.shape[1]] = array
    return wide[:, : array.shape[1]]


def operands(name, rows, features, units, dtype, biases):
    random = np.random.default_rng(0)
    gates = GATES[name] * units
    shapes = [
        (rows, features), *[(rows, units)] * (1 + (name == "lstm_cell")), (gates, features),
        (gates, units),
    ]  # fmt: skip
    made = [(random.standard_normal(s) / s[1] ** 0.5).astype(dtype) for s in shapes]
    return made + [random.standard_normal(gates).astype(dtype) if b else None for b in biases]


@pytest.mark.parametrize("layout", [np.ascontiguousarray, np.asfortranarray, spaced])
@pytest.mark.parametrize(("dtype", "gap"), [("float32", 1e-5), ("float64", 1e-13)])
@pytest.mark.parametrize("biases", [(True, True), (False, False), (False, True)])
@pytest.mark.parametrize(
    ("rows", "features", "units"),
    [(1, 1, 1), (3, 2, 5), (8, 64, 64), (32, 128, 128), (33, 5, 128), (97, 400, 100), (0, 2, 3)],
)
@pytest.mark.parametrize("name", GATES)
def test_forward(name, rows, features, units, biases, dtype, gap, layout):
    given = operands(name, rows, features, units, dtype, biases)
    given = [x if x is None or x.ndim == 1 else layout(x) for x in given]
    before = [x if x is None else x.copy() for x in given]
    kernel = getattr(kernels, name)
    for settings in [()] if name != "rnn_cell" else [(False,), (True,)]:
        found, expected = kernel(*given, *settings), kernel.plain(*given, *settings)
        if name == "rnn_cell":
            found, expected = (found,), (expected,)
        for one, other in zip(found, expected, strict=True):
            assert (one.dtype, one.flags.c_contiguous) == (dtype, True)
            np.testing.assert_allclose(one, other, rtol=gap, atol=gap)
    for one, other in zip(given, before, strict=True):
        np.testing.assert_array_equal(one, other)
