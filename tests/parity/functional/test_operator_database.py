"""Walk PyTorch's own operator database: every sample of every `nn.functional` entry we have."""

from __future__ import annotations

import types
import warnings

import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # which the operator database imports

from torch.testing._internal.common_methods_invocations import op_db  # noqa: E402

from tests.parity.functional.oracle import check  # noqa: E402
from tinygrad_lite.nn import functional as F  # noqa: E402

ENTRIES = [o for o in op_db if o.name.startswith("nn.functional.")]
DTYPES = [torch.float64, torch.float32]
MOST = 100
RANDOM = {"dropout", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout", "rrelu"}


class Stand:
    """Stands for torch in the functions of the database."""

    nn = types.SimpleNamespace(functional=F)


def swapped(function):
    """A function that does the same with our functionals under the name torch."""
    scope = {**function.__globals__, "torch": Stand, "F": F}
    made = types.FunctionType(
        function.__code__, scope, function.__name__, function.__defaults__, function.__closure__
    )
    made.__kwdefaults__ = function.__kwdefaults__
    return made


def names(entry):
    return entry.name.removeprefix("nn.functional.") + (
        f"-{entry.variant_test_name}" if entry.variant_test_name else ""
    )


@pytest.mark.parametrize("dtype", DTYPES, ids=lambda d: str(d).removeprefix("torch."))
@pytest.mark.parametrize("entry", ENTRIES, ids=names)
def test_entry(entry, dtype):
    name = entry.name.removeprefix("nn.functional.")
    ours = getattr(F, name, None)
    if ours is not None and entry.op.__module__.startswith("torch.testing"):
        ours = swapped(entry.op)
    if name == "linear_cross_entropy" and entry.variant_test_name:
        pytest.skip("work in chunks is not implemented")
    if ours is None:
        pytest.skip(f"{name} does not exist here")
    if dtype not in entry.dtypes:
        pytest.skip(f"{name} has no samples in {dtype}")
    if name in RANDOM:
        pytest.skip(f"{name} draws random numbers: tests/nn_functional compares distributions")
    count = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        samples = _spread(entry.sample_inputs("cpu", dtype, requires_grad=entry.supports_autograd))
        for sample in samples:
            if name.startswith("fractional"):
                _share_chance(sample, dtype)
            _leave_chance_out(name, sample)
            try:
                check(
                    ours,
                    entry.op,
                    (sample.input, *sample.args),
                    sample.kwargs,
                    second=entry.supports_gradgrad and dtype is torch.float64,
                )
            except Exception as error:
                error.add_note(f"sample {count}: {_describe(sample)}")
                raise
            count += 1
    assert count


def _spread(samples):
    """Every sample, or of many (pooling has hundreds) a hundred that are spread out evenly."""
    samples = list(samples)
    return samples[:: 1 + len(samples) // MOST]


def _share_chance(sample, dtype):
    """Let both draw their windows from the same numbers."""
    axes = sample.input.ndim - 1 if sample.input.ndim == 3 else sample.input.ndim - 2
    lead = (1,) * (axes + 2 - sample.input.ndim) + tuple(sample.input.shape)
    if len(sample.args) > 4:
        sample.args = sample.args[:4]
    sample.kwargs["_random_samples"] = torch.rand(*lead[:2], axes, dtype=dtype)


def _leave_chance_out(name, sample):
    """Attention without its dropout."""
    if "dropout_p" in sample.kwargs:
        sample.kwargs["dropout_p"] = 0.0
    if name == "multi_head_attention_forward":
        sample.args = (*sample.args[:9], 0.0, *sample.args[10:])


def _describe(sample):
    def show(x):
        if isinstance(x, torch.Tensor):
            return f"{tuple(x.shape)}:{x.dtype}"
        if isinstance(x, (tuple, list)):
            return str([show(i) for i in x])
        return repr(x)

    return f"{show(sample.input)}, {[show(a) for a in sample.args]}, " + str(
        {k: show(v) for k, v in sample.kwargs.items()}
    )
