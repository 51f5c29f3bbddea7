"""A training that was broken off goes on as if it had not been, bit for bit."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn, optim
from tinygrad_lite.serialization import (
    Checkpoint,
    DeterminismWarning,
    Pretrained,
    from_pretrained,
    receipt,
    save_pretrained,
    weights_hash,
)
from tinygrad_lite.utils.data import DataLoader

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SETTINGS = [
    "plain", "momentum", "amsgrad", "adagrad", "rmsprop", "radam", "groups", "generator",
    "augmented", "workers", "persistent", "weighted", "subset", "batches", "recurrent", "double",
    "accumulation", "lbfgs", "averaged", "stream", "normed", "attention",
]  # fmt: skip


def run(*args):
    result = subprocess.run(
        [sys.executable, str(HERE / "train.py"), *map(str, args)],
        capture_output=True, text=True, cwd=ROOT, check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize(
    "stop",
    [8, *[pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, 6, 12, 13)]],
    ids=lambda n: f"after {n}",
)
def test_resuming_in_a_new_process_gives_the_same_bits(tmp_path, stop):
    """Model, optimizer, schedule and streams, in mid-epoch and at its end; twenty-two settings."""
    found = json.loads(run("compare", tmp_path, stop, *SETTINGS))
    assert list(found) == SETTINGS
    different = [setting for setting, (whole, broken) in found.items() if whole != broken]
    assert different == []


def test_a_process_that_starts_from_nothing_gives_the_same_bits(tmp_path):
    whole = run(tmp_path / "a", "generator", 0)
    assert run(tmp_path / "b", "generator", 8) == ""
    assert run(tmp_path / "b", "generator", 0) == whole


@pytest.mark.parametrize(
    "kills", [5, pytest.param(50, marks=pytest.mark.slow)], ids=["tenth", "full"]
)
def test_a_training_killed_again_and_again_ends_with_the_same_bits(tmp_path, kills):
    found = json.loads(run("kill", tmp_path, kills, "augmented"))
    assert found["results"][0] == found["results"][1]
    assert found["struck"] > 0
    assert found["left"] == []


def training(folder, **options):
    torch.manual_seed(0)
    model = nn.Linear(3, 1)
    optimizer = optim.Adam(model.parameters())
    loader = DataLoader(torch.arange(24.0).reshape(8, 3), batch_size=2, shuffle=True)
    return Checkpoint(folder, model=model, optimizer=optimizer, **options), model, optimizer, loader


def train(run, model, optimizer, loader, epochs=2):
    for _ in run.epochs(epochs):
        for x in run.batches(loader):
            optimizer.zero_grad()
            model(x).square().mean().backward()
            optimizer.step()


def test_the_newest_files_are_kept(tmp_path):
    run, *rest = training(tmp_path, keep=2, every=1)
    train(run, *rest)
    assert [path.name for path in tmp_path.iterdir() if path not in run.files()] == []
    assert [path.name for path in run.files()] == [f"step-{n:08d}.safetensors" for n in (7, 8)]


def test_a_damaged_checkpoint_is_named_and_the_one_before_it_taken(tmp_path):
    run, *rest = training(tmp_path, every=1)
    train(run, *rest)
    newest = run.files()[-1]
    content = bytearray(newest.read_bytes())
    content[-1] ^= 1  # of the tensors: in the header it may break the JSON first
    newest.write_bytes(content)
    again, *_ = training(tmp_path)
    with pytest.warns(UserWarning, match=r"step-00000008\.safetensors was altered.*before it"):
        assert again.resume()
    assert again.step == 7


def test_a_save_after_the_batches_counts_the_epoch_as_done(tmp_path):
    run, *_, loader = training(tmp_path)
    for _ in run.epochs(1):
        for _ in run.batches(loader):
            pass
        run.save()
    again, *_ = training(tmp_path)
    assert again.resume()
    assert (again.epoch, again.step, list(again.epochs(1))) == (1, 4, [])


def test_another_loader_is_told(tmp_path):
    run, *rest = training(tmp_path, every=3)
    train(run, *rest)
    again, model, optimizer, _ = training(tmp_path)
    assert again.resume()
    with pytest.raises(RuntimeError, match="only 1: has the data set or the batch size changed"):
        train(again, model, optimizer, DataLoader(torch.ones(2, 3), batch_size=2))


def test_wrong_uses_say_what_to_write(tmp_path):
    with pytest.raises(TypeError, match="state_dict"):
        Checkpoint(tmp_path, model=[1])
    with pytest.raises(ValueError, match="keep must be a positive whole number, got 0"):
        Checkpoint(tmp_path, keep=0)
    with pytest.raises(ValueError, match="receipt is taken"):
        Checkpoint(tmp_path, receipt=nn.Linear(1, 1))
    run, model, optimizer, loader = training(tmp_path)
    train(run, model, optimizer, loader, epochs=1)
    run.save()
    other = Checkpoint(tmp_path, net=model)
    with pytest.raises(RuntimeError, match="missing: net"):
        other.resume()


def test_other_conditions_are_named(tmp_path, monkeypatch):
    run, *rest = training(tmp_path, every=1)
    train(run, *rest, epochs=1)
    again, *_ = training(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert again.resume()
    monkeypatch.setenv("OPENBLAS_NUM_THREADS", "77")
    with pytest.warns(DeterminismWarning, match="threads was .*, is OPENBLAS_NUM_THREADS=77"):
        assert again.resume()


def test_the_receipt_knows_the_weights():
    model = nn.Linear(2, 2)
    before = receipt(model.state_dict())
    assert before["weights"] == weights_hash(model.state_dict())
    with torch.no_grad():
        model.weight[0, 0] += 1
    assert weights_hash(model.state_dict()) != before["weights"]


class Net(nn.Module, Pretrained):
    def __init__(self, width, depth=1, **more):
        super().__init__()
        self.more = more
        self.layers = nn.ModuleList([nn.Linear(width, width) for _ in range(depth)])


class Wide(Net):
    def __init__(self, scale=2):
        super().__init__(width=3 * scale)


def test_a_folder_holds_a_model(tmp_path):
    for name, model in {"net": Net(3, depth=2, kind="x"), "wide": Wide(scale=1)}.items():
        model.save_pretrained(tmp_path / name)
        found = type(model).from_pretrained(tmp_path / name)
        assert not found.training
        assert found.config == model.config
        assert weights_hash(found.state_dict()) == weights_hash(model.state_dict())
    assert sorted(p.name for p in (tmp_path / "net").iterdir()) == [
        "config.json", "model.safetensors",
    ]  # fmt: skip
    save_pretrained(nn.Linear(2, 3), tmp_path / "l", {"in_features": 2, "out_features": 3, "x": 1})
    assert from_pretrained(nn.Linear, tmp_path / "l").weight.shape == (3, 2)
    with pytest.raises(FileNotFoundError, match="local folders"):
        from_pretrained(nn.Linear, tmp_path / "nowhere")
    with pytest.raises(TypeError, match=r"config\.json"):
        save_pretrained(nn.Linear(2, 3), tmp_path / "bad", {"f": print})
