"""A model beside its export: ONNX Runtime and the reference evaluator must say what it says."""

import numpy as np
import pytest

import tinygrad_lite as torch

onnx = pytest.importorskip("onnx")
ort = pytest.importorskip("onnxruntime")
from onnx.reference import ReferenceEvaluator  # noqa: E402 - where onnx is installed

TOLERANCE = 1e-5

ort.set_default_logger_severity(3)


def arrays_of(result):
    """The tensors of a result as arrays, in order, None left out."""
    if isinstance(result, dict):
        result = list(result.values())
    if isinstance(result, tuple | list):
        return [array for part in result for array in arrays_of(part)]
    return [] if result is None else [result.detach().numpy()]


def as_tensors(values):
    """Arrays as tensors, other values as they are."""
    return [torch.tensor(v) if isinstance(v, np.ndarray | np.generic) else v for v in values]


def run_file(model, feeds, *, reference=True):
    """What ONNX Runtime makes of the inputs; the reference evaluator must agree."""
    content = model.SerializeToString()
    session = ort.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = {i.name for i in session.get_inputs()}
    feeds = {k: v for k, v in feeds.items() if k in names}
    found = session.run(None, feeds)
    if reference:
        compare(ReferenceEvaluator(model).run(None, feeds), found, "the reference evaluator")
    return found


def compare(found, expected, who):
    assert len(found) == len(expected)
    pairs = zip(map(np.asarray, found), map(np.asarray, expected), strict=True)
    for place, (a, b) in enumerate(pairs):
        assert a.shape == b.shape, f"output {place} of {who}: shape {a.shape}, not {b.shape}"
        assert a.dtype == b.dtype, f"output {place} of {who}: {a.dtype}, not {b.dtype}"
        kind = a.dtype.kind
        if kind == "f":
            np.testing.assert_allclose(
                a, b, rtol=TOLERANCE, atol=TOLERANCE, err_msg=f"output {place} of {who}"
            )
        else:
            np.testing.assert_array_equal(a, b, err_msg=f"output {place} of {who}")


def resized(array, axis, size):
    """An array with `size` elements along an axis, repeated as need be."""
    return array.take(np.arange(size) % array.shape[axis], axis=axis)


def check(module, values, *, axes=None, sizes=(1, 2, 5), call=None, reference=True, **options):
    """Export a module, with dynamic `axes` (input number to axis), and compare at every size."""
    call = call or {}
    tensors = as_tensors(values)
    names = [f"in_{i}" for i, v in enumerate(values) if isinstance(v, np.ndarray | np.generic)]
    dynamic = None
    if axes:
        dynamic = {f"in_{place}": {axis: "batch"} for place, axis in axes.items()}
    kwargs = dict(zip(call, as_tensors(call.values()), strict=True))
    fixed = [n for n, v in call.items() if isinstance(v, np.ndarray)]
    model = torch.onnx.export(
        module, tuple(tensors), kwargs=kwargs, input_names=names + fixed, dynamic_axes=dynamic,
        **options,
    )  # fmt: skip
    onnx.checker.check_model(model, full_check=True)
    again = torch.onnx.load(model)
    for size in sizes if axes else (None,):
        feed = [
            resized(v, axes[i], size) if size is not None and i in axes else v
            for i, v in enumerate(values)
        ]
        with torch.no_grad():
            expected = arrays_of(module(*as_tensors(feed), **kwargs))
        feeds = dict(
            zip(names, (f for f in feed if isinstance(f, np.ndarray | np.generic)), strict=True)
        )
        feeds |= {n: call[n] for n in fixed}
        compare(run_file(model, feeds, reference=reference), expected, "ONNX Runtime")
        given = {k: torch.tensor(v) for k, v in feeds.items() if k in again.input_names}
        with torch.no_grad():
            compare(arrays_of(again(**given)), expected, "the model read back")
    return model
