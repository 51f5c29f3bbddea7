"""Parameters that are computed from others: each access runs a small module."""

from __future__ import annotations

import copy
import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..._tensor import Tensor
from ...autograd import no_grad
from ..modules.container import ModuleDict, ModuleList
from ..parameter import Parameter

if TYPE_CHECKING:
    from ..modules.module import Module

__all__ = [
    "ParametrizationList",
    "cached",
    "is_parametrized",
    "register_parametrization",
    "remove_parametrizations",
    "transfer_parametrizations_and_params",
    "type_before_parametrizations",
]

_cache: dict[tuple[int, str], Any] = {}
_depth = 0


@contextmanager
def cached() -> Iterator[None]:
    """Within the block each parametrized tensor is computed once."""
    global _depth
    _depth += 1
    try:
        yield
    finally:
        _depth -= 1
        if _depth == 0:
            _cache.clear()


class ParametrizationList(ModuleList):
    """The modules that turn the original tensor(s) into the one that is used, in order."""

    original: Any

    def __init__(self, modules: Sequence[Module], original: Any, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        self.is_tensor = True
        self.ntensors = 1
        with no_grad():
            new = self._inverted(original)
        if isinstance(new, Tensor):
            self._keep_one(original, new)
        elif isinstance(new, Sequence):
            self._keep_several(original, new)
        else:
            raise ValueError(  # noqa: TRY004 - torch's class
                "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...). "
                f"Got {type(new).__name__}"
            )
        if not unsafe:
            self._check_result(original)

    def _keep_one(self, original: Any, new: Any) -> None:
        if new is not original:
            with no_grad():
                original.data = new.detach().to(original.dtype)
        if isinstance(original, Parameter):
            self.original = original
        else:
            self.register_buffer("original", original)

    def _keep_several(self, original: Any, new: Sequence[Any]) -> None:
        self.is_tensor, self.ntensors = False, len(new)
        for i, part in enumerate(new):
            if not isinstance(part, Tensor):
                raise ValueError(  # noqa: TRY004 - torch's class
                    "'right_inverse' must return a Tensor or a Sequence of tensors (list, "
                    f"tuple...). Got element {i} of the sequence with type {type(part).__name__}."
                )
            if isinstance(original, Parameter):
                kept = Parameter(part.detach().clone(), requires_grad=original.requires_grad)
                setattr(self, f"original{i}", kept)
            else:
                self.register_buffer(f"original{i}", part)

    def _check_result(self, original: Any) -> None:
        result = self()
        if not isinstance(result, Tensor):
            raise ValueError(  # noqa: TRY004 - torch's class
                f"A parametrization must return a tensor. Got {type(result).__name__}."
            )
        _check_alike(original, result, "Registering a parametrization may not change")

    def _inverted(self, value: Any) -> Any:
        for module in reversed(list(self)):
            if hasattr(module, "right_inverse"):
                try:
                    value = module.right_inverse(value)
                except NotImplementedError:
                    continue
        return value

    def right_inverse(self, value: Any) -> None:
        """Set the original(s) so that the computed tensor becomes `value`."""
        with no_grad():
            for module in reversed(list(self)):
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = module.right_inverse(value)
            if self.is_tensor:
                self.original.copy_(value)
                return
            if len(value) != self.ntensors:
                raise ValueError(
                    "'right_inverse' must return a sequence of tensors of length "
                    f"{self.ntensors}. Got a sequence of length {len(value)}."
                )
            for i, part in enumerate(value):
                getattr(self, f"original{i}").copy_(part)

    def forward(self) -> Any:
        """Return the computed tensor."""
        if len(self) == 0:
            raise RuntimeError("this ParametrizationList is empty")
        if self.is_tensor:
            value = self[0](self.original)
        else:
            value = self[0](*(getattr(self, f"original{i}") for i in range(self.ntensors)))
        for module in list(self)[1:]:
            value = module(value)
        return value


def _check_alike(old: Any, new: Any, text: str) -> None:
    if new.dtype != old.dtype:
        raise ValueError(
            f"{text} the dtype of the tensor, unless `unsafe` flag is enabled.\n"
            f"unparametrized dtype: {old.dtype}\nparametrized dtype: {new.dtype}"
        )
    if tuple(new.shape) != tuple(old.shape):
        raise ValueError(
            f"{text} the shape of the tensor, unless `unsafe` flag is enabled.\n"
            f"unparametrized shape: {old.shape}\nparametrized shape: {new.shape}"
        )


def _computed(name: str) -> property:
    """The property that stands in a class for a computed tensor."""

    def read(self: Any) -> Any:
        if not _depth:
            return self.parametrizations[name]()
        key = (id(self), name)
        if key not in _cache:
            _cache[key] = self.parametrizations[name]()
        return _cache[key]

    def write(self: Any, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    return property(read, write)


@functools.cache
def _parametrized_class(base: type[Any], names: tuple[str, ...]) -> type[Any]:
    """`base` with properties for `names`; never changed, since copies of a module share it."""
    members: dict[str, Any] = {name: _computed(name) for name in names}
    members |= {"__getstate__": _refuse_pickling, "__deepcopy__": _deepcopy}
    return type(f"Parametrized{base.__name__}", (base,), {**members, "__module__": __name__})


def _refuse_pickling(module: Module) -> None:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(): save "
        f"that of this {type(module).__name__}, and load it into one parametrized alike"
    )


def _deepcopy(module: Module, memo: dict[int, Any]) -> Module:
    made = object.__new__(type(module))
    memo[id(module)] = made
    made.__dict__.update(copy.deepcopy(module.__dict__, memo))
    return made


def _settle_class(module: Module, base: type[Any]) -> None:
    names = tuple(module.__dict__["parametrizations"])
    made: Any = _parametrized_class(base, names) if names else base  # type: ignore[arg-type]
    module.__class__ = made


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute `module.<tensor_name>` as `parametrization(original)` from now on.

    The original is kept as `module.parametrizations.<tensor_name>.original`; where
    `parametrization.right_inverse` exists, it says which original gives the present value.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        _add_to_list(module, tensor_name, parametrization, unsafe)
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        made = ParametrizationList([parametrization], original, unsafe=unsafe)
        delattr(module, tensor_name)
        base = type_before_parametrizations(module)
        if not is_parametrized(module):
            module.parametrizations = ModuleDict()
        module.parametrizations[tensor_name] = made
        _settle_class(module, base)
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    return module


def _add_to_list(module: Module, name: str, parametrization: Module, unsafe: bool) -> None:
    """Put one more parametrization behind those there are."""
    rows: Any = module.parametrizations[name]
    if not unsafe:
        now = getattr(module, name)
        _check_alike(now, parametrization(now), "Registering a parametrization may not change")
        if hasattr(parametrization, "right_inverse"):
            with no_grad():
                inverse = parametrization.right_inverse(now)
            if isinstance(inverse, Tensor):
                _check_alike(now, inverse, "parametrization.right_inverse may not change")
    if hasattr(parametrization, "right_inverse"):
        with no_grad():
            rows.right_inverse(parametrization.right_inverse(getattr(module, name)))
    rows.append(parametrization)
    rows.unsafe = rows.unsafe or unsafe


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether anything of `module`, or the tensor of that name, is computed."""
    rows = module.__dict__.get("parametrizations")
    if not isinstance(rows, ModuleDict):
        return False
    return len(rows) > 0 if tensor_name is None else tensor_name in rows


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make `module.<tensor_name>` a plain tensor again: the computed one, or the original."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    rows: Any = module.parametrizations[tensor_name]
    if not rows.is_tensor and not leave_parametrized:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    plain = _plain_tensor(module, tensor_name, rows, leave_parametrized)
    base = type_before_parametrizations(module)
    del module.parametrizations[tensor_name]
    _settle_class(module, base)
    if isinstance(plain, Parameter):
        module.register_parameter(tensor_name, plain)
    else:
        module.register_buffer(tensor_name, plain)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
    return module


def _plain_tensor(module: Module, name: str, rows: Any, computed: bool) -> Any:
    if not computed:
        return rows.original
    with no_grad():
        value = getattr(module, name).detach()
    if rows.is_tensor:  # the same object as before, so that optimizers still know it
        with no_grad():
            rows.original.data = value
        return rows.original
    trained = any(isinstance(p, Parameter) for p in rows.parameters(recurse=False))
    return Parameter(value) if trained else value


def type_before_parametrizations(module: Module) -> type[Module]:
    """The class that `module` had before it was parametrized."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Give `to_module` copies of the parametrizations of `from_module`, and of their tensors."""
    if not is_parametrized(from_module):
        return to_module
    rows: Any = from_module.parametrizations
    for name in [tensor_name] if tensor_name is not None else list(rows):
        if not hasattr(to_module, name):
            value = getattr(from_module, name).detach().clone()
            to_module.register_parameter(name, Parameter(value))
        for parametrization in rows[name]:
            register_parametrization(to_module, name, copy.deepcopy(parametrization), unsafe=True)
        mine: Any = to_module.parametrizations[name]
        with no_grad():
            for (_, target), (_, source) in zip(
                mine.named_parameters(recurse=False),
                rows[name].named_parameters(recurse=False),
                strict=True,
            ):
                target.copy_(source)
    return to_module
