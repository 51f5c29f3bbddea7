"""Densities, moments, entropies, divergences and their gradients beside PyTorch's."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite import distributions as ours

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
theirs = torch.distributions

RNG = np.random.default_rng(0)
POSITIVE = RNG.uniform(0.3, 4.0, (3, 2))
REAL = RNG.normal(size=(3, 2))
FRACTION = RNG.uniform(0.05, 0.95, (3, 2))
MIDDLE = np.array([[0.4995, 0.5], [0.5004, 0.0], [1.0, 0.3]])
WEIGHTS = RNG.uniform(0.1, 2.0, (2, 4))
MATRIX = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, -0.2], [0.1, -0.2, 1.5]])
BATCHED = np.stack([MATRIX, 2 * MATRIX + np.eye(3)])
VECTOR = RNG.normal(size=(2, 3))
COUNTS = np.array([[1.0, 0, 2, 2], [5, 0, 0, 0]])

# name, parameters, values at which densities are compared
CASES = [
    ("Normal", {"loc": REAL, "scale": POSITIVE}, RNG.normal(size=(4, 3, 2))),
    ("LogNormal", {"loc": REAL, "scale": POSITIVE}, RNG.uniform(0.1, 5, (4, 3, 2))),
    ("HalfNormal", {"scale": POSITIVE}, RNG.uniform(0.1, 5, (4, 3, 2))),
    ("Uniform", {"low": REAL, "high": REAL + POSITIVE}, REAL + 0.4 * POSITIVE),
    ("Exponential", {"rate": POSITIVE}, RNG.uniform(0.1, 5, (4, 3, 2))),
    ("Laplace", {"loc": REAL, "scale": POSITIVE}, RNG.normal(size=(4, 3, 2))),
    ("Cauchy", {"loc": REAL, "scale": POSITIVE}, RNG.normal(size=(4, 3, 2))),
    ("Gumbel", {"loc": REAL, "scale": POSITIVE}, RNG.normal(size=(4, 3, 2))),
    ("StudentT", {"df": POSITIVE + 2, "loc": REAL, "scale": POSITIVE}, RNG.normal(size=(3, 2))),
    ("Gamma", {"concentration": POSITIVE, "rate": FRACTION}, RNG.uniform(0.1, 5, (4, 3, 2))),
    ("Chi2", {"df": POSITIVE}, RNG.uniform(0.1, 5, (4, 3, 2))),
    ("Beta", {"concentration1": POSITIVE, "concentration0": FRACTION}, FRACTION),
    ("Dirichlet", {"concentration": WEIGHTS}, WEIGHTS / WEIGHTS.sum(-1, keepdims=True)),
    ("Bernoulli", {"probs": FRACTION}, np.array([[0.0, 1], [1, 1], [0, 0]])),
    ("Bernoulli", {"logits": 3 * REAL}, np.array([[0.0, 1], [1, 1], [0, 0]])),
    ("Geometric", {"probs": FRACTION}, np.array([[0.0, 1], [3, 7], [2, 0]])),
    ("Geometric", {"logits": REAL}, np.array([[0.0, 1], [3, 7], [2, 0]])),
    ("Binomial", {"total_count": 5, "probs": FRACTION}, np.array([[0.0, 1], [5, 2], [3, 4]])),
    ("Binomial", {"total_count": 5, "logits": 3 * REAL}, np.array([[0.0, 1], [5, 2], [3, 4]])),
    ("Categorical", {"probs": WEIGHTS}, np.array([[0, 3], [1, 2], [2, 2]])),
    ("Categorical", {"logits": np.log(WEIGHTS) + 1}, np.array([0, 3])),
    ("OneHotCategorical", {"logits": np.log(WEIGHTS) + 1}, np.eye(4)[[2, 1]]),
    ("Multinomial", {"total_count": 5, "probs": WEIGHTS}, COUNTS),
    ("Multinomial", {"total_count": 5, "logits": np.log(WEIGHTS)}, COUNTS),
    ("Poisson", {"rate": POSITIVE}, np.array([[0.0, 1], [3, 7], [2, 0]])),
    ("Pareto", {"scale": POSITIVE, "alpha": POSITIVE}, POSITIVE + RNG.uniform(0.1, 5, (4, 3, 2))),
    ("Weibull", {"scale": POSITIVE, "concentration": POSITIVE}, RNG.uniform(0.1, 5, (4, 3, 2))),
    ("HalfCauchy", {"scale": POSITIVE}, RNG.uniform(0.1, 5, (4, 3, 2))),
    ("Kumaraswamy", {"concentration1": POSITIVE, "concentration0": 1 + FRACTION}, FRACTION),
    ("InverseGamma", {"concentration": POSITIVE, "rate": FRACTION}, RNG.uniform(0.1, 5, (3, 2))),
    ("FisherSnedecor", {"df1": POSITIVE, "df2": 2 * POSITIVE}, RNG.uniform(0.1, 5, (3, 2))),
    (
        "NegativeBinomial",
        {"total_count": 5, "probs": FRACTION},
        np.array([[0.0, 1], [7, 2], [3, 4]]),
    ),
    ("NegativeBinomial", {"total_count": 5, "logits": REAL}, np.array([[0.0, 1], [7, 2], [3, 4]])),
    ("ContinuousBernoulli", {"probs": FRACTION}, RNG.uniform(0, 1, (4, 3, 2))),
    ("ContinuousBernoulli", {"probs": MIDDLE}, FRACTION),
    ("ContinuousBernoulli", {"logits": 3 * REAL}, RNG.uniform(0, 1, (4, 3, 2))),
    (
        "LogisticNormal",
        {"loc": VECTOR, "scale": np.exp(VECTOR)},
        WEIGHTS / WEIGHTS.sum(-1, keepdims=True),
    ),
    ("RelaxedBernoulli", {"temperature": np.array(0.7), "probs": FRACTION}, FRACTION),
    ("RelaxedBernoulli", {"temperature": np.array(0.7), "logits": REAL}, FRACTION),
    (
        "RelaxedOneHotCategorical",
        {"temperature": np.array(0.7), "logits": np.log(WEIGHTS) + 1},
        WEIGHTS / WEIGHTS.sum(-1, keepdims=True),
    ),
    ("MultivariateNormal", {"loc": VECTOR, "covariance_matrix": MATRIX}, RNG.normal(size=(2, 3))),
    ("MultivariateNormal", {"loc": VECTOR[0], "precision_matrix": BATCHED}, VECTOR),
    (
        "MultivariateNormal",
        {"loc": VECTOR, "scale_tril": np.linalg.cholesky(BATCHED)},
        RNG.normal(size=(5, 2, 3)),
    ),
]


def ident(case):
    return f"{case[0]}({', '.join(case[1])})"


def made(framework, home, name, parameters, *, grad=False):
    tensors = {
        key: value if isinstance(value, int) else framework.tensor(value, requires_grad=grad)
        for key, value in parameters.items()
    }
    return getattr(home, name)(**tensors), [t for t in tensors.values() if not isinstance(t, int)]


def both(case, *, grad=False):
    name, parameters, values = case
    pairs = []
    for framework, home in ((tgl, ours), (torch, theirs)):
        dist, leaves = made(framework, home, name, parameters, grad=grad)
        pairs.append((framework, dist, leaves, framework.tensor(values)))
    return pairs


def array(x):
    return x.detach().numpy()


def outcome(function):
    """A result as an array, or the class of the exception."""
    try:
        return array(function())
    except (NotImplementedError, AttributeError):
        return NotImplementedError


def same(mine, their, rtol=1e-9):
    if mine is NotImplementedError or their is NotImplementedError:
        assert mine is their
    else:
        assert mine.shape == their.shape
        np.testing.assert_allclose(mine, their, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_densities_and_their_gradients(case):
    got = []
    for _, dist, leaves, value in both(case, grad=True):
        log_prob = dist.log_prob(value)
        log_prob.sum().backward()
        got.append((array(log_prob), [array(leaf.grad) for leaf in leaves]))
    same(got[0][0], got[1][0])
    for mine, their in zip(got[0][1], got[1][1], strict=True):
        same(mine, their, rtol=1e-7)


@pytest.mark.parametrize("name", ["mean", "mode", "variance", "stddev"])
@pytest.mark.parametrize("case", CASES, ids=ident)
def test_moments(case, name):
    (_, mine, _, _), (_, their, _, _) = both(case)
    if name == "mode" and case[0] in ("Beta", "Dirichlet"):
        return  # not offered
    if name == "mode" and case[0] == "Kumaraswamy":
        return  # PyTorch's is NaN everywhere
    same(outcome(lambda: getattr(mine, name)), outcome(lambda: getattr(their, name)))


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_entropies(case):
    (_, mine, _, _), (_, their, _, _) = both(case)
    same(outcome(mine.entropy), outcome(their.entropy), rtol=1e-7)


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_distribution_functions(case):
    (_, mine, _, x), (_, their, _, y) = both(case)
    if case[0] not in ("Chi2", "Gamma", "StudentT"):
        same(outcome(lambda: mine.cdf(x)), outcome(lambda: their.cdf(y)), rtol=1e-7)
    q = FRACTION
    if len(mine.event_shape) == 0:
        a = outcome(lambda: mine.icdf(tgl.tensor(q)))
        if a is not NotImplementedError:
            same(a, array(their.icdf(torch.tensor(q))), rtol=1e-6)


@pytest.mark.parametrize("case", CASES, ids=ident)
def test_shapes_text_and_support(case):
    (_, mine, _, _), (_, their, _, _) = both(case)
    assert tuple(mine.batch_shape) == tuple(their.batch_shape)
    assert tuple(mine.event_shape) == tuple(their.event_shape)
    assert mine.has_rsample == their.has_rsample
    assert mine.has_enumerate_support == their.has_enumerate_support
    if case[0] not in (
        "LogNormal",
        "HalfNormal",
        "HalfCauchy",
        "InverseGamma",
        "Chi2",
        "Multinomial",
        "OneHotCategorical",
        "Beta",
    ):
        assert repr(mine) == repr(their)
    for shape in ((), (5,), (2, 3)):
        drawn = mine.sample(shape)
        assert tuple(drawn.shape) == tuple(their.sample(shape).shape)
        assert str(drawn.dtype) == str(their.sample(shape).dtype)
        mine.log_prob(drawn)  # every sample lies in the support
    batch = (7, *mine.batch_shape)
    wider, reference = mine.expand(batch), their.expand(batch)
    assert tuple(wider.batch_shape) == batch
    same(outcome(lambda: wider.mean), outcome(lambda: reference.mean))
    if mine.has_enumerate_support:
        for expand in (True, False):
            same(array(mine.enumerate_support(expand)), array(their.enumerate_support(expand)))


@pytest.mark.parametrize(
    "names",
    [
        *(
            (n, n)
            for n in ("Normal", "LogNormal", "HalfNormal", "Laplace", "Gumbel", "Exponential")
        ),
        *((n, n) for n in ("Gamma", "Beta", "Dirichlet", "Bernoulli", "Geometric", "Poisson")),
        *((n, n) for n in ("Categorical", "OneHotCategorical", "Binomial", "MultivariateNormal")),
        ("Uniform", "Uniform"),
        ("Uniform", "Normal"),
        ("Chi2", "Gamma"),
    ],
)
def test_divergences_and_their_gradients(names):
    left = [case for case in CASES if case[0] == names[0]]
    right = [case for case in CASES if case[0] == names[1]]
    for (name, p, _), (other, q, _) in itertools.product(left, right):
        moved = {k: v if isinstance(v, int) else moved_a_little(k, v) for k, v in q.items()}
        got = []
        for framework, home in ((tgl, ours), (torch, theirs)):
            one, leaves = made(framework, home, name, p, grad=True)
            two, more = made(framework, home, other, moved, grad=True)
            value = home.kl_divergence(one, two)
            value.sum().backward()
            got.append((array(value), [array(leaf.grad) for leaf in leaves + more]))
        same(got[0][0], got[1][0], rtol=1e-6)
        if np.isfinite(got[1][0]).all():
            for mine, their in zip(got[0][1], got[1][1], strict=True):
                np.testing.assert_allclose(mine, their, rtol=1e-5, atol=1e-8)


def moved_a_little(name, value):
    if name in ("covariance_matrix", "precision_matrix", "scale_tril"):
        return value + 0.2 * np.eye(value.shape[-1])
    if name == "probs" and value.max() < 1:
        return 0.9 * value + 0.04
    return value * 1.1 + 0.05


def test_independent_axes():
    for framework, home in ((tgl, ours), (torch, theirs)):
        base = home.Normal(framework.tensor(REAL), framework.tensor(POSITIVE))
        joint = home.Independent(base, 1)
        other = home.Independent(
            home.Normal(framework.tensor(REAL + 1), framework.tensor(POSITIVE)), 1
        )
        found = [joint.log_prob(framework.tensor(REAL * 2)), joint.entropy()]
        found.append(home.kl_divergence(joint, other))
        if framework is tgl:
            mine = [array(x) for x in found] + [joint.batch_shape, joint.event_shape]
            text = repr(joint)
        else:
            for a, b in zip(
                mine,
                [array(x) for x in found] + [joint.batch_shape, joint.event_shape],
                strict=True,
            ):
                np.testing.assert_allclose(a, b, rtol=1e-9)
            assert text == repr(joint)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("Normal", (0.0, -1.0)),
        ("Normal", (float("nan"), 1.0)),
        ("Exponential", (0.0,)),
        ("Uniform", (1.0, 0.0)),
        ("Bernoulli", (1.5,)),
        ("Bernoulli", ()),
        ("Poisson", (-1.0,)),
        ("Gamma", (0.0, 1.0)),
        ("Normal", ("a", 1.0)),
    ],
)
def test_errors_are_of_pytorchs_class(name, args):
    with pytest.raises(ValueError) as mine:
        getattr(ours, name)(*args)
    with pytest.raises(ValueError) as their:
        getattr(theirs, name)(*args)
    if "Expected parameter" in str(their.value):
        assert str(mine.value).split(", but found")[0] == str(their.value).split(", but found")[0]


def test_values_outside_the_support():
    for home, framework in ((ours, tgl), (theirs, torch)):
        with pytest.raises(ValueError, match="within the support"):
            home.Exponential(1.0).log_prob(framework.tensor(-1.0))
        with pytest.raises(ValueError, match="not broadcastable"):
            home.Normal(framework.zeros(3), 1.0).log_prob(framework.zeros(2))
        with pytest.raises(ValueError, match="must be a Tensor"):
            home.Normal(0.0, 1.0).log_prob(1.0)
        with pytest.raises(NotImplementedError, match="No KL"):
            home.kl_divergence(home.Cauchy(0.0, 1.0), home.Poisson(1.0))
