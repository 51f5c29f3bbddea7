"""Transforms, distributions transformed by them, and mixtures, beside PyTorch's."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite import distributions as ours

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
theirs = torch.distributions

RNG = np.random.default_rng(0)
HOMES = ((tgl, ours), (torch, theirs))

# how a transform is made, and where it is tried
CASES = {
    "exp": (lambda t, d: d.ExpTransform(), RNG.normal(size=(3, 2))),
    "sigmoid": (lambda t, d: d.SigmoidTransform(), 3 * RNG.normal(size=(3, 2))),
    "tanh": (lambda t, d: d.TanhTransform(), RNG.normal(size=(3, 2))),
    "softplus": (lambda t, d: d.SoftplusTransform(), RNG.normal(size=(3, 2))),
    "abs": (lambda t, d: d.AbsTransform(), RNG.uniform(0.1, 1, (3, 2))),
    "power": (lambda t, d: d.PowerTransform(t.tensor(1.7)), RNG.uniform(0.1, 3, (3, 2))),
    "affine": (lambda t, d: d.AffineTransform(0.5, t.tensor([-2.0, 3.0])), RNG.normal(size=(3, 2))),
    "affine event": (
        lambda t, d: d.AffineTransform(1.0, 2.0, event_dim=1),
        RNG.normal(size=(3, 2)),
    ),
    "reshape": (lambda t, d: d.ReshapeTransform((2, 3), (6,)), RNG.normal(size=(4, 2, 3))),
    "independent": (
        lambda t, d: d.IndependentTransform(d.ExpTransform(), 1),
        RNG.normal(size=(3, 2)),
    ),
    "compose": (
        lambda t, d: d.ComposeTransform(
            [d.AffineTransform(0.1, 0.5), d.SigmoidTransform(), d.PowerTransform(t.tensor(2.0))]
        ),
        RNG.normal(size=(3, 2)),
    ),
    "compose deep": (
        lambda t, d: d.ComposeTransform([d.ExpTransform(), d.ReshapeTransform((2, 3), (3, 2))]),
        RNG.normal(size=(4, 2, 3)),
    ),
    "softmax": (lambda t, d: d.SoftmaxTransform(), RNG.normal(size=(3, 4))),
    "stick": (lambda t, d: d.StickBreakingTransform(), RNG.normal(size=(3, 4))),
    "lower": (lambda t, d: d.LowerCholeskyTransform(), RNG.normal(size=(2, 3, 3))),
    "correlation": (lambda t, d: d.CorrCholeskyTransform(), RNG.normal(size=(2, 6))),
    "distribution": (
        lambda t, d: d.CumulativeDistributionTransform(d.Normal(t.tensor(0.3).double(), 2.0)),
        RNG.normal(size=(3, 2)),
    ),
    "cat": (
        lambda t, d: d.CatTransform([d.ExpTransform(), d.TanhTransform()], dim=1, lengths=[2, 3]),
        RNG.normal(size=(2, 5)),
    ),
    "stack": (
        lambda t, d: d.StackTransform([d.ExpTransform(), d.SigmoidTransform()], dim=0),
        RNG.normal(size=(2, 3)),
    ),
}
NO_VOLUME = ("abs", "softmax", "lower")
NO_EXACT_INVERSE = ("softmax", "lower")


def array(x):
    return x.detach().numpy()


def same(mine, their, rtol=1e-9):
    assert mine.shape == their.shape
    np.testing.assert_allclose(mine, their, rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_values_inverses_volumes_and_gradients(name):
    make, values = CASES[name]
    got = []
    for framework, home in HOMES:
        transform = make(framework, home)
        x = framework.tensor(values, requires_grad=True)
        y = transform(x)
        found = [array(y), array(transform.inv(y.detach()))]
        total = (y * framework.arange(y.numel(), dtype=y.dtype).reshape(y.shape)).sum()
        if name not in NO_VOLUME:
            volume = transform.log_abs_det_jacobian(x, y)
            total = total + volume.sum()
            found += [array(volume), array(transform.inv.log_abs_det_jacobian(y, x))]
        total.backward()
        got.append([*found, array(x.grad)])
        shapes = transform.forward_shape(tuple(values.shape)), transform.bijective
        got[-1].append(np.array([*shapes[0], shapes[1]]))
        got[-1].append(np.array([transform.domain.event_dim, transform.codomain.event_dim]))
    for mine, their in zip(*got, strict=True):
        same(mine, their, rtol=1e-6)
    if name not in NO_EXACT_INVERSE:
        same(got[0][1], values, rtol=1e-6)


@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh", "affine", "compose", "power"])
def test_signs_and_equality(name):
    make, _ = CASES[name]
    signs = [make(framework, home).sign for framework, home in HOMES]
    np.testing.assert_array_equal(np.asarray(signs[0]), np.asarray(signs[1]))
    assert make(*HOMES[0]) == make(*HOMES[0])
    assert make(*HOMES[0]).inv.inv == make(*HOMES[0])
    assert make(*HOMES[0]) != ours.AbsTransform()


def test_the_cache_gives_back_the_very_tensor():
    transform = ours.TanhTransform(cache_size=1)
    x = tgl.tensor([30.0])
    assert transform.inv(transform(x)) is x
    assert array(ours.TanhTransform().inv(ours.TanhTransform()(x))) == np.inf
    with pytest.raises(ValueError, match="cache_size"):
        ours.TanhTransform(cache_size=2)


LOC, SCALE = RNG.normal(size=(3, 2)), RNG.uniform(0.5, 2, (3, 2))
TRANSFORMED = {
    "log-normal": lambda t, d, base: d.TransformedDistribution(base, [d.ExpTransform()]),
    "squashed": lambda t, d, base: d.TransformedDistribution(base, d.TanhTransform(cache_size=1)),
    "falling": lambda t, d, base: d.TransformedDistribution(
        base, [d.AffineTransform(1.0, -2.0), d.SigmoidTransform()]
    ),
    "inside independent": lambda t, d, base: d.Independent(
        d.TransformedDistribution(base, [d.SigmoidTransform()]), 1
    ),
    "around independent": lambda t, d, base: d.TransformedDistribution(
        d.Independent(base, 1), [d.AffineTransform(0.2, 3.0), d.ExpTransform()]
    ),
    "stick": lambda t, d, base: d.TransformedDistribution(base, [d.StickBreakingTransform()]),
    "nothing": lambda t, d, base: d.TransformedDistribution(base, []),
}


@pytest.mark.parametrize("name", TRANSFORMED)
def test_transformed_distributions(name):
    got = []
    noise = RNG.normal(size=(4, 3, 2))
    for framework, home in HOMES:
        leaves = [framework.tensor(v, requires_grad=True) for v in (LOC, SCALE)]
        dist = TRANSFORMED[name](framework, home, home.Normal(*leaves))
        inner = dist.base_dist if isinstance(dist, home.Independent) else dist
        x = framework.tensor(noise)
        for transform in inner.transforms:
            x = transform(x)
        log_prob = dist.log_prob(x)
        log_prob.sum().backward()
        found = [array(log_prob), *(array(leaf.grad) for leaf in leaves)]
        found.append(np.array([*dist.batch_shape, 99, *dist.event_shape]))
        found.append(np.array(dist.sample((5,)).shape))
        wider = dist.expand((7, *dist.batch_shape))
        found.append(np.array([*wider.batch_shape, 99, *wider.event_shape]))
        if name in ("log-normal", "squashed", "falling"):
            found.append(array(dist.cdf(x)))
            found.append(array(dist.icdf(framework.tensor(RNG_FREE))))
        got.append(found)
        assert dist.has_rsample
    for mine, their in zip(*got, strict=True):
        same(mine, their, rtol=1e-6)


RNG_FREE = np.linspace(0.1, 0.9, 6).reshape(3, 2)


def test_samples_of_a_squashed_normal_carry_gradients():
    tgl.manual_seed(0)
    loc = tgl.zeros(3, requires_grad=True)
    dist = ours.TransformedDistribution(ours.Normal(loc, tgl.ones(3)), [ours.TanhTransform(1)])
    action = dist.rsample((16,))
    (dist.log_prob(action).sum() + action.sum()).backward()
    assert np.isfinite(array(loc.grad)).all()
    assert not dist.sample().requires_grad


@pytest.mark.parametrize("event", [False, True])
def test_mixtures(event):
    weights, value = RNG.uniform(0.1, 1, (3, 2)), RNG.normal(size=(4, 3))
    locs, scales = RNG.normal(size=(3, 2)), RNG.uniform(0.5, 2, (3, 2))
    if event:
        locs, scales = RNG.normal(size=(3, 2, 5)), RNG.uniform(0.5, 2, (3, 2, 5))
        value = RNG.normal(size=(4, 3, 5))
    got = []
    for framework, home in HOMES:
        leaves = [framework.tensor(v, requires_grad=True) for v in (weights, locs, scales)]
        part = home.Normal(*leaves[1:])
        part = home.Independent(part, 1) if event else part
        mixture = home.MixtureSameFamily(home.Categorical(probs=leaves[0]), part)
        log_prob = mixture.log_prob(framework.tensor(value))
        log_prob.sum().backward()
        found = [array(log_prob), array(mixture.mean), array(mixture.variance)]
        found += [array(leaf.grad) for leaf in leaves]
        found.append(np.array(mixture.sample((6,)).shape))
        found.append(np.array([*mixture.batch_shape, 99, *mixture.event_shape]))
        found.append(np.array(mixture.expand((2, 3)).batch_shape))
        if not event:
            found.append(array(mixture.cdf(framework.tensor(value))))
        got.append(found)
    for mine, their in zip(*got, strict=True):
        same(mine, their, rtol=1e-6)


def test_mixtures_that_do_not_fit_are_refused():
    for framework, home in HOMES:
        weights = home.Categorical(framework.ones(3))
        with pytest.raises(ValueError, match="does not equal"):
            home.MixtureSameFamily(weights, home.Normal(framework.zeros(2), framework.ones(2)))
        with pytest.raises(ValueError, match="Mixture distribution"):
            home.MixtureSameFamily(home.Normal(0.0, 1.0), home.Normal(framework.zeros(2), 1.0))


CONSTRAINTS = ["real", "positive", "unit_interval", "simplex", "lower_cholesky", "corr_cholesky"]


@pytest.mark.parametrize("registry", ["biject_to", "transform_to"])
@pytest.mark.parametrize("name", [*CONSTRAINTS, "interval", "less_than", "independent"])
def test_constraints_have_transforms(registry, name):
    size = (2, 6) if name == "corr_cholesky" else (2, 3, 3)
    values, got = RNG.normal(size=size), []
    for framework, home in HOMES:
        if (registry, name) == ("biject_to", "lower_cholesky"):
            with pytest.raises(NotImplementedError, match="Cannot transform"):
                home.biject_to(home.constraints.lower_cholesky)
            continue
        c = home.constraints
        constraint = {
            "interval": lambda c=c: c.interval(-1.0, 3.0),
            "less_than": lambda c=c: c.less_than(2.0),
            "independent": lambda c=c: c.independent(c.positive, 1),
        }.get(name, lambda c=c, name=name: getattr(c, name))()
        y = getattr(home, registry)(constraint)(framework.tensor(values))
        assert bool(constraint.check(y).all())
        got.append(array(y))
    if got:
        same(*got, rtol=1e-7)


def test_constraints_without_a_transform_say_so():
    with pytest.raises(NotImplementedError, match="Cannot transform"):
        ours.biject_to(ours.constraints.boolean)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("symmetric", [[1.0, 2.0], [2.0, 1.0]]),
        ("positive_semidefinite", [[1.0, 1.0], [1.0, 1.0]]),
        ("lower_triangular", [[1.0, 0.5], [0.0, 1.0]]),
        ("square", [[1.0, 0.5], [0.0, 1.0]]),
        ("corr_cholesky", [[1.0, 0.0], [0.6, 0.8]]),
    ],
)
def test_checks_of_matrices(name, value):
    answers = [
        bool(
            getattr(home.constraints, name).check(framework.tensor(value, dtype=framework.float64))
        )
        for framework, home in HOMES
    ]
    assert answers[0] == answers[1]


FAMILIES = {
    "Beta": {"concentration1": SCALE, "concentration0": SCALE + 0.3},
    "ContinuousBernoulli": {"probs": np.clip(SCALE / 2.2, 0.1, 0.9)},
    "Exponential": {"rate": SCALE},
    "Gamma": {"concentration": SCALE, "rate": SCALE + 0.5},
    "Gumbel": {"loc": LOC, "scale": SCALE},
    "Laplace": {"loc": LOC, "scale": SCALE},
    "Normal": {"loc": LOC, "scale": SCALE},
    "Pareto": {"scale": SCALE, "alpha": SCALE + 2},
    "Uniform": {"low": SCALE / 10, "high": 0.4 + SCALE / 4},
    "Cauchy": {"loc": LOC, "scale": SCALE},
    "Poisson": {"rate": SCALE},
    "Bernoulli": {"probs": np.clip(SCALE / 2.2, 0.1, 0.9)},
    "Binomial": {"total_count": np.full((3, 2), 4.0), "probs": np.clip(SCALE / 2.2, 0.1, 0.9)},
    "HalfNormal": {"scale": SCALE},
}
PAIRS = sorted(
    (p.__name__, q.__name__)
    for p, q in torch.distributions.kl._KL_REGISTRY
    if p.__name__ in FAMILIES and q.__name__ in FAMILIES
)


@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_every_divergence_that_pytorch_knows(pair):
    got = []
    for framework, home in HOMES:
        leaves, dists = [], []
        for name, factor in zip(pair, (1.0, 0.9), strict=True):
            parameters = {
                key: framework.tensor(factor * value, requires_grad=key != "total_count")
                for key, value in FAMILIES[name].items()
            }
            leaves += [leaf for leaf in parameters.values() if leaf.requires_grad]
            dists.append(getattr(home, name)(**parameters, validate_args=False))
        try:
            value = home.kl_divergence(*dists)
        except NotImplementedError:
            got.append(None)
            continue
        found = [array(value)]
        if np.isfinite(found[0]).all():
            value.sum().backward()
            found += [np.zeros(1) if leaf.grad is None else array(leaf.grad) for leaf in leaves]
        got.append(found)
    assert (got[0] is None) == (got[1] is None)
    for mine, their in zip(*(one or [] for one in got), strict=True):
        np.testing.assert_allclose(mine, their, rtol=1e-5, atol=1e-8)
