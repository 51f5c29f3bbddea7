"""torch.linalg by its own definitions: reconstruction, shapes, errors and special matrices."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite import linalg
from tinygrad_lite.autograd import grad

RNG = np.random.default_rng(1)


def tensor(*shape, wants=False):
    return torch.tensor(RNG.standard_normal(shape), requires_grad=wants)


def close(a, b, atol=1e-12):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-10, atol=atol)


@pytest.mark.parametrize("shape", [(4, 4), (2, 5, 3), (2, 3, 5), (0, 3), (3, 0)])
def test_factors_multiply_back(shape):
    a = tensor(*shape)
    q, r = linalg.qr(a)
    close(q @ r, a)
    u, s, vh = linalg.svd(a, full_matrices=False)
    close(u * s.unsqueeze(-2) @ vh, a)
    p, lower, upper = linalg.lu(a)
    close(p @ lower @ upper, a)
    close(a @ linalg.pinv(a) @ a, a)


def test_symmetric_factors_multiply_back():
    a = tensor(3, 4, 4)
    symmetric = a + a.mT
    values, vectors = linalg.eigh(symmetric)
    close(vectors * values.unsqueeze(-2) @ vectors.mT, symmetric)
    positive = a @ a.mT + torch.eye(4, dtype=torch.float64)
    for upper in (False, True):
        factor = linalg.cholesky(positive, upper=upper)
        close(factor.mT @ factor if upper else factor @ factor.mT, positive)
        close(torch.cholesky_inverse(factor, upper), linalg.inv(positive))
    found = linalg.ldl_solve(*linalg.ldl_factor(symmetric), a)
    close(symmetric @ found, a, 1e-10)


def test_ldl_takes_blocks_of_two():
    a = torch.tensor([[0.0, 1, 2], [1, 0, 3], [2, 3, 0]])
    factors, pivots = linalg.ldl_factor(a)
    assert (pivots < 0).any()
    close(a @ linalg.ldl_solve(factors, pivots, torch.eye(3)), torch.eye(3), 1e-6)


@pytest.mark.parametrize("left", [True, False])
def test_systems(left):
    a, b = tensor(2, 4, 4), tensor(2, 4, 4)
    x = linalg.solve(a, b, left=left)
    close(a @ x if left else x @ a, b, 1e-10)
    close(linalg.lu_solve(*linalg.lu_factor(a), b, left=left), x, 1e-10)
    close(linalg.lu_solve(*linalg.lu_factor(a), b, adjoint=True), linalg.solve(a.mT, b), 1e-10)


def test_a_vector_for_every_matrix():
    a, b = tensor(2, 3, 3), tensor(2, 3)
    close((a @ linalg.solve(a, b).unsqueeze(-1)).squeeze(-1), b)
    assert linalg.solve(a, tensor(3)).shape == (2, 3)


def test_least_squares():
    a, b = tensor(6, 3, wants=True), tensor(6, 2)
    found = linalg.lstsq(a, b, driver="gelsd")
    close(found.solution, linalg.pinv(a) @ b)
    close(found.residuals, ((a @ found.solution - b) ** 2).sum(0))
    assert int(found.rank) == 3
    close(found.singular_values, linalg.svdvals(a))


@pytest.mark.parametrize("rank", [0, 1, 2, 3])
def test_determinants_of_singular_matrices_have_their_cofactors_as_gradient(rank):
    a = (tensor(4, rank) @ tensor(rank, 4)).detach() if rank else torch.zeros(4, 4).double()
    a = a.requires_grad_()
    (g,) = grad(linalg.det(a), a, create_graph=True)
    for i in range(4):
        for j in range(4):
            minor = np.delete(np.delete(a.detach().numpy(), i, 0), j, 1)
            assert float(g[i, j]) == pytest.approx((-1) ** (i + j) * np.linalg.det(minor), abs=1e-9)
    (again,) = grad(g.sum(), a)
    assert np.isfinite(again.numpy()).all()


def test_slogdet_and_logdet_of_singular_and_negative():
    singular = torch.zeros(2, 2)
    assert linalg.slogdet(singular).sign == 0
    assert linalg.slogdet(singular).logabsdet == -math.inf
    assert torch.logdet(singular) == -math.inf
    assert math.isnan(torch.logdet(torch.tensor([[0.0, 1], [1, 0]])))
    held = torch.ones(2, 2, requires_grad=True)
    (g,) = grad(linalg.slogdet(held).logabsdet, held)
    assert not np.isfinite(g.numpy()).any()


def test_norm_gradients_at_zero():
    for order in (1, 1.5, 2, 3, math.inf):
        x = torch.zeros(3, requires_grad=True)
        (g,) = grad(linalg.vector_norm(x, order), x)
        assert g.tolist() == [0, 0, 0]
    x = torch.zeros(2, 2, requires_grad=True)
    (g,) = grad(linalg.matrix_norm(x, "nuc"), x)
    assert g.tolist() == [[1, 0], [0, 1]]
    x = torch.tensor([[3.0, -3.0]], requires_grad=True)
    (g,) = grad(linalg.vector_norm(x, math.inf), x)
    assert g.tolist() == [[0.5, -0.5]]


def test_repeated_eigenvalues_spoil_the_vectors_only():
    x = torch.eye(3, dtype=torch.float64, requires_grad=True)
    values, vectors = linalg.eigh(x)
    (g,) = grad(values.sum(), x, retain_graph=True)
    assert g.tolist() == torch.eye(3).tolist()
    (g,) = grad(vectors[0, 1], x)
    assert not np.isfinite(g.numpy()).all()


def test_repeated_singular_values_spoil_the_vectors_only():
    x = torch.eye(3, dtype=torch.float64, requires_grad=True)
    (g,) = grad(linalg.svdvals(x).sum(), x)
    assert g.tolist() == torch.eye(3).tolist()


def test_powers_and_chains():
    a = tensor(3, 3)
    close(linalg.matrix_power(a, 5), a @ a @ a @ a @ a)
    close(linalg.matrix_power(a, -2) @ a @ a, torch.eye(3).double(), 1e-9)
    close(linalg.matrix_power(a, 0), torch.eye(3).double())
    b, c, v = tensor(3, 7), tensor(7, 2), tensor(2)
    close(linalg.multi_dot([a, b, c, v]), a @ b @ c @ v)
    close(linalg.matrix_exp(torch.zeros(2, 2).double()), torch.eye(2).double())


def test_tensor_systems():
    a = tensor(2, 3, 6)
    close(torch.tensordot(linalg.tensorinv(a, 2), a, 2), torch.eye(6).double(), 1e-9)
    b = tensor(2, 3)
    close(torch.tensordot(a, linalg.tensorsolve(a, b), 1), b, 1e-9)


def test_condition_and_rank():
    a = torch.diag(torch.tensor([4.0, 2.0, 1.0]))
    assert float(linalg.cond(a)) == pytest.approx(4)
    assert float(linalg.cond(a, 1)) == pytest.approx(4)
    assert math.isinf(linalg.cond(torch.zeros(2, 2), 1)) or math.isnan(
        linalg.cond(torch.zeros(2, 2), 1)
    )
    assert int(linalg.matrix_rank(torch.diag(torch.tensor([1.0, 0.0, 1e-12])))) == 1
    assert int(linalg.matrix_rank(a, hermitian=True)) == 3
    assert int(linalg.matrix_rank(a, atol=1.5)) == 2


def test_float32_stays_float32():
    a = tensor(3, 3).float() @ tensor(3, 3).float() + 4 * torch.eye(3)
    results = [
        linalg.inv(a), linalg.det(a), *linalg.svd(a), *linalg.qr(a), *linalg.slogdet(a),
        linalg.pinv(a), linalg.matrix_exp(a), *linalg.eigh(a), linalg.solve(a, a), linalg.cond(a),
        linalg.lu(a)[0], linalg.vector_norm(a), linalg.matrix_norm(a, 2), linalg.lstsq(a, a)[0],
        torch.cdist(a, a), torch.cov(a), torch.corrcoef(a), torch.einsum("ij,jk", a, a),
    ]  # fmt: skip
    assert {str(r.dtype) for r in results} == {"torch.float32"}


def test_errors_of_the_ex_forms_are_numbers():
    a = torch.stack([torch.eye(3), torch.diag(torch.tensor([1.0, -1.0, 1.0])), torch.zeros(3, 3)])
    assert linalg.cholesky_ex(a).info.tolist() == [0, 2, 1]
    assert linalg.inv_ex(a).info.tolist() == [0, 0, 1]
    assert linalg.lu_factor_ex(a).info.tolist() == [0, 0, 1]
    assert linalg.solve_ex(a, a).info.tolist() == [0, 0, 1]
    with pytest.raises(linalg.LinAlgError, match="singular"):
        linalg.inv(a)
    with pytest.raises(linalg.LinAlgError):
        linalg.inv_ex(a, check_errors=True)


@pytest.mark.parametrize("call", [
    lambda: linalg.inv(torch.ones(2, 3)), lambda: linalg.inv(torch.ones(3)),
    lambda: linalg.inv(torch.ones(2, 2, dtype=torch.int64)),
    lambda: linalg.solve(torch.eye(2), torch.ones(3, 1)),
    lambda: linalg.solve(torch.eye(2), torch.eye(2).double()),
    lambda: linalg.qr(torch.eye(2), "full"), lambda: linalg.eigh(torch.eye(2), "X"),
    lambda: linalg.lu_factor(torch.eye(2), pivot=False),
    lambda: linalg.qr(torch.ones(3, 2, requires_grad=True), "r").R.sum().backward(),
    lambda: linalg.qr(torch.ones(3, 2, requires_grad=True), "complete").Q.sum().backward(),
    lambda: linalg.norm(torch.ones(2, 2, 2), 2), lambda: linalg.matrix_norm(torch.ones(2, 2), 3),
    lambda: linalg.multi_dot([torch.eye(2)]),
])  # fmt: skip
def test_wrong_calls_raise_runtime_errors(call):
    with pytest.raises(RuntimeError):
        call()


def test_numpy_functions_record():
    a = tensor(3, 3, wants=True)
    close(np.linalg.inv(a), linalg.inv(a))
    assert np.linalg.det(a).requires_grad
    close(np.einsum("ij,jk->ik", a, a), a @ a)
