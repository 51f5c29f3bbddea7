"""einops works on tensors, whichever of the two packages is imported first."""

import subprocess
import sys

import numpy as np
import pytest

import tinygrad_lite as torch

einops = pytest.importorskip("einops")
from tinygrad_lite.autograd import gradcheck  # noqa: E402
from tinygrad_lite.utils.einops import EinMix, Rearrange, Reduce  # noqa: E402

ORDERS = ["import einops, tinygrad_lite as t", "import tinygrad_lite as t, einops"]


@pytest.mark.parametrize("imports", ORDERS)
def test_either_import_may_come_first(imports):
    code = f"{imports}; print(tuple(einops.rearrange(t.ones(2, 3, 4), 'a b c -> c (a b)').shape))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "(4, 6)\n", done.stderr


def test_import_of_ours_does_not_import_einops_and_the_watcher_leaves_with_it():
    code = (
        "import sys, tinygrad_lite; assert 'einops' not in sys.modules\n"
        "names = lambda: [type(f).__name__ for f in sys.meta_path]\n"
        "assert '_Watcher' in names(); import einops; assert '_Watcher' not in names()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


PATTERNS = [
    ("b c h w -> b (h w) c", {}),
    ("b c (h p) (w q) -> b (h w) (p q c)", {"p": 2, "q": 3}),
    ("b c h w -> (b h) w c 1", {}),
    ("b ... -> ... b", {}),
]


@pytest.mark.parametrize(("pattern", "sizes"), PATTERNS)
def test_rearrange_agrees_with_numpy_and_differentiates(pattern, sizes):
    x = torch.randn(2, 3, 4, 6, dtype=torch.float64, requires_grad=True)
    expected = einops.rearrange(x.detach().numpy(), pattern, **sizes)
    np.testing.assert_array_equal(einops.rearrange(x, pattern, **sizes).detach().numpy(), expected)
    assert gradcheck(lambda t: einops.rearrange(t, pattern, **sizes), (x,))


@pytest.mark.parametrize("operation", ["min", "max", "sum", "mean", "prod"])
@pytest.mark.parametrize("pattern", ["b c h w -> b c", "b c h w -> h", "b c h w -> () c () ()"])
def test_reduce_agrees_with_numpy_and_differentiates(operation, pattern):
    x = torch.randn(2, 3, 2, 3, dtype=torch.float64, requires_grad=True)
    expected = einops.reduce(x.detach().numpy(), pattern, operation)
    result = einops.reduce(x, pattern, operation)
    np.testing.assert_allclose(result.detach().numpy(), expected, rtol=1e-12)
    assert gradcheck(lambda t: einops.reduce(t, pattern, operation), (x,))


@pytest.mark.parametrize("operation", ["any", "all"])
def test_reduce_of_truth_values(operation):
    x = torch.rand(3, 4, 5) > 0.3
    expected = einops.reduce(x.numpy(), "a b c -> b", operation)
    np.testing.assert_array_equal(einops.reduce(x, "a b c -> b", operation).numpy(), expected)


def test_repeat_joins_lists_and_sums_products():
    x = torch.arange(6.0, requires_grad=True)
    repeated = einops.repeat(x, "(a b) -> b n a", a=2, n=4)
    assert tuple(repeated.shape) == (3, 4, 2)
    repeated.sum().backward()
    assert x.grad.tolist() == [4.0] * 6
    assert tuple(einops.rearrange([x, x, x], "n a -> a n").shape) == (6, 3)
    packed, shapes = einops.pack([torch.ones(2, 3), torch.ones(2, 4, 5)], "b *")
    assert tuple(packed.shape) == (2, 23)
    assert [tuple(t.shape) for t in einops.unpack(packed, shapes, "b *")] == [(2, 3), (2, 4, 5)]
    product = einops.einsum(torch.eye(3), torch.ones(3, 2), "i j, j k -> i k")
    assert product.tolist() == [[1.0, 1.0]] * 3
    assert einops.parse_shape(torch.ones(2, 3), "a b") == {"a": 2, "b": 3}
    assert isinstance(einops.asnumpy(torch.ones(2)), np.ndarray)


def test_layers_stand_in_models():
    model = torch.nn.Sequential(
        Rearrange("b c (h p) (w q) -> b (h w) (p q c)", p=2, q=2),
        torch.nn.Linear(12, 5),
        Reduce("b n d -> b d", "mean"),
        EinMix("b d -> b e", weight_shape="d e", bias_shape="e", d=5, e=7),
    )
    result = model(torch.randn(2, 3, 4, 4))
    assert tuple(result.shape) == (2, 7)
    result.sum().backward()
    assert sorted(model.state_dict()) == ["1.bias", "1.weight", "3.bias", "3.weight"]
    assert all(p.grad is not None for p in model.parameters())
    assert "Rearrange('b c (h p) (w q) -> b (h w) (p q c)', p=2, q=2)" in repr(model)
