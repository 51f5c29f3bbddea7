"""LSTM, GRU and RNN layers: one direction of one layer, all sequences equally long."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..builder import Value
from ..context import Context, writes
from ..sizes import Size


def _steps(c: Context, x: Value, h: Value) -> tuple[Any, bool]:
    """The rows of all steps as (steps, batch, features), and whether they run backwards."""
    sizes = c.settings["sizes"]
    runs = sizes.values if hasattr(sizes, "values") else (sizes,)
    flat = [tuple(_first(n) for n in run) if isinstance(run, tuple) else () for run in runs]
    if any(len(set(run)) > 1 for run in flat):
        c.refuse("sequences of different lengths (packed) have no counterpart")
    shape = c.builder.sizes([-1, h.shape[0], x.shape[1]], (h,))
    return c.emit("Reshape", x, shape), bool(c["backwards"])


def _first(n: Any) -> Any:
    return n.values[0] if isinstance(n, Size) else n


def _gates(c: Context, weight: Any, order: tuple[int, ...]) -> Any:
    """The blocks of rows of a weight in another order."""
    parts = c.emit("Split", weight, axis=0, num_outputs=len(order), outputs=len(order))
    return c.emit("Concat", *(parts[i] for i in order), axis=0)


def _lead(c: Context, x: Any) -> Any:
    return c.emit("Unsqueeze", x, c.ints([0]))


def _bias(c: Context, own: Any, other: Any, rows: int, order: tuple[int, ...]) -> Any:
    """Both biases one after the other, each in the order of the gates."""
    if own is None:
        return None
    first = _gates(c, own, order) if len(order) > 1 else own
    if other is None:
        second = c.constant(np.zeros(rows))
    else:
        second = _gates(c, other, order) if len(order) > 1 else other
    return _lead(c, c.emit("Concat", first, second, axis=0))


def _rows(c: Context, y: Any, width: int) -> Any:
    return c.emit("Reshape", y, c.ints([-1, width]))


@writes("lstm")
def write_lstm(
    c: Context, x: Value, h: Value, state: Value, weight_ih: Value, weight_hh: Value, bias: Any
) -> Any:
    """ONNX orders the gates input, output, forget, cell."""
    steps, backwards = _steps(c, x, h)
    order, width = (0, 3, 1, 2), h.shape[1]
    y, _, last = c.emit(
        "LSTM",
        steps,
        _lead(c, _gates(c, weight_ih, order)),
        _lead(c, _gates(c, weight_hh, order)),
        _bias(c, bias, None, weight_ih.shape[0], order),
        None,
        _lead(c, h),
        _lead(c, state),
        hidden_size=width,
        direction="reverse" if backwards else "forward",
        outputs=3,
    )
    c.lasts[c.made[1]] = (c.emit("Squeeze", last, c.ints([0])), backwards)
    return _rows(c, y, width), ""


def _affine(c: Context, x: Value, weight: Value, bias: Any) -> Value:
    inputs = (x, weight) if bias is None else (x, weight, bias)
    return c.emit("Gemm", *inputs, transB=1)  # type: ignore[no-any-return]


@writes("lstm_cell")
def write_lstm_cell(
    c: Context, x: Value, h: Value, state: Value, weight_ih: Value, weight_hh: Value, bias_ih: Any,
    bias_hh: Any,
) -> Any:  # fmt: skip
    """The gates spelled out: shorter than ONNX's LSTM of one step with its extra axes."""
    z = c.emit("Add", _affine(c, x, weight_ih, bias_ih), _affine(c, h, weight_hh, bias_hh))
    i, f, g, o = c.emit("Split", z, axis=1, num_outputs=4, outputs=4)
    i, f, o = (c.emit("Sigmoid", gate) for gate in (i, f, o))
    fresh = c.emit("Mul", i, c.emit("Tanh", g))
    cell = c.emit("Add", c.emit("Mul", f, state), fresh)
    return c.emit("Mul", o, c.emit("Tanh", cell)), cell


@writes("gru_cell")
def write_gru_cell(
    c: Context, x: Value, h: Value, weight_ih: Value, weight_hh: Value, bias_ih: Any, bias_hh: Any
) -> Any:
    from_x, from_h = _affine(c, x, weight_ih, bias_ih), _affine(c, h, weight_hh, bias_hh)
    xr, xz, xn = c.emit("Split", from_x, axis=1, num_outputs=3, outputs=3)
    hr, hz, inner = c.emit("Split", from_h, axis=1, num_outputs=3, outputs=3)
    r, z = (c.emit("Sigmoid", c.emit("Add", *pair)) for pair in ((xr, hr), (xz, hz)))
    n = c.emit("Tanh", c.emit("Add", xn, c.emit("Mul", r, inner)))
    return c.emit("Add", n, c.emit("Mul", z, c.emit("Sub", h, n)))


@writes("rnn_cell")
def write_rnn_cell(
    c: Context, x: Value, h: Value, weight_ih: Value, weight_hh: Value, bias_ih: Any, bias_hh: Any
) -> Any:
    z = c.emit("Add", _affine(c, x, weight_ih, bias_ih), _affine(c, h, weight_hh, bias_hh))
    return c.emit("Relu" if c["relu"] else "Tanh", z)


@writes("gru")
def write_gru(
    c: Context, x: Value, h: Value, weight_ih: Value, weight_hh: Value, bias_ih: Any, bias_hh: Any
) -> Any:
    """ONNX orders the gates update, reset, new."""
    steps, backwards = _steps(c, x, h)
    order, width = (1, 0, 2), h.shape[1]
    y = c.emit(
        "GRU",
        steps,
        _lead(c, _gates(c, weight_ih, order)),
        _lead(c, _gates(c, weight_hh, order)),
        _bias(c, bias_ih, bias_hh, weight_ih.shape[0], order),
        None,
        _lead(c, h),
        hidden_size=width,
        direction="reverse" if backwards else "forward",
        linear_before_reset=1,
    )
    return _rows(c, y, width)


@writes("rnn")
def write_rnn(c: Context, x: Value, h: Value, weight_ih: Value, weight_hh: Value, bias: Any) -> Any:
    steps, backwards = _steps(c, x, h)
    width = h.shape[1]
    y = c.emit(
        "RNN",
        steps,
        _lead(c, weight_ih),
        _lead(c, weight_hh),
        _bias(c, bias, None, weight_ih.shape[0], (0,)),
        None,
        _lead(c, h),
        hidden_size=width,
        activations=["Relu" if c["relu"] else "Tanh"],
        direction="reverse" if backwards else "forward",
    )
    return _rows(c, y, width)
