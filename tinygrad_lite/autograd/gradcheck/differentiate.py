"""`gradcheck` and `gradgradcheck`: checks of functions of tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._backward import gradients_of
from ..._nodes import make
from ..._tensor import Tensor
from . import classic
from .check import check_subject
from .function import check_kinks, finish, name_inputs, name_of
from .nodes import rules_are_right
from .randomness import random_state_kept
from .standstill import tables_held
from .subject import Settings
from .tensors import TensorSubject, apart, as_results, borrowed, lendable, stand_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .report import GradcheckReport


def gradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    raise_exception: bool = True,
    fast_mode: bool | None = None,
    seed: int = 0,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = True,
    check_second: bool = False,
    kinks: str = "subgradient",
    names: Sequence[str] | None = None,
    probe: bool = True,
    strict: bool = False,
    report: bool = False,
    check_sparse_nnz: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    masked: bool = False,
) -> bool | GradcheckReport:
    """True when the gradients of `fn` at `inputs` are its derivatives.

    Every tensor among `inputs` that requires a gradient is checked, and every array. Given `eps`,
    `atol` or `rtol`, the comparison is PyTorch's: central differences of that step, and
    |analytic − numeric| ≤ atol + rtol |numeric|. Given none of them, steps are chosen for each
    element, the tolerance is the noise measured in `fn`, subgradients pass at kinks, and the
    report names a likely cause. Nothing the caller owns is changed.

    **Errors** GradcheckError (a RuntimeError) with the report as its text when a gradient is
    wrong; with `raise_exception=False` the report is returned, whose truth value is the verdict.

    **Differs from PyTorch** float32, expanded, empty and 0-d inputs are welcome.
    """
    if eps is not None or atol is not None or rtol is not None:
        return classic.check(
            fn,
            as_list(inputs),
            eps=1e-6 if eps is None else eps,
            atol=1e-5 if atol is None else atol,
            rtol=1e-3 if rtol is None else rtol,
            raise_exception=raise_exception,
            nondet_tol=nondet_tol,
            report=report,
            fast=bool(fast_mode),
        )
    settings = Settings(
        seed=seed,
        kinks=check_kinks(kinks),
        probe=probe,
        strict=strict,
        fast=fast_mode,
        nondet_tol=nondet_tol,
        check_dtypes=check_grad_dtypes,
    )
    found = check_order(fn, as_list(inputs), None, settings, names, 1)
    if found.ok and check_second:
        found = check_order(fn, as_list(inputs), None, settings, names, 2)
    return finish(found, raise_exception=raise_exception, report=report)


def gradgradcheck(
    fn: Callable[..., Any],
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float | None = None,
    atol: float | None = None,
    rtol: float | None = None,
    order: int = 2,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = True,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool | None = None,
    masked: bool = False,
    seed: int = 0,
    kinks: str = "subgradient",
    names: Sequence[str] | None = None,
    probe: bool = True,
    strict: bool = False,
    report: bool = False,
) -> bool | GradcheckReport:
    """True when the gradients of the gradients of `fn` are derivatives too; `order=n` for more.

    The function checked maps the inputs and `grad_outputs` (random when not given) to the
    gradients of order n − 1. Arguments as for `gradcheck`.
    """
    if order < 2:
        raise ValueError(f"gradgradcheck checks order 2 and above, got order={order}")
    given = None if grad_outputs is None else as_list(grad_outputs)
    if eps is not None or atol is not None or rtol is not None:
        args = pick_inputs(as_list(inputs))
        raised = raise_order(fn, args, given, order, seed)
        return classic.check(
            raised.function,
            raised.args,
            eps=1e-6 if eps is None else eps,
            atol=1e-5 if atol is None else atol,
            rtol=1e-3 if rtol is None else rtol,
            raise_exception=raise_exception,
            nondet_tol=nondet_tol,
            report=report,
            fast=bool(fast_mode),
            cheaper=raised.values,
        )
    settings = Settings(
        seed=seed,
        kinks=check_kinks(kinks),
        probe=probe,
        strict=strict,
        fast=fast_mode,
        nondet_tol=nondet_tol,
        check_dtypes=check_grad_dtypes,
    )
    found = check_order(fn, as_list(inputs), given, settings, names, order)
    return finish(found, raise_exception=raise_exception, report=report)


def as_list(inputs: Any) -> list[Any]:
    """Inputs as a list; a single tensor or array counts as one."""
    return list(inputs) if isinstance(inputs, tuple | list) else [inputs]


def wants_gradient(value: Any) -> bool:
    """Whether an input is to be checked: a tensor that requires a gradient, or an array."""
    if isinstance(value, Tensor):
        return value.requires_grad
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def is_constant(value: Any) -> bool:
    """Whether an input is a tensor that no gradient is asked of, in less than float64."""
    if not isinstance(value, Tensor) or wants_gradient(value) or not lendable(value):
        return False
    return bool(value._array.dtype.kind == "f" and value._array.dtype.itemsize < 8)


def pick_inputs(inputs: list[Any]) -> list[Any]:
    """Inputs with those under check replaced by leaves where they are none."""
    if not any(wants_gradient(value) for value in inputs):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of the "
            "them have requires_grad=True: call x.requires_grad_() first (integer tensors are "
            "constants and have no gradient)"
        )
    return apart([stand_in(value) if wants_gradient(value) else value for value in inputs])


def check_order(
    fn: Callable[..., Any],
    inputs: list[Any],
    grad_outputs: list[Any] | None,
    settings: Settings,
    names: Sequence[str] | None,
    order: int,
) -> GradcheckReport:
    """Report on the derivatives of one order."""
    args = pick_inputs(inputs)
    labels = name_inputs(fn, len(args), names)
    call = f"gradcheck(fn, inputs, seed={settings.seed})"
    function, cheaper = fn, None
    with random_state_kept(), tables_held(), np.errstate(all="ignore"):
        if order > 1:
            call = f"gradgradcheck(fn, inputs, order={order}, seed={settings.seed})"
            raised = raise_order(fn, args, grad_outputs, order, settings.seed)
            labels = labels[: len(args)] + raised.added
            function, args, cheaper = raised.function, raised.args, raised.values
        chosen = [k for k, value in enumerate(args) if wants_gradient(value)]
        tensors = [args[k] for k in chosen]
        constants = [value for value in args if is_constant(value)]
        with borrowed(tensors), borrowed(constants, leaves=False):
            subject = TensorSubject(
                lambda: function(*args),
                tensors,
                [labels[k] for k in chosen],
                label_of(fn),
                cheaper=None if cheaper is None else lambda: cheaper(*args),
                compared=order > 1,
                constants=constants,
            )
            settings.order = order
            subject.judge_rules = rules_are_right
            return check_subject(subject, settings, call)


def label_of(fn: Any) -> str:
    """How a report calls what is checked: the Function behind `apply`, the operation, the name."""
    owner = getattr(fn, "__self__", None)
    if isinstance(owner, type) and getattr(fn, "__name__", "") == "apply":
        return f"{owner.__name__}.backward"
    name = getattr(fn, "name", None)
    return name if isinstance(name, str) else name_of(fn)


@dataclass
class Raised:
    """The function of the gradients of order n − 1, and what it takes.

    `values` returns the same numbers, which cannot be differentiated further; `added` are the names
    of the inputs beyond those of the function given.
    """

    function: Callable[..., Any]
    values: Callable[..., Any]
    args: list[Any]
    added: list[str]


def raise_order(
    fn: Callable[..., Any],
    args: list[Any],
    grad_outputs: list[Any] | None,
    order: int,
    seed: int,
) -> Raised:
    """The function of the gradients of order n − 1."""
    rng = np.random.default_rng(seed)
    values, extra = fn, list[str]()
    for level in range(1, order):
        added = (
            [stand_in(g) for g in grad_outputs]
            if grad_outputs and level == 1
            else (random_upstream(fn, args, rng))
        )
        extra += [f"grad_output{k}" + "'" * (level - 1) for k in range(len(added))]
        values = gradient_function(fn, len(args), further=False)
        fn, args = gradient_function(fn, len(args)), [*args, *added]
    return Raised(fn, values, args, extra)


def random_upstream(fn: Callable[..., Any], args: list[Any], rng: np.random.Generator) -> list[Any]:
    """One random gradient for each result, that wants a gradient itself."""
    return [
        stand_in(np.asarray(rng.standard_normal(r._array.shape), dtype=r._array.dtype))
        for r in as_results(fn(*args))
    ]


def gradient_function(
    fn: Callable[..., Any], count: int, *, further: bool = True
) -> Callable[..., Any]:
    """The function of inputs and upstream gradients that returns the inputs' gradients.

    `further`: whether these can be differentiated in their turn.
    """

    def gradients(*args: Any) -> tuple[Any, ...]:
        inputs, upstream = args[:count], args[count:]
        results = as_results(fn(*inputs))
        wanted = [value for value in inputs if wants_gradient(value)]
        pairs = [(r, g) for r, g in zip(results, upstream, strict=True) if r.requires_grad]
        if not pairs:
            return tuple(make(np.zeros_like(x._array), None) for x in wanted)
        found = gradients_of(
            [r for r, _ in pairs],
            [g for _, g in pairs],
            wanted,
            retain_graph=True,
            create_graph=further,
        )
        return tuple(
            make(np.zeros_like(x._array), None) if g is None else g
            for x, g in zip(wanted, found, strict=True)
        )

    return gradients
