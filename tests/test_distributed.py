"""The group of one process, and processes started by `spawn`."""

import os

import pytest

import tinygrad_lite as torch
import tinygrad_lite.distributed as dist
import tinygrad_lite.multiprocessing as mp
from tinygrad_lite.nn.parallel import DistributedDataParallel


@pytest.fixture
def group(monkeypatch):
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    monkeypatch.delenv("RANK", raising=False)
    dist.init_process_group("gloo", rank=0, world_size=1)
    yield
    if dist.is_initialized():
        dist.destroy_process_group()


def test_a_group_of_one_is_rank_0_of_1(group):
    assert dist.is_available()
    assert dist.is_initialized()
    assert (dist.get_rank(), dist.get_world_size(), dist.get_backend()) == (0, 1, "gloo")
    dist.destroy_process_group()
    assert not dist.is_initialized()


def test_collective_operations_have_nothing_to_exchange(group):
    x, y = torch.tensor([1.0, 2.0]), torch.zeros(2)
    for call in (dist.all_reduce, dist.broadcast, dist.reduce):
        call(
            x,
            **({} if call is dist.all_reduce else {"src" if call is dist.broadcast else "dst": 0}),
        )
    assert dist.all_reduce(x, op=dist.ReduceOp.AVG, async_op=True).wait()
    dist.barrier()
    assert x.tolist() == [1.0, 2.0]
    dist.all_gather([y], x)
    assert y.tolist() == [1.0, 2.0]
    dist.scatter(y, [torch.tensor([5.0, 6.0])], src=0)
    assert y.tolist() == [5.0, 6.0]
    with pytest.raises(ValueError, match="2 places"):
        dist.all_gather([y, y], x)
    with pytest.raises(ValueError, match="rank 3"):
        dist.broadcast(x, src=3)


def test_a_second_group_and_none_are_errors(group):
    with pytest.raises(ValueError, match="twice"):
        dist.init_process_group("gloo")
    dist.destroy_process_group()
    with pytest.raises(ValueError, match="has not been initialized"):
        dist.get_rank()


def test_more_processes_are_refused(monkeypatch):
    with pytest.raises(NotImplementedError, match="world_size is 2"):
        dist.init_process_group("nccl", world_size=2, rank=0)
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("RANK", "3")
    with pytest.raises(NotImplementedError, match=r"world_size is 4 \(rank 3\)"):
        dist.init_process_group("gloo")


def test_the_wrapped_model_trains(group):
    model = DistributedDataParallel(torch.nn.Linear(3, 1))
    model(torch.ones(2, 3)).sum().backward()
    assert model.module.weight.grad.tolist() == [[2.0, 2.0, 2.0]]
    assert list(model.state_dict()) == ["module.weight", "module.bias"]


def write(index, folder, text):
    (folder / f"{index}.txt").write_text(f"{text} {index} {os.getpid()}")


def fail(index):
    if index == 1:
        raise ValueError("the second one fails")


def test_spawn_runs_the_function_in_processes(tmp_path):
    mp.spawn(write, args=(tmp_path, "from"), nprocs=2, start_method="fork")
    texts = sorted(path.read_text().split() for path in tmp_path.iterdir())
    assert [text[1] for text in texts] == ["0", "1"]
    assert len({text[2] for text in texts} | {str(os.getpid())}) == 3


def test_spawn_tells_what_failed():
    with pytest.raises(mp.ProcessRaisedException, match="the second one fails"):
        mp.spawn(fail, nprocs=2, start_method="fork")
