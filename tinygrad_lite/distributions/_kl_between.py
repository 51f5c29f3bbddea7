"""Divergences between distributions of different families, worked out from a few moments.

KL(p ‖ q) = −H(p) − E_p[log q(x)], and the expectation needs only the mean, the variance or the
expected logarithm of x under p, according to what stands in q.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from ._shared import EULER, array_of, log_beta, wrap
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .cauchy import Cauchy
from .continuous_bernoulli import ContinuousBernoulli
from .exponential import Exponential
from .gamma import Gamma
from .gumbel import Gumbel
from .kl import kl_divergence, register_kl
from .laplace import Laplace
from .normal import Normal
from .pareto import Pareto
from .poisson import Poisson
from .transformed_distribution import TransformedDistribution
from .uniform import Uniform

HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)


def _infinite(p: Any, q: Any) -> Any:
    """Infinity: p has mass where q has none."""
    shape = np.broadcast_shapes(tuple(p.batch_shape), tuple(q.batch_shape))
    return wrap(np.full(shape, math.inf, array_of(p.mean).dtype))


def _infinite_outside(inside: Any, value: Any) -> Any:
    """Return the value, and infinity where p reaches beyond the support of q."""
    return value.masked_fill(wrap(~np.asarray(inside)), math.inf)


def _expected_log(p: Any) -> Any:
    """Return E[log x]."""
    if isinstance(p, Beta):
        return p.concentration1.digamma() - (p.concentration1 + p.concentration0).digamma()
    if isinstance(p, Exponential):
        return -p.rate.log() - EULER
    if isinstance(p, Pareto):
        return p.scale.log() + p.alpha.reciprocal()
    low, high = p.low.clamp(min=0), p.high
    return (high.xlogy(high) - low.xlogy(low)) / (high - low) - 1


def _to_normal(p: Any, q: Any) -> Any:
    spread = p.variance + (p.mean - q.loc).pow(2)
    return -p.entropy() + q.scale.log() + HALF_LOG_2PI + spread / (2 * q.scale.pow(2))


def _to_exponential(p: Any, q: Any) -> Any:
    return -p.entropy() - q.rate.log() + q.rate * p.mean


def _to_gamma(p: Any, q: Any) -> Any:
    c = q.concentration
    norm = c.lgamma() - c * q.rate.log()
    return -p.entropy() + norm - (c - 1) * _expected_log(p) + q.rate * p.mean


def _to_gumbel(p: Any, q: Any, expected_exp: Any) -> Any:
    """The last argument is E[exp(−x / scale)]."""
    away = (p.mean - q.loc) / q.scale
    return -p.entropy() + q.scale.log() + away + (q.loc / q.scale).exp() * expected_exp


def _to_uniform(p: Any, q: Any) -> Any:
    """For p on [0, 1]."""
    inside = (array_of(q.low) <= 0) & (array_of(q.high) >= 1)
    return _infinite_outside(inside, -p.entropy() + (q.high - q.low).log())


def _to_continuous_bernoulli(p: Any, q: Any) -> Any:
    return -p.entropy() - p.mean * q.logits - (-q.probs).log1p() - q._log_norm()


for _p in (Beta, Exponential, Gamma, Gumbel, Laplace, ContinuousBernoulli):
    register_kl(_p, Normal)(_to_normal)
for _p in (Beta, ContinuousBernoulli, Gamma):
    register_kl(_p, Exponential)(_to_exponential)
for _p in (Beta, ContinuousBernoulli):
    register_kl(_p, Uniform)(_to_uniform)
for _p in (Beta, Exponential):
    register_kl(_p, Gamma)(_to_gamma)
for _p in (Beta, ContinuousBernoulli):
    register_kl(_p, ContinuousBernoulli)(_to_continuous_bernoulli)

_BOUNDED = (Beta, ContinuousBernoulli, Pareto, Uniform)
_left: type
for _left, _q in (
    *((Beta, Pareto), (ContinuousBernoulli, Pareto), (Poisson, Bernoulli), (Poisson, Binomial)),
    *itertools.product((Exponential, Gamma), _BOUNDED),
    *itertools.product((Gumbel, Laplace, Normal), (*_BOUNDED, Exponential, Gamma)),
    *itertools.product((Pareto,), (Beta, ContinuousBernoulli, Uniform)),
):
    register_kl(_left, _q)(_infinite)


@register_kl(Bernoulli, Poisson)
def _(p: Any, q: Any) -> Any:
    return -p.entropy() - (p.probs * q.rate.log() - q.rate)


@register_kl(Cauchy, Cauchy)
def _(p: Any, q: Any) -> Any:
    spread = (p.scale + q.scale).pow(2) + (p.loc - q.loc).pow(2)
    return spread.log() - (4 * p.scale * q.scale).log()


@register_kl(Exponential, Gumbel)
def _(p: Any, q: Any) -> Any:
    scaled = p.rate * q.scale
    return _to_gumbel(p, q, scaled / (scaled + 1))


@register_kl(Gamma, Gumbel)
def _(p: Any, q: Any) -> Any:
    scaled = p.rate * q.scale
    return _to_gumbel(p, q, (1 + scaled.reciprocal()).pow(-p.concentration))


@register_kl(Normal, Gumbel)
def _(p: Any, q: Any) -> Any:
    ratio = p.scale / q.scale
    return _to_gumbel(p, q, (-p.loc / q.scale + 0.5 * ratio.pow(2)).exp())


@register_kl(Uniform, Gumbel)
def _(p: Any, q: Any) -> Any:
    ends = (-p.low / q.scale).exp() - (-p.high / q.scale).exp()
    return _to_gumbel(p, q, q.scale * ends / (p.high - p.low))


@register_kl(Normal, Laplace)
def _(p: Any, q: Any) -> Any:
    d = (p.loc - q.loc) / p.scale
    away = p.scale * math.sqrt(2 / math.pi) * (-0.5 * d.pow(2)).exp()
    away = away + p.scale * d * (d / math.sqrt(2)).erf()
    return -p.entropy() + (2 * q.scale).log() + away / q.scale


@register_kl(Pareto, Pareto)
def _(p: Any, q: Any) -> Any:
    ratio = q.alpha / p.alpha
    value = q.alpha * (p.scale / q.scale).log() - ratio.log() + ratio - 1
    return _infinite_outside(array_of(p.scale) >= array_of(q.scale), value)


@register_kl(Pareto, Exponential)
def _(p: Any, q: Any) -> Any:
    return _infinite_outside(array_of(p.alpha) > 1, _to_exponential(p, q))


@register_kl(Pareto, Gamma)
def _(p: Any, q: Any) -> Any:
    return _infinite_outside(array_of(p.alpha) > 1, _to_gamma(p, q))


@register_kl(Pareto, Normal)
def _(p: Any, q: Any) -> Any:
    return _infinite_outside(array_of(p.alpha) > 2, _to_normal(p, q))


@register_kl(Uniform, Beta)
def _(p: Any, q: Any) -> Any:
    a, b = q.concentration1, q.concentration0
    mirrored = Uniform(1 - p.high.clamp(max=1), 1 - p.low, validate_args=False)
    expected = (a - 1) * _expected_log(p) + (b - 1) * _expected_log(mirrored)
    inside = (array_of(p.low) >= 0) & (array_of(p.high) <= 1)
    return _infinite_outside(inside, -p.entropy() - expected + log_beta(a, b))


@register_kl(Uniform, ContinuousBernoulli)
def _(p: Any, q: Any) -> Any:
    inside = (array_of(p.low) >= 0) & (array_of(p.high) <= 1)
    return _infinite_outside(inside, _to_continuous_bernoulli(p, q))


@register_kl(Uniform, Exponential)
def _(p: Any, q: Any) -> Any:
    return _infinite_outside(array_of(p.low) >= 0, _to_exponential(p, q))


@register_kl(Uniform, Gamma)
def _(p: Any, q: Any) -> Any:
    return _infinite_outside(array_of(p.low) >= 0, _to_gamma(p, q))


@register_kl(Uniform, Pareto)
def _(p: Any, q: Any) -> Any:
    value = -p.entropy() - (q.alpha * q.scale.pow(q.alpha)).log()
    value = value + (q.alpha + 1) * _expected_log(p)
    return _infinite_outside(array_of(p.low) >= array_of(q.scale), value)


@register_kl(TransformedDistribution, TransformedDistribution)
def _(p: Any, q: Any) -> Any:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError(
            "the two are transformed differently: KL is known where both have the same transforms"
        )
    return kl_divergence(p.base_dist, q.base_dist)
