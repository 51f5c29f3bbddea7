"""Recurrent layers, and the cells that do one step of them."""

from __future__ import annotations

import math
import numbers
import warnings
from typing import Any

from ... import _creation as creation
from ...ops.cells import gru_cell, lstm_cell, rnn_cell
from .. import init
from ..parameter import Parameter
from ._recurrence import run_layers
from .module import Module
from .packing import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

GATES = {"LSTM": 4, "GRU": 3, "RNN_TANH": 1, "RNN_RELU": 1}


class RNNBase(Module):
    """What recurrent layers share: weights of every layer and direction, checks and packing.

    All weights start uniform in ±1/√hidden_size.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.mode = mode
        self.input_size, self.hidden_size = input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        _check_settings(self, dropout)
        self.dropout = float(dropout)
        if mode not in GATES:
            raise ValueError("Unrecognized RNN mode: " + mode)
        self._flat_weights_names: list[str] = []
        self._all_weights: list[list[str]] = []
        factory = {"device": device, "dtype": dtype}
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[: 1 + bidirectional]:
                self._make_weights(layer, suffix, factory)
        self.reset_parameters()

    def _make_weights(self, layer: int, suffix: str, factory: dict[str, Any]) -> None:
        out = self.proj_size or self.hidden_size
        width = self.input_size if layer == 0 else out * (1 + self.bidirectional)
        rows = GATES[self.mode] * self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, width), "weight_hh": (rows, out)}
        if self.bias:
            shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
        if self.proj_size:
            shapes |= {"weight_hr": (self.proj_size, self.hidden_size)}
        names = [f"{name}_l{layer}{suffix}" for name in shapes]
        for name, shape in zip(names, shapes.values(), strict=True):
            setattr(self, name, Parameter(creation.empty(shape, **factory)))
        self._flat_weights_names += names
        self._all_weights.append(names)

    @property
    def _flat_weights(self) -> list[Any]:
        return [getattr(self, name) for name in self._flat_weights_names]

    @property
    def all_weights(self) -> list[list[Any]]:
        """The weights of every layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def flatten_parameters(self) -> None:
        """Do nothing: on a CPU there is no layout to prepare."""

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    # -- checks ----------------------------------------------------------------------------------

    def check_input(self, input: Any, batch_sizes: Any) -> None:
        """Raise unless `input` has the layer's dtype, dimensions and features."""
        weight = getattr(self, self._flat_weights_names[0])
        if input.dtype != weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), "
                f"or convert model: model.to({input.dtype})"
            )
        expected = 2 if batch_sizes is not None else 3
        if input.dim() != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.dim()}")
        if self.input_size != input.shape[-1]:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. "
                f"Expected {self.input_size}, got {input.shape[-1]}"
            )

    def _hidden_shape(self, batch: int, features: int) -> tuple[int, int, int]:
        return (self.num_layers * (1 + self.bidirectional), batch, features)

    def get_expected_hidden_size(self, input: Any, batch_sizes: Any) -> tuple[int, int, int]:
        """The shape of the hidden state: (layers · directions, batch, features)."""
        batch = int(batch_sizes[0]) if batch_sizes is not None else input.shape[1]
        return self._hidden_shape(batch, self.proj_size or self.hidden_size)

    def get_expected_cell_size(self, input: Any, batch_sizes: Any) -> tuple[int, int, int]:
        """The shape of the cell state of an LSTM."""
        batch = int(batch_sizes[0]) if batch_sizes is not None else input.shape[1]
        return self._hidden_shape(batch, self.hidden_size)

    def check_hidden_size(
        self, hx: Any, expected: tuple[int, ...], msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        """Raise unless the state has the expected shape."""
        if tuple(hx.shape) != tuple(expected):
            raise RuntimeError(msg.format(expected, list(hx.shape)))

    # -- running ---------------------------------------------------------------------------------

    def _states(self, hx: Any) -> tuple[Any, ...]:
        return (hx,)

    def _check_states(self, states: tuple[Any, ...], input: Any, batch_sizes: Any) -> None:
        self.check_hidden_size(states[0], self.get_expected_hidden_size(input, batch_sizes))

    def _check_state_dims(self, states: tuple[Any, ...], batched: bool) -> None:
        wanted = 3 if batched else 2
        if any(state.dim() != wanted for state in states):
            kind = "batched 3-D" if batched else "unbatched 2-D"
            got = ", ".join(f"{state.dim()}-D" for state in states)
            if len(states) == 2:
                raise RuntimeError(
                    f"For {kind} input, hx and cx should also be {wanted}-D but got ({got}) tensors"
                )
            raise RuntimeError(
                f"For {kind} input, hx should also be {wanted}-D but got {got} tensor"
            )

    def _start(self, input: Any, batch_sizes: Any) -> tuple[Any, ...]:
        shape = self.get_expected_hidden_size(input, batch_sizes)
        return (creation.zeros(shape, dtype=input.dtype),)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Return the outputs of the last layer at every step, and the last state of each layer."""
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        if input.dim() not in {2, 3}:
            raise ValueError(
                f"{self._plain_name()}: Expected input to be 2D or 3D, got {input.dim()}D instead"
            )
        batched = input.dim() == 3
        if not batched:
            input = input.unsqueeze(1)
        elif self.batch_first:
            input = input.transpose(0, 1)
        states = None if hx is None else self._states(hx)
        if states is not None:
            self._check_state_dims(states, batched)
            states = states if batched else tuple(state.unsqueeze(1) for state in states)
        output, last = self._run(input, None, states)
        if not batched:
            return output.squeeze(1), self._joined(tuple(state.squeeze(1) for state in last))
        return (output.transpose(0, 1) if self.batch_first else output), self._joined(last)

    def _forward_packed(self, packed: Any, hx: Any) -> tuple[Any, Any]:
        states = None if hx is None else self._states(hx)
        if states is not None and packed.sorted_indices is not None:
            states = tuple(state.index_select(1, packed.sorted_indices) for state in states)
        output, last = self._run(packed.data, packed.batch_sizes, states)
        if packed.unsorted_indices is not None:
            last = tuple(state.index_select(1, packed.unsorted_indices) for state in last)
        made = PackedSequence(
            output, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices
        )
        return made, self._joined(last)

    def _run(
        self, input: Any, batch_sizes: Any, states: tuple[Any, ...] | None
    ) -> tuple[Any, tuple[Any, ...]]:
        self.check_input(input, batch_sizes)
        if input.shape[0] == 0:
            raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
        if states is None:
            states = self._start(input, batch_sizes)
        self._check_states(states, input, batch_sizes)
        dropout = self.dropout if self.training else 0.0
        return run_layers(
            self.mode, input, batch_sizes, states, self._layers(), self.bidirectional, dropout
        )

    def _layers(self) -> list[dict[str, Any]]:
        """The weights of every layer and direction by role, None where there is none."""
        roles = ("weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr")
        rows = []
        for names in self._all_weights:
            given = {name.partition("_l")[0]: getattr(self, name) for name in names}
            rows.append({role: given.get(role) for role in roles})
        return rows

    def _joined(self, states: tuple[Any, ...]) -> Any:
        return states[0]

    def _plain_name(self) -> str:
        return "RNN" if self.mode.startswith("RNN") else self.mode

    def extra_repr(self) -> str:
        """The sizes, and the settings that differ from their defaults."""
        shown = [f"{self.input_size}, {self.hidden_size}"]
        for name, usual in (
            ("proj_size", 0),
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0),
            ("bidirectional", False),
        ):
            if getattr(self, name) != usual:
                shown.append(f"{name}={getattr(self, name)}")
        return ", ".join(shown)


def _check_settings(layer: RNNBase, dropout: Any) -> None:
    if (
        isinstance(dropout, bool)
        or not isinstance(dropout, numbers.Real)
        or not 0 <= float(dropout) <= 1
    ):
        raise ValueError(
            "dropout should be a number in range [0, 1] "
            "representing the probability of an element being zeroed"
        )
    if float(dropout) > 0 and layer.num_layers == 1:
        warnings.warn(
            "dropout option adds dropout after all but last recurrent layer, so non-zero dropout "
            f"expects num_layers greater than 1, but got dropout={dropout} and "
            f"num_layers={layer.num_layers}",
            stacklevel=4,
        )
    kinds = {"bias": bool, "batch_first": bool, "input_size": int, "hidden_size": int}
    for name, kind in kinds.items():
        value = getattr(layer, name)
        if not isinstance(value, kind):
            raise TypeError(
                f"{name} should be of type {kind.__name__}, got: {type(value).__name__}"
            )
    for name in ("input_size", "hidden_size"):
        if getattr(layer, name) <= 0:
            raise ValueError(f"{name} must be greater than zero")
    if layer.num_layers <= 0:
        raise ValueError("num_layers must be greater than zero")
    if layer.proj_size < 0:
        raise ValueError("proj_size should be a positive integer or zero to disable projections")
    if layer.proj_size >= layer.hidden_size:
        raise ValueError("proj_size has to be smaller than hidden_size")


class RNN(RNNBase):
    """`h ← tanh(W_ih x + b_ih + W_hh h + b_hh)`, or with ReLU, over a sequence.

    Shapes: (L, N, input_size), (layers · directions, N, hidden_size) -> (L, N, directions ·
    hidden_size) and the last state; batch first or without N as asked for.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in {"tanh", "relu"}:
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        self.nonlinearity: str
        super().__init__(
            f"RNN_{nonlinearity.upper()}",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            0,
            device,
            dtype,
        )
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory over a sequence.

    `c ← σ(f) c + σ(i) tanh(g)`, `h ← σ(o) tanh(c)`, where i, f, g, o are the four parts of
    `W_ih x + b_ih + W_hh h + b_hh`; with `proj_size`, `h ← W_hr h`.

    Shapes: (L, N, input_size), (h, c) -> (L, N, directions · hidden_size), (h, c).

    Source: Hochreiter and Schmidhuber, Long short-term memory, 1997.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "LSTM",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            proj_size,
            device,
            dtype,
        )

    def _states(self, hx: Any) -> tuple[Any, ...]:
        return tuple(hx)

    def _joined(self, states: tuple[Any, ...]) -> Any:
        return states

    def _start(self, input: Any, batch_sizes: Any) -> tuple[Any, ...]:
        return (
            *super()._start(input, batch_sizes),
            creation.zeros(self.get_expected_cell_size(input, batch_sizes), dtype=input.dtype),
        )

    def _check_states(self, states: tuple[Any, ...], input: Any, batch_sizes: Any) -> None:
        self.check_hidden_size(
            states[0],
            self.get_expected_hidden_size(input, batch_sizes),
            "Expected hidden[0] size {}, got {}",
        )
        self.check_hidden_size(
            states[1],
            self.get_expected_cell_size(input, batch_sizes),
            "Expected hidden[1] size {}, got {}",
        )


class GRU(RNNBase):
    """Gated recurrent unit over a sequence.

    `h ← (1 − z) n + z h` with `r = σ(...)`, `z = σ(...)` and `n = tanh(W_in x + b_in +
    r (W_hn h + b_hn))`.

    Shapes: (L, N, input_size), (layers · directions, N, hidden_size) -> (L, N, directions ·
    hidden_size) and the last state.

    Source: Cho et al., Learning phrase representations, 2014.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(
            "GRU",
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            0,
            device,
            dtype,
        )


class RNNCellBase(Module):
    """What the cells share: the weights of one step, drawn uniform in ±1/√hidden_size."""

    weight_ih: Any
    weight_hh: Any
    bias_ih: Any
    bias_hh: Any

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        rows = num_chunks * hidden_size
        shapes = {
            "weight_ih": (rows, input_size),
            "weight_hh": (rows, hidden_size),
            "bias_ih": (rows,),
            "bias_hh": (rows,),
        }
        for name, shape in shapes.items():
            wanted = bias or not name.startswith("bias")
            fresh = creation.empty(shape, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, None if fresh is None else Parameter(fresh))
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        bound = 1.0 / math.sqrt(self.hidden_size) if self.hidden_size > 0 else 0
        for weight in self.parameters():
            init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        """The sizes, and the settings that differ from their defaults."""
        shown = [f"{self.input_size}, {self.hidden_size}"]
        if self.bias is not True:
            shown.append(f"bias={self.bias}")
        nonlinearity = self.__dict__.get("nonlinearity", "tanh")
        if nonlinearity != "tanh":
            shown.append(f"nonlinearity={nonlinearity}")
        return ", ".join(shown)

    def _prepared(self, input: Any, states: tuple[Any, ...] | None) -> tuple[Any, Any, bool]:
        """The input and the states with a batch dimension, and whether they had one."""
        name = type(self).__name__
        if input.dim() not in {1, 2}:
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        batched = input.dim() == 2
        x = input if batched else input.unsqueeze(0)
        if states is None:
            zero = creation.zeros((x.shape[0], self.hidden_size), dtype=x.dtype)
            states = (zero,) * (2 if name == "LSTMCell" else 1)
        else:
            for state in states:
                if state.dim() not in {1, 2}:
                    raise ValueError(
                        f"{name}: Expected hidden to be 1D or 2D, got {state.dim()}D instead"
                    )
            states = states if batched else tuple(s.unsqueeze(0) for s in states)
        self._check(x, states)
        return x, states, batched

    def _check(self, x: Any, states: tuple[Any, ...]) -> None:
        rows, features = x._array.shape  # a tensor's own shape is made anew each time
        if features != self.input_size:
            raise RuntimeError(
                f"input has inconsistent input_size: got {features} expected {self.input_size}"
            )
        for place, state in enumerate(states):
            shape = state._array.shape
            if shape == (rows, self.hidden_size):
                continue
            if shape[0] != rows:
                raise RuntimeError(
                    f"Input batch size {rows} doesn't match hidden{place} batch size {shape[0]}"
                )
            raise RuntimeError(
                f"hidden{place} has inconsistent hidden_size: got {shape[1]}, "
                f"expected {self.hidden_size}"
            )

    def _weights(self) -> tuple[Any, Any, Any, Any]:
        return self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh


class RNNCell(RNNCellBase):
    """One step of `RNN`: `tanh(W_ih x + b_ih + W_hh h + b_hh)`, or with ReLU.

    Shapes: (N, input_size), (N, hidden_size) -> (N, hidden_size); N may be missing.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Return the next hidden state."""
        if self.nonlinearity not in {"tanh", "relu"}:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        x, states, batched = self._prepared(input, None if hx is None else (hx,))
        h = rnn_cell(x, *states, *self._weights(), relu=self.nonlinearity == "relu")
        return h if batched else h.squeeze(0)


class LSTMCell(RNNCellBase):
    """One step of `LSTM`.

    Shapes: (N, input_size), two of (N, hidden_size) -> two of (N, hidden_size); N may be missing.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> tuple[Any, Any]:
        """Return the next hidden and cell states."""
        x, (h, c), batched = self._prepared(input, None if hx is None else tuple(hx))
        h, c = lstm_cell(x, h, c, *self._weights())
        return (h, c) if batched else (h.squeeze(0), c.squeeze(0))


class GRUCell(RNNCellBase):
    """One step of `GRU`.

    Shapes: (N, input_size), (N, hidden_size) -> (N, hidden_size); N may be missing.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Return the next hidden state."""
        x, (h,), batched = self._prepared(input, None if hx is None else (hx,))
        h = gru_cell(x, h, *self._weights())
        return h if batched else h.squeeze(0)
