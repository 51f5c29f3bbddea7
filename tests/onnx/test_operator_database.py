"""PyTorch's operator database, exported: each sample runs elsewhere or is refused by name."""

from __future__ import annotations

import collections
import warnings

import numpy as np
import pytest

import tinygrad_lite
from tinygrad_lite import _dtypes
from tinygrad_lite._tensor import Tensor

torch = pytest.importorskip("torch")
onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")
pytest.importorskip("expecttest")  # which the operator database imports

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

from tests.onnx.checking import arrays_of, run_file  # noqa: E402

UNDETERMINED = {  # memory as it is found, or what no file can say
    "empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided",
    "resize_", "resize_as_", "hash_tensor",
    "__rpow__",  # of whole numbers beyond the largest
}  # fmt: skip
MOST = {"samples": 2}


class Called(tinygrad_lite.nn.Module):
    """A function with all its arguments, the arrays among them being the inputs."""

    def __init__(self, function, args, kwargs):
        super().__init__()
        self.function, self.args, self.kwargs = function, args, kwargs

    def forward(self, *inputs):
        given = iter(inputs)
        result = self.function(*filled(self.args, given), **filled(self.kwargs, given))
        return tuple(tensors_of(result))


class Slot:
    """Where an input goes."""


def filled(value, given):
    if isinstance(value, Slot):
        return next(given)
    if type(value) in (list, tuple):
        return type(value)(filled(v, given) for v in value)
    return {k: filled(v, given) for k, v in value.items()} if isinstance(value, dict) else value


def emptied(value, arrays):
    """An argument with its tensors put among the arrays."""
    if isinstance(value, torch.Tensor):
        arrays.append(np.array(value.detach().numpy(force=True)))
        return Slot()
    if isinstance(value, torch.dtype):
        return _dtypes.DTYPES[str(value).removeprefix("torch.")]
    if isinstance(value, (list, tuple)):
        parts = [emptied(v, arrays) for v in value]
        return parts if type(value) is list else tuple(parts)
    return {k: emptied(v, arrays) for k, v in value.items()} if isinstance(value, dict) else value


def tensors_of(result):
    if isinstance(result, Tensor):
        return [result]
    return [t for r in result for t in tensors_of(r)] if isinstance(result, (tuple, list)) else []


def ours(name):
    """Our function of that name."""
    found = tinygrad_lite
    for part in name.split("."):
        found = getattr(found, part, None)
    return found if found is not None or "." in name else getattr(Tensor, name, None)


def try_sample(function, sample):
    """Whether the sample ran, was refused, or does not exist here."""
    arrays = []
    module = Called(
        function, emptied([sample.input, *sample.args], arrays), emptied(sample.kwargs, arrays)
    )
    inputs = tuple(map(tinygrad_lite.tensor, arrays))
    try:
        expected = arrays_of(module(*inputs))
    except Exception:  # noqa: BLE001 - what does not exist here is told elsewhere
        return "absent"
    if not expected or any(0 in a.shape for a in arrays):  # runtimes differ about sums of nothing
        return "absent"
    names = [f"x{i}" for i in range(len(arrays))]
    try:
        model = tinygrad_lite.onnx.export(module, inputs, input_names=names)
    except tinygrad_lite.onnx.OnnxExporterError:
        return "refused"
    onnx.checker.check_model(model, full_check=True)
    found = run_file(model, dict(zip(names, arrays, strict=True)), reference=False)
    assert len(found) == len(expected)
    for a, b in zip(map(np.asarray, found), expected, strict=True):
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        if b.dtype.kind == "f":
            size = np.abs(b[np.isfinite(b)]).max(initial=1)
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * size)
        else:
            np.testing.assert_array_equal(a, b)
    return "right"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("dtype", "least"), [(torch.float32, 700), (torch.int64, 400)], ids=str)
def test_every_sample_runs_or_is_refused(dtype, least):
    outcome, wrong = collections.Counter(), []
    for entry in op_db:
        function = ours(entry.name)
        if function is None or dtype not in entry.dtypes or entry.name in UNDETERMINED:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                samples = list(entry.sample_inputs("cpu", dtype, requires_grad=False))
            except Exception:  # noqa: BLE001 - some want a device
                continue
        for sample in samples[:: 1 + len(samples) // MOST["samples"]]:
            try:
                outcome[try_sample(function, sample)] += 1
            except Exception as error:  # noqa: BLE001 - all are told together
                wrong.append(f"{entry.name}: {type(error).__name__} {str(error)[:200]}")
    assert wrong == []
    assert outcome["right"] > least, outcome
