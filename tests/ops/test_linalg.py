"""Matrix operations on plain arrays: values and gradients against PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tests.ops.pulling import gather, settle
from tinygrad_lite._kernels import lapack
from tinygrad_lite.ops import decomposition, determinant, exponential, solve

torch = pytest.importorskip("torch")
LA = torch.linalg
RNG = np.random.default_rng(3)
SQUARE = RNG.standard_normal((2, 4, 4))
TALL, WIDE = RNG.standard_normal((2, 5, 3)), RNG.standard_normal((2, 3, 5))
SHAPES = {"square": SQUARE, "tall": TALL, "wide": WIDE}
POSITIVE = SQUARE @ SQUARE.swapaxes(-1, -2) + np.eye(4)
SYMMETRIC = SQUARE + SQUARE.swapaxes(-1, -2)
RIGHT = RNG.standard_normal((2, 4, 3))


def compare(op, reference, arrays, settings=None, used=None, rtol=1e-9):
    """Values and gradients; `used` are the results whose gradients are asked for."""
    settings = settings or {}
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    expected = reference(*tensors)
    result = op.forward(*arrays, **settings)
    outs = result if op.outputs else (result,)
    expected = tuple(expected) if op.outputs else (expected,)
    for ours, theirs in zip(outs, expected, strict=True):
        assert np.shape(ours) == tuple(theirs.shape)
        np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=rtol, atol=1e-11)
    used = range(len(outs)) if used is None else used
    g = [RNG.standard_normal(np.shape(o)) if i in used else None for i, o in enumerate(outs)]
    theirs = torch.autograd.grad(
        [expected[i] for i in used], tensors, [torch.tensor(g[i]) for i in used]
    )
    for ours, wanted in zip(pull_all(op, arrays, settings, result, g), theirs, strict=True):
        settled = settle(ours, tuple(wanted.shape))
        np.testing.assert_allclose(settled, wanted.numpy(), rtol=rtol, atol=1e-10)


def pull_all(op, arrays, settings, result, g):
    needs = (True,) * len(arrays)
    g = tuple(g) if op.outputs else g[0]
    if op.shared is not None:
        return op.shared.function(g, *gather(op.shared, op, arrays, settings, result, needs))
    rules = [r for r in op.rules if r is not None]
    return [r.function(g, *gather(r, op, arrays, settings, result, needs)) for r in rules]


def slope(function, x, step=1e-5):
    """Central differences of a number in every element of `x`."""
    out = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        d = np.zeros(x.shape)
        d[i] = step
        out[i] = (function(x + d) - function(x - d)) / (2 * step)
    return out


def test_inverse_determinant_solve_cholesky():
    compare(determinant.inv, LA.inv, [SQUARE])
    compare(determinant.det, LA.det, [SQUARE])
    compare(determinant.det, LA.det, [SQUARE[:, :1, :1]])
    compare(determinant.slogdet, LA.slogdet, [SQUARE], used=[1])
    compare(solve.solve, LA.solve, [SQUARE, RIGHT])
    compare(solve.solve, LA.solve, [SQUARE[0], RIGHT])
    compare(solve.cholesky, LA.cholesky, [POSITIVE])


@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize("left", [True, False])
@pytest.mark.parametrize("unitriangular", [True, False])
def test_triangular_systems(upper, left, unitriangular):
    settings = {"upper": upper, "left": left, "unitriangular": unitriangular}
    right = RIGHT if left else RIGHT.swapaxes(-1, -2)
    compare(
        solve.solve_triangular, lambda a, b: LA.solve_triangular(a, b, **settings),
        [SQUARE, right], settings,
    )  # fmt: skip


@pytest.mark.parametrize("upper", [True, False])
def test_large_triangular_systems_go_by_blocks(upper):
    a = RNG.standard_normal((150, 150)) + 20 * np.eye(150)
    b = RNG.standard_normal((150, 3))
    np.testing.assert_allclose(
        lapack.solve_triangular(a, b, upper),
        np.linalg.solve(np.triu(a) if upper else np.tril(a), b), rtol=1e-11, atol=1e-13,
    )  # fmt: skip


def test_triangular_system_with_zero_on_the_diagonal_divides():
    a, b = np.array([[1.0, 2], [0, 0]]), np.ones((2, 1))
    theirs = LA.solve_triangular(torch.tensor(a), torch.tensor(b), upper=True)
    np.testing.assert_array_equal(solve.solve_triangular(a, b, upper=True), theirs.numpy())


@pytest.mark.parametrize("shape", [(2, 4, 4), (2, 5, 3), (2, 3, 5), (90, 90), (100, 50), (50, 100)])
def test_lu(shape):
    compare(solve.lu_factor, LA.lu_factor, [RNG.standard_normal(shape)], used=[0], rtol=1e-6)


def test_lu_permutation():
    lu, pivots = lapack.lu_factor(TALL)
    p = lapack.permutation_matrix(pivots, 5, np.float64)
    lower, upper = np.tril(lu, -1) + np.eye(5, 3), np.triu(lu[..., :3, :])
    np.testing.assert_allclose(p @ lower @ upper, TALL, atol=1e-14)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("used", [[0, 1], [0], [1]])
def test_qr(name, used):
    compare(decomposition.qr, LA.qr, [SHAPES[name]], {"mode": "reduced"}, used)
    if name != "tall":
        compare(
            decomposition.qr, lambda a: LA.qr(a, "complete"), [SHAPES[name]],
            {"mode": "complete"}, used,
        )  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("weights", [(1, 1, 1), (1, 0, 0), (0, 1, 0), (0, 0, 1)])
def test_svd(name, full, weights):
    """Against differences of a quantity in which the vectors' signs cancel."""
    x = SHAPES[name][0]
    k = min(x.shape)
    w = [RNG.standard_normal(s) for s in ((x.shape[0], k), (k,), (k, x.shape[1]))]

    def measure(y):
        u, s, vh = np.linalg.svd(y, full_matrices=False)
        return (
            weights[0] * (w[0] * u**2).sum() + weights[1] * (w[1] * s).sum()
            + weights[2] * (w[2] * vh**2).sum()
        )  # fmt: skip

    u, s, vh = result = decomposition.svd.forward(x, full_matrices=full)
    np.testing.assert_allclose(u[:, :k] * s @ vh[:k], x, atol=1e-14)
    g_u, g_vh = np.zeros(u.shape), np.zeros(vh.shape)
    g_u[:, :k], g_vh[:k] = 2 * w[0] * u[:, :k], 2 * w[2] * vh[:k]
    g = [a if on else None for a, on in zip((g_u, w[1], g_vh), weights, strict=True)]
    (ours,) = pull_all(decomposition.svd, [x], {"full_matrices": full}, result, g)
    np.testing.assert_allclose(ours, slope(measure, x), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("weights", [(1, 1), (1, 0), (0, 1)])
def test_eigh(weights):
    x = SYMMETRIC[0]
    w = RNG.standard_normal(4), RNG.standard_normal((4, 4))

    def measure(y):
        values, vectors = np.linalg.eigh((y + y.T) / 2)
        return weights[0] * (w[0] * values).sum() + weights[1] * (w[1] * vectors**2).sum()

    result = decomposition.eigh.forward(x)
    vectors = result[1]
    g = [w[0] if weights[0] else None, 2 * w[1] * vectors if weights[1] else None]
    (ours,) = pull_all(decomposition.eigh, [x], {}, result, g)
    np.testing.assert_allclose((ours + ours.T) / 2, slope(measure, x), rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("name", SHAPES)
def test_pseudoinverse(name):
    arrays = [SHAPES[name], np.zeros(()), np.array(1e-15)]
    result = decomposition.pinv.forward(*arrays)
    t = torch.tensor(arrays[0], requires_grad=True)
    expected, g = LA.pinv(t), RNG.standard_normal(result.shape)
    np.testing.assert_allclose(result, expected.detach().numpy(), rtol=1e-10)
    (ours,) = pull_all(decomposition.pinv, arrays, {}, result, [g])
    (theirs,) = torch.autograd.grad(expected, t, torch.tensor(g))
    np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("scale", [0.1, 1, 10])
def test_matrix_exponential(scale):
    compare(exponential.matrix_exp, LA.matrix_exp, [SQUARE * scale], rtol=1e-8)


SINGULAR = {
    "rank n-1": np.diag([1, 2, 0.0, 3]) @ SQUARE[0], "diagonal": np.diag([1, 0, 0.0, 3]),
    "zero": np.zeros((4, 4)), "ones": np.ones((3, 3)), "regular": SQUARE[0],
    "one": np.zeros((1, 1)), "two": np.diag([1.0, 0]),
}  # fmt: skip


@pytest.mark.parametrize("x", SINGULAR.values(), ids=SINGULAR)
def test_first_and_second_derivative_of_det_at_singular_matrices(x):
    g = RNG.standard_normal(x.shape)
    np.testing.assert_allclose(determinant.cofactors(x), slope(np.linalg.det, x), atol=1e-8)
    np.testing.assert_allclose(
        determinant.second_cofactors(g, x),
        slope(lambda y: (g * determinant.cofactors(y)).sum(), x), atol=1e-7,
    )  # fmt: skip


def test_third_derivative_of_det():
    x, y, g = SQUARE[0], *RNG.standard_normal((2, 4, 4))
    np.testing.assert_allclose(
        determinant.second_cofactors.rules[1].function(g, y, x),
        slope(lambda z: (g * determinant.second_cofactors(y, z)).sum(), x), atol=1e-7,
    )  # fmt: skip


ALL = [
    (determinant.inv, {}), (determinant.det, {}), (determinant.cofactors, {}), (solve.cholesky, {}),
    (solve.lu_factor, {}), (decomposition.qr, {}), (decomposition.svd, {}),
    (decomposition.eigh, {}), (exponential.matrix_exp, {}),
]  # fmt: skip


@pytest.mark.parametrize(("op", "settings"), ALL, ids=lambda v: getattr(v, "name", ""))
def test_empty_and_float32(op, settings):
    for size in (0, 3):
        x = np.tile(np.eye(size, dtype=np.float32) * 2, (2, 1, 1))
        out = op.forward(x, **settings)
        first = out[0] if op.outputs else out
        assert first.dtype == np.float32
        assert first.shape[0] == 2


def test_singular_and_indefinite_matrices_raise_torchs_words():
    singular = np.stack([np.eye(3), np.diag([1.0, 0, 1])])
    with pytest.raises(
        lapack.LinAlgError, match=r"linalg.inv: \(Batch element 1\): The diagonal element 2"
    ):
        lapack.inv(singular)
    with pytest.raises(lapack.LinAlgError, match=r"torch.linalg.solve: \(Batch element 1\)"):
        lapack.solve(singular, np.ones((3, 1)))
    with pytest.raises(lapack.LinAlgError, match="leading minor of order 2"):
        lapack.cholesky(np.diag([1.0, -1, 1]))
    with pytest.raises(lapack.LinAlgError, match=r"linalg\.svd"):
        lapack.svd(np.full((2, 2), math.nan), False)
    with pytest.raises(RuntimeError, match="float"):
        determinant.inv(np.eye(2, dtype=np.int64))
