"""Recurrent layers as one operation each: all steps of one layer in one direction.

Inputs come packed, `sizes[t]` rows for step t; see `_kernels/recurrence.py`. Composed of small
operations the same layer costs three to five times as much.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels import recurrence as kernels
from .._op import op
from .activation import relu as rectify
from .elementwise import sigmoid, tanh, where
from .matmul import matmul
from .reduction import sum as total
from .shape import cat, transpose

Values = tuple[Any, ...]


@op(
    kind="general", label="LSTM", onnx="LSTM", dtypes="same", outputs=("hs", "cs"),
    aux=("gates", "squashed", "states"),
)  # fmt: skip
def lstm(
    x: Any,
    h: Any,
    c: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias: Any,
    *,
    sizes: tuple[int, ...],
    backwards: bool = False,
) -> Any:
    """Outputs and cell states of every step; gates i, f, g, o."""
    return kernels.lstm(x, h, c, weight_ih, weight_hh, bias, sizes, backwards)


@lstm.joint
def _(
    g: Any, x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, cs: Any, gates: Any,
    squashed: Any, states: Any, needs: Any, sizes: Any, backwards: bool,
) -> Any:  # fmt: skip
    operands, kept = (x, h, c, weight_ih, weight_hh), (cs, gates, squashed, states)
    return needed(kernels.lstm_pull(g[0], g[1], operands, kept, sizes, backwards, needs), needs)


@lstm.joint_again
def _(
    g: Any, x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias: Any, needs: Any,
    sizes: Any, backwards: bool,
) -> Any:  # fmt: skip
    """The same with every step recorded: first the way there again, then the way back."""
    steps = kernels.steps_of(sizes, backwards)
    from_x = affine(x, weight_ih, bias)
    recurrent = transpose(weight_hh, axes=(1, 0))
    walked = []
    h_now, c_now = h, c
    for a, b in steps:
        k = b - a
        before, earlier = h_now[:k], c_now[:k]
        i, f, n, o = chunks(from_x[a:b] + matmul(before, recurrent), 4)
        i, f, n, o = sigmoid(i), sigmoid(f), tanh(n), sigmoid(o)
        cell = f * earlier + i * n
        squashed = tanh(cell)
        h_now, c_now = _replaced(h_now, o * squashed, k), _replaced(c_now, cell, k)
        walked.append((i, f, n, o, before, earlier, squashed))
    dh, dc, rows, befores = h * 0, c * 0, {}, {}
    for (a, b), (i, f, n, o, before, earlier, squashed) in zip(
        reversed(steps), reversed(walked), strict=True
    ):
        k = b - a
        d, e = _plus(dh[:k], g[0], a, b), _plus(dc[:k], g[1], a, b)
        e = e + d * o * (1 - squashed * squashed)
        rows[a] = cat(
            e * n * i * (1 - i),
            e * earlier * f * (1 - f),
            e * i * (1 - n * n),
            d * squashed * o * (1 - o),
            axis=1,
        )
        befores[a] = before
        dh, dc = _replaced(dh, matmul(rows[a], weight_hh), k), _replaced(dc, e * f, k)
    dz, past = _in_order(rows), _in_order(befores)
    back = transpose(dz, axes=(1, 0))
    return needed(
        (matmul(dz, weight_ih), dh, dc, matmul(back, x), matmul(back, past), total(dz, axis=0)),
        needs,
    )


@op(
    kind="general", label="GRU", onnx="GRU", dtypes="same", aux=("gates", "inner", "before"),
)  # fmt: skip
def gru(
    x: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias_ih: Any,
    bias_hh: Any,
    *,
    sizes: tuple[int, ...],
    backwards: bool = False,
) -> Any:
    """Outputs of every step; gates r, z, n."""
    return kernels.gru(x, h, weight_ih, weight_hh, bias_ih, bias_hh, sizes, backwards)


@gru.joint
def _(
    g: Any, x: Any, weight_ih: Any, weight_hh: Any, gates: Any, inner: Any, before: Any,
    needs: Any, sizes: Any, backwards: bool,
) -> Any:  # fmt: skip
    kept = (gates, inner, before)
    return needed(
        kernels.gru_pull(g, x, weight_ih, weight_hh, kept, sizes, backwards, needs), needs
    )


@gru.joint_again
def _(
    g: Any, x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any,
    needs: Any, sizes: Any, backwards: bool,
) -> Any:  # fmt: skip
    steps = kernels.steps_of(sizes, backwards)
    from_x = affine(x, weight_ih, bias_ih)
    walked, now = [], h
    for a, b in steps:
        before = now[: b - a]
        xr, xz, xn = chunks(from_x[a:b], 3)
        hr, hz, inner = chunks(affine(before, weight_hh, bias_hh), 3)
        r, z = sigmoid(xr + hr), sigmoid(xz + hz)
        n = tanh(xn + r * inner)
        now = _replaced(now, n + z * (before - n), b - a)
        walked.append((r, z, n, inner, before))
    dh, rows, inner_rows, befores = h * 0, {}, {}, {}
    for (a, b), (r, z, n, inner, before) in zip(reversed(steps), reversed(walked), strict=True):
        d = _plus(dh[: b - a], g, a, b)
        dn = d * (1 - z) * (1 - n * n)
        dr, dz = dn * inner * r * (1 - r), d * (before - n) * z * (1 - z)
        rows[a], inner_rows[a] = cat(dr, dz, dn, axis=1), cat(dr, dz, dn * r, axis=1)
        befores[a] = before
        dh = _replaced(dh, d * z + matmul(inner_rows[a], weight_hh), b - a)
    dx, ds, past = _in_order(rows), _in_order(inner_rows), _in_order(befores)
    return needed(
        (
            matmul(dx, weight_ih),
            dh,
            matmul(transpose(dx, axes=(1, 0)), x),
            matmul(transpose(ds, axes=(1, 0)), past),
            total(dx, axis=0),
            total(ds, axis=0),
        ),
        needs,
    )


@op(kind="general", label="RNN", onnx="RNN", dtypes="same", aux=("before",))
def rnn(
    x: Any,
    h: Any,
    weight_ih: Any,
    weight_hh: Any,
    bias: Any,
    *,
    sizes: tuple[int, ...],
    backwards: bool = False,
    relu: bool = False,
) -> Any:
    """Outputs of every step: tanh of the sum, or ReLU."""
    return kernels.plain(x, h, weight_ih, weight_hh, bias, sizes, backwards, relu)


@rnn.joint
def _(
    g: Any, x: Any, weight_ih: Any, weight_hh: Any, out: Any, before: Any, needs: Any,
    sizes: Any, backwards: bool, relu: bool,
) -> Any:  # fmt: skip
    kept = (out, before)
    return needed(
        kernels.plain_pull(g, x, weight_ih, weight_hh, kept, sizes, backwards, relu, needs),
        needs,
    )


@rnn.joint_again
def _(
    g: Any, x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias: Any, needs: Any, sizes: Any,
    backwards: bool, relu: bool,
) -> Any:  # fmt: skip
    steps = kernels.steps_of(sizes, backwards)
    from_x = affine(x, weight_ih, bias)
    recurrent = transpose(weight_hh, axes=(1, 0))
    walked, now = [], h
    for a, b in steps:
        before = now[: b - a]
        z = from_x[a:b] + matmul(before, recurrent)
        out = rectify(z) if relu else tanh(z)
        now = _replaced(now, out, b - a)
        walked.append((out, before))
    dh, rows, befores = h * 0, {}, {}
    for (a, b), (out, before) in zip(reversed(steps), reversed(walked), strict=True):
        d = _plus(dh[: b - a], g, a, b)
        rows[a] = where(out != 0, d, 0.0) if relu else d * (1 - out * out)
        befores[a] = before
        dh = _replaced(dh, matmul(rows[a], weight_hh), b - a)
    dz, past = _in_order(rows), _in_order(befores)
    back = transpose(dz, axes=(1, 0))
    return needed(
        (matmul(dz, weight_ih), dh, matmul(back, x), matmul(back, past), total(dz, axis=0)), needs
    )


def needed(values: Values, needs: tuple[bool, ...]) -> Values:
    """The values that are wanted, and None for the others."""
    return tuple(v if wanted else None for v, wanted in zip(values, needs, strict=True))


def affine(x: Any, weight: Any, bias: Any) -> Any:
    """x Wᵀ + b, of tensors or arrays; no bias is None."""
    z = matmul(x, transpose(weight, axes=(1, 0)))
    return z if bias is None else z + bias


def chunks(z: Any, count: int) -> list[Any]:
    """The columns of `z` in `count` equal parts."""
    n = z.shape[1] // count
    return [z[:, p * n : (p + 1) * n] for p in range(count)]


def _replaced(state: Any, rows: Any, k: int) -> Any:
    """The state with new first `k` rows."""
    return rows if k == state.shape[0] else cat(rows, state[k:], axis=0)


def _plus(x: Any, g: Any, a: int, b: int) -> Any:
    return x if g is None else x + g[a:b]


def _in_order(rows: dict[int, Any]) -> Any:
    return cat(*(rows[start] for start in sorted(rows)), axis=0)


def last_rows(sizes: tuple[int, ...]) -> Any:
    """For each sequence the row of its last step."""
    starts = np.cumsum((0, *sizes[:-1]))
    longest = [sum(size > b for size in sizes) - 1 for b in range(sizes[0])]
    return starts[longest] + np.arange(sizes[0])
