"""The recurrent networks as functions of a flat list of weights: torch.lstm, torch.gru_cell."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ._tensor import Tensor
from .nn import functional as F
from .nn.modules._recurrence import run_layers

__all__ = [
    "gru", "gru_cell", "lstm", "lstm_cell", "rnn_relu", "rnn_relu_cell", "rnn_tanh",
    "rnn_tanh_cell",
]  # fmt: skip


def _layers(params: Any, has_biases: bool, count: int) -> list[dict[str, Any]]:
    """The flat list of weights as one dict for each layer and direction."""
    each = 4 if has_biases else 2
    if len(params) != each * count:
        raise RuntimeError(
            f"expected {each * count} weights for {count} layers and directions, got "
            f"{len(params)}: projections are in nn.LSTM alone"
        )
    roles = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")[:each]
    empty = dict.fromkeys(("bias_ih", "bias_hh", "weight_hr"))
    rows = [params[i : i + each] for i in range(0, len(params), each)]
    return [{**empty, **dict(zip(roles, row, strict=True))} for row in rows]


def _run(mode: str, args: tuple[Any, ...], states: Callable[[Any], tuple[Any, ...]]) -> Any:
    """A padded call (..., batch_first) or a packed one (data, batch_sizes, ...)."""
    if isinstance(args[2], Tensor) or not isinstance(args[3], bool):
        x, sizes, hx, params, biases, count, dropout, train, both = args
        batch_first = False
    else:
        x, hx, params, biases, count, dropout, train, both, batch_first = args
        sizes = None
    x = x.transpose(0, 1) if batch_first else x
    layers = _layers(list(params), biases, count * (2 if both else 1))
    out, last = run_layers(mode, x, sizes, states(hx), layers, both, dropout if train else 0.0)
    return (out.transpose(0, 1) if batch_first else out, *last)


def lstm(*args: Any) -> tuple[Any, Any, Any]:
    """`lstm(input, hx, params, has_biases, layers, dropout, train, bidirectional, batch_first)`.

    Outputs, last hidden states, last cells; with batch sizes after the input, of packed rows.
    """
    return _run("LSTM", args, tuple)  # type: ignore[no-any-return]


def gru(*args: Any) -> tuple[Any, Any]:
    """Like `lstm`, with one state."""
    return _run("GRU", args, lambda h: (h,))  # type: ignore[no-any-return]


def rnn_tanh(*args: Any) -> tuple[Any, Any]:
    """Like `lstm`, with one state."""
    return _run("RNN_TANH", args, lambda h: (h,))  # type: ignore[no-any-return]


def rnn_relu(*args: Any) -> tuple[Any, Any]:
    """Like `lstm`, with one state."""
    return _run("RNN_RELU", args, lambda h: (h,))  # type: ignore[no-any-return]


def lstm_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> tuple[Any, Any]:
    """The next hidden and cell states."""
    h, c = hx
    i, f, g, o = (F.linear(input, w_ih, b_ih) + F.linear(h, w_hh, b_hh)).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c


def gru_cell(input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    """The next state."""
    reset_x, update_x, new_x = F.linear(input, w_ih, b_ih).chunk(3, 1)
    reset_h, update_h, new_h = F.linear(hx, w_hh, b_hh).chunk(3, 1)
    update = (update_x + update_h).sigmoid()
    new = (new_x + (reset_x + reset_h).sigmoid() * new_h).tanh()
    return new + update * (hx - new)


def rnn_tanh_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """The next state."""
    return (F.linear(input, w_ih, b_ih) + F.linear(hx, w_hh, b_hh)).tanh()


def rnn_relu_cell(
    input: Any, hx: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """The next state."""
    return (F.linear(input, w_ih, b_ih) + F.linear(hx, w_hh, b_hh)).relu()
