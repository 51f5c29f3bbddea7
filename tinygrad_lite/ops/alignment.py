"""Connectionist temporal classification: all alignments of a label with a longer sequence."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._op import op


def _extended(labels: Any, sizes: Any, blank: int) -> tuple[Any, Any]:
    """Labels with blanks before, between and after, and where two steps may be taken at once."""
    batch, longest = labels.shape
    wide = np.full((batch, 2 * longest + 1), blank, np.int64)
    wide[:, 1::2] = labels
    jump = np.zeros(wide.shape, bool)
    jump[:, 2:] = (wide[:, 2:] != blank) & (wide[:, 2:] != wide[:, :-2])
    wide[np.arange(wide.shape[1]) > 2 * sizes[:, None]] = blank
    return wide, jump


def _log_sum(*terms: Any) -> Any:
    """log Σ e^x of arrays, −∞ where all are."""
    top = np.maximum.reduce(terms)
    safe = np.where(np.isneginf(top), 0, top)
    total = np.exp(terms[0] - safe)
    for term in terms[1:]:
        total += np.exp(term - safe)
    return np.log(total) + safe


def _moved(x: Any, by: int) -> Any:
    """`x` moved along its rows, −∞ coming in."""
    out = np.full_like(x, -np.inf)
    if by >= x.shape[1] or -by >= x.shape[1]:
        return out
    if by > 0:
        out[:, by:] = x[:, :-by]
    else:
        out[:, :by] = x[:, -by:]
    return out


def _forward_scores(seen: Any, jump: Any) -> Any:
    """α: for each step and place the log-probability of all beginnings that end there."""
    alpha = np.full_like(seen, -np.inf)
    alpha[0, :, :2] = seen[0, :, :2]
    for t in range(1, len(seen)):
        before = alpha[t - 1]
        two = np.where(jump, _moved(before, 2), -np.inf)
        alpha[t] = _log_sum(before, _moved(before, 1), two) + seen[t]
    return alpha


def _backward_scores(seen: Any, jump: Any, lengths: Any, sizes: Any) -> Any:
    """β: for each step and place the log-probability of all endings that begin there."""
    beta = np.full_like(seen, -np.inf)
    places = np.arange(seen.shape[2])
    ends = (places == 2 * sizes[:, None]) | (places == 2 * sizes[:, None] - 1)
    onto = np.zeros_like(jump)
    onto[:, :-2] = jump[:, 2:]
    after = np.full(seen.shape[1:], -np.inf, seen.dtype)
    for t in range(len(seen) - 1, -1, -1):
        two = np.where(onto, _moved(after, -2), -np.inf)
        inner = _log_sum(after, _moved(after, -1), two)
        start = np.where(ends, 0.0, -np.inf)
        last, within = (lengths - 1 == t)[:, None], (lengths - 1 > t)[:, None]
        beta[t] = np.where(last, start, np.where(within, inner, -np.inf)) + seen[t]
        after = beta[t]
    return beta


@op(kind="general", label="ctc", aux=("slope",))
def ctc(log_probs: Any, labels: Any, lengths: Any, sizes: Any, *, blank: int = 0) -> Any:
    """−log of the probability of all alignments: (T, N, C), (N, S), (N), (N) -> (N).

    The gradient comes along: eˣ less the share of the alignments that pass there, as if
    `log_probs` came from log_softmax; infinite losses have none.
    """
    steps, batch, _ = log_probs.shape
    if not batch or not steps:
        empty = np.where(sizes == 0, 0.0, np.inf).astype(log_probs.dtype)
        return empty, np.zeros_like(log_probs)
    wide, jump = _extended(labels, sizes, blank)
    seen = np.take_along_axis(log_probs, np.broadcast_to(wide, (steps, *wide.shape)), axis=2)
    alpha, beta = _forward_scores(seen, jump), _backward_scores(seen, jump, lengths, sizes)
    rows, last = np.arange(batch), np.maximum(lengths - 1, 0)
    ending = alpha[last, rows, 2 * sizes]
    before = np.where(sizes > 0, alpha[last, rows, np.maximum(2 * sizes - 1, 0)], -np.inf)
    losses = -_log_sum(ending, before)
    losses = np.where(lengths == 0, np.where(sizes == 0, 0.0, np.inf), losses)
    slope = _slope(log_probs, wide, alpha + beta - seen, losses, lengths)
    return losses.astype(log_probs.dtype), slope


def _slope(log_probs: Any, wide: Any, through: Any, losses: Any, lengths: Any) -> Any:
    """eˣ − Σ over places of a class of e^(α β / y + loss), 0 behind a sample's end."""
    finite = np.isfinite(losses)
    shares = np.exp(through + np.where(finite, losses, 0)[:, None])
    passed = np.zeros_like(log_probs)
    rows = np.arange(wide.shape[0])[:, None]
    places: Any = (slice(None), rows, wide)
    np.add.at(passed, places, shares)
    valid = (np.arange(len(log_probs))[:, None] < lengths) & finite
    return np.where(valid[..., None], np.exp(log_probs) - passed, 0).astype(log_probs.dtype)


ctc.rule(lambda g, slope: g[None, :, None] * slope, "log_probs")


@ctc.again("log_probs")
def _(g: Any, log_probs: Any, labels: Any, lengths: Any, sizes: Any, blank: int) -> Any:
    return g[None, :, None] * ctc_slope(log_probs, labels, lengths, sizes, blank=blank)


@op(kind="general", label="ctc gradient")
def ctc_slope(log_probs: Any, labels: Any, lengths: Any, sizes: Any, *, blank: int = 0) -> Any:
    """The gradient of each sample's loss, as an operation of its own."""
    return ctc.forward(log_probs, labels, lengths, sizes, blank=blank)[1]


@ctc_slope.rule("log_probs")
def _(g: Any) -> Any:
    raise NotImplementedError(
        "the second derivative of ctc_loss with respect to log_probs is not implemented"
    )
