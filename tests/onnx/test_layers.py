"""Every layer of `nn` is exported, checked, and says the same in two other runtimes."""

import warnings

import numpy as np
import pytest

import tinygrad_lite as torch
from tests.nn.layer_cases import CASES, draw

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
from tests.onnx.checking import check

REFUSED = {
    "CTCLoss": "sums over alignments, for which ONNX has no operation",
}


def reference_can(case):
    """Whether onnx's own evaluator runs the case: it adds the bias of grouped transposed
    convolutions to the wrong channels, and knows no ReLU in an RNN."""
    if case.name.startswith("ConvTranspose"):
        return case.kwargs.get("groups", 1) == 1 and len(case.args) < 7
    return case.name != "RNN" or case.kwargs.get("nonlinearity") != "relu"


def build(case):
    kwargs = {
        key: torch.tensor(value) if key in {"weight", "pos_weight"} else value
        for key, value in case.kwargs.items()
    }
    torch.manual_seed(3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return getattr(torch.nn, case.name)(*case.args, **kwargs).eval()


def inputs_of(case):
    random = np.random.default_rng(5)
    return [draw(given, random)[0] for given in case.inputs]


UNBATCHED = {  # number of axes of an input without a batch axis
    "Conv1d": 2, "Conv2d": 3, "Conv3d": 4, "ConvTranspose1d": 2, "ConvTranspose2d": 3,
    "ConvTranspose3d": 4, "MaxPool1d": 2, "MaxPool2d": 3, "AdaptiveAvgPool2d": 3, "Linear": 1,
    "InstanceNorm1d": 2, "Softmax2d": 3, "MultiheadAttention": 2, "TransformerEncoderLayer": 2,
    "RNN": 2, "LSTM": 2, "GRU": 2, "RNNCell": 1, "LSTMCell": 1, "GRUCell": 1, "AvgPool2d": 3,
}  # fmt: skip
STEPS_FIRST = {
    "RNN", "LSTM", "GRU", "MultiheadAttention", "TransformerEncoderLayer", "Transformer",
    "TransformerDecoderLayer",
}  # fmt: skip


def batch_axes(case, values):
    """The batch axis of every input; None where the case has no batch."""
    arrays = {i: v for i, v in enumerate(values) if isinstance(v, np.ndarray)}
    first = values[0]
    if not first.ndim or first.ndim == UNBATCHED.get(case.name) or not first.shape[0]:
        return None
    if "src_key_padding_mask" in case.call or "memory_key_padding_mask" in case.call:
        return None
    if len({v.shape[:1] for v in arrays.values()}) > 1 and case.name == "EmbeddingBag":
        return None  # bags of any length
    if case.name == "CrossEntropyLoss" and first.ndim == 1:
        return None
    if case.name in STEPS_FIRST and not case.kwargs.get("batch_first"):
        axes = dict.fromkeys(arrays, 1)
        if case.name == "MultiheadAttention" and len(values) > 3:
            axes[3] = 0
        return axes
    return dict.fromkeys(arrays, 0)


def sizes_of(case):
    """Batches of 1, 2 and 5, unless the layer itself cannot take them."""
    if case.name == "GLU" and case.args == (0,):
        return (2, 6)
    if case.kwargs.get("track_running_stats") is False:
        return (2, 5)
    return (1, 2, 5)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_layer_runs_elsewhere(case):
    module, values = build(case), inputs_of(case)
    call = dict(case.call)
    if case.name in REFUSED:
        with pytest.raises(torch.onnx.UnsupportedOperatorError, match=r"test_layers|checking"):
            check(module, values, call=call)
        return
    axes = batch_axes(case, values)
    check(module, values, axes=axes, sizes=sizes_of(case), call=call, reference=reference_can(case))


RANDOM = np.random.default_rng(0)


def floats(*shape):
    return RANDOM.standard_normal(shape).astype(np.float32)


class Used(torch.nn.Module):
    """A layer used otherwise than by calling it on the inputs."""

    def __init__(self, layer, use):
        super().__init__()
        self.layer, self.use = layer, use

    def forward(self, *inputs):
        return self.use(self.layer, *inputs)


def pooled_and_back(pool):
    return lambda layer, x: layer(*pool(x, 2, return_indices=True))


F = torch.nn.functional
MORE = {
    "LazyLinear": (lambda nn: nn.LazyLinear(4), [floats(2, 3)]),
    "LazyConv1d": (lambda nn: nn.LazyConv1d(4, 3), [floats(2, 3, 5)]),
    "LazyConv2d": (lambda nn: nn.LazyConv2d(4, 3), [floats(2, 3, 5, 5)]),
    "LazyConv3d": (lambda nn: nn.LazyConv3d(4, 2), [floats(2, 3, 3, 3, 3)]),
    "LazyConvTranspose1d": (lambda nn: nn.LazyConvTranspose1d(4, 2), [floats(2, 3, 5)]),
    "LazyConvTranspose2d": (lambda nn: nn.LazyConvTranspose2d(4, 2), [floats(2, 3, 5, 4)]),
    "LazyConvTranspose3d": (lambda nn: nn.LazyConvTranspose3d(4, 2), [floats(2, 3, 3, 3, 3)]),
    "LazyBatchNorm1d": (lambda nn: nn.LazyBatchNorm1d(), [floats(4, 3)]),
    "LazyBatchNorm2d": (lambda nn: nn.LazyBatchNorm2d(), [floats(4, 3, 2, 2)]),
    "LazyBatchNorm3d": (lambda nn: nn.LazyBatchNorm3d(), [floats(4, 3, 2, 2, 2)]),
    "LazyInstanceNorm1d": (lambda nn: nn.LazyInstanceNorm1d(), [floats(4, 3, 4)]),
    "LazyInstanceNorm2d": (lambda nn: nn.LazyInstanceNorm2d(), [floats(4, 3, 2, 2)]),
    "LazyInstanceNorm3d": (lambda nn: nn.LazyInstanceNorm3d(), [floats(4, 3, 2, 2, 2)]),
    "SyncBatchNorm": (lambda nn: nn.SyncBatchNorm(3), [floats(4, 3, 2)]),
    "CrossMapLRN2d": (lambda nn: nn.CrossMapLRN2d(3), [floats(2, 4, 3, 3)]),
    "DataParallel": (lambda nn: nn.DataParallel(nn.Linear(3, 2)), [floats(2, 3)]),
    "NLLLoss2d": (
        lambda nn: nn.NLLLoss2d(), [floats(2, 5, 2, 2), RANDOM.integers(0, 5, (2, 2, 2))]
    ),
    "MaxUnpool1d": (
        lambda nn: Used(nn.MaxUnpool1d(2), pooled_and_back(F.max_pool1d)), [floats(2, 3, 6)]
    ),
    "MaxUnpool2d": (
        lambda nn: Used(nn.MaxUnpool2d(2), pooled_and_back(F.max_pool2d)), [floats(2, 3, 6, 4)]
    ),
    "MaxUnpool3d": (
        lambda nn: Used(nn.MaxUnpool3d(2), pooled_and_back(F.max_pool3d)), [floats(2, 2, 4, 4, 2)]
    ),
    "AdaptiveLogSoftmaxWithLoss": (
        lambda nn: Used(
            nn.AdaptiveLogSoftmaxWithLoss(5, 12, [4, 8]), lambda m, x: (m.log_prob(x), m.predict(x))
        ),
        [floats(4, 5)],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MORE)
@pytest.mark.filterwarnings("ignore")
def test_other_layers_run_elsewhere(name):
    make, values = MORE[name]
    layer = make(torch.nn)
    layer(*(torch.tensor(v) for v in values))  # lazy ones take their shape
    check(layer.eval(), values, axes=dict.fromkeys(range(len(values)), 0))


@pytest.mark.parametrize(
    ("make", "values", "words"),
    [
        (lambda nn: nn.FractionalMaxPool2d(2, 3), [floats(2, 3, 8, 8)], "at random"),
        (
            lambda nn: nn.FractionalMaxPool3d(2, 3), [floats(2, 3, 8, 8, 8)], "at random"
        ),
        (
            lambda nn: nn.AdaptiveLogSoftmaxWithLoss(5, 12, [4, 8]),
            [floats(4, 5), np.array([0, 5, 9, 1])],
            "depends on the values",
        ),
    ],
)  # fmt: skip
def test_refused_layers(make, values, words):
    with pytest.raises(torch.onnx.OnnxExporterError, match=words):
        check(make(torch.nn).eval(), values)


ABSTRACT = {  # bases, and containers that are called through what they hold
    "Module", "ModuleDict", "ModuleList", "ParameterDict", "ParameterList", "RNNBase",
    "RNNCellBase", "Sequential", "TransformerDecoder", "TransformerEncoder",
}  # fmt: skip


def test_no_layer_is_forgotten():
    layers = {
        name
        for name in dir(torch.nn)
        if isinstance(getattr(torch.nn, name), type)
        and issubclass(getattr(torch.nn, name), torch.nn.Module)
    }
    seen = {case.name for case in CASES} | MORE.keys() | ABSTRACT
    assert layers - seen == {"FractionalMaxPool2d", "FractionalMaxPool3d"}
