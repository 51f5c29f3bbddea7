"""The loader in one process: batches, collating, and whole rows at once."""

from __future__ import annotations

from collections import OrderedDict, namedtuple

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    default_collate,
    default_convert,
)

Point = namedtuple("Point", ["x", "y"])


class Squares(Dataset):
    def __len__(self):
        return 7

    def __getitem__(self, index):
        return index, float(index) ** 2


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(7))


def rows(n=10):
    x = tgl.tensor(np.arange(2.0 * n).reshape(n, 2))
    return TensorDataset(x, tgl.tensor(np.arange(n)))


@pytest.mark.parametrize("drop_last", [False, True])
def test_batches_in_order(drop_last):
    loader = DataLoader(Squares(), batch_size=3, drop_last=drop_last)
    batches = list(loader)
    assert len(batches) == len(loader) == len(iter(loader)) == (2 if drop_last else 3)
    numbers, squares = batches[1]
    assert numbers.tolist() == [3, 4, 5]
    assert numbers.dtype == tgl.int64
    assert squares.tolist() == [9.0, 16.0, 25.0]
    assert squares.dtype == tgl.float64


def test_shuffling_differs_between_epochs_and_repeats_with_the_generator():
    def two_epochs(data):
        loader = DataLoader(data, 4, shuffle=True, generator=tgl.Generator().manual_seed(2))
        return [[i for batch in loader for i in batch[-1].tolist()] for _ in range(2)]

    first, second = two_epochs(rows())
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second
    assert two_epochs(rows()) == [first, second]
    assert two_epochs(Slow(rows())) == [first, second]


class Slow(Dataset):
    """The same samples, one by one."""

    def __init__(self, data):
        self.data = data

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        return self.data[index]


@pytest.mark.parametrize(
    "options",
    [
        {"batch_size": 3},
        {"batch_size": 3, "drop_last": True},
        {"batch_size": 4, "shuffle": True},
        {"batch_size": 2, "sampler": [4, 1, 1, 9, 0]},
        {"batch_sampler": [[0, 3], [5], [9, 9, 2]]},
        {"batch_size": None},
        {"batch_size": None, "sampler": [3, 1]},
    ],
    ids=str,
)
def test_whole_rows_are_what_single_samples_collate_to(options):
    def batches(data):
        return list(DataLoader(data, generator=tgl.Generator().manual_seed(1), **options))

    for data in (rows(), Subset(rows(20), list(range(5, 15)))):
        fast, slow = batches(data), batches(Slow(data))
        assert len(fast) == len(slow) > 0
        for got, wanted in zip(fast, slow, strict=True):
            assert type(got) is type(wanted)
            for a, b in zip(got, wanted, strict=True):
                assert a.dtype == b.dtype
                assert a.tolist() == b.tolist()


def test_arrays_and_tensors_are_data_sets_too():
    array = np.arange(12, dtype="float32").reshape(6, 2)
    for data in (array, tgl.tensor(array), list(array)):
        batch = next(iter(DataLoader(data, batch_size=4)))
        assert batch.dtype == tgl.float32
        assert batch.tolist() == array[:4].tolist()


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_batch_is_a_copy(shuffle):
    data = rows()
    before = data.tensors[0].tolist()
    for x, _ in DataLoader(data, 5, shuffle=shuffle):
        x.add_(100.0)
    assert data.tensors[0].tolist() == before


def test_rows_of_tensors_that_want_a_gradient_keep_their_history():
    x = tgl.tensor([[1.0], [2.0], [3.0]], requires_grad=True)
    for (batch,) in DataLoader(TensorDataset(x), batch_size=2):
        batch.sum().backward()
    assert x.grad.tolist() == [[1.0], [1.0], [1.0]]


def test_streams():
    assert [b.tolist() for b in DataLoader(Stream(), 3)] == [[0, 1, 2], [3, 4, 5], [6]]
    assert [b.tolist() for b in DataLoader(Stream(), 3, drop_last=True)] == [[0, 1, 2], [3, 4, 5]]
    assert list(DataLoader(Stream(), batch_size=None)) == list(range(7))
    with pytest.raises(TypeError):
        len(DataLoader(Stream(), 3))


def test_own_collate_function_and_own_sampler():
    loader = DataLoader(Squares(), batch_size=3, collate_fn=lambda samples: samples)
    assert next(iter(loader)) == [(0, 0.0), (1, 1.0), (2, 4.0)]

    class Backwards(SequentialSampler):
        def __iter__(self):
            return iter(range(len(self.data_source) - 1, -1, -1))

    loader = DataLoader(rows(5), batch_size=2, sampler=Backwards(range(5)))
    assert [b[1].tolist() for b in loader] == [[4, 3], [2, 1], [0]]
    assert len(DataLoader(rows(5), sampler=SubsetRandomSampler([1, 4]))) == 2
    loader = DataLoader(rows(5), batch_sampler=BatchSampler([0, 2, 4], 2, drop_last=False))
    assert [b[1].tolist() for b in loader] == [[0, 2], [4]]
    assert len(loader) == 2


def test_many_samples_at_once():
    class Bulk(Squares):
        def __getitems__(self, indices):
            return [(-i, 0.0) for i in indices]

    assert next(iter(DataLoader(Bulk(), batch_size=3)))[0].tolist() == [0, -1, -2]


def test_collating_nested_samples():
    samples = [
        {"image": np.ones((2, 2), "float32") * i, "name": f"n{i}", "box": (i, [i, 0.5]), "ok": True}
        for i in range(3)
    ]
    batch = default_collate(samples)
    assert batch["image"].shape == (3, 2, 2)
    assert batch["image"].dtype == tgl.float32
    assert batch["name"] == ["n0", "n1", "n2"]
    assert batch["box"][0].tolist() == [0, 1, 2]
    assert batch["box"][1][1].tolist() == [0.5] * 3
    assert batch["ok"].dtype == tgl.bool
    point = default_collate([Point(1, 2.0), Point(3, 4.0)])
    assert isinstance(point, Point)
    assert point.x.tolist() == [1, 3]
    ordered = default_collate([OrderedDict(a=1), OrderedDict(a=2)])
    assert type(ordered) is OrderedDict
    scalars = default_collate([np.float32(1), np.float32(2)])
    assert scalars.dtype == tgl.float32
    assert default_collate([b"x", b"y"]) == [b"x", b"y"]
    assert [c.tolist() for c in default_collate([range(2), range(2)])] == [[0, 0], [1, 1]]


def test_converting_single_samples():
    sample = default_convert({"a": np.zeros(2), "b": ("text", 3), "c": [np.float64(1.5)]})
    assert isinstance(sample["a"], tgl.Tensor)
    assert sample["b"] == ["text", 3]
    assert sample["c"][0].item() == 1.5


@pytest.mark.parametrize(
    ("batch", "kind", "message"),
    [
        ([None], TypeError, "batch must contain tensors.*NoneType"),
        (
            [np.zeros(3), np.zeros(4)],
            RuntimeError,
            r"equal size.*\[3\] at entry 0.*\[4\] at entry 1",
        ),
        ([[1, 2], [1]], RuntimeError, "sample 0 has 2 elements, sample 1 has 1"),
        ([np.array(["a"])], TypeError, "array of dtype"),
    ],
)
def test_samples_that_do_not_fit(batch, kind, message):
    with pytest.raises(kind, match=message):
        default_collate(batch)


def test_an_error_names_the_sample():
    class Broken(Squares):
        def __getitem__(self, index):
            return {}["label"] if index == 4 else index

    with pytest.raises(KeyError) as caught:
        list(DataLoader(Broken(), batch_size=3))
    assert caught.value.__notes__ == ["while reading sample 4 of Broken"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_workers": -1}, "should be non-negative"),
        ({"timeout": -1}, "timeout option"),
        ({"prefetch_factor": 2}, "prefetch_factor option"),
        ({"num_workers": 1, "prefetch_factor": 0}, "prefetch_factor option"),
        ({"persistent_workers": True}, "persistent_workers option"),
        ({"sampler": [1], "shuffle": True}, "mutually exclusive with shuffle"),
        ({"batch_sampler": [[1]], "batch_size": 2}, "mutually exclusive with batch_size"),
        ({"batch_sampler": [[1]], "drop_last": True}, "mutually exclusive with batch_size"),
        ({"batch_size": None, "drop_last": True}, "disables auto-batching"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_options_that_exclude_each_other(options, message):
    with pytest.raises(ValueError, match=message):
        DataLoader(Squares(), **options)


@pytest.mark.parametrize("name", ["shuffle", "sampler", "batch_sampler"])
def test_a_stream_decides_its_own_order(name):
    with pytest.raises(ValueError, match=f"expected unspecified {name} option"):
        DataLoader(Stream(), **{name: True})


def test_what_is_fixed_after_construction():
    loader = DataLoader(Squares(), batch_size=3, pin_memory=True)
    assert (loader.batch_size, loader.num_workers, loader.drop_last) == (3, 0, False)
    assert loader.dataset[2] == (2, 4.0)
    with pytest.raises(ValueError, match="batch_size attribute should not be set"):
        loader.batch_size = 4
    loader.timeout = 3
