"""The book's numerical gradient, made safe."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_lite.autograd.numerical import numerical_gradient


def square_sum(x):
    return (x * x).sum()


@pytest.mark.parametrize(
    "x",
    [
        np.array([[1.0, -2.0], [3.0, 0.5]]),
        np.array(3.0),
        np.zeros((0, 3)),
        np.arange(12.0).reshape(3, 4)[::2, ::-1],
        np.broadcast_to(np.array([1.0, 2.0]), (3, 2)),
        np.array([1, 2], dtype=np.float32),
    ],
    ids=["matrix", "0-d", "empty", "strided", "read-only", "float32"],
)
def test_matches_the_derivative_and_leaves_x_alone(x):
    before = x.copy()
    gradient = numerical_gradient(square_sum, x)
    assert gradient.dtype == np.float64
    assert gradient.shape == x.shape
    np.testing.assert_allclose(gradient, 2 * x, rtol=1e-7)
    np.testing.assert_array_equal(x, before)


def test_f_cannot_spoil_the_point():
    def greedy(x):
        value = (x**2).sum()
        x[...] = 7.0
        return value

    np.testing.assert_allclose(numerical_gradient(greedy, np.array([1.0, 2.0])), [2, 4], rtol=1e-7)


def test_a_loss_that_reads_the_parameter_where_it_is_kept():
    params = {"W": np.array([[1.0, 2.0], [3.0, 4.0]])}

    def loss(_):
        return (params["W"] ** 3).sum()

    gradient = numerical_gradient(loss, params["W"])
    np.testing.assert_allclose(gradient, 3 * params["W"] ** 2, rtol=1e-6)
    np.testing.assert_array_equal(params["W"], [[1.0, 2.0], [3.0, 4.0]])


def test_the_parameter_is_put_back_when_f_raises():
    kept = np.array([1.0, 2.0])

    def fragile(_):
        if kept[1] != 2.0:
            raise RuntimeError("boom")
        return 0.0

    with pytest.raises(RuntimeError, match="boom"):
        numerical_gradient(fragile, kept)
    np.testing.assert_array_equal(kept, [1.0, 2.0])


def test_large_values_move_by_more_than_their_rounding():
    x = np.array([1e12, 1e14])
    np.testing.assert_allclose(numerical_gradient(square_sum, x), 2 * x, rtol=1e-6)


def test_integers_are_refused_with_the_remedy():
    with pytest.raises(TypeError, match=r"int64.*astype\(np.float64\)"):
        numerical_gradient(square_sum, np.array([1, 2]))


def test_more_than_one_number_is_refused():
    with pytest.raises(ValueError, match=r"one number.*\(2,\)"):
        numerical_gradient(lambda x: x, np.array([1.0, 2.0]))


@pytest.mark.parametrize("h", [0.0, -1e-4, float("nan")])
def test_a_step_that_goes_nowhere_is_refused(h):
    with pytest.raises(ValueError, match="h > 0"):
        numerical_gradient(square_sum, np.array([1.0]), h=h)


def test_size_one_results_and_python_numbers_count_as_scalars():
    assert numerical_gradient(lambda x: np.array([x * x]), 3.0) == pytest.approx(6.0)
    assert numerical_gradient(lambda x: float(x) ** 2, 3.0) == pytest.approx(6.0)
