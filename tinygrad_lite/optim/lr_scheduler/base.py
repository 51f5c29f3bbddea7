"""The base of the learning rate schedules, and of your own."""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..._nodes import make
from ..._tensor import Tensor
from .._checks import number
from ..optimizer import Group, Optimizer, buffer

__all__ = ["LRScheduler", "_LRScheduler"]

_RESUMED = (
    "param 'initial_lr' is not specified in param_groups[{}] when resuming scheduler with "
    "last_epoch >= 0: load the optimizer's state dict first, or begin with last_epoch=-1"
)
_TOO_EARLY = (
    "Detected call of `lr_scheduler.step()` before `optimizer.step()`. Call them in the opposite "
    "order, or the first value of the learning rate schedule is skipped."
)
_EPOCH = (
    "The epoch parameter in `scheduler.step()` is deprecated: call `scheduler.step()`. With it the "
    "closed form of the schedule is used instead of the chainable form, where there is one."
)


class LRScheduler:
    """Sets the learning rates of an optimizer's groups; call `step()` once per epoch (or batch).

    Your own: define `get_lr`, which returns one learning rate per group, from `self.last_epoch`,
    `self.base_lrs` (those at the beginning) and the groups' present "lr". A schedule that changes
    the present value instead of computing it anew can be combined with others.
    """

    _get_lr_called_within_step = False
    _is_initial = False

    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                group.setdefault("initial_lr", copied(group["lr"]))
            elif "initial_lr" not in group:
                raise KeyError(_RESUMED.format(i))
        self.base_lrs = values(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        self._initial_step()

    def _initial_step(self) -> None:
        """Set the learning rates of the beginning."""
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def get_lr(self) -> list[Any]:
        """Compute the learning rate of each group; ask `get_last_lr` for those in force."""
        raise NotImplementedError(f"{type(self).__name__} must define get_lr()")

    def get_last_lr(self) -> list[Any]:
        """Return the learning rates in force, one per group."""
        return self._last_lr

    def step(self, epoch: int | None = None) -> None:
        """Go on to the next epoch, and set its learning rates."""
        if self._step_count == 1 and not self.optimizer._opt_called:
            warnings.warn(_TOO_EARLY, UserWarning, stacklevel=2)
        self._step_count += 1
        if epoch is not None:
            warnings.warn(_EPOCH, UserWarning, stacklevel=2)
        self._update_lr(epoch)

    def _update_lr(self, epoch: int | None = None) -> None:
        closed_form = getattr(self, "_get_closed_form_lr", None)
        with self._asking():
            if epoch is None:
                self.last_epoch += 1
                rates = self.get_lr()
            else:
                self.last_epoch = epoch
                rates = closed_form() if closed_form else self.get_lr()
        self._set(rates)

    def _set(self, rates: list[Any]) -> None:
        for group, rate in zip(self.optimizer.param_groups, rates, strict=True):
            put(group, "lr", rate)
        self._last_lr: list[Any] = values(self.optimizer, "lr")

    @contextmanager
    def _asking(self) -> Iterator[None]:
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _warn_outside_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use "
                "`get_last_lr()`.",
                UserWarning,
                stacklevel=3,
            )

    def _present(self) -> list[Any]:
        return values(self.optimizer, "lr")

    def _times(self, factor: float) -> list[Any]:
        """Return the present learning rates, all multiplied by a number."""
        return [group["lr"] * factor for group in self.optimizer.param_groups]

    def state_dict(self) -> dict[str, Any]:
        """Return everything but the optimizer."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on where another schedule of the same kind stood."""
        self.__dict__.update(state_dict)


_LRScheduler = LRScheduler  # the name until PyTorch 2.0


def check_optimizer(optimizer: Any) -> None:
    """Raise unless an optimizer was given."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer")


def copied(value: Any) -> Any:
    """Return a number as it is, and a copy of a tensor."""
    return make(np.array(value._array), None) if isinstance(value, Tensor) else value


def values(optimizer: Optimizer, key: str) -> list[Any]:
    """Return a setting of all groups."""
    return [copied(group[key]) for group in optimizer.param_groups]


def put(group: Group, key: str, value: Any) -> None:
    """Change a setting; a tensor keeps its identity and takes the value."""
    if isinstance(group[key], Tensor):
        buffer(group[key])[...] = number(value)
    else:
        group[key] = value


def per_group(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """Return one value per group: from a list of as many, or the same for all."""
    groups = len(optimizer.param_groups)
    if not isinstance(value, (list, tuple)):
        return [copied(value) for _ in range(groups)]
    if len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. "
            f"{name} has {len(value)} values, param_groups has {groups}."
        )
    return [copied(item) for item in value]


def function_state(function: Callable[..., Any] | None) -> dict[str, Any] | None:
    """Return what a callable object remembers; plain functions are not saved."""
    plain = function is None or isinstance(function, types.FunctionType)
    return None if plain else function.__dict__.copy()
