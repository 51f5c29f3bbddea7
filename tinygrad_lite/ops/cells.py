"""One step of a recurrent network as one operation.

Composed of a dozen small operations a step costs twice as much; see `_kernels/cells.py`.
"""

from __future__ import annotations

from typing import Any

from .._kernels import cells as kernels
from .._op import op
from .activation import relu as rectify
from .elementwise import sigmoid, tanh, where
from .matmul import matmul
from .recurrence import Values, affine, chunks, needed
from .reduction import sum as total
from .shape import cat, transpose


@op(
    kind="general", label="LSTM cell", dtypes="same", outputs=("state", "cell"), aux=("gates",),
)  # fmt: skip
def lstm_cell(
    x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any
) -> Any:
    """The next state and cell; gates i, f, g, o."""
    return kernels.lstm_cell(x, h, c, weight_ih, weight_hh, bias_ih, bias_hh)


@lstm_cell.joint
def _(
    g: Any, x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, gates: Any, needs: Any
) -> Any:
    return kernels.lstm_cell_pull(g[0], g[1], (x, h, c, weight_ih, weight_hh), gates, needs)


@lstm_cell.joint_again
def _(
    g: Any, x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any,
    needs: Any,
) -> Any:  # fmt: skip
    z = affine(x, weight_ih, bias_ih) + affine(h, weight_hh, bias_hh)
    i, f, n, o = chunks(z, 4)
    i, f, n, o = sigmoid(i), sigmoid(f), tanh(n), sigmoid(o)
    squashed = tanh(f * c + i * n)
    d, e = (0.0 if part is None else part for part in g)
    e = e + d * o * (1 - squashed * squashed)
    dz = cat(
        e * n * i * (1 - i),
        e * c * f * (1 - f),
        e * i * (1 - n * n),
        d * squashed * o * (1 - o),
        axis=1,
    )
    dx, dw_ih, db_ih = _gradients_of_sum(dz, x, weight_ih)
    dh, dw_hh, db_hh = _gradients_of_sum(dz, h, weight_hh)
    return needed((dx, dh, e * f, dw_ih, dw_hh, db_ih, db_hh), needs)


@op(kind="general", label="GRU cell", dtypes="same", aux=("gates",))
def gru_cell(x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
    """The next state; gates r, z, n."""
    return kernels.gru_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh)


@gru_cell.joint
def _(g: Any, x: Any, h: Any, weight_ih: Any, weight_hh: Any, gates: Any, needs: Any) -> Any:
    return kernels.gru_cell_pull(g, (x, h, weight_ih, weight_hh), gates, needs)


@gru_cell.joint_again
def _(
    g: Any, x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, needs: Any
) -> Any:
    xr, xz, xn = chunks(affine(x, weight_ih, bias_ih), 3)
    hr, hz, inner = chunks(affine(h, weight_hh, bias_hh), 3)
    r, z = sigmoid(xr + hr), sigmoid(xz + hz)
    n = tanh(xn + r * inner)
    dn = g * (1 - z) * (1 - n * n)
    dr, dz = dn * inner * r * (1 - r), g * (h - n) * z * (1 - z)
    dx, dw_ih, db_ih = _gradients_of_sum(cat(dr, dz, dn, axis=1), x, weight_ih)
    dh, dw_hh, db_hh = _gradients_of_sum(cat(dr, dz, dn * r, axis=1), h, weight_hh)
    return needed((dx, dh + g * z, dw_ih, dw_hh, db_ih, db_hh), needs)


@op(kind="general", label="RNN cell", dtypes="same")
def rnn_cell(
    x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, *,
    relu: bool = False,
) -> Any:  # fmt: skip
    """The next state: tanh of the sum, or ReLU."""
    return kernels.rnn_cell(x, h, weight_ih, weight_hh, bias_ih, bias_hh, relu)


@rnn_cell.joint
def _(
    g: Any, x: Any, h: Any, weight_ih: Any, weight_hh: Any, out: Any, needs: Any, relu: bool
) -> Any:
    return kernels.rnn_cell_pull(g, (x, h, weight_ih, weight_hh), out, relu, needs)


@rnn_cell.joint_again
def _(
    g: Any, x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, needs: Any,
    relu: bool,
) -> Any:  # fmt: skip
    z = affine(x, weight_ih, bias_ih) + affine(h, weight_hh, bias_hh)
    out = rectify(z) if relu else tanh(z)
    dz = where(out != 0, g, 0.0) if relu else g * (1 - out * out)
    dx, dw_ih, db_ih = _gradients_of_sum(dz, x, weight_ih)
    dh, dw_hh, db_hh = _gradients_of_sum(dz, h, weight_hh)
    return needed((dx, dh, dw_ih, dw_hh, db_ih, db_hh), needs)


def _gradients_of_sum(dz: Any, x: Any, weight: Any) -> Values:
    """The gradients of x Wᵀ + b: for x, W and b."""
    return matmul(dz, weight), matmul(transpose(dz, axes=(1, 0)), x), total(dz, axis=0)
