"""Numbers written into tensors whose type they do not fit: refused or cut as in PyTorch."""

from __future__ import annotations

import math

import pytest

import tinygrad_lite

torch = pytest.importorskip("torch")

WAYS = {
    "full": lambda m, d, v: m.full((2,), v, dtype=d),
    "tensor": lambda m, d, v: m.tensor([1, v], dtype=d),
    "fill_": lambda m, d, v: m.ones(2, dtype=d).fill_(v),
    "masked_fill": lambda m, d, v: m.ones(2, dtype=d).masked_fill(m.tensor([True, False]), v),
    "index_fill": lambda m, d, v: m.ones(2, dtype=d).index_fill(0, m.tensor([0]), v),
    "scatter": lambda m, d, v: m.ones(2, dtype=d).scatter(0, m.tensor([0]), v),
    "where": lambda m, d, v: m.where(m.tensor([True, False]), m.ones(2, dtype=d), v),
    "pad": lambda m, d, v: m.nn.functional.pad(m.ones(2, dtype=d), (1, 0), value=v),
    "assign": lambda m, d, v: assigned(m.ones(2, dtype=d), 0, v),
    "assign by mask": lambda m, d, v: assigned(m.ones(2, dtype=d), m.tensor([True, False]), v),
}
NUMBERS = [-1e9, 1e6, 300, -1, -2.5, 2.5, 2**31, 2**40, math.inf, math.nan, 0, True]
LENIENT = {
    ("pad", "uint8", -1),  # written as 255, as everywhere else
}


def assigned(x, key, value):
    x[key] = value
    return x


def outcome(module, way, dtype, number):
    try:
        found = WAYS[way](module, getattr(module, dtype), number)
    except (RuntimeError, OverflowError, ValueError, TypeError) as error:
        return type(error), "without overflow" in str(error)
    return repr(found.tolist()), str(found.dtype)


@pytest.mark.parametrize("number", NUMBERS, ids=repr)
@pytest.mark.parametrize("dtype", ["float32", "int64", "int32", "uint8", "bool"])
@pytest.mark.parametrize("way", WAYS)
def test_numbers_that_do_not_fit(way, dtype, number):
    expected = outcome(torch, way, dtype, number)
    if (way, dtype, number) in LENIENT:
        assert expected == (RuntimeError, True)
        return
    assert outcome(tinygrad_lite, way, dtype, number) == expected


def test_whole_numbers_beyond_int64_are_no_tensor():
    for values in (2**63, [2**63], [2**70]):
        with pytest.raises(RuntimeError, match="does not fit into int64"):
            tinygrad_lite.tensor(values)
    assert tinygrad_lite.tensor([2**63 - 1]).tolist() == [2**63 - 1]


@pytest.mark.parametrize("way", [way for way in WAYS if way != "where" and "assign" not in way])
@pytest.mark.parametrize("number", [-1e9, 70000])
def test_half_precision_takes_no_large_numbers(way, number):
    """They became infinite without a word."""
    assert outcome(tinygrad_lite, way, "float16", number) == outcome(torch, way, "float16", number)
