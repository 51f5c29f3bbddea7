"""Averages of a model's weights over a training, and the schedule that goes with them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import numpy as np

from .._nodes import make
from .._state import here
from .._tensor import Tensor
from ..nn.modules.module import Module
from .lr_scheduler.base import LRScheduler, per_group
from .optimizer import Optimizer

__all__ = [
    "SWALR",
    "AveragedModel",
    "get_ema_avg_fn",
    "get_ema_multi_avg_fn",
    "get_swa_avg_fn",
    "get_swa_multi_avg_fn",
    "update_bn",
]

Average = Callable[[Any, Any, Any], Any]
Averages = Callable[[Sequence[Any], Sequence[Any], Any], None]


def get_swa_avg_fn() -> Average:
    """Return the running mean: a + (p − a) / (n + 1)."""

    def mean(averaged: Any, current: Any, count: Any) -> Any:
        return averaged + (current - averaged) / (count + 1)

    return mean


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """Return the moving mean: decay · a + (1 − decay) · p."""
    _check_decay(decay)

    def mean(averaged: Any, current: Any, _: Any) -> Any:
        return decay * averaged + (1 - decay) * current

    return mean


def get_swa_multi_avg_fn() -> Averages:
    """Return the running mean of lists of tensors, in place."""
    return _for_lists(get_swa_avg_fn())


def get_ema_multi_avg_fn(decay: float = 0.999) -> Averages:
    """Return the moving mean of lists of tensors, in place."""
    return _for_lists(get_ema_avg_fn(decay))


def _check_decay(decay: float) -> None:
    if not 0.0 <= decay <= 1.0:
        raise ValueError(
            f"Invalid decay value {decay} provided. Please provide a value in [0,1] range."
        )


def _for_lists(mean: Average) -> Averages:
    def update(averaged: Sequence[Any], current: Sequence[Any], count: Any) -> None:
        with _not_recording():
            for a, p in zip(averaged, current, strict=True):
                a.copy_(mean(a, p, count))

    return update


@contextmanager
def _not_recording() -> Iterator[None]:
    before, here.grad = here.grad, False
    try:
        yield
    finally:
        here.grad = before


class AveragedModel(Module):
    """A copy of a model whose weights are the mean over the calls of `update_parameters(model)`.

    The mean runs over all calls (stochastic weight averaging), or is what `avg_fn(averaged, new,
    number of calls)` or `multi_avg_fn` make of it; buffers are copied, or with `use_buffers`
    averaged too.

    Source: Izmailov et al., "Averaging weights leads to wider optima and better generalization"
    (2018).
    """

    n_averaged: Tensor

    def __init__(
        self,
        model: Module,
        device: Any = None,
        avg_fn: Average | None = None,
        multi_avg_fn: Averages | None = None,
        use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        self.register_buffer("n_averaged", make(np.array(0), None))
        self.avg_fn = avg_fn
        self.multi_avg_fn = multi_avg_fn
        self.use_buffers = use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the averaged model."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the present weights of `model` into the mean."""
        mine, theirs = self._averaged(self.module), self._averaged(model)
        count = int(self.n_averaged._array)
        update = self.multi_avg_fn or _for_lists(self.avg_fn or get_swa_avg_fn())
        copied = [] if count else list(zip(mine, theirs, strict=True))
        if not self.use_buffers:
            copied += zip(self.module.buffers(), model.buffers(), strict=True)
        with _not_recording():
            if count:
                update(mine, theirs, self.n_averaged)
            for a, p in copied:
                a.copy_(p.detach())
        self.n_averaged._array = np.array(count + 1)

    def _averaged(self, model: Module) -> list[Any]:
        buffers = model.buffers() if self.use_buffers else ()
        return [tensor.detach() for tensor in itertools.chain(model.parameters(), buffers)]


def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of all batch normalisations anew, over a data set."""
    layers = [layer for layer in model.modules() if hasattr(layer, "reset_running_stats")]
    if not layers:
        return
    momenta, training = [layer.momentum for layer in layers], model.training
    model.train()
    for layer in layers:
        layer.reset_running_stats()
        layer.momentum = None  # the plain mean over all batches
    for batch in loader:
        with _not_recording():
            model(batch[0] if isinstance(batch, (list, tuple)) else batch)
    for layer, momentum in zip(layers, momenta, strict=True):
        layer.momentum = momentum
    model.train(training)


class SWALR(LRScheduler):
    """lr to the constant `swa_lr` in `anneal_epochs` epochs, along half a cosine or a line."""

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        for rate, group in zip(
            per_group("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True
        ):
            group["swa_lr"] = rate
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(
                f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}"
            )
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self._anneal_strategy = anneal_strategy
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> list[Any]:
        """Compute the learning rate of each group."""
        self._warn_outside_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        before, now = self._progress(step - 1), self._progress(step)
        rates = []
        for group in self.optimizer.param_groups:
            rate, aim = group["lr"], group["swa_lr"]
            start = aim if before == 1 else (rate - before * aim) / (1 - before)
            rates.append(aim * now + start * (1 - now))
        return rates

    def _progress(self, step: int) -> float:
        t = max(0, min(1, step / max(1, self.anneal_epochs)))
        return t if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * t)) / 2
