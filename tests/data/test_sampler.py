"""Orders in which samples are visited."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite.utils.data import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)


def seeded(seed=0):
    return tgl.Generator().manual_seed(seed)


def test_in_order():
    sampler = SequentialSampler("abc")
    assert list(sampler) == [0, 1, 2]
    assert len(sampler) == 3


def test_random_order_is_a_permutation_and_repeats_with_the_seed():
    order = list(RandomSampler(range(50), generator=seeded()))
    assert sorted(order) == list(range(50))
    assert order != list(range(50))
    assert order == list(RandomSampler(range(50), generator=seeded()))
    assert all(type(i) is int for i in order)


def test_without_a_generator_the_global_seed_decides_and_other_draws_do_not():
    tgl.manual_seed(3)
    order = list(RandomSampler(range(20)))
    second = list(RandomSampler(range(20)))
    tgl.manual_seed(3)
    visit = iter(RandomSampler(range(20)))
    tgl.randn(5)
    assert list(visit) == order
    assert second != order


def test_more_or_fewer_samples_than_there_are():
    assert len(list(RandomSampler(range(5), num_samples=3))) == 3
    order = list(RandomSampler(range(5), num_samples=12, generator=seeded()))
    assert len(order) == 12
    assert sorted(order[:5]) == sorted(order[5:10]) == list(range(5))


@pytest.mark.parametrize("replacement", [False, True])
def test_a_visit_that_never_ends(replacement):
    """Ten thousand million samples are drawn as they are needed."""
    options = {"replacement": replacement, "num_samples": 10**10, "generator": seeded()}
    sampler = RandomSampler(range(7), **options)
    visit = iter(sampler)
    drawn = [next(visit) for _ in range(14_000)]
    assert set(drawn) == set(range(7))
    assert len(sampler) == 10**10
    rows = tgl.utils.data.TensorDataset(tgl.arange(7))
    for data in (rows, range(7)):
        sampler = RandomSampler(data, **options)
        loader = tgl.utils.data.DataLoader(data, sampler=sampler, batch_size=5)
        assert len(loader) == 2 * 10**9
        assert len(next(iter(loader))[0] if data is rows else next(iter(loader))) == 5


def test_with_replacement_all_are_equally_likely():
    sampler = RandomSampler(range(4), replacement=True, num_samples=40_000, generator=seeded())
    counts = np.bincount(list(sampler), minlength=4)
    assert ((counts - 10_000) ** 2 / 10_000).sum() < 30  # chi-square, 3 degrees, 1e-6


def test_subset_in_random_order():
    sampler = SubsetRandomSampler([3, 7, 9], generator=seeded())
    assert sorted(sampler) == [3, 7, 9]
    assert sorted(sampler.order().tolist()) == [3, 7, 9]
    assert len(sampler) == 3


@pytest.mark.parametrize("kind", [list, np.array, tgl.tensor])
def test_weights_are_proportions(kind):
    sampler = WeightedRandomSampler(kind([1.0, 0.0, 3.0]), 40_000, generator=seeded())
    counts = np.bincount(list(sampler), minlength=3)
    assert counts[1] == 0
    assert abs(counts[0] - 10_000) < 500  # 5.8 standard deviations
    without = WeightedRandomSampler(kind([1.0, 1.0, 3.0]), 3, replacement=False)
    assert sorted(without) == [0, 1, 2]


def test_batches_of_indices():
    assert list(BatchSampler(range(7), 3, drop_last=False)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(BatchSampler(range(7), 3, drop_last=True)) == [[0, 1, 2], [3, 4, 5]]
    assert len(BatchSampler(range(7), 3, drop_last=False)) == 3
    assert len(BatchSampler(range(7), 3, drop_last=True)) == 2


def test_processes_share_the_data_out():
    parts = [DistributedSampler(range(10), 4, rank, seed=1) for rank in range(4)]
    orders = [list(part) for part in parts]
    assert [len(order) for order in orders] == [3] * 4 == [len(part) for part in parts]
    assert set().union(*orders) == set(range(10))
    dropped = [i for r in range(4) for i in DistributedSampler(range(10), 4, r, drop_last=True)]
    assert len(dropped) == len(set(dropped)) == 8
    assert list(DistributedSampler(range(5), 2, 1, shuffle=False)) == [1, 3, 0]
    parts[0].set_epoch(1)
    assert list(parts[0]) != orders[0]
    assert list(DistributedSampler(range(3), shuffle=False)) == [0, 1, 2]


@pytest.mark.parametrize(
    ("make", "kind", "message"),
    [
        (lambda: RandomSampler([]), ValueError, "num_samples=0: the data set is empty"),
        (lambda: RandomSampler([1], num_samples=-1), ValueError, "num_samples=-1"),
        (lambda: RandomSampler([1], replacement=1), TypeError, "replacement=1"),
        (lambda: WeightedRandomSampler([1.0], 0), ValueError, "num_samples=0"),
        (lambda: WeightedRandomSampler([[1.0]], 1), ValueError, r"shape \(1, 1\)"),
        (lambda: BatchSampler([1], 0, drop_last=False), ValueError, "batch_size=0"),
        (lambda: BatchSampler([1], True, drop_last=False), ValueError, "batch_size=True"),
        (lambda: BatchSampler([1], 1, drop_last=None), ValueError, "drop_last=None"),
        (lambda: DistributedSampler([1], 2, 2), ValueError, "Invalid rank 2"),
        (lambda: iter(Sampler()), NotImplementedError, "__iter__"),
    ],
)
def test_wrong_arguments(make, kind, message):
    with pytest.raises(kind, match=message):
        make()
