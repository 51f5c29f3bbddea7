"""Every layer with the arguments that matter, and inputs for it: shared by the tests of `nn`.

A case is (class name, positional arguments, keyword arguments, inputs). An input is a shape (normal
numbers), or one of the marks below.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Ints:
    """Whole numbers below `below` in an array of `shape`."""

    below: int
    shape: tuple[int, ...]


@dataclass(frozen=True)
class Signs:
    """+1 and -1 in an array of `shape`."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Fractions:
    """Numbers between 0 and 1 in an array of `shape`; no gradient is wanted."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Probabilities:
    """Numbers between 0 and 1 that want their gradient."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Positive:
    """Numbers between 0.5 and 1.5 that want their gradient."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Simplex:
    """Rows that sum to 1."""

    shape: tuple[int, ...]


@dataclass(frozen=True)
class Given:
    """These very values."""

    values: Any


@dataclass(frozen=True)
class Plain:
    """A Python value passed as it is."""

    value: Any


@dataclass(frozen=True)
class Case:
    """One layer with its arguments and inputs; `training` switches the mode before the call."""

    name: str
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = field(default_factory=dict)
    inputs: tuple[Any, ...] = ((2, 3),)
    training: bool = True
    call: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        shown = [repr(a) for a in self.args] + [f"{k}={v!r}" for k, v in self.kwargs.items()]
        shown += [f"| {k}" for k in self.call]
        mode = "" if self.training else " eval"
        return f"{self.name}({', '.join(shown)}){mode} {_shapes(self.inputs)}"


def _shapes(inputs: tuple[Any, ...]) -> str:
    return " ".join(str(getattr(x, "shape", x)).replace(" ", "") for x in inputs)


def draw(given: Any, rng: np.random.Generator) -> tuple[Any, bool]:
    """The values of an input, and whether its gradient is wanted."""
    if isinstance(given, tuple):
        return rng.standard_normal(given).astype(np.float32), True
    if isinstance(given, Ints):
        return rng.integers(0, given.below, given.shape), False
    if isinstance(given, Signs):
        return (rng.integers(0, 2, given.shape) * 2 - 1).astype(np.float32), False
    if isinstance(given, Fractions):
        return rng.uniform(0, 1, given.shape).astype(np.float32), False
    if isinstance(given, Probabilities):
        return rng.uniform(0.05, 0.95, given.shape).astype(np.float32), True
    if isinstance(given, Positive):
        return rng.uniform(0.5, 1.5, given.shape).astype(np.float32), True
    if isinstance(given, Simplex):
        rows = rng.uniform(0.1, 1, given.shape)
        return (rows / rows.sum(-1, keepdims=True)).astype(np.float32), False
    if isinstance(given, Given):
        return np.asarray(given.values), False
    return given.value, False


def C(name: str, *args: Any, inputs: Any = ((2, 3),), **rest: Any) -> Case:
    """A case; `training` and `call` are its own, every other keyword is the layer's."""
    training, call = rest.pop("training", True), rest.pop("call", {})
    return Case(name, args, rest, tuple(inputs), training, call)


X = (2, 3)
ACTIVATIONS = [
    C("ReLU"), C("ReLU6", inputs=[(20,)]), C("LeakyReLU", 0.2), C("PReLU"),
    C("PReLU", 3, inputs=[(2, 3, 4)]),
    C("RReLU", training=False),
    C("RReLU", 0.1, 0.3, training=False),
    C("Threshold", 0.1, 20), C("Hardtanh"), C("Hardtanh", -0.5, 0.7), C("Sigmoid"),
    C("Hardsigmoid", inputs=[(30,)]),
    C("Tanh"),
    C("SiLU"),
    C("Mish"),
    C("Hardswish", inputs=[(30,)]),
    C("ELU", 0.5),
    C("CELU", 0.5),
    C("SELU"),
    C("GLU", inputs=[(2, 4)]),
    C("GLU", 0, inputs=[(2, 4)]),
    C("GELU"),
    C("GELU", approximate="tanh"),
    C("Hardshrink"),
    C("Hardshrink", 0.2),
    C("Softshrink"),
    C("Softshrink", 0.2), C("LogSigmoid"), C("Softplus"), C("Softplus", 2.0, 1.0), C("Softsign"),
    C("Tanhshrink"), C("Softmin", 1), C("Softmax", dim=-1), C("Softmax", 0), C("LogSoftmax", 1),
    C("Softmax2d", inputs=[(2, 3, 2, 2)]), C("Softmax2d", inputs=[(3, 2, 2)]),
]  # fmt: skip

LINEAR = [
    C("Identity"), C("Identity", 5, a=3), C("Linear", 3, 4), C("Linear", 3, 4, bias=False),
    C("Linear", 3, 4, inputs=[(3,)]), C("Linear", 3, 4, inputs=[(2, 5, 3)]),
    C("Linear", 3, 4, inputs=[(0, 3)]), C("Linear", 3, 1),
    C("Bilinear", 3, 4, 5, inputs=[(2, 3), (2, 4)]),
    C("Bilinear", 3, 4, 5, False, inputs=[(2, 6, 3), (2, 6, 4)]),
    C("Flatten", inputs=[(2, 3, 4, 5)]), C("Flatten", 0, 1, inputs=[(2, 3, 4)]),
    C("Flatten", start_dim=2, inputs=[(2, 3, 4, 5)]), C("Unflatten", 1, (2, 3), inputs=[(2, 6, 2)]),
    C("Unflatten", -1, (2, -1), inputs=[(2, 6)]),
    C("CosineSimilarity", inputs=[(4, 5), (4, 5)]), C("CosineSimilarity", 0, 1e-6, inputs=[X, X]),
    C("PairwiseDistance", inputs=[X, X]), C("PairwiseDistance", 1, inputs=[X, X]),
    C("PairwiseDistance", 3, keepdim=True, inputs=[X, X]),
]  # fmt: skip

CONVOLUTIONS = [
    C("Conv1d", 3, 4, 3, inputs=[(2, 3, 7)]), C("Conv1d", 3, 4, 3, inputs=[(3, 7)]),
    C("Conv1d", 4, 6, 3, 2, 1, groups=2, inputs=[(2, 4, 9)]),
    C("Conv1d", 3, 4, 3, dilation=2, padding="same", inputs=[(2, 3, 7)]),
    C("Conv1d", 3, 4, 4, padding="same", inputs=[(2, 3, 7)]),
    C("Conv1d", 3, 4, 2, padding="valid", bias=False, inputs=[(2, 3, 7)]),
    C("Conv2d", 3, 4, 3, inputs=[(2, 3, 6, 7)]), C("Conv2d", 1, 2, 1, inputs=[(2, 1, 4, 4)]),
    C("Conv2d", 3, 4, (2, 3), stride=(2, 1), padding=(1, 2), dilation=(2, 1),
      inputs=[(2, 3, 8, 7)]),
    C("Conv2d", 4, 8, 3, padding=1, groups=4, bias=False, inputs=[(2, 4, 5, 5)]),
    C("Conv2d", 3, 4, 3, padding="same", dilation=2, inputs=[(3, 6, 7)]),
    C("Conv2d", 2, 3, 3, padding=1, padding_mode="reflect", inputs=[(2, 2, 5, 5)]),
    C("Conv2d", 2, 3, 3, padding=(2, 1), padding_mode="circular", inputs=[(2, 2, 5, 5)]),
    C("Conv2d", 2, 3, 4, padding="same", padding_mode="replicate", inputs=[(2, 2, 5, 5)]),
    C("Conv3d", 2, 3, 2, inputs=[(2, 2, 4, 4, 3)]),
    C("Conv3d", 2, 4, (1, 2, 3), (2, 1, 1), (1, 0, 1), groups=2, inputs=[(1, 2, 4, 4, 3)]),
    C("ConvTranspose1d", 3, 4, 3, inputs=[(2, 3, 5)]),
    C("ConvTranspose1d", 4, 6, 3, 2, 1, 1, groups=2, inputs=[(2, 4, 5)]),
    C("ConvTranspose2d", 3, 4, 3, inputs=[(2, 3, 4, 5)]),
    C("ConvTranspose2d", 3, 4, 2, stride=2, inputs=[(2, 3, 4, 4)]),
    C("ConvTranspose2d", 3, 4, 3, 2, 1, bias=False, inputs=[(3, 4, 4)]),
    C("ConvTranspose2d", 3, 4, 3, stride=2, padding=1, inputs=[(1, 3, 4, 4)],
      call={"output_size": (8, 8)}),
    C("ConvTranspose2d", 3, 3, (2, 3), (1, 2), (0, 1), (0, 1), 3, True, (2, 1),
      inputs=[(2, 3, 4, 4)]),
    C("ConvTranspose3d", 2, 3, 2, inputs=[(1, 2, 3, 3, 2)]),
    C("ConvTranspose3d", 2, 2, 3, 2, 1, 1, 2, inputs=[(1, 2, 2, 3, 2)]),
]  # fmt: skip

POOLING = [
    C("MaxPool1d", 2, inputs=[(2, 3, 7)]), C("MaxPool1d", 3, 2, 1, 1, inputs=[(3, 7)]),
    C("MaxPool1d", 3, 2, 1, 2, ceil_mode=True, inputs=[(2, 3, 9)]),
    C("MaxPool2d", 2, inputs=[(2, 3, 6, 6)]), C("MaxPool2d", 2, inputs=[(3, 6, 5)]),
    C("MaxPool2d", 3, 2, 1, inputs=[(2, 3, 6, 7)]),
    C("MaxPool2d", (2, 3), (1, 2), (1, 1), (2, 1), ceil_mode=True, inputs=[(2, 3, 6, 7)]),
    C("MaxPool2d", 2, return_indices=True, inputs=[(2, 3, 6, 6)]),
    C("MaxPool3d", 2, inputs=[(1, 2, 4, 4, 4)]), C("MaxPool3d", 3, 2, 1, inputs=[(1, 2, 4, 5, 4)]),
    C("AvgPool1d", 2, inputs=[(2, 3, 7)]), C("AvgPool1d", 3, 2, 1, True, False, inputs=[(2, 3, 8)]),
    C("AvgPool2d", 2, inputs=[(2, 3, 6, 6)]), C("AvgPool2d", 3, 2, 1, inputs=[(2, 3, 6, 7)]),
    C("AvgPool2d", (2, 3), (1, 2), (1, 1), True, False, inputs=[(2, 3, 6, 7)]),
    C("AvgPool2d", 2, divisor_override=3, inputs=[(2, 3, 4, 4)]),
    C("AvgPool3d", 2, inputs=[(1, 2, 4, 4, 4)]),
    C("AvgPool3d", 3, 2, 1, count_include_pad=False, inputs=[(1, 2, 4, 5, 4)]),
    C("AdaptiveAvgPool1d", 3, inputs=[(2, 3, 7)]), C("AdaptiveAvgPool2d", 1, inputs=[(2, 3, 5, 6)]),
    C("AdaptiveAvgPool2d", (3, None), inputs=[(2, 3, 5, 6)]),
    C("AdaptiveAvgPool2d", (2, 4), inputs=[(3, 5, 6)]),
    C("AdaptiveAvgPool3d", (2, 1, 3), inputs=[(1, 2, 4, 4, 5)]),
    C("AdaptiveMaxPool1d", 3, inputs=[(2, 3, 7)]),
    C("AdaptiveMaxPool2d", (2, 4), inputs=[(2, 3, 5, 6)]),
    C("AdaptiveMaxPool2d", 2, True, inputs=[(2, 3, 5, 6)]),
    C("AdaptiveMaxPool3d", 2, inputs=[(1, 2, 4, 4, 5)]),
    C("LPPool1d", 2, 3, inputs=[(2, 3, 7)]), C("LPPool2d", 2, 2, stride=1, inputs=[(2, 3, 5, 5)]),
    C("LPPool2d", 1.5, (2, 3), ceil_mode=True, inputs=[Positive((2, 3, 5, 5))]),
    C("LPPool3d", 2, 2, inputs=[(1, 2, 4, 4, 4)]),
]  # fmt: skip

NORMS = [
    C("BatchNorm1d", 3),
    C("BatchNorm1d", 3, training=False),
    C("BatchNorm1d", 3, inputs=[(2, 3, 4)]),
    C("BatchNorm1d", 3, momentum=None), C("BatchNorm1d", 3, affine=False),
    C("BatchNorm1d", 3, track_running_stats=False),
    C("BatchNorm1d", 3, track_running_stats=False, training=False),
    C("BatchNorm2d", 3, inputs=[(2, 3, 4, 5)]),
    C("BatchNorm2d", 3, 1e-3, 0.3, inputs=[(2, 3, 4, 5)]),
    C("BatchNorm2d", 3, inputs=[(2, 3, 4, 5)], training=False),
    C("BatchNorm3d", 2, inputs=[(2, 2, 3, 3, 2)]),
    C("InstanceNorm1d", 3, inputs=[(2, 3, 5)]),
    C("InstanceNorm1d", 3, affine=True, inputs=[(3, 5)]),
    C("InstanceNorm2d", 3, affine=True, track_running_stats=True, inputs=[(2, 3, 4, 5)]),
    C("InstanceNorm2d", 3, affine=True, track_running_stats=True, inputs=[(2, 3, 4, 5)],
      training=False),
    C("InstanceNorm3d", 2, inputs=[(2, 2, 3, 3, 2)]),
    C("LayerNorm", 5, inputs=[(2, 3, 5)]), C("LayerNorm", (3, 5), 1e-3, inputs=[(2, 3, 5)]),
    C("LayerNorm", 5, elementwise_affine=False, inputs=[(2, 5)]),
    C("LayerNorm", 5, bias=False, inputs=[(2, 5)]),
    C("GroupNorm", 2, 4, inputs=[(2, 4, 5)]), C("GroupNorm", 1, 4, inputs=[(2, 4)]),
    C("GroupNorm", 4, 4, 1e-3, False, inputs=[(2, 4, 3, 3)]),
    C("RMSNorm", 5, inputs=[(2, 3, 5)]), C("RMSNorm", (3, 5), 1e-3, inputs=[(2, 3, 5)]),
    C("RMSNorm", 5, elementwise_affine=False, inputs=[(2, 5)]),
    C("LocalResponseNorm", 2, inputs=[(2, 4, 3)]),
    C("LocalResponseNorm", 3, 1e-2, 0.5, 2.0, inputs=[(2, 4, 3, 3)]),
]  # fmt: skip

DROPOUTS = [
    C(name, 0.3, inputs=[(2, 3, 4, 4, 4)[:n]], training=False)
    for name, n in (
        ("Dropout", 2), ("Dropout1d", 3), ("Dropout2d", 4), ("Dropout3d", 5), ("AlphaDropout", 2),
        ("FeatureAlphaDropout", 4),
    )
] + [C("Dropout", 0.0), C("Dropout", 1.0)]  # fmt: skip

LOOKUPS = [
    C("Embedding", 5, 3, inputs=[Ints(5, (2, 4))]), C("Embedding", 5, 3, inputs=[Ints(5, ())]),
    C("Embedding", 5, 3, padding_idx=1, inputs=[Given([[0, 1, 1], [4, 1, 0]])]),
    C("Embedding", 5, 3, padding_idx=-1, inputs=[Given([0, 4])]),
    C("Embedding", 5, 3, max_norm=0.7, inputs=[Given([0, 3, 3])]),
    C("Embedding", 5, 3, scale_grad_by_freq=True, inputs=[Given([0, 3, 3])]),
    C("EmbeddingBag", 5, 3, inputs=[Ints(5, (2, 4))]),
    C("EmbeddingBag", 5, 3, mode="sum", inputs=[Ints(5, (2, 4))]),
    C("EmbeddingBag", 5, 3, mode="max", inputs=[Given([[0, 1, 2], [4, 3, 0]])]),
    C("EmbeddingBag", 5, 3, inputs=[Ints(5, (6,)), Given([0, 2, 2])]),
    C("EmbeddingBag", 5, 3, mode="sum", include_last_offset=True,
      inputs=[Ints(5, (6,)), Given([0, 2, 6])]),
    C("EmbeddingBag", 5, 3, mode="sum", inputs=[Ints(5, (2, 3)), Plain(None), (2, 3)]),
    C("EmbeddingBag", 5, 3, padding_idx=2, inputs=[Given([[0, 2, 2], [4, 1, 0]])]),
]  # fmt: skip

SEQ = (4, 2, 3)
RECURRENT = [
    C("RNN", 3, 4, inputs=[SEQ]), C("RNN", 3, 4, nonlinearity="relu", inputs=[SEQ, (1, 2, 4)]),
    C("RNN", 3, 4, 2, bidirectional=True, inputs=[SEQ]),
    C("RNN", 3, 4, bias=False, inputs=[(4, 3)]),
    C("LSTM", 3, 4, inputs=[SEQ]), C("LSTM", 3, 4, 2, batch_first=True, inputs=[(2, 4, 3)]),
    C("LSTM", 3, 4, 2, bidirectional=True, inputs=[SEQ]),
    C("LSTM", 3, 4, bias=False, inputs=[(4, 3)]),
    C("LSTM", 3, 4, proj_size=2, num_layers=2, bidirectional=True, inputs=[SEQ]),
    C("LSTM", 3, 4, 2, dropout=0.5, training=False, inputs=[SEQ]),
    C("GRU", 3, 4, inputs=[SEQ]), C("GRU", 3, 4, inputs=[SEQ, (1, 2, 4)]),
    C("GRU", 3, 4, 2, bidirectional=True, batch_first=True, inputs=[(2, 4, 3)]),
    C("GRU", 3, 4, bias=False, inputs=[(4, 3), (1, 4)]),
    C("RNNCell", 3, 4), C("RNNCell", 3, 4, nonlinearity="relu", inputs=[X, (2, 4)]),
    C("RNNCell", 3, 4, False, inputs=[(3,), (4,)]),
    C("LSTMCell", 3, 4),
    C("LSTMCell", 3, 4, bias=False),
    C("LSTMCell", 3, 4, inputs=[(3,)]), C("GRUCell", 3, 4), C("GRUCell", 3, 4, inputs=[X, (2, 4)]),
    C("GRUCell", 3, 4, False, inputs=[(3,), (4,)]),
]  # fmt: skip

CAUSAL = np.triu(np.ones((4, 4), dtype=bool), 1)
Q, K = (4, 2, 6), (5, 2, 6)
PAD5 = np.array([[False] * 5, [False] * 3 + [True] * 2])
PAD4 = np.array([[False] * 4, [False] * 3 + [True]])
INF = np.where(CAUSAL, -np.inf, 0).astype(np.float32)
SMALL = {"dim_feedforward": 5, "dropout": 0.0}
ATTENTION = [
    C("MultiheadAttention", 6, 2, inputs=[Q, K, K]),
    C("MultiheadAttention", 6, 2, inputs=[Q, K, K], call={"need_weights": False}),
    C("MultiheadAttention", 6, 3, bias=False, inputs=[Q, K, K],
      call={"average_attn_weights": False}),
    C("MultiheadAttention", 6, 2, batch_first=True, inputs=[(2, 4, 6), (2, 5, 6), (2, 5, 6)]),
    C("MultiheadAttention", 6, 2, kdim=3, vdim=7, inputs=[Q, (5, 2, 3), (5, 2, 7)]),
    C("MultiheadAttention", 6, 2, add_bias_kv=True, add_zero_attn=True,
      inputs=[Q, K, K, Given(PAD5)]),
    C("MultiheadAttention", 6, 2, inputs=[(4, 6), (5, 6), (5, 6)]),
    C("MultiheadAttention", 6, 2, inputs=[Q, Q, Q], call={"attn_mask": CAUSAL}),
    C("MultiheadAttention", 6, 2, inputs=[Q, Q, Q],
      call={"attn_mask": INF, "need_weights": False, "is_causal": True}),
    C("MultiheadAttention", 6, 2, inputs=[Q, K, K, Given(PAD5)], call={"need_weights": False}),
    C("MultiheadAttention", 6, 2, inputs=[Q, Q, Q, Given(PAD4)], call={"attn_mask": CAUSAL}),
    C("TransformerEncoderLayer", 6, 2, **SMALL, inputs=[Q]),
    C("TransformerEncoderLayer", 6, 2, **SMALL, batch_first=True, norm_first=True,
      activation="gelu", inputs=[(2, 4, 6)]),
    C("TransformerEncoderLayer", 6, 2, **SMALL, bias=False, inputs=[(4, 6)]),
    C("TransformerEncoderLayer", 6, 2, **SMALL, inputs=[Q],
      call={"src_mask": CAUSAL, "src_key_padding_mask": PAD4}),
    C("TransformerDecoderLayer", 6, 2, **SMALL, inputs=[Q, K]),
    C("TransformerDecoderLayer", 6, 2, **SMALL, norm_first=True, inputs=[Q, K],
      call={"tgt_mask": INF, "tgt_is_causal": True, "memory_key_padding_mask": PAD5}),
    C("Transformer", 6, 2, 2, 1, 5, 0.0, inputs=[K, Q]),
    C("Transformer", 6, 2, 1, 2, 5, 0.0, batch_first=True, norm_first=True,
      inputs=[(2, 5, 6), (2, 4, 6)],
      call={"tgt_mask": CAUSAL}),
]  # fmt: skip

RESIZING = [
    C("Fold", (4, 5), 2, inputs=[(2, 12, 12)]),
    C("Fold", (5, 5), (2, 3), 1, 1, 2, inputs=[(2, 12, 9)]),
    C("Unfold", 2, inputs=[(2, 3, 4, 5)]), C("Unfold", (2, 3), 2, 1, 2, inputs=[(2, 3, 6, 7)]),
    C("Upsample", scale_factor=2, inputs=[(2, 3, 4)]),
    C("Upsample", size=7, mode="linear", inputs=[(2, 3, 4)]),
    C("Upsample", (5, 7), inputs=[(2, 3, 3, 4)]),
    C("Upsample", scale_factor=(2, 1.5), mode="bilinear", inputs=[(2, 3, 4, 4)]),
    C("Upsample", scale_factor=2, mode="bilinear", align_corners=True, inputs=[(2, 3, 4, 4)]),
    C("Upsample", scale_factor=2, mode="bicubic", inputs=[(1, 2, 4, 4)]),
    C("Upsample", (3, 5, 4), mode="trilinear", inputs=[(1, 2, 2, 3, 2)]),
    C("UpsamplingNearest2d", scale_factor=2, inputs=[(2, 3, 3, 4)]),
    C("UpsamplingBilinear2d", (5, 6), inputs=[(2, 3, 3, 4)]),
    C("PixelShuffle", 2, inputs=[(2, 8, 3, 4)]), C("PixelUnshuffle", 2, inputs=[(2, 2, 4, 6)]),
    C("ChannelShuffle", 2, inputs=[(2, 4, 3, 3)]),
]  # fmt: skip
RESIZING += [
    C(f"{kind}Pad{d}d", *args, inputs=[(2, 3, 4, 5, 4)[: d + 2]])
    for kind in ("Circular", "Reflection", "Replication", "Zero", "Constant")
    for d in (1, 2, 3)
    for args in (
        ((1,), (tuple(range(1, 2 * d + 1)),)) if kind == "Zero"
        else ((1, 3.5), ((1, 2) * d, -1.0)) if kind == "Constant"
        else ((1,), ((1, 2) * d,))
    )
]  # fmt: skip

Y = Ints(5, (4,))
LOSSES = [
    C(name, inputs=[X, X], reduction=reduction)
    for name in ("L1Loss", "MSELoss", "SmoothL1Loss", "HuberLoss")
    for reduction in ("mean", "sum", "none")
] + [
    C("SmoothL1Loss", beta=0.3, inputs=[X, X]), C("HuberLoss", delta=0.3, inputs=[X, X]),
    C("CrossEntropyLoss", inputs=[(4, 5), Y]),
    C("CrossEntropyLoss", inputs=[(4, 5), Y], reduction="sum"),
    C("CrossEntropyLoss", inputs=[(4, 5), Y], reduction="none"),
    C("CrossEntropyLoss", inputs=[(5,), Ints(5, ())]),
    C("CrossEntropyLoss", inputs=[(4, 5, 3), Ints(5, (4, 3))]),
    C("CrossEntropyLoss", inputs=[(4, 5), Simplex((4, 5))]),
    C("CrossEntropyLoss", inputs=[(4, 5), Y], label_smoothing=0.1),
    C("CrossEntropyLoss", inputs=[(4, 5), Given([0, 2, 2, 4])], ignore_index=2),
    C("CrossEntropyLoss", inputs=[(4, 5), Y], weight=[0.1, 0.5, 1.0, 2.0, 0.7]),
    C("CrossEntropyLoss", inputs=[(4, 5), Given([0, 2, 1, 4])],
      weight=[0.1, 0.5, 1.0, 2.0, 0.7], label_smoothing=0.2, ignore_index=1),
    C("NLLLoss", inputs=[(4, 5), Y]),
    C("NLLLoss", inputs=[(4, 5, 2), Ints(5, (4, 2))], reduction="none"),
    C("NLLLoss", inputs=[(4, 5), Y], weight=[0.1, 0.5, 1.0, 2.0, 0.7]),
    C("NLLLoss", inputs=[(4, 5), Given([0, 2, 2, 4])], ignore_index=2, reduction="sum"),
    C("PoissonNLLLoss", inputs=[X, Fractions(X)]),
    C("PoissonNLLLoss", False, True, inputs=[Positive(X), Given([[0.0, 1, 2], [3, 4, 5]])]),
    C("GaussianNLLLoss", inputs=[X, X, Positive(X)]),
    C("GaussianNLLLoss", full=True, reduction="sum", inputs=[X, X, Positive((2, 1))]),
    C("KLDivLoss", reduction="batchmean", inputs=[X, Simplex(X)]),
    C("KLDivLoss", reduction="sum", log_target=True, inputs=[X, X]),
    C("BCELoss", inputs=[Probabilities(X), Fractions(X)]),
    C("BCELoss", weight=[1.0, 2, 3], reduction="sum", inputs=[Probabilities(X), Fractions(X)]),
    C("BCEWithLogitsLoss", inputs=[X, Fractions(X)]),
    C("BCEWithLogitsLoss", pos_weight=[1.0, 2, 3], inputs=[X, Fractions(X)]),
    C("BCEWithLogitsLoss", weight=[1.0, 2, 3], reduction="none", inputs=[X, Fractions(X)]),
    C("LinearCrossEntropyLoss", 3, 5, inputs=[(4, 3), Y]),
    C("LinearCrossEntropyLoss", 3, 5, bias=True, label_smoothing=0.1, inputs=[(4, 3), Y]),
    C("LinearCrossEntropyLoss", 3, 5, out_features=(2,), bias=True, reduction="sum",
      inputs=[(4, 3), Ints(5, (4, 2))]),
    C("HingeEmbeddingLoss", inputs=[X, Signs(X)]),
    C("HingeEmbeddingLoss", 0.3, reduction="none", inputs=[X, Signs(X)]),
    C("MultiLabelMarginLoss", inputs=[X, Given([[2, 0, -1], [1, -1, 0]])]),
    C("SoftMarginLoss", inputs=[X, Signs(X)]),
    C("MultiLabelSoftMarginLoss", inputs=[X, Fractions(X)]),
    C("MultiLabelSoftMarginLoss", weight=[1.0, 2, 3], inputs=[X, Fractions(X)]),
    C("CosineEmbeddingLoss", 0.1, inputs=[(4, 5), (4, 5), Signs((4,))]),
    C("MarginRankingLoss", 0.2, inputs=[(4,), (4,), Signs((4,))]),
    C("MultiMarginLoss", inputs=[(4, 5), Y]),
    C("MultiMarginLoss", 2, 0.5, weight=[1.0, 2, 3, 1, 2], inputs=[(4, 5), Y]),
    C("TripletMarginLoss", inputs=[X, X, X]),
    C("TripletMarginLoss", 0.5, 1.0, swap=True, reduction="none", inputs=[X, X, X]),
    C("TripletMarginWithDistanceLoss", inputs=[X, X, X]),
    C("TripletMarginWithDistanceLoss", margin=2.0, swap=True, inputs=[X, X, X]),
    C("CTCLoss", inputs=[(6, 2, 4), Given([[1, 2], [3, 3]]), Given([6, 6]), Given([2, 2])]),
    C("CTCLoss", 1, "sum",
      inputs=[(6, 2, 4), Given([[0, 2, 0], [3, 3, 0]]), Given([6, 5]), Given([3, 2])]),
]  # fmt: skip

CASES = [
    *ACTIVATIONS, *LINEAR, *CONVOLUTIONS, *POOLING, *NORMS, *DROPOUTS, *LOOKUPS, *RECURRENT,
    *ATTENTION, *RESIZING, *LOSSES,
]  # fmt: skip
