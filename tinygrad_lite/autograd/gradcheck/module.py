"""Checks of whole modules: every parameter by its name, and the inputs."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._nodes import make
from ..._tensor import Tensor
from .check import check_subject
from .function import check_kinks, finish, name_inputs
from .nodes import rules_are_right
from .randomness import random_state_kept, read_state, write_state
from .standstill import standstill
from .subject import Settings
from .tensors import TensorSubject, apart, borrowed, lendable, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from .report import GradcheckReport


def check_module(
    module: Any,
    *inputs: Any,
    loss: Callable[..., Any] | None = None,
    train: bool = True,
    seed: int = 0,
    kinks: str = "subgradient",
    names: Sequence[str] | None = None,
    probe: bool = True,
    strict: bool = False,
    fast_mode: bool | None = None,
    nondet_tol: float = 0.0,
    raise_exception: bool = True,
    report: bool = False,
) -> bool | GradcheckReport:
    """True when the gradients of all parameters of `module` and of its inputs are derivatives.

    The function checked is `loss(module(*inputs))`, or `module(*inputs)` without `loss`, in
    training mode unless `train=False`. Dropout and its like draw the same numbers every time, and
    buffers start from the same values. What layers do without a gradient is held still: the row of
    padding, `max_norm`, `scale_grad_by_freq`, and the iterations of a spectral norm. Parameters,
    buffers, `.grad`, the training flags of all submodules and the random state are afterwards as
    they were.

    **Errors** GradcheckError naming the parameter; arguments as for `gradcheck`.
    """
    settings = Settings(
        seed=seed,
        kinks=check_kinks(kinks),
        probe=probe,
        strict=strict,
        fast=fast_mode,
        nondet_tol=nondet_tol,
    )
    call = f"check_module(module, *inputs, seed={seed})"
    args, tensors, labels = gather(module, inputs, names)
    with (
        random_state_kept(),
        in_mode(module, train=train),
        constants_kept(module),
        standstill(module, *args) as settings.notes,
        constants_kept(module) as restart,
    ):
        state = read_state()

        def function() -> Any:
            write_state(state)
            restart(min(tensor._array.dtype for tensor in tensors))
            result = module(*args)
            return result if loss is None else loss(result)

        with borrowed(tensors):
            subject = TensorSubject(function, tensors, labels, type(module).__name__)
            subject.judge_rules = rules_are_right
            found = check_subject(subject, settings, call)
    return finish(found, raise_exception=raise_exception, report=report)


def gather(
    module: Any, inputs: Sequence[Any], names: Sequence[str] | None
) -> tuple[list[Any], list[Tensor], list[str]]:
    """Arguments of the module, and what is checked: its parameters and floating inputs, by name."""
    own = list(module.parameters())
    args = apart([*own, *(floating_leaf(value) for value in inputs)])[len(own) :]
    labels = name_inputs(module.forward, len(args), names)
    tensors, found = [], []
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            tensors.append(parameter)
            found.append(name)
    for name, value in zip(labels, args, strict=True):
        if isinstance(value, Tensor) and value._array.dtype.kind == "f":
            tensors.append(value)
            found.append(name)
    if not tensors:
        raise ValueError("check_module found no parameter that requires a gradient, and no input")
    return args, tensors, found


def floating_leaf(value: Any) -> Any:
    """An input as a leaf whose storage may be lent; integers and other things as they are."""
    if isinstance(value, np.ndarray):
        return stand_in(value) if value.dtype.kind == "f" else make(value.copy(), None)
    if isinstance(value, Tensor) and value._array.dtype.kind == "f":
        return value if lendable(value) else stand_in(value)
    return value


@contextlib.contextmanager
def in_mode(module: Any, *, train: bool) -> Iterator[None]:
    """The module in training or evaluation mode; every submodule's flag is put back."""
    flags = [(part, part.training) for part in module.modules()]
    module.train(train)
    try:
        yield
    finally:
        for part, flag in flags:
            part.training = flag


def constants_of(module: Any) -> list[Tensor]:
    """Buffers, frozen parameters, and tensors that are plain attributes."""
    found = [*module.buffers(), *(p for p in module.parameters() if not p.requires_grad)]
    for part in module.modules():
        found += [value for value in vars(part).values() if is_plain(value)]
    return list({id(one): one for one in found}.values())


def is_plain(value: Any) -> bool:
    """Whether an attribute is a tensor with storage of its own and without a gradient."""
    return isinstance(value, Tensor) and value._node is None and value._view is None


@contextlib.contextmanager
def constants_kept(module: Any) -> Iterator[Callable[[np.dtype[Any]], None]]:
    """A function that sets all constants to their first values; at the end they are put back."""
    kept = [(constant, constant._array) for constant in constants_of(module)]
    first = [np.array(array) for _, array in kept]

    def restart(dtype: np.dtype[Any]) -> None:
        for (constant, _), array in zip(kept, first, strict=True):
            constant._array = array.astype(dtype) if array.dtype.kind == "f" else array.copy()

    try:
        yield restart
    finally:
        for (constant, array), copy in zip(kept, first, strict=True):
            constant._array = array
            np.copyto(array, copy)
