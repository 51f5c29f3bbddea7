"""Answers of a trained model for any number of samples: `Predictor`."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from . import onnx
from ._creation import as_tensor
from ._state import here
from ._tensor import Tensor
from .nn import Module
from .serialization import from_pretrained, load

__all__ = ["Predictor"]


class Predictor:
    """Runs a model on batches of any size, without recording anything.

    The inputs are cut into chunks of `batch_size` along `axis`, so that memory stays bounded, and
    the results are put together along the same axis. NumPy arrays (or lists) give NumPy arrays,
    tensors give tensors; fractions are brought to the type of the model's parameters. While it runs
    the model is in evaluation mode; afterwards every module is in the mode it was in.

    Several threads may call one predictor, or several predictors of one model, at the same time.

    **Errors**: ValueError where inputs differ in length, or a result has no axis of samples.

    >>> import numpy as np, tinygrad_lite as torch
    >>> from tinygrad_lite.inference import Predictor
    >>> predict = Predictor(torch.nn.Linear(3, 2), batch_size=64)
    >>> predict(np.zeros((1000, 3))).shape
    (1000, 2)
    """

    def __init__(self, model: Callable[..., Any], *, batch_size: int = 256, axis: int = 0) -> None:
        if batch_size < 1:
            raise ValueError(f"Predictor: batch_size must be at least 1, got {batch_size}")
        self.model, self.batch_size, self.axis = model, batch_size, axis
        self.mode = _mode_of(model) if isinstance(model, Module) else None
        weights = list(model.parameters()) if isinstance(model, Module) else []
        kinds = [np.dtype(weight._array.dtype) for weight in weights]
        self.dtype = next((kind for kind in kinds if kind.kind == "f"), None)

    @classmethod
    def load(
        cls, path: str | os.PathLike[str], make: Callable[..., Module] | None = None,
        **options: Any,
    ) -> Predictor:  # fmt: skip
        """The predictor of a saved model: an `.onnx` file, or weights and how to make the model.

        For a folder written by `save_pretrained`, and for a file of weights, `make` is the model's
        class or a function that returns the model.
        """
        path = Path(path)
        if path.suffix == ".onnx":
            return cls(onnx.load(path), **options)
        if make is None:
            raise TypeError(
                f"Predictor.load: {str(path)!r} holds weights only; say how the model is made, as "
                "in Predictor.load(path, Net)"
            )
        if path.is_dir():
            return cls(from_pretrained(make, path), **options)
        model = make()
        model.load_state_dict(load(path))
        return cls(model, **options)

    def __call__(self, *inputs: Any) -> Any:
        """The model's result for all samples; tuples, lists and dicts as the model returns them."""
        if not inputs:
            raise TypeError("Predictor: expected at least one input")
        given = [self._take(value) for value in inputs]
        arrays = not all(isinstance(value, Tensor) for value in inputs)
        count = self._count(given)
        with _unrecorded(), self.mode or _nothing():
            if count <= self.batch_size:
                whole = _Pieces(self.axis, count)
                whole.add(self.model(*given), count)
                whole.own([value._array for value in given])
            else:
                whole = self._run_chunks(given, count)
        return whole.result(arrays)

    def stream(self, batches: Any) -> Iterator[Any]:
        """The result for each batch of an iterable, such as a DataLoader; nothing is collected."""
        for batch in batches:
            yield self(*batch) if isinstance(batch, (tuple, list)) else self(batch)

    def _run_chunks(self, given: list[Tensor], count: int) -> _Pieces:
        pieces = _Pieces(self.axis, count)
        lead = (slice(None),) * self.axis
        for start in range(0, count, self.batch_size):
            key = (*lead, slice(start, min(start + self.batch_size, count)))
            part = [value[key] for value in given]
            pieces.add(self.model(*part), min(self.batch_size, count - start))
        return pieces

    def _take(self, value: Any) -> Tensor:
        """An input as a tensor, fractions of the model's type."""
        if isinstance(value, Tensor):
            return value
        array = np.asarray(value)
        if array.dtype.kind == "f" and self.dtype is not None and array.dtype != self.dtype:
            array = array.astype(self.dtype)
        return as_tensor(array)

    def _count(self, given: list[Tensor]) -> int:
        """How many samples there are."""
        for value in given:
            if value.ndim <= self.axis:
                raise ValueError(
                    f"Predictor: an input of shape {tuple(value.shape)} has no axis {self.axis} of "
                    "samples; for one sample write x[None]"
                )
        counts = {int(value.shape[self.axis]) for value in given}
        if len(counts) > 1:
            raise ValueError(
                f"Predictor: the inputs hold {', '.join(map(str, sorted(counts)))} samples along "
                f"axis {self.axis}, expected the same number in all"
            )
        return counts.pop()

    def __repr__(self) -> str:
        return f"Predictor({type(self.model).__name__}, batch_size={self.batch_size})"


class _Pieces:
    """Results of chunks, written into arrays of their final size as they come."""

    def __init__(self, axis: int, count: int) -> None:
        self.axis, self.count, self.done = axis, count, 0
        self.arrays: list[Any] = []
        self.frame: Any = None

    def add(self, result: Any, size: int) -> None:
        """Take the result for the next `size` samples."""
        found: list[Any] = []
        frame = _strip(result, found)
        for array in found:
            if array.ndim <= self.axis or array.shape[self.axis] != size:
                raise ValueError(
                    f"Predictor: for {size} samples the model returned a result of shape "
                    f"{array.shape}, which has no axis of samples at {self.axis}; call the model "
                    "itself for results about the whole batch"
                )
        if self.frame is None:
            self.frame = frame
            self.arrays = found if size == self.count else [self._make(a) for a in found]
        if size != self.count:
            key = (*(slice(None),) * self.axis, slice(self.done, self.done + size))
            for whole, part in zip(self.arrays, found, strict=True):
                whole[key] = part
        self.done += size

    def _make(self, array: Any) -> Any:
        shape = list(array.shape)
        shape[self.axis] = self.count
        return np.empty(shape, array.dtype)

    def own(self, inputs: list[Any]) -> None:
        """Copy what lies in the memory of an input: results belong to the caller."""
        for place, array in enumerate(self.arrays):
            if any(np.may_share_memory(array, given) for given in inputs):
                self.arrays[place] = np.array(array)

    def result(self, arrays: bool) -> Any:
        """Everything in the form in which the model returned it."""
        values = iter(self.arrays if arrays else [as_tensor(a) for a in self.arrays])
        return _dress(self.frame, values)


_HERE = object()  # stands where a tensor was


def _strip(result: Any, found: list[Any]) -> Any:
    """The form of a result; its arrays go into `found`."""
    if isinstance(result, Tensor):
        found.append(np.asarray(result._array))
        return _HERE
    if isinstance(result, dict):
        return {key: _strip(value, found) for key, value in result.items()}
    if isinstance(result, (tuple, list)):
        parts = [_strip(part, found) for part in result]
        return type(result)(*parts) if hasattr(result, "_fields") else type(result)(parts)
    return result


def _dress(frame: Any, values: Iterator[Any]) -> Any:
    """The inverse of `_strip`."""
    if frame is _HERE:
        return next(values)
    if isinstance(frame, dict):
        return {key: _dress(value, values) for key, value in frame.items()}
    if isinstance(frame, (tuple, list)):
        parts = [_dress(part, values) for part in frame]
        return type(frame)(*parts) if hasattr(frame, "_fields") else type(frame)(parts)
    return frame


@contextmanager
def _unrecorded() -> Iterator[None]:
    before, here.grad = here.grad, False
    try:
        yield
    finally:
        here.grad = before


@contextmanager
def _nothing() -> Iterator[None]:
    yield


class _Mode:
    """Evaluation mode of one model for as long as anybody predicts with it.

    The first call to come notes the mode of every module, the last one to leave brings it back.
    """

    def __init__(self, model: Module) -> None:
        self.model = weakref.ref(model)
        self.lock = threading.Lock()
        self.running = 0
        self.before: list[Module] = []

    def __enter__(self) -> None:
        with self.lock:
            if not self.running:
                model = self.model()
                self.before = [] if model is None else [m for m in model.modules() if m.training]
                for module in self.before:
                    module.training = False
            self.running += 1

    def __exit__(self, *_: object) -> None:
        with self.lock:
            self.running -= 1
            if not self.running:
                for module in self.before:
                    module.training = True
                self.before = []


MAKING = threading.Lock()
MODES: weakref.WeakKeyDictionary[Module, _Mode] = weakref.WeakKeyDictionary()


def _mode_of(model: Module) -> _Mode:
    """The one mode that all predictors of a model share."""
    with MAKING:
        return MODES.setdefault(model, _Mode(model))
