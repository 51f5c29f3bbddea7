"""Samples follow their distribution, and carry gradients where they claim to."""

from __future__ import annotations

import math

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite import distributions as d

N = 20_000
LIMIT = math.sqrt(-math.log(1e-6 / 2) / 2)  # Kolmogorov and Smirnov, at one in a million


@pytest.fixture(autouse=True)
def seed():
    tgl.manual_seed(0)


@pytest.mark.parametrize(
    "dist",
    [
        d.Normal(1.0, 2.0),
        d.LogNormal(0.5, 0.8),
        d.HalfNormal(1.5),
        d.Uniform(-1.0, 3.0),
        d.Exponential(0.7),
        d.Laplace(-1.0, 0.5),
        d.Cauchy(1.0, 2.0),
        d.Gumbel(0.5, 2.0),
        d.Gamma(2.5, 0.5),
        d.Gamma(0.3, 2.0),
        d.Chi2(3.0),
    ],
    ids=repr,
)
def test_continuous_samples(dist):
    n = 400 if isinstance(dist, d.Gamma) else N  # its distribution function is a long series
    expected = np.sort(dist.cdf(dist.sample((n,))).numpy())
    steps = np.arange(n) / n
    distance = max((expected - steps).max(), (steps + 1 / n - expected).max())
    assert distance * math.sqrt(n) < LIMIT


@pytest.mark.parametrize(
    ("dist", "values"),
    [
        (d.Bernoulli(0.3), [0.0, 1]),
        (d.Bernoulli(logits=tgl.tensor(1.5)), [0.0, 1]),
        (d.Geometric(0.4), range(12)),
        (d.Binomial(6, 0.35), range(7)),
        (d.Poisson(3.5), range(13)),
        (d.Categorical(tgl.tensor([0.1, 0.0, 0.6, 0.3])), range(4)),
        (d.Categorical(logits=tgl.tensor([0.0, 2.0, 1.0])), range(3)),
    ],
    ids=repr,
)
def test_discrete_samples(dist, values):
    """Chi-square with at most 12 degrees of freedom: 58 is passed once in a million times."""
    drawn = dist.sample((N,)).numpy()
    values = tgl.tensor([float(v) for v in values])
    chances = dist.log_prob(values).exp().numpy().astype(float)
    counts = np.array([(drawn == v).sum() for v in values.numpy()])
    rest = N - counts.sum(), max(1 - chances.sum(), 0.0)
    assert np.all(counts[chances == 0] == 0)
    seen = chances > 0
    score = ((counts - N * chances)[seen] ** 2 / (N * chances)[seen]).sum()
    if rest[1] * N > 1:
        score += (rest[0] - N * rest[1]) ** 2 / (N * rest[1])
    assert score < 58


@pytest.mark.parametrize(
    "dist",
    [
        d.Beta(2.0, 0.5),
        d.StudentT(8.0, 1.0, 2.0),
        d.Dirichlet(tgl.tensor([0.5, 2.0, 1.0])),
        d.Multinomial(5, tgl.tensor([0.2, 0.5, 0.3])),
        d.OneHotCategorical(tgl.tensor([0.2, 0.5, 0.3])),
        d.MultivariateNormal(
            tgl.tensor([1.0, -1.0]), covariance_matrix=tgl.tensor([[2.0, 0.6], [0.6, 0.5]])
        ),
    ],
    ids=repr,
)
def test_moments_of_samples(dist):
    drawn = dist.sample((N,)).numpy().astype(float)
    error = np.sqrt(dist.variance.numpy() / N)
    assert np.all(np.abs(drawn.mean(0) - dist.mean.numpy()) < 6 * error)
    np.testing.assert_allclose(drawn.var(0), dist.variance.numpy(), rtol=0.15)


def test_correlated_samples():
    covariance = np.array([[2.0, 0.6], [0.6, 0.5]])
    dist = d.MultivariateNormal(tgl.zeros(2), covariance_matrix=tgl.tensor(covariance).float())
    np.testing.assert_allclose(np.cov(dist.sample((N,)).numpy().T), covariance, rtol=0.1)


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        (d.Normal, (0.5, 2.0)),
        (d.Uniform, (0.5, 2.0)),
        (d.Laplace, (0.5, 2.0)),
        (d.Gumbel, (0.5, 2.0)),
        (d.LogNormal, (0.1, 0.5)),
        (d.Exponential, (2.0,)),
    ],
)
def test_the_mean_of_differentiable_samples_moves_with_the_mean(kind, parameters):
    """The gradient of the sample mean is the gradient of the mean, up to its own spread."""
    drawn, exact = ([tgl.tensor(p, requires_grad=True) for p in parameters] for _ in range(2))
    kind(*drawn).rsample((N,)).mean().backward()
    kind(*exact).mean.backward()
    for a, b in zip(drawn, exact, strict=True):
        wanted = 0.0 if b.grad is None else b.grad.item()
        assert a.grad.item() == pytest.approx(wanted, abs=0.06)


def test_samples_without_gradient():
    scale = tgl.tensor(1.0, requires_grad=True)
    assert d.Normal(0.0, scale).rsample().requires_grad
    assert not d.Normal(0.0, scale).sample().requires_grad
    concentration = tgl.tensor(2.0, requires_grad=True)
    assert not d.Gamma(concentration, 1.0).sample().requires_grad
    with pytest.raises(NotImplementedError, match="no gradient in the concentration"):
        d.Gamma(concentration, 1.0).rsample()
    with pytest.raises(NotImplementedError, match="Categorical does not implement rsample"):
        d.Categorical(tgl.ones(3)).rsample()


def test_straight_through_samples():
    logits = tgl.tensor([0.0, 1.0, 2.0], requires_grad=True)
    dist = d.OneHotCategoricalStraightThrough(logits=logits)
    sample = dist.rsample()
    assert sorted(sample.tolist()) == pytest.approx([0.0, 0.0, 1.0])
    (sample * tgl.tensor([1.0, 0.0, 0.0])).sum().backward()
    got = logits.grad.tolist()
    logits.grad = None
    logits.softmax(-1)[0].backward()
    assert got == pytest.approx(logits.grad.tolist())


def test_samples_repeat_with_the_seed():
    first = d.Normal(tgl.zeros(3), 1.0).sample((4,)).tolist()
    tgl.manual_seed(0)
    assert d.Normal(tgl.zeros(3), 1.0).sample((4,)).tolist() == first


def test_a_policy_gradient_step():
    logits = tgl.zeros(4, 3, requires_grad=True)
    policy = d.Categorical(logits=logits)
    actions = policy.sample()
    (-policy.log_prob(actions) * tgl.tensor([1.0, -1.0, 0.5, 0.0])).sum().backward()
    chosen = np.eye(3)[actions.numpy()]
    expected = (1 / 3 - chosen) * np.array([[1.0], [-1.0], [0.5], [0.0]])
    np.testing.assert_allclose(logits.grad.numpy(), expected, atol=1e-6)


def test_own_divergence():
    class Point(d.Normal):
        pass

    @d.register_kl(Point, d.Normal)
    def _(p, q):
        return 42

    assert d.kl_divergence(Point(0.0, 1.0), d.Normal(0.0, 1.0)) == 42
    assert d.kl_divergence(d.Normal(0.0, 1.0), Point(0.0, 1.0)).item() == 0.0


def test_checks_can_be_switched_off():
    assert math.isnan(d.Normal(0.0, -1.0, validate_args=False).log_prob(tgl.tensor(0.0)).item())
    d.Distribution.set_default_validate_args(False)
    try:
        d.Normal(0.0, -1.0)
    finally:
        d.Distribution.set_default_validate_args(True)
    with pytest.raises(ValueError, match="Expected parameter scale"):
        d.Normal(0.0, -1.0)
