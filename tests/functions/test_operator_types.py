"""Operators on types that have no such operation: PyTorch's errors, not NumPy's."""

import operator

import pytest

import tinygrad_lite as torch

FLOATS, MASK, WHOLE = torch.ones(2), torch.tensor([True, False]), torch.tensor([1, 2])


@pytest.mark.parametrize(
    ("function", "operands", "error", "words"),
    [
        (operator.sub, (MASK, MASK), RuntimeError, "with two bool tensors"),
        (operator.sub, (MASK, 1), RuntimeError, "invert a mask"),
        (operator.sub, (1, MASK), RuntimeError, "invert a mask"),
        (operator.sub, (FLOATS, MASK), RuntimeError, "with a bool tensor"),
        (operator.sub, (True, FLOATS), RuntimeError, "with a bool tensor"),
        (operator.neg, (MASK,), RuntimeError, "Negation"),
        (operator.invert, (FLOATS,), TypeError, "only implemented on integer and Boolean"),
        (torch.bitwise_not, (FLOATS,), NotImplementedError, '"bitwise_not_cpu"'),
        (operator.and_, (2, FLOATS), NotImplementedError, '"bitwise_and_cpu"'),
        (operator.or_, (FLOATS, FLOATS), NotImplementedError, '"bitwise_or_cpu"'),
        (operator.xor, (FLOATS, 1), NotImplementedError, '"bitwise_xor_cpu"'),
        (operator.lshift, (1, FLOATS), NotImplementedError, '"lshift_cpu"'),
        (operator.rshift, (1, MASK), NotImplementedError, '"rshift_cpu"'),
    ],
)
def test_errors(function, operands, error, words):
    for _ in range(3):
        with pytest.raises(error) as caught:
            function(*operands)
        assert words in str(caught.value)


def test_what_such_operators_are_for():
    assert (~MASK).tolist() == [False, True]
    assert (~WHOLE).tolist() == [-2, -3]
    assert (-WHOLE).tolist() == [-1, -2]
    assert (3 & WHOLE).tolist() == [1, 2]
    assert (1 << WHOLE).tolist() == [2, 4]
    assert (True ^ MASK).tolist() == [False, True]
    assert (1 - WHOLE).tolist() == [0, -1]
