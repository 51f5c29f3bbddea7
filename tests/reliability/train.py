"""Train in one of several settings, stop after so many batches, print a hash of all that counts.

    python tests/reliability/train.py FOLDER SETTING STOP [EVERY]
    python tests/reliability/train.py compare FOLDER STOP SETTING...
    python tests/reliability/train.py kill FOLDER KILLS SETTING

STOP is a number of batches (0: to the end). A run that finds a checkpoint in the folder goes on
from it. `compare` runs each setting whole, and in two processes with a break between them; `kill`
ends a training again and again, starts it once more each time, and counts.
"""

import json
import os
import random
import signal
import sys
import time
import warnings
from pathlib import Path

import numpy as np

import tinygrad_lite as torch
from tinygrad_lite import nn, optim
from tinygrad_lite.nn import functional as F
from tinygrad_lite.serialization import Checkpoint, weights_hash
from tinygrad_lite.utils.data import (
    DataLoader,
    Dataset,
    IterableDataset,
    Subset,
    TensorDataset,
    get_worker_info,
    random_split,
)
from tinygrad_lite.utils.data.sampler import (
    BatchSampler,
    RandomSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)  # fmt: skip

EPOCHS, SAMPLES, BATCH = 3, 22, 4


class Noisy(Dataset):
    """Samples with augmentation from all three sources of random numbers."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        noise = torch.randn(6) * 0.1 + random.random() * 0.01 + float(np.random.rand()) * 0.01
        return self.x[i] + noise, self.y[i]


def parts(setting):
    """Model, optimizer, schedule and loader of a setting."""
    x = torch.randn(SAMPLES, 6, generator=torch.Generator().manual_seed(1))
    y = (x.sum(1) > 0).long()
    data = TensorDataset(x, y)
    model = nn.Sequential(
        nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 2)
    )
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    schedule = optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    loader = DataLoader(data, BATCH, shuffle=True)
    if setting == "momentum":
        optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, nesterov=True)
        schedule = optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 2)
    elif setting == "amsgrad":
        optimizer = optim.AdamW(model.parameters(), lr=0.01, amsgrad=True)
        schedule = optim.lr_scheduler.OneCycleLR(optimizer, 0.1, total_steps=EPOCHS)
    elif setting == "adagrad":
        optimizer = optim.Adagrad(model.parameters(), lr=0.1)
        schedule = optim.lr_scheduler.MultiStepLR(optimizer, [1, 2])
    elif setting == "rmsprop":
        optimizer = optim.RMSprop(model.parameters(), lr=0.01, centered=True, momentum=0.5)
        schedule = optim.lr_scheduler.SequentialLR(
            optimizer,
            [
                optim.lr_scheduler.LinearLR(optimizer, total_iters=1),
                optim.lr_scheduler.ExponentialLR(optimizer, 0.9),
            ],
            milestones=[1],
        )
    elif setting == "radam":
        optimizer = optim.RAdam(model.parameters())
        schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 0.9**epoch)
    elif setting == "groups":
        optimizer = optim.NAdam(
            [{"params": model[0].parameters(), "lr": 0.1}, {"params": model[4].parameters()}]
        )
        schedule = optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0)
    elif setting == "generator":
        loader = DataLoader(data, BATCH, shuffle=True, generator=torch.Generator().manual_seed(7))
    elif setting == "augmented":
        loader = DataLoader(Noisy(x, y), BATCH, shuffle=True)
    elif setting == "workers":
        loader = DataLoader(Noisy(x, y), BATCH, shuffle=True, num_workers=2)
    elif setting == "persistent":
        loader = DataLoader(
            Noisy(x, y), BATCH, shuffle=True, num_workers=2, persistent_workers=True
        )
    elif setting == "weighted":
        loader = DataLoader(data, BATCH, sampler=WeightedRandomSampler(torch.rand(SAMPLES), 30))
    elif setting == "subset":
        part = random_split(data, [18, 4])[0]
        loader = DataLoader(part, BATCH, sampler=SubsetRandomSampler(range(3, 15)))
    elif setting == "batches":
        sampler = BatchSampler(RandomSampler(data, replacement=True), BATCH, drop_last=True)
        loader = DataLoader(Subset(data, range(SAMPLES)), batch_sampler=sampler)
    elif setting == "recurrent":
        model = nn.Sequential(
            nn.Unflatten(1, (2, 3)), Last(nn.LSTM(3, 4, 2, dropout=0.2)), nn.Linear(4, 2)
        )
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        schedule = optim.lr_scheduler.PolynomialLR(optimizer, EPOCHS)
    elif setting == "accumulation":  # a step after three batches: a break may fall between them
        optimizer = optim.Adadelta(model.parameters())
        schedule = optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    elif setting == "lbfgs":
        optimizer = optim.LBFGS(
            model.parameters(), lr=0.1, max_iter=3, line_search_fn="strong_wolfe"
        )
        schedule = optim.lr_scheduler.LinearLR(optimizer, total_iters=2)
    elif setting == "averaged":
        optimizer = optim.ASGD(model.parameters(), lr=0.01, t0=2)
        schedule = optim.swa_utils.SWALR(optimizer, swa_lr=0.05, anneal_epochs=2)
    elif setting == "stream":
        optimizer = optim.Adamax(model.parameters())
        schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (1 + epoch))
        loader = DataLoader(Stream(x, y), BATCH, num_workers=2)
    elif setting == "normed":
        parametrizations = nn.utils.parametrizations
        model = nn.Sequential(
            nn.Unflatten(1, (1, 2, 3)), parametrizations.weight_norm(nn.Conv2d(1, 4, 2)),
            nn.BatchNorm2d(4, momentum=None), nn.Dropout2d(0.2), nn.RReLU(), nn.Flatten(),
            parametrizations.spectral_norm(nn.Linear(8, 2)),
        )  # fmt: skip
        optimizer = optim.Rprop(model.parameters(), lr=0.01)
        schedule = optim.lr_scheduler.ChainedScheduler(
            [
                optim.lr_scheduler.ConstantLR(optimizer, 0.5, 2),
                optim.lr_scheduler.MultiplicativeLR(optimizer, lambda epoch: 0.9),
            ],
            optimizer,
        )
    elif setting == "attention":
        layer = nn.TransformerEncoderLayer(4, 2, 8, batch_first=True)
        model = nn.Sequential(
            nn.Unflatten(1, (3, 2)), nn.Linear(2, 4), nn.TransformerEncoder(layer, 2),
            nn.Flatten(), nn.Linear(12, 2),
        )  # fmt: skip
        optimizer = optim.AdamW(model.parameters(), lr=0.01)
        schedule = optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    elif setting == "double":
        model = model.double()
        optimizer = optim.Adam(model.parameters(), lr=0.01)
        schedule = optim.lr_scheduler.CyclicLR(optimizer, 0.001, 0.01, cycle_momentum=False)
        loader = DataLoader(TensorDataset(x.double(), y), BATCH, shuffle=True)
    return model, optimizer, schedule, loader


class Stream(IterableDataset):
    """Noisy samples, every worker its share of them."""

    def __init__(self, x, y):
        self.data = Noisy(x, y)

    def __iter__(self):
        info = get_worker_info()
        return (self.data[i] for i in range(info.id, SAMPLES, info.num_workers))


class Last(nn.Module):
    """The last output of a recurrent layer."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x.transpose(0, 1))[0][-1]


SETTINGS = [
    "plain", "momentum", "amsgrad", "adagrad", "rmsprop", "radam", "groups", "generator",
    "augmented", "workers", "persistent", "weighted", "subset", "batches", "recurrent", "double",
    "accumulation", "lbfgs", "averaged", "stream", "normed", "attention",
]  # fmt: skip


def learn(setting, number, optimizer, loss_of):
    """Use a batch in the way of the setting."""
    if setting == "accumulation":
        loss_of().backward()
        if number % 3 == 0:
            optimizer.step()
            optimizer.zero_grad()
        return

    def closure():
        optimizer.zero_grad()
        loss = loss_of()
        loss.backward()
        return loss

    if setting == "lbfgs":
        optimizer.step(closure)
    else:
        closure()
        optimizer.step()


def main(folder, setting, stop, every=None):
    warnings.simplefilter("error")
    torch.manual_seed(3)
    random.seed(3)
    np.random.seed(3)
    model, optimizer, schedule, loader = parts(setting)
    run = Checkpoint(
        folder, model=model, optimizer=optimizer, schedule=schedule, keep=2,
        every=int(every) if every else None,
    )  # fmt: skip
    run.resume()
    for _ in run.epochs(EPOCHS):
        for x, y in run.batches(loader):
            learn(setting, run.step, optimizer, lambda x=x, y=y: F.cross_entropy(model(x), y))
            if run.step == int(stop):
                run.save()
                return
        plateau = isinstance(schedule, optim.lr_scheduler.ReduceLROnPlateau)
        schedule.step(*[1.0] if plateau else [])
        torch.rand(3)  # what comes between epochs draws numbers too
    streams = run.streams.state()
    rest = {"streams": [streams["default"], *streams["generators"]]}
    everything = [
        model.state_dict(), optimizer.state_dict(), rest,
        torch.tensor([group["lr"] for group in optimizer.param_groups], dtype=torch.float64),
    ]  # fmt: skip
    print(run.step, weights_hash(everything), random.random(), np.random.rand())


def start(folder, *args):
    """Train in a process of its own, which leaves what it prints in a file."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with (Path(folder) / "result.txt").open("w") as sys.stdout:
            main(folder, *args)
        code = 0
    finally:
        os._exit(code)


def outcome(child, folder):
    """What a process printed, once it has ended."""
    assert os.waitpid(child, 0)[1] == 0, folder
    return (Path(folder) / "result.txt").read_text()


def compare(folder, stop, *settings):
    """For each setting the result of a whole run and of an interrupted one."""
    results = {}
    for setting in settings:
        whole, broken = f"{folder}/{setting}-whole", f"{folder}/{setting}-broken"
        first = outcome(start(whole, setting, 0), whole)
        outcome(start(broken, setting, stop), broken)
        results[setting] = [first, outcome(start(broken, setting, 0), broken)]
    print(json.dumps(results))


def kill(folder, kills, setting):
    """The result of a whole run, and of one killed again and again."""
    whole, broken = f"{folder}/whole", f"{folder}/broken"
    began = time.perf_counter()
    first = outcome(start(whole, setting, 0, 1), whole)
    longest = time.perf_counter() - began
    rng, struck = random.Random(0), 0
    # Early ones first: what has once come to its end is not struck again.
    for moment in sorted(rng.uniform(0, longest) for _ in range(int(kills))):
        child = start(broken, setting, 0, 1)
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        struck += os.waitpid(child, 0)[1] == signal.SIGKILL
    last = outcome(start(broken, setting, 0, 1), broken)
    left = [path.name for path in Path(broken).iterdir() if ".tmp." in path.name]
    print(json.dumps({"results": [first, last], "struck": struck, "left": left}))


if __name__ == "__main__":
    {"compare": compare, "kill": kill}.get(sys.argv[1], main)(
        *sys.argv[1 + (sys.argv[1] in {"compare", "kill"}) :]
    )
