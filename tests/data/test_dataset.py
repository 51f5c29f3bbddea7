"""Data sets and the ways of cutting and joining them."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite.utils.data import (
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    IterableDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)


class Count(IterableDataset):
    def __init__(self, *numbers):
        self.numbers = numbers

    def __iter__(self):
        return iter(self.numbers)


def test_tensor_dataset_gives_rows():
    x, y = tgl.tensor([[1.0, 2.0], [3.0, 4.0]]), tgl.tensor([5, 6])
    data = TensorDataset(x, y)
    assert len(data) == 2
    row, label = data[1]
    assert row.tolist() == [3.0, 4.0]
    assert label.item() == 6
    with pytest.raises(AssertionError, match=r"Size mismatch between tensors.*\[2, 3\]"):
        TensorDataset(x, tgl.tensor([1, 2, 3]))


def test_a_data_set_must_say_how_to_get_a_sample():
    with pytest.raises(NotImplementedError, match="__getitem__"):
        Dataset()[0]
    with pytest.raises(TypeError, match=r"abstract.*__iter__"):
        IterableDataset()


def test_concatenation_finds_the_right_part():
    joined = ConcatDataset([[10, 11], [20], [30, 31, 32]])
    assert list(joined) == [10, 11, 20, 30, 31, 32]
    with pytest.raises(IndexError, match="got index 6, the length is 6"):
        joined[6]
    assert [joined[i] for i in range(len(joined))] == [10, 11, 20, 30, 31, 32]
    assert joined[-1] == 32
    assert joined.cumulative_sizes == [2, 3, 6]
    with pytest.raises(ValueError, match="should not exceed dataset length"):
        joined[-7]
    with pytest.raises(AssertionError, match="empty"):
        ConcatDataset([])
    with pytest.raises(AssertionError, match="IterableDataset"):
        ConcatDataset([Count(1)])


def test_plus_joins_data_sets():
    class Letters(Dataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return "ab"[index]

    joined = Letters() + Letters()
    assert [joined[i] for i in range(4)] == ["a", "b", "a", "b"]


def test_chains_of_streams():
    assert list(ChainDataset([Count(1, 2), Count(3)])) == [1, 2, 3]
    assert list(Count(1) + Count(2)) == [1, 2]
    with pytest.raises(AssertionError, match="only supports IterableDataset, got list"):
        list(ChainDataset([[1]]))


def test_stacks_give_tuples_or_dicts():
    assert StackDataset([1, 2], "ab")[1] == (2, "b")
    named = StackDataset(number=[1, 2], letter="ab")
    assert named[0] == {"number": 1, "letter": "a"}
    assert named.__getitems__([1, 0]) == [
        {"number": 2, "letter": "b"},
        {"number": 1, "letter": "a"},
    ]
    with pytest.raises(ValueError, match="both types"):
        StackDataset([1], a=[1])
    with pytest.raises(ValueError, match="At least one"):
        StackDataset()
    with pytest.raises(ValueError, match="Size mismatch"):
        StackDataset([1], [1, 2])


def test_subsets_of_subsets():
    inner = Subset("abcdef", [5, 4, 3, 2])
    outer = Subset(inner, [0, 3])
    assert [outer[i] for i in range(len(outer))] == ["f", "c"]
    assert outer.__getitems__([1, 0]) == ["c", "f"]


def test_a_subset_with_its_own_samples_is_asked_for_them():
    class Loud(Subset):
        def __getitem__(self, index):
            return super().__getitem__(index).upper()

    assert next(iter(DataLoader(Loud("abc", [2, 1]), batch_size=2))) == ["C", "B"]


def test_random_split_by_counts_shares_everything_out():
    parts = random_split(range(10), [3, 7], tgl.Generator().manual_seed(1))
    again = random_split(range(10), [3, 7], tgl.Generator().manual_seed(1))
    assert [len(part) for part in parts] == [3, 7]
    assert sorted(parts[0].indices + parts[1].indices) == list(range(10))
    assert parts[0].indices == again[0].indices
    assert parts[0].indices != random_split(range(10), [3, 7], tgl.Generator())[0].indices


@pytest.mark.parametrize(
    ("fractions", "sizes"),
    [([0.8, 0.2], [8, 2]), ([0.5, 0.25, 0.25], [6, 2, 2]), ([1 / 3, 1 / 3, 1 / 3], [4, 3, 3])],
)
def test_random_split_by_fractions(fractions, sizes):
    assert [len(part) for part in random_split(range(10), fractions)] == sizes


def test_random_split_refuses_what_does_not_add_up():
    with pytest.raises(ValueError, match=r"3 \+ 5 is 8, the data set has 10"):
        random_split(range(10), [3, 5])
    with pytest.raises(ValueError, match="Fraction at index 0 is not between 0 and 1"):
        random_split(range(10), [1.5, -0.5])
    with pytest.warns(UserWarning, match="Length of split at index 1 is 0"):
        random_split(range(3), [0.99, 0.01])


def test_random_split_follows_the_global_seed():
    tgl.manual_seed(5)
    first = random_split(range(100), [50, 50])[0].indices
    tgl.manual_seed(5)
    assert random_split(range(100), [50, 50])[0].indices == first
    assert np.all(np.bincount(first) <= 1)
