"""Checkpoints from which a training goes on as if it had never stopped.

One file holds the model, the optimizer, schedules, every stream of random numbers, the position in
the data, epoch and step. A training of 2N steps and one of N steps, a new process and N more end
with the same bits, also when the break falls into an epoch.

How a position in shuffled data is kept: the streams of random numbers are noted as they stood when
the epoch began. To go on, they are set back, the loader draws the same order again (and gives its
workers the same seeds), the batches that were used are skipped, and the streams are set to where
they stood at the break.
"""

from __future__ import annotations

import functools
import random
import re
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .. import _random
from .._random import Generator
from ..hints import skip
from ..optim.optimizer import Optimizer
from ..utils.data.dataloader import DataLoader
from ._files import load, save
from ._receipt import compare_receipts, receipt

__all__ = ["Checkpoint"]

VERSION = 1


class Streams:
    """All sources of random numbers that a training draws from."""

    def __init__(self, generators: Iterable[Generator] = ()) -> None:
        self.generators = list(generators)
        self.waiting: dict[int, Any] = {}  # states for generators that are not known yet

    def watch(self, loader: Any) -> None:
        """Add the generators of a loader and of its samplers."""
        sources = [loader, getattr(loader, "sampler", None), getattr(loader, "batch_sampler", None)]
        sources.append(getattr(sources[2], "sampler", None))
        for source in sources:
            found = getattr(source, "generator", None)
            if isinstance(found, Generator) and all(found is not g for g in self.generators):
                self.generators.append(found)
                state = self.waiting.pop(len(self.generators) - 1, None)
                if state is not None:
                    found.set_state(state)

    def state(self) -> dict[str, Any]:
        """Where every stream stands."""
        name, keys, place, has_gauss, gauss = np.random.get_state()  # noqa: NPY002 - users draw from it
        return {
            "default": _random.get_rng_state(),
            "generators": [g.get_state() for g in self.generators],
            "python": random.getstate(),
            "numpy": (name, keys, place, has_gauss, gauss),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Put every stream back; a loader's when it comes."""
        _random.set_rng_state(state["default"])
        self.waiting = dict(enumerate(state["generators"]))
        for i, generator in enumerate(self.generators):
            if i in self.waiting:
                generator.set_state(self.waiting.pop(i))
        random.setstate(state["python"])
        np.random.set_state(state["numpy"])  # noqa: NPY002


def gradients_of(optimizer: Optimizer) -> dict[str, Any]:
    """Return copies of the gradients that there are, by the number of their parameter."""
    params = [param for group in optimizer.param_groups for param in group["params"]]
    return {str(i): p.grad.detach().clone() for i, p in enumerate(params) if p.grad is not None}


def put_gradients(optimizer: Optimizer, gradients: dict[str, Any]) -> None:
    """Put gradients back where `gradients_of` found them; elsewhere there is none then."""
    params = [param for group in optimizer.param_groups for param in group["params"]]
    for i, param in enumerate(params):
        param.grad = gradients.get(str(i))


def _forget(pending: set[str], name: str, *_: Any) -> None:
    pending.discard(name)


class Checkpoint:
    """Keeps a training in a folder: `save` writes its state, `resume` takes up the newest.

    `parts` are what has a `state_dict`: model, optimizer, scheduler, under names of your choice.
    `keep` files stay, older ones are removed. `every` saves after so many batches. `generators`
    are sources of random numbers besides the global ones and those of the loader.

    The loops `epochs` and `batches` know where the training stands: `step` counts the batches
    handed out, `epoch` the epochs. A `save()` within `batches` counts the batch in hand as done,
    one after it counts the epoch as done. Gradients that no step has used yet (accumulation over
    several batches) are kept too.

    >>> import tempfile, tinygrad_lite as torch
    >>> model = torch.nn.Linear(2, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> loader = torch.utils.data.DataLoader(torch.ones(6, 2), batch_size=2, shuffle=True)
    >>> folder = tempfile.TemporaryDirectory()
    >>> run = Checkpoint(folder.name, model=model, optimizer=optimizer, keep=2, every=2)
    >>> run.resume()
    False
    >>> for epoch in run.epochs(2):
    ...     for x in run.batches(loader):
    ...         optimizer.zero_grad()
    ...         model(x).mean().backward()
    ...         optimizer.step()
    >>> [path.name for path in run.files()]
    ['step-00000004.safetensors', 'step-00000006.safetensors']
    >>> folder.cleanup()
    """

    def __init__(
        self,
        folder: Any,
        *,
        keep: int = 3,
        every: int | None = None,
        generators: Iterable[Generator] = (),
        **parts: Any,
    ) -> None:
        taken = parts.keys() & {"version", "gradients", "progress", "receipt"}
        if taken:
            raise ValueError(f"Checkpoint: the name {taken.pop()} is taken, choose another")
        for name, part in parts.items():
            if not (hasattr(part, "state_dict") and hasattr(part, "load_state_dict")):
                raise TypeError(
                    f"Checkpoint: {name} is a {type(part).__name__}, expected something with "
                    "state_dict() and load_state_dict(), such as a module, an optimizer, a schedule"
                )
        for name, number in (("keep", keep), ("every", 1 if every is None else every)):
            if not isinstance(number, int) or number < 1:
                raise ValueError(
                    f"Checkpoint: {name} must be a positive whole number, got {number}"
                )
        self.folder = Path(folder)
        self.keep, self.every, self.parts = keep, every, parts
        self.streams = Streams(generators)
        self.optimizers = {n: part for n, part in parts.items() if isinstance(part, Optimizer)}
        # optimizers that have not stepped since the batch was handed out
        self._pending: set[str] = set()
        for name, optimizer in self.optimizers.items():
            optimizer.register_step_post_hook(functools.partial(_forget, self._pending, name))
        self.epoch = self.step = 0
        self.batch = 0
        """How many batches of the present epoch were handed out."""
        self._at_start: Any = None  # the streams when the epoch's batches began
        self._resumed: Any = None  # the streams at the break, until the batches go on there
        self._within = self._done = False

    # -- files ---------------------------------------------------------------------------------

    def files(self) -> list[Path]:
        """The checkpoints in the folder, the oldest first."""
        pattern = re.compile(r"step-\d{8,}\.safetensors")
        found = [p for p in self.folder.glob("step-*.safetensors") if pattern.fullmatch(p.name)]
        return sorted(found, key=lambda path: int(path.stem[5:]))

    def save(self) -> Path:
        """Write the state now, remove what is older than the newest `keep`, return the path."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"step-{self.step:08d}.safetensors"
        save(self.state(), path)
        files = self.files()
        for old in files[: max(0, len(files) - self.keep)]:
            if old != path:
                old.unlink(missing_ok=True)
        return path

    def state(self) -> dict[str, Any]:
        """All that a file holds."""
        parts = {name: part.state_dict() for name, part in self.parts.items()}
        mid = self._at_start is not None and not self._done
        return {
            "version": VERSION,
            **parts,
            "gradients": {n: gradients_of(self.optimizers[n]) for n in sorted(self._pending)},
            "progress": {
                "step": self.step,
                "epoch": self.epoch + self._done,
                "batch": self.batch if mid else 0,
                "at_start": self._at_start if mid else None,
                "now": self.streams.state(),
            },
            "receipt": receipt(parts),
        }

    # -- resuming ------------------------------------------------------------------------------

    def resume(self) -> bool:
        """Go back to the newest checkpoint that can be read; False where there is none.

        A damaged file is named in a warning, and the one before it is taken.
        """
        for path in reversed(self.files()):
            try:
                state = load(path)
            except RuntimeError as error:
                warnings.warn(
                    f"{error}; going back to the checkpoint before it", UserWarning, stacklevel=2
                )
                continue
            self.restore(state, str(path))
            return True
        return False

    def restore(self, state: dict[str, Any], where: str = "the checkpoint") -> None:
        """Take over what `state` returned."""
        missing = self.parts.keys() - state.keys()
        if missing or "progress" not in state:
            raise RuntimeError(
                f"{where} holds {', '.join(state)}; what is missing: "
                f"{', '.join(sorted(missing)) or 'the progress of a training'}"
            )
        compare_receipts(state["receipt"], where)
        for name, part in self.parts.items():
            part.load_state_dict(state[name])
            if isinstance(part, Optimizer):
                part._opt_called = True  # schedules ask whether it has ever stepped
                skip(part)
        kept = state.get("gradients", {})
        for name, optimizer in self.optimizers.items():
            put_gradients(optimizer, kept.get(name, {}))
        self._pending.clear()
        self._pending.update(kept)
        progress = state["progress"]
        self.step, self.epoch, self.batch = (progress[k] for k in ("step", "epoch", "batch"))
        self._at_start, self._done = progress["at_start"], False
        self._resumed = progress["now"] if self._at_start is not None else None
        self.streams.restore(progress["now"])

    # -- loops ---------------------------------------------------------------------------------

    def epochs(self, count: int) -> Iterator[int]:
        """The numbers of the epochs that are left of `count`."""
        while self.epoch < count:
            self._done = False
            yield self.epoch
            self.epoch += 1
            self.batch, self._done, self._at_start = 0, False, None

    def batches(self, loader: DataLoader[Any] | Iterable[Any]) -> Iterator[Any]:
        """The batches of an epoch that are left, with a checkpoint after `every` batches."""
        if self._within or self._done:
            raise RuntimeError(
                "Checkpoint.batches() runs once per epoch, inside `for epoch in run.epochs(n)`: "
                "loop over other loaders (validation) directly"
            )
        self.streams.watch(loader)
        source = self._positioned(loader)
        self._within = True
        try:
            for batch in source:
                self.batch += 1
                self.step += 1
                self._pending.update(self.optimizers)
                yield batch
                if self.every and self.step % self.every == 0:
                    self.save()
            self._done = True
        finally:
            self._within = False

    def _positioned(self, loader: Any) -> Iterator[Any]:
        """Begin the epoch, or begin it again and go to where the checkpoint was written."""
        resumed, self._resumed = self._resumed, None
        if resumed is None:
            self.batch, self._at_start = 0, self.streams.state()
            return iter(loader)
        self.streams.restore(self._at_start)
        source: Iterator[Any] = iter(loader)
        for number in range(self.batch):
            if next(source, self) is self:
                raise RuntimeError(
                    f"the checkpoint stands behind batch {self.batch} of its epoch, but the loader "
                    f"has only {number}: has the data set or the batch size changed?"
                )
        self.streams.restore(resumed)
        return source
