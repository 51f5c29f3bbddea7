"""The loader with workers: the same batches, their random streams, and how they fail."""

from __future__ import annotations

import faulthandler
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

import tinygrad_lite as tgl
from tinygrad_lite.utils.data import DataLoader, Dataset, IterableDataset, get_worker_info

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="local data sets need fork")


class Numbers(Dataset):
    def __init__(self, n=20, trouble=None):
        self.n, self.trouble = n, trouble

    def __len__(self):
        return self.n

    def __getitem__(self, index):
        if index == 7 and self.trouble:
            self.trouble()
        return index, np.full(3, index, "float32")


class Draws(Dataset):
    """What a worker draws from each stream."""

    def __len__(self):
        return 8

    def __getitem__(self, index):
        return random.random(), np.random.rand(), tgl.rand(()).item(), get_worker_info().id


class Stream(IterableDataset):
    def __iter__(self):
        info = get_worker_info()
        return iter(range(info.id, 17, info.num_workers))


@pytest.fixture(autouse=True)
def no_orphans():
    yield
    assert multiprocessing.active_children() == []


def flat(loader):
    return [(batch[0].tolist(), batch[1].tolist()) for batch in loader]


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_the_same_batches_in_the_same_order(workers):
    def epochs(**options):
        generator = tgl.Generator().manual_seed(4)
        loader = DataLoader(Numbers(), 3, shuffle=True, generator=generator, **options)
        return [flat(loader), flat(loader)]

    assert epochs(num_workers=workers) == epochs()


def test_what_arrives_can_be_written_to():
    for _, array in DataLoader(Numbers(), 3, num_workers=2):
        array.add_(1.0)
        assert array.dtype == tgl.float32


def test_any_order_brings_everything():
    loader = DataLoader(Numbers(), 3, num_workers=2, in_order=False)
    assert sorted(i for batch, _ in flat(loader) for i in batch) == list(range(20))


def test_streams_are_shared_out_by_worker():
    batches = [b.tolist() for b in DataLoader(Stream(), 3, num_workers=2)]
    assert batches[:2] == [[0, 2, 4], [1, 3, 5]]
    assert sorted(i for batch in batches for i in batch) == list(range(17))


def test_streams_of_random_numbers_differ_and_repeat():
    def draw(seed, **options):
        loader = DataLoader(
            Draws(), 2, num_workers=2, generator=tgl.Generator().manual_seed(seed), **options
        )
        return [[b.tolist() for b in batch] for _ in range(2) for batch in loader]

    first = draw(1)
    for stream in range(3):
        numbers = [x for batch in first for x in batch[stream]]
        assert len(set(numbers)) == len(numbers) == 16
    assert draw(1) == first
    assert draw(2)[0][0] != first[0][0]
    assert {i for batch in first for i in batch[3]} == {0, 1}


def test_workers_that_stay_draw_anew_and_keep_their_memory():
    starts = multiprocessing.Value("i", 0)

    def init(_):
        with starts.get_lock():
            starts.value += 1

    loader = DataLoader(Draws(), 4, num_workers=2, persistent_workers=True, worker_init_fn=init)
    epochs = [[b[0].tolist() for b in loader] for _ in range(3)]
    assert starts.value == 2
    assert epochs[0] != epochs[1] != epochs[2]
    for _ in loader:
        break  # an epoch left half way ends them
    assert len(list(loader)) == 2
    assert starts.value == 4
    loader._workers.close()


def test_info_in_the_worker_and_none_outside():
    class Who(Numbers):
        def __getitem__(self, index):
            info = get_worker_info()
            return info.id, info.num_workers, len(info.dataset), info.seed

    batches = list(DataLoader(Who(4), 1, num_workers=2))
    assert [[b.item() for b in batch[:3]] for batch in batches] == [[0, 2, 4], [1, 2, 4]] * 2
    assert batches[1][3].item() == batches[0][3].item() + 1
    assert get_worker_info() is None


def test_rows_of_tensors_need_no_process(monkeypatch):
    monkeypatch.setattr("tinygrad_lite.utils.data.dataloader.Workers", None)
    data = tgl.utils.data.TensorDataset(tgl.tensor(np.arange(6)))
    assert [b[0].tolist() for b in DataLoader(data, 4, num_workers=2)] == [[0, 1, 2, 3], [4, 5]]


class Odd(Exception):
    def __init__(self, one, two):
        super().__init__(lambda: None)


def raise_(error):
    raise error


def crash():
    faulthandler.disable()  # else the child writes the test runner's stack
    os.kill(os.getpid(), signal.SIGSEGV)


@pytest.mark.parametrize(
    ("trouble", "kind", "message"),
    [
        (lambda: os.kill(os.getpid(), signal.SIGKILL), RuntimeError, "SIGKILL.*samples 6, 7"),
        (crash, RuntimeError, "SIGSEGV.*samples 6, 7"),
        (lambda: os._exit(3), RuntimeError, "worker 1 exited with code 3.*samples 6, 7"),
        (lambda: sys.exit(2), RuntimeError, "SystemExit in DataLoader worker process 1"),
        (
            lambda: raise_(ValueError("odd label")),
            ValueError,
            r"(?s)process 1.*ValueError: odd label",
        ),
        (lambda: raise_(KeyError("odd key")), KeyError, r"(?s)samples 6, 7\..*odd key"),
        (lambda: raise_(OSError(2, "gone", "a.png")), OSError, "(?s)gone.*a.png"),
        (lambda: raise_(Odd(1, 2)), RuntimeError, "Caught Odd.*sample"),
    ],
    ids=["killed", "segfault", "_exit", "exit", "ValueError", "KeyError", "OSError", "unpicklable"],
)
def test_a_failing_worker_is_one_clear_error(trouble, kind, message):
    start = time.monotonic()
    with pytest.raises(kind, match=message) as caught:
        list(DataLoader(Numbers(trouble=trouble), 2, num_workers=2))
    assert isinstance(caught.value, RuntimeError)
    assert time.monotonic() - start < 5


def test_the_failing_sample_is_named():
    with pytest.raises(ValueError, match="while reading sample 7 of Numbers"):
        list(DataLoader(Numbers(trouble=lambda: raise_(ValueError())), 2, num_workers=2))


def test_a_worker_that_hangs():
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=r"timed out after 0.5 seconds: worker 1 .*samples 6, 7"):
        list(DataLoader(Numbers(trouble=lambda: time.sleep(60)), 2, num_workers=2, timeout=0.5))
    assert time.monotonic() - start < 5


def test_a_batch_that_cannot_be_sent():
    with pytest.raises(Exception, match="cannot be sent to the main process"):
        list(DataLoader([lambda: 0], collate_fn=list, num_workers=1))


def test_a_failing_start():
    def init(worker):
        raise_(ValueError(f"no disk for {worker}"))

    with pytest.raises(ValueError, match="no disk for 0"):
        list(DataLoader(Numbers(), num_workers=1, worker_init_fn=init))


def test_large_batches_and_large_tasks_do_not_block():
    class Big(Numbers):
        def __getitem__(self, index):
            return np.full(40_000, index)

    loader = DataLoader(Big(400), batch_size=50, num_workers=2, prefetch_factor=4)
    assert [b.shape[0] for b in loader] == [50] * 8
    loader = DataLoader(Numbers(60_000), batch_size=20_000, num_workers=1, collate_fn=len)
    assert list(loader) == [20_000] * 3


SCRIPT = """
import time
import numpy as np
from tinygrad_lite.utils.data import DataLoader, Dataset

class Slow(Dataset):
    def __len__(self):
        return 100_000
    def __getitem__(self, index):
        time.sleep(0.001)
        return index

for number, batch in enumerate(DataLoader(Slow(), 8, num_workers=2)):
    if number == 1:
        print("going", flush=True)
"""


def hear_interrupts():
    """Processes of a shell's background jobs start with Ctrl-C ignored."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_everything_at_once():
    command = [sys.executable, "-c", SCRIPT]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdout=pipe, stderr=pipe, text=True, start_new_session=True,
        preexec_fn=hear_interrupts,
    ) as running:  # fmt: skip
        assert running.stdout.readline() == "going\n"
        os.killpg(running.pid, signal.SIGINT)
        _, errors = running.communicate(timeout=20)
    assert running.returncode == -signal.SIGINT
    assert errors.count("Traceback") == 1
    assert len(errors.splitlines()) <= 15
    with pytest.raises(ProcessLookupError):  # nobody of the group is left
        os.killpg(running.pid, 0)
