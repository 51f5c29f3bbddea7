"""Checks of a forward and a backward written by hand, on NumPy arrays alone."""

from __future__ import annotations

import copy
import inspect
from typing import TYPE_CHECKING, Any

import numpy as np

from .check import check_subject
from .subject import Operand, Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .report import GradcheckReport
    from .subject import Array


def check_function(
    forward: Any,
    backward: Any = None,
    inputs: Any = None,
    *,
    rtol: float = 1e-6,
    seed: int = 0,
    kinks: str = "subgradient",
    names: Sequence[str] | None = None,
    probe: bool = True,
    strict: bool = False,
    fast_mode: bool | None = None,
    nondet_tol: float = 0.0,
    check_grad_dtypes: bool = True,
    raise_exception: bool = True,
    report: bool = False,
) -> bool | GradcheckReport:
    """True when `backward(g, *xs, y=...)` is the derivative of `y = forward(*xs)`.

    `backward` takes the gradient of the result, then the inputs, then, if it has such a parameter,
    the result as `y`; it returns one gradient per input. A backward of one parameter is given the
    gradient alone. A class (or an instance) with the methods `forward` and `backward` does as well,
    and needs no second argument; its parameters are checked along with the inputs if it keeps them
    as `params` and `grads`, or as `W` and `dW`.

    Integer inputs are constants. Nothing the caller owns is changed.

    **Errors** GradcheckError (a RuntimeError) with the report as its text when a gradient is wrong;
    with `raise_exception=False` the report is returned, whose truth value is the verdict.

    >>> check_function(np.tanh, lambda g, x, y: g * (1 - y * y), np.array([0.5, -1.0]))
    True
    """
    forward, backward, inputs = arrange(forward, backward, inputs)
    settings = Settings(
        rtol=rtol,
        seed=seed,
        kinks=check_kinks(kinks),
        probe=probe,
        strict=strict,
        fast=fast_mode,
        nondet_tol=nondet_tol,
        check_dtypes=check_grad_dtypes,
    )
    if backward is None:
        subject: Any = LayerSubject(forward, inputs, names)
    else:
        subject = FunctionSubject(forward, backward, inputs, names)
    found = check_subject(
        subject, settings, f"check_function(forward, backward, inputs, seed={seed})"
    )
    return finish(found, raise_exception=raise_exception, report=report)


def finish(
    found: GradcheckReport, *, raise_exception: bool, report: bool
) -> bool | GradcheckReport:
    """True, the report, or an error, as the caller asked."""
    if raise_exception:
        found.raise_if_failed()
    return found if report or not found.ok else True


def check_kinks(kinks: str) -> str:
    """`kinks` if it is one of the three words."""
    if kinks not in {"subgradient", "skip", "error"}:
        raise ValueError(
            f"kinks must be 'subgradient' (accept any), 'skip' (do not judge) or 'error' (refuse "
            f"kinks), got {kinks!r}"
        )
    return kinks


def arrange(forward: Any, backward: Any, inputs: Any) -> tuple[Any, Any, list[Any]]:
    """The three arguments; a layer stands for the first two, and inputs may be a single array."""
    if hasattr(forward, "forward") and hasattr(forward, "backward"):
        if inputs is None:
            inputs, backward = backward, None
        if callable(backward):
            raise TypeError("a class with its own backward needs no second one")
        backward = None
    elif not callable(forward) or not callable(backward):
        raise TypeError(
            "check_function needs two functions, forward and backward, or a class that has both as "
            f"methods; got {type(forward).__name__} and {type(backward).__name__}"
        )
    if inputs is None:
        raise TypeError("check_function needs the inputs at which to check: an array or a list")
    return forward, backward, list(inputs) if isinstance(inputs, list | tuple) else [inputs]


def as_inputs(inputs: Sequence[Any]) -> list[Array]:
    """Copies of the inputs as arrays, at least one of them with real numbers."""
    arrays = [np.array(value) for value in inputs]
    if not any(array.dtype.kind == "f" for array in arrays):
        dtypes = ", ".join(str(array.dtype) for array in arrays)
        raise TypeError(
            f"gradcheck needs an input of floating-point numbers, got {dtypes or 'none'}: integers "
            "are constants and have no gradient; write x.astype(np.float64)"
        )
    return arrays


def name_inputs(function: Callable[..., Any], count: int, names: Sequence[str] | None) -> list[str]:
    """Names given, or those of the function's parameters, or numbers."""
    if names is not None:
        if len(names) != count:
            raise ValueError(f"names has {len(names)} entries for {count} inputs")
        return list(names)
    found = []
    for parameter in positional(function):
        if parameter.kind is parameter.VAR_POSITIONAL:
            break
        found.append(parameter.name)
    return (found + [f"x{k}" for k in range(len(found), count)])[:count]


def positional(function: Callable[..., Any]) -> list[inspect.Parameter]:
    """Parameters that can be given by position; none when the signature is unknown."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    kinds = (
        inspect.Parameter.POSITIONAL_ONLY,
        inspect.Parameter.POSITIONAL_OR_KEYWORD,
        inspect.Parameter.VAR_POSITIONAL,
    )
    return [parameter for parameter in parameters if parameter.kind in kinds]


def name_of(function: Any) -> str:
    """How a function is called in a report."""
    return str(getattr(function, "__qualname__", type(function).__name__)).replace("<locals>.", "")


class FunctionRun:
    """One forward of a hand-written function."""

    def __init__(self, result: Any, back: Callable[[Any], Any], floating: list[int]) -> None:
        self.many = isinstance(result, tuple | list)
        self.all_outputs = [np.asarray(y) for y in (result if self.many else [result])]
        self.outputs = differentiable(self.all_outputs)
        self.back, self.floating = back, floating

    def pull(self, upstream: Sequence[Array]) -> list[Array | None]:
        """Gradients of the floating-point inputs, as backward returned them."""
        waiting = iter(upstream)
        full = [
            next(waiting) if y.dtype.kind == "f" else np.zeros(y.shape) for y in self.all_outputs
        ]
        returned = self.back(tuple(full) if self.many else full[0])
        gradients = list(returned) if isinstance(returned, tuple | list) else [returned]
        if len(gradients) > max(self.floating) and len(gradients) == self.count:
            gradients = [gradients[k] for k in self.floating]
        return [as_gradient(gradient) for gradient in gradients]

    count = 0


def as_gradient(value: Any) -> Any:
    """Numbers as arrays; arrays, None and what should not be there as they are."""
    return np.asarray(value) if isinstance(value, float | int | np.generic) else value


def differentiable(outputs: list[Array]) -> list[Array]:
    """Outputs of floating-point numbers."""
    floating = [y for y in outputs if y.dtype.kind == "f"]
    if not floating:
        found = ", ".join(str(y.dtype) for y in outputs) or "nothing"
        raise TypeError(f"forward must return floating-point numbers, it returned {found}")
    return floating


class FunctionSubject:
    """A forward and a backward as functions of arrays."""

    def __init__(
        self,
        forward: Callable[..., Any],
        backward: Callable[..., Any],
        inputs: Sequence[Any],
        names: Sequence[str] | None,
    ) -> None:
        self.forward, self.backward = forward, backward
        self.inputs = as_inputs(inputs)
        self.floating = [k for k, array in enumerate(self.inputs) if array.dtype.kind == "f"]
        labels = name_inputs(forward, len(self.inputs), names)
        self.operands = [Operand(labels[k], self.inputs[k]) for k in self.floating]
        self.name = name_of(backward if name_of(backward) != "<lambda>" else forward)
        self.wanted = wanted_arguments(backward, len(self.inputs))

    def full(self, values: list[Array]) -> list[Array]:
        """All inputs in order, constants included."""
        arrays = [array.copy() for array in self.inputs]
        for k, value in zip(self.floating, values, strict=True):
            arrays[k] = value
        return arrays

    def evaluate(self, values: list[Array]) -> list[Array]:
        """Outputs at `values`."""
        result = self.forward(*self.full(values))
        outputs = result if isinstance(result, tuple | list) else [result]
        return differentiable([np.asarray(y) for y in outputs])

    def run(self, values: list[Array]) -> FunctionRun:
        """Outputs at `values`, and the way back."""
        arrays = self.full(values)
        result = self.forward(*arrays)

        def back(g: Any) -> Any:
            if self.wanted == "gradient":
                return self.backward(g)
            if self.wanted == "inputs":
                return self.backward(g, *arrays)
            return self.backward(g, *arrays, y=result)

        run = FunctionRun(result, back, self.floating)
        run.count = len(arrays)
        return run


def wanted_arguments(backward: Callable[..., Any], count: int) -> str:
    """What a backward takes beside the gradient: nothing, the inputs, or the result `y` as well."""
    try:
        parameters = inspect.signature(backward).parameters
    except (TypeError, ValueError):
        return "inputs"
    given = positional(backward)
    y = parameters.get("y")
    if y is not None and y.kind is y.KEYWORD_ONLY:
        return "result"
    if any(p.kind is p.VAR_POSITIONAL for p in given):
        return "inputs"
    if len(given) == count + 2 and given[-1].name == "y":
        return "result"
    required = [p for p in given if p.default is p.empty]
    return (
        "gradient" if len(given) == 1 or len(required) == 1 < count + 1 > len(given) else "inputs"
    )


class LayerSubject:
    """A class with the methods forward and backward; parameters of an instance are inputs too."""

    def __init__(self, layer: Any, inputs: Sequence[Any], names: Sequence[str] | None) -> None:
        self.layer = layer
        self.inputs = as_inputs(inputs)
        self.floating = [k for k, array in enumerate(self.inputs) if array.dtype.kind == "f"]
        self.keys = self.find_parameters()
        labels = name_inputs(self.fresh().forward, len(self.inputs), names)
        self.operands = [Operand(labels[k], self.inputs[k]) for k in self.floating]
        self.operands += [Operand(str(key), self.read(self.layer, key)) for key in self.keys]
        owner = layer if isinstance(layer, type) else type(layer)
        self.name = f"{owner.__name__}.backward"

    def fresh(self) -> Any:
        """A layer of its own for every forward, so that what it saves stays apart."""
        return self.layer() if isinstance(self.layer, type) else copy.deepcopy(self.layer)

    def find_parameters(self) -> list[str | int]:
        """Places of parameters that get a gradient: numbers in `params`, or names with a `d`."""
        if isinstance(self.layer, type):
            return []
        layer = self.fresh()
        with np.errstate(all="ignore"):
            result = layer.forward(*[array.copy() for array in self.inputs])
            layer.backward(np.ones_like(np.asarray(result)))
        params, grads = getattr(layer, "params", None), getattr(layer, "grads", None)
        if isinstance(params, list) and isinstance(grads, list):
            return list(range(len(params)))
        return [
            name
            for name, value in vars(layer).items()
            if is_floating(value)
            and is_floating(getattr(layer, f"d{name}", None))
            and is_floating(vars(self.layer).get(name))
        ]

    @staticmethod
    def read(layer: Any, key: str | int) -> Array:
        """A parameter."""
        return np.array(layer.params[key] if isinstance(key, int) else getattr(layer, key))

    @staticmethod
    def write(layer: Any, key: str | int, value: Array) -> None:
        """Put a parameter into a layer."""
        if isinstance(key, int):
            layer.params[key] = value
        else:
            setattr(layer, key, value)

    def start(self, values: list[Array]) -> tuple[Any, Any]:
        """A layer of its own, and its result."""
        layer, inputs = self.fresh(), [array.copy() for array in self.inputs]
        for k, value in zip(self.floating, values, strict=False):
            inputs[k] = value
        for key, value in zip(self.keys, values[len(self.floating) :], strict=True):
            self.write(layer, key, value)
        return layer, layer.forward(*inputs)

    def evaluate(self, values: list[Array]) -> list[Array]:
        """Outputs at `values`."""
        result = self.start(values)[1]
        outputs = result if isinstance(result, tuple | list) else [result]
        return differentiable([np.asarray(y) for y in outputs])

    def run(self, values: list[Array]) -> FunctionRun:
        """Outputs at `values`, and the way back; each call of it on a copy of the layer."""
        layer, result = self.start(values)

        def back(g: Any) -> list[Any]:
            returned = layer.backward(g)
            gradients = list(returned) if isinstance(returned, tuple | list) else [returned]
            if len(gradients) == len(self.inputs):
                gradients = [gradients[k] for k in self.floating]
            for key in self.keys:
                grad = layer.grads[key] if isinstance(key, int) else getattr(layer, f"d{key}")
                gradients.append(np.array(grad))
            return gradients

        return FunctionRun(result, back, list(range(len(self.operands))))


def is_floating(value: Any) -> bool:
    """Whether `value` is an array of floating-point numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"
