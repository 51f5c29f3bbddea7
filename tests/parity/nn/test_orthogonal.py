"""Orthogonal weights beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

from tests.parity.expressions.twins import agree

SHAPES = [(3, 3), (4, 3), (3, 4), (1, 3)]
TIGHT = {"rtol": 1e-7, "atol": 1e-9}


def layer(torch, h, shape, **options):
    made = h.fill(torch.nn.Linear(shape[1], shape[0]).double())
    return torch.nn.utils.parametrizations.orthogonal(made, **options)


def pulled(torch, h, made):
    (made.weight * h.x(*made.weight.shape, dtype="float64")).sum().backward()
    return made.weight, made.parametrizations.weight.original.grad, made, list(made.state_dict())


@pytest.mark.parametrize("name", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("moving", [True, False], ids=["with base", "plain"])
def test_values_and_gradients(name, shape, moving):
    def run(torch, h):
        made = layer(torch, h, shape, orthogonal_map=name, use_trivialization=moving)
        with torch.no_grad():
            original = made.parametrizations.weight.original
            original.copy_(h.x(*shape, dtype="float64"))
            original.diagonal().fill_(-1.0)
            if moving:  # its completion is drawn at random
                size = max(shape)
                base = np.linalg.qr(h.rng.standard_normal((size, size)))[0]
                made.parametrizations.weight[0].base.copy_(torch.tensor(base))
        return pulled(torch, h, made)

    agree(run, TIGHT)


@pytest.mark.parametrize("name", [None, "matrix_exp", "cayley", "householder", "other"])
@pytest.mark.parametrize("shape", SHAPES)
def test_the_result_is_orthogonal(name, shape):
    def run(torch, h):
        weight = layer(torch, h, shape, orthogonal_map=name).weight.detach()
        tall = weight if shape[0] >= shape[1] else weight.T
        return (tall.T @ tall).round(decimals=6)

    agree(run, TIGHT)


def test_assigned_matrices_are_taken_over():
    def run(torch, h):
        square = layer(torch, h, (3, 3))
        square.weight = torch.tensor(np.linalg.qr(h.rng.standard_normal((3, 3)))[0])
        tall = layer(torch, h, (4, 3), use_trivialization=False)
        tall.weight = torch.tensor(np.linalg.qr(h.rng.standard_normal((4, 3)))[0])
        return square.weight, tall.weight

    agree(run, TIGHT)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda torch, h: layer(torch, h, (3, 3), name="bias"),
        lambda torch, h: layer(torch, h, (3, 3), name="nope"),
        lambda torch, h: setattr(
            layer(torch, h, (3, 3), use_trivialization=False), "weight", h.x(3, 3)
        ),
        lambda torch, h: setattr(layer(torch, h, (3, 3)), "weight", h.x(2, 3)),
    ],
)
def test_what_cannot_be_orthogonal_is_refused(wrong):
    agree(wrong)
