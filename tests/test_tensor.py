"""What a tensor is to Python and NumPy: protocols, conversion, indexing, types, text."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.extra import numpy as hnp

import tinygrad_lite as torch


def test_python_protocols():
    x = torch.tensor([1.0, 2.0, 3.0])
    assert len(x) == 3
    assert [v.item() for v in x] == [1.0, 2.0, 3.0]
    assert float(x[0]) == 1.0
    assert int(x[2]) == 3
    assert [10, 20, 30][torch.tensor(1)] == 20
    assert 2.0 in x
    assert f"{x[1]:.2f}" == "2.00"
    assert bool(torch.tensor(0.0)) is False
    for wrong in (lambda: bool(x), lambda: len(x[0]), lambda: list(x[0])):
        with pytest.raises((RuntimeError, TypeError)):
            wrong()


def test_hashing_is_by_identity_and_equality_by_element():
    x, y = torch.ones(2), torch.ones(2)
    assert {x: 1}[x] == 1
    assert (x == y).tolist() == [True, True]
    assert x != "word"


def test_copies():
    x = torch.tensor([1.0], requires_grad=True)
    (x * 2).backward()
    y = copy.deepcopy(x)
    assert y.requires_grad
    assert y.grad.item() == 2.0
    assert not np.shares_memory(x.detach().numpy(), y.detach().numpy())
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)
    z = pickle.loads(pickle.dumps(x))
    assert z.requires_grad
    assert z.tolist() == [1.0]


def test_numpy_functions_record():
    x = torch.tensor([0.5, 1.5], requires_grad=True)
    y = np.exp(x) + np.ones(2, np.float32) * x + np.where(x > 1, x, 0.0) + np.maximum(x, 1.0)
    assert isinstance(y, torch.Tensor)
    np.concatenate([y, np.sin(x)]).sum().backward()
    expected = np.exp([0.5, 1.5]) + 1 + np.array([0, 1]) + np.array([0, 1]) + np.cos([0.5, 1.5])
    assert x.grad.numpy() == pytest.approx(expected, rel=1e-6)
    (np.ones((2, 2), np.float32) @ x).sum().backward()
    assert x.grad.numpy() == pytest.approx(expected + 2, rel=1e-6)
    with pytest.raises(TypeError, match="cut the graph"):
        np.partition(x, 1)
    with pytest.raises(TypeError, match=r"np\.add cannot be recorded"):
        np.add(np.ones(2), x, out=np.ones(2))


def test_numpy_computes_what_has_no_gradient_to_lose():
    x = torch.tensor([[1.0, 2.0, 4.0]])
    image = np.transpose(x, (1, 0))
    assert isinstance(image, torch.Tensor)
    assert image.tolist() == [[1.0], [2.0], [4.0]]
    assert [np.ndim(x), np.shape(x), np.size(x.requires_grad_())] == [2, (1, 3), 3]
    x = x.detach()
    assert np.median(x) == 2.0
    assert np.histogram(x, 2)[0].tolist() == [2, 1]
    assert np.unique(x).dtype == np.float32
    assert np.dot(np.ones((3, 1)), x).shape == (3, 3)
    assert np.pad(array=x, pad_width=1).shape == (3, 5)
    np.testing.assert_allclose(x, [[1, 2, 4]])
    total = np.zeros((1, 3))
    total += x
    assert type(total) is np.ndarray
    assert total.tolist() == [[1.0, 2.0, 4.0]]
    assert np.matmul(np.ones((2, 1)), x).tolist() == [[1.0, 2.0, 4.0]] * 2
    assert np.mod(x, 2).tolist() == [[1.0, 0.0, 0.0]]


def test_numpy_refuses_what_would_lose_the_gradient():
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=r"detach\(\)\.numpy\(\)"):
        np.asarray(x)
    assert np.asarray(x.detach()).tolist() == [1.0, 1.0]


@pytest.mark.parametrize(
    ("make", "dtype"),
    [
        (lambda: torch.ones(2) * 2.5, torch.float32),
        (lambda: torch.ones(2) * np.float64(2.5), torch.float32),
        (lambda: np.float64(2.5) * torch.ones(2), torch.float32),
        (lambda: torch.ones(2) * torch.tensor(2.0, dtype=torch.float64), torch.float32),
        (lambda: torch.tensor(1.0) * torch.tensor(2.0, dtype=torch.float64), torch.float64),
        (lambda: torch.ones(2) * np.ones(2), torch.float64),
        (lambda: torch.arange(3) / 2, torch.float32),
        (lambda: torch.arange(3) * 2.5, torch.float32),
        (lambda: torch.arange(3) // 2, torch.int64),
        (lambda: torch.tensor([True]) + 1, torch.int64),
        (lambda: torch.tensor([True]) + torch.tensor([True]), torch.bool),
        (lambda: torch.arange(3) + torch.ones(3, dtype=torch.float16), torch.float16),
        (lambda: torch.ones(2, dtype=torch.uint8) + torch.ones(2, dtype=torch.int8), torch.int16),
        (lambda: torch.exp(torch.arange(3)), torch.float32),
        (lambda: torch.tensor([1, 2]), torch.int64),
        (lambda: torch.tensor(np.float32(1)), torch.float32),
        (lambda: torch.tensor([1.0, 2]), torch.float32),
    ],
)
def test_promotion(make, dtype):
    assert make().dtype is dtype


def test_what_cannot_be_a_tensor():
    with pytest.raises(ValueError, match="length 2 at dim 1"):
        torch.tensor([[1, 2], [3]])
    with pytest.raises(TypeError, match="invalid data type 'str'"):
        torch.tensor("word")
    with pytest.raises(RuntimeError, match="floating point"):
        torch.tensor([1, 2], requires_grad=True)
    with pytest.raises(NotImplementedError, match="complex"):
        torch.tensor([1j])
    with pytest.raises(NotImplementedError, match="bfloat16"):
        torch.ones(2, dtype=torch.bfloat16)
    with pytest.raises(NotImplementedError, match="complex numbers are out of scope"):
        torch.fft  # noqa: B018 - asking is what is tested
    with pytest.raises(RuntimeError, match="only 'cpu' here"):
        torch.ones(2, device="cuda")


def test_mixed_index_placement_is_torchs():
    x = torch.arange(24).reshape(2, 3, 4)
    assert x[0, :, [0, 1]].shape == (3, 2)
    assert x[[0, 1], :, [0, 1]].shape == (2, 3)
    assert x[:, [0, 1]].shape == (2, 2, 4)
    assert x[..., [0, 1], None].shape == (2, 3, 2, 1)
    assert x[[[0, 1], [1, 0]]].shape == (2, 4)


def test_wrong_indices():
    x = torch.arange(3)
    for key in (5, 1.0, (0, 0), torch.tensor([0.5])):
        with pytest.raises(IndexError):
            x[key]


index = st.one_of(
    st.integers(-2, 1),
    st.slices(3),
    st.just(None),
    st.lists(st.integers(-2, 1), min_size=1, max_size=3),
)


@settings(max_examples=300, deadline=None)
@given(
    data=st.data(),
    array=hnp.arrays(np.float64, hnp.array_shapes(min_dims=2, max_dims=3, min_side=2, max_side=4)),
)
def test_indexing_and_its_gradient_agree_with_numpy(data, array):
    key = data.draw(st.one_of(index, hnp.arrays(bool, array.shape), st.tuples(index)))
    numpy_key = np.array(key) if isinstance(key, list) else key
    numpy_key = (
        tuple(np.array(k) if isinstance(k, list) else k for k in key)
        if isinstance(key, tuple)
        else numpy_key
    )
    torch_key = torch.tensor(key) if isinstance(key, np.ndarray) else key
    x = torch.tensor(array, requires_grad=True)
    found, expected = x[torch_key], array[numpy_key]
    assert found.shape == expected.shape
    np.testing.assert_array_equal(found.detach().numpy(), expected)
    weights = np.arange(1.0, expected.size + 1).reshape(expected.shape)
    found.backward(torch.tensor(weights))
    gradient = np.zeros_like(array)
    np.add.at(gradient, numpy_key, weights)
    np.testing.assert_allclose(x.grad.numpy(), gradient)


def test_text():
    assert repr(torch.tensor([1.0, 2.5])) == "tensor([1.0000, 2.5000])"
    assert repr(torch.tensor([[1, 20], [3, 4]])) == "tensor([[ 1, 20],\n        [ 3,  4]])"
    assert repr(torch.zeros(0)) == "tensor([])"
    assert repr(torch.ones(1, dtype=torch.float64)) == "tensor([1.], dtype=torch.float64)"
    assert repr(torch.ones(1, requires_grad=True) * 2) == "tensor([2.], grad_fn=<MulBackward0>)"
    assert "..." in repr(torch.zeros(2000))
    assert repr(torch.ones(2, 3).shape) == "torch.Size([2, 3])"


def test_seeds_repeat():
    torch.manual_seed(3)
    first = torch.randn(4), torch.rand(2), torch.randperm(5), torch.randint(0, 9, (3,))
    torch.manual_seed(3)
    second = torch.randn(4), torch.rand(2), torch.randperm(5), torch.randint(0, 9, (3,))
    for a, b in zip(first, second, strict=True):
        assert torch.equal(a, b)
    generator = torch.Generator().manual_seed(3)
    assert torch.equal(torch.randn(4, generator=generator), first[0])
    state = generator.get_state()
    a = torch.rand(3, generator=generator)
    generator.set_state(state)
    assert torch.equal(torch.rand(3, generator=generator), a)


def test_samplers_have_their_distribution():
    torch.manual_seed(0)
    n = 200_000
    assert torch.randn(n).mean().abs() < 0.01
    assert abs(torch.rand(n).mean().item() - 0.5) < 0.005
    drawn = torch.multinomial(torch.tensor([1.0, 3.0, 0.0]), n, replacement=True)
    assert abs((drawn == 1).float().mean().item() - 0.75) < 0.005
    assert (drawn < 2).all()
    once = torch.multinomial(torch.tensor([0.0, 1.0, 2.0]), 2)
    assert sorted(once.tolist()) == [1, 2]
    assert abs(torch.empty(n).exponential_(2.0).mean().item() - 0.5) < 0.01
    assert abs(torch.bernoulli(torch.full((n,), 0.3)).mean().item() - 0.3) < 0.005


@pytest.mark.parametrize(
    ("run", "kind", "words"),
    [
        (lambda s, m: s[0], IndexError, r"invalid index of a 0-dim tensor. Use `tensor\.item\(\)`"),
        (lambda s, m: s[:], IndexError, r"slice\(\) cannot be applied to a 0-dim tensor"),
        (lambda s, m: m[0, 0, 0], IndexError, "too many indices for tensor of dimension 2"),
        (lambda s, m: m[5], IndexError, "index 5 is out of bounds for dimension 0 with size 2"),
        (
            lambda s, m: m[torch.tensor([True, False, True])], IndexError,
            r"The shape of the mask \[3\] at index 0 does not match .* \[2, 3\] at index 0",
        ),
        (
            lambda s, m: m[:, torch.tensor([True])], IndexError,
            r"The shape of the mask \[1\] at index 1 does not match .* \[2, 3\] at index 1",
        ),
        (lambda s, m: m.__setitem__((0, 0, 0), 1.0), IndexError, "too many indices for tensor"),
        (lambda s, m: float(m), ValueError, r"only one element tensors.*got shape \[2, 3\]"),
        (lambda s, m: int(m), ValueError, "only one element tensors can be converted to Python"),
        (lambda s, m: m.item(), RuntimeError, "6 elements cannot be converted to Scalar"),
    ],
)  # fmt: skip
def test_errors_of_indices_and_conversions_are_pytorchs(run, kind, words):
    with pytest.raises(kind, match=words):
        run(torch.tensor(1.0), torch.ones(2, 3))
