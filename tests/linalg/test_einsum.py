"""torch.einsum: every form of the formula against NumPy's, and its gradients."""

from __future__ import annotations

import random

import numpy as np
import pytest

import tinygrad_lite as torch
from tinygrad_lite.autograd import grad

RNG = np.random.default_rng(5)
FORMULAS = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("ij,jk", (2, 3), (3, 4)), ("ij->ji", (2, 3)), ("ba", (2, 3)),
    ("ii->i", (3, 3)), ("ii", (3, 3)), ("ij->", (2, 3)), ("i,j->ij", (3,), (4,)),
    ("i,i", (3,), (3,)), ("ij,ij->ij", (2, 3), (2, 3)), ("iij->ij", (3, 3, 2)),
    ("iijj->ij", (3, 3, 2, 2)), ("iji->j", (2, 3, 2)), ("...ij,...jk->...ik", (5, 2, 3), (3, 4)),
    ("b...,b...->...", (2, 3, 4), (2, 3, 4)), ("bhid,bhjd->bhij", (2, 3, 4, 5), (2, 3, 6, 5)),
    ("bij,bjk,bkl->bil", (2, 3, 4), (2, 4, 5), (2, 5, 6)), ("ba , b... -> a...", (2, 3), (2, 4, 5)),
    ("->", ()), (",i->i", (), (3,)), ("i...->...", (2, 3, 4)), ("aB,Bc->ca", (2, 3), (3, 2)),
    ("bn,anm,bm->ba", (2, 3), (5, 3, 4), (2, 4)), ("ij,ij,ij->i", (2, 3), (2, 3), (2, 3)),
    ("ij,jk->ik", (2, 0), (0, 3)),
]  # fmt: skip


def arrays(shapes):
    return [np.asarray(RNG.standard_normal(s)) for s in shapes]


@pytest.mark.parametrize(("formula", "shapes"), [(f, s) for f, *s in FORMULAS])
def test_values_and_gradients(formula, shapes):
    values = arrays(shapes)
    leaves = [torch.tensor(v, requires_grad=True) for v in values]
    out = torch.einsum(formula, *leaves)
    expected = np.einsum(formula.replace(" ", ""), *values)
    np.testing.assert_allclose(out.detach().numpy(), expected, rtol=1e-12, atol=1e-14)
    assert out.shape == expected.shape
    g = np.asarray(RNG.standard_normal(expected.shape))
    for i, (leaf, ours) in enumerate(zip(leaves, grad(out, leaves, torch.tensor(g)), strict=True)):
        along = np.asarray(RNG.standard_normal(leaf.shape))
        moved = [along if i == j else v for j, v in enumerate(values)]
        slope = (np.einsum(formula.replace(" ", ""), *moved) * g).sum()  # linear in each operand
        assert float((ours.numpy() * along).sum()) == pytest.approx(slope, rel=1e-9, abs=1e-12)


def test_random_formulas_equal_torch():
    theirs = pytest.importorskip("torch")
    draw, tried = random.Random(0), 0
    while tried < 150:
        sizes = {c: draw.choice([1, 2, 3]) for c in "abcde"}
        terms = [
            "".join(draw.choices("abcde", k=draw.randint(0, 4))) for _ in range(draw.randint(1, 3))
        ]
        shapes = [
            tuple(sizes[c] if draw.random() < 0.85 or t.count(c) > 1 else 1 for c in t)
            for t in terms
        ]
        used = list(dict.fromkeys("".join(terms)))
        draw.shuffle(used)
        formula = ",".join(terms) + "->" + "".join(used[: draw.randint(0, len(used))])
        values = arrays(shapes)
        leaves = [theirs.tensor(v, requires_grad=True) for v in values]
        try:
            expected = theirs.einsum(formula, *leaves)
        except RuntimeError:
            continue
        tried += 1
        mine = [torch.tensor(v, requires_grad=True) for v in values]
        out = torch.einsum(formula, *mine)
        np.testing.assert_allclose(out.detach().numpy(), expected.detach().numpy(), atol=1e-12)
        for a, b in zip(
            grad(out.sum(), mine), theirs.autograd.grad(expected.sum(), leaves), strict=True
        ):
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-12)


def test_second_derivative():
    a, b = (torch.tensor(v, requires_grad=True) for v in arrays([(2, 3), (3, 4)]))
    (ga,) = grad((torch.einsum("ij,jk->ik", a, b) ** 2).sum(), a, create_graph=True)
    (gb,) = grad(ga.sum(), b)
    x, y = a.detach().numpy(), b.detach().numpy()
    step = 1e-6
    for i in np.ndindex(y.shape):
        d = np.zeros(y.shape)
        d[i] = step
        slope = ((2 * x @ (y + d) @ (y + d).T).sum() - (2 * x @ (y - d) @ (y - d).T).sum()) / (
            2 * step
        )
        assert float(gb[i]) == pytest.approx(slope, rel=1e-6)


def test_same_tensor_twice_adds_up():
    a = torch.tensor([1.0, 2.0], requires_grad=True)
    (g,) = grad(torch.einsum("i,i->", a, a), a)
    assert g.tolist() == [2, 4]


def test_sublists_and_lists_of_operands():
    a, b = (torch.tensor(v) for v in arrays([(2, 3), (3, 4)]))
    expected = (a @ b).numpy()
    np.testing.assert_allclose(torch.einsum(a, [0, 1], b, [1, 2], [0, 2]).numpy(), expected)
    np.testing.assert_allclose(torch.einsum(a, [0, 1], b, [1, 2]).numpy(), expected)
    np.testing.assert_allclose(torch.einsum("ij,jk", [a, b]).numpy(), expected)
    np.testing.assert_allclose(torch.einsum(a, [..., 0], b, [0, 1], [..., 1]).numpy(), expected)


def test_length_one_broadcasts():
    out = torch.einsum("ij,ij->ij", torch.ones(2, 1), torch.ones(2, 3))
    assert out.shape == (2, 3)


@pytest.mark.parametrize(("formula", "shapes"), [
    ("ij,jk->ik", [(2, 3), (4, 5)]), ("ij->ij", [(2,)]), ("ij,jk", [(2, 3)]), ("i1", [(2, 3)]),
    ("i->j", [(2,)]), ("ij->ii", [(2, 2)]), ("ii", [(2, 3)]), ("i..j", [(2, 3)]),
    ("......", [(2, 3)]),
])  # fmt: skip
def test_wrong_formulas_raise(formula, shapes):
    with pytest.raises(RuntimeError, match="einsum"):
        torch.einsum(formula, *(torch.ones(*s) for s in shapes))


def test_mixed_types_raise():
    with pytest.raises(RuntimeError, match="dtype"):
        torch.einsum("i,i", torch.ones(2), torch.ones(2).double())
