"""Kullback-Leibler divergences between distributions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import linalg
from ._shared import array_of, log_beta, softplus, sum_rightmost, wrap
from .bernoulli import Bernoulli
from .beta import Beta
from .binomial import Binomial
from .categorical import Categorical
from .dirichlet import Dirichlet
from .exponential import Exponential
from .gamma import Gamma
from .geometric import Geometric
from .gumbel import Gumbel
from .half_normal import HalfNormal
from .independent import Independent
from .laplace import Laplace
from .multivariate_normal import MultivariateNormal, squared_length
from .normal import LogNormal, Normal
from .one_hot_categorical import OneHotCategorical
from .poisson import Poisson
from .uniform import Uniform

__all__ = ["kl_divergence", "register_kl"]

Rule = Callable[[Any, Any], Any]
_rules: dict[tuple[type, type], Rule] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[Rule], Rule]:
    """Register the decorated function as KL(p ‖ q) of two classes and their subclasses."""

    def keep(rule: Rule) -> Rule:
        _rules[type_p, type_q] = rule
        return rule

    return keep


def kl_divergence(p: Any, q: Any) -> Any:
    """Return KL(p ‖ q) = E_p[log p(x) − log q(x)]; NotImplementedError where no rule is known.

    >>> kl_divergence(Normal(0.0, 1.0), Normal(1.0, 1.0)).item()
    0.5
    """
    fitting = [
        (type(p).__mro__.index(a) + type(q).__mro__.index(b), rule)
        for (a, b), rule in _rules.items()
        if isinstance(p, a) and isinstance(q, b)
    ]
    if not fitting:
        raise NotImplementedError(
            f"No KL(p || q) is implemented for p type {type(p).__name__} and q type "
            f"{type(q).__name__}: register one with register_kl"
        )
    return min(fitting, key=lambda found: found[0])[1](p, q)


def _where_finite(inside: Any, value: Any) -> Any:
    """Return the value, or infinity where p has mass that q lacks."""
    outside = np.where(inside, 0.0, math.inf).astype(array_of(value).dtype)
    return value + wrap(outside)


@register_kl(Normal, Normal)
def _(p: Any, q: Any) -> Any:
    ratio = (p.scale / q.scale) ** 2
    return 0.5 * (ratio + ((p.loc - q.loc) / q.scale) ** 2 - 1 - ratio.log())


@register_kl(LogNormal, LogNormal)
def _(p: Any, q: Any) -> Any:
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(HalfNormal, HalfNormal)
def _(p: Any, q: Any) -> Any:
    return kl_divergence(p.base_dist, q.base_dist)


@register_kl(Bernoulli, Bernoulli)
def _(p: Any, q: Any) -> Any:
    a, b = p.logits, q.logits
    exact = p.probs * (softplus(-b) - softplus(-a)) + (1 - p.probs) * (softplus(b) - softplus(a))
    left, right = array_of(p.probs), array_of(q.probs)
    inside = ((right > 0) | (left == 0)) & ((right < 1) | (left == 1))
    return _where_finite(inside, exact)


@register_kl(Binomial, Binomial)
def _(p: Any, q: Any) -> Any:
    counts, others = array_of(p.total_count), array_of(q.total_count)
    if (counts < others).any():
        raise NotImplementedError(
            "KL between Binomials where q.total_count > p.total_count is not implemented"
        )
    rest = (-p.probs).log1p() - (-q.probs).log1p()
    return _where_finite(counts <= others, p.total_count * (p.probs * (p.logits - q.logits) + rest))


@register_kl(Categorical, Categorical)
def _(p: Any, q: Any) -> Any:
    terms = p.probs * (p.logits - q.logits)
    left, right = array_of(p.probs), array_of(q.probs)
    terms = terms.masked_fill(wrap(left == 0), 0.0)
    return _where_finite(((right > 0) | (left == 0)).all(-1), terms.sum(-1))


@register_kl(OneHotCategorical, OneHotCategorical)
def _(p: Any, q: Any) -> Any:
    return kl_divergence(p._categorical, q._categorical)


@register_kl(Poisson, Poisson)
def _(p: Any, q: Any) -> Any:
    return p.rate * (p.rate.log() - q.rate.log()) - (p.rate - q.rate)


@register_kl(Geometric, Geometric)
def _(p: Any, q: Any) -> Any:
    return -p.entropy() - (-q.probs).log1p() / p.probs - q.logits


@register_kl(Exponential, Exponential)
def _(p: Any, q: Any) -> Any:
    ratio = q.rate / p.rate
    return -ratio.log() + ratio - 1


@register_kl(Gamma, Gamma)
def _(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    return (
        b * (p.rate / q.rate).log()
        + b.lgamma()
        - a.lgamma()
        + (a - b) * a.digamma()
        + (q.rate - p.rate) * (a / p.rate)
    )


@register_kl(Beta, Beta)
def _(p: Any, q: Any) -> Any:
    a, b, c, d = p.concentration1, p.concentration0, q.concentration1, q.concentration0
    total = a + b
    return (
        log_beta(c, d)
        - log_beta(a, b)
        + (a - c) * a.digamma()
        + (b - d) * b.digamma()
        + (c + d - total) * total.digamma()
    )


@register_kl(Dirichlet, Dirichlet)
def _(p: Any, q: Any) -> Any:
    a, b = p.concentration, q.concentration
    total = a.sum(-1, keepdim=True)
    return (
        total.lgamma().squeeze(-1)
        - b.sum(-1).lgamma()
        - (a.lgamma() - b.lgamma()).sum(-1)
        + ((a - b) * (a.digamma() - total.digamma())).sum(-1)
    )


@register_kl(Laplace, Laplace)
def _(p: Any, q: Any) -> Any:
    away = (p.loc - q.loc).abs()
    ratio = p.scale / q.scale
    return -ratio.log() + away / q.scale + ratio * (-away / p.scale).exp() - 1


@register_kl(Gumbel, Gumbel)
def _(p: Any, q: Any) -> Any:
    ratio, away = p.scale / q.scale, (q.loc - p.loc) / q.scale
    term = (away + (1.0 + ratio).lgamma()).exp()
    return -ratio.log() - away + term + ratio * 0.5772156649015329 - (1 + 0.5772156649015329)


@register_kl(Uniform, Uniform)
def _(p: Any, q: Any) -> Any:
    inside = (array_of(q.low) <= array_of(p.low)) & (array_of(p.high) <= array_of(q.high))
    return _where_finite(inside, ((q.high - q.low) / (p.high - p.low)).log())


@register_kl(Uniform, Normal)
def _(p: Any, q: Any) -> Any:
    width, middle = p.high - p.low, (p.high + p.low) / 2
    spread = (width**2 / 12 + (middle - q.loc) ** 2) / (2 * q.scale**2)
    return (math.sqrt(2 * math.pi) * q.scale / width).log() + spread


@register_kl(MultivariateNormal, MultivariateNormal)
def _(p: Any, q: Any) -> Any:
    if p.event_shape != q.event_shape:
        raise ValueError(
            "KL-divergence between two Multivariate Normals with different event shapes cannot "
            "be computed"
        )
    ratio = linalg.solve_triangular(q._tril, p._tril, upper=False)
    trace = (ratio**2).sum((-2, -1))
    distance = squared_length(q._tril, q.loc - p.loc)
    return q._half_log() - p._half_log() + 0.5 * (trace + distance - p.event_shape[0])


@register_kl(Independent, Independent)
def _(p: Any, q: Any) -> Any:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("the two distributions reinterpret different numbers of axes")
    return sum_rightmost(kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims)
