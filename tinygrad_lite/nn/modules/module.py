"""The base class of everything that holds parameters."""

from __future__ import annotations

import difflib
import warnings
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Self

from ..._state import here
from ..._tensor import Tensor
from ...hints import note_evaluation, note_model
from ..parameter import Buffer, Parameter
from . import _state
from ._convertible import Convertible
from ._hookable import Hookable
from ._hooks import (
    as_registered,
    call_with_hooks,
    everywhere,
    register_module_backward_hook,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from ._members import all_parameters, own_buffers, own_parameters
from ._registry import Registry
from ._scope import note_module
from ._state import IncompatibleKeys, _IncompatibleKeys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

__all__ = [
    "Module",
    "_IncompatibleKeys",
    "register_module_backward_hook",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

_KINDS = ("_parameter_names", "_buffer_names", "_module_names")


class Module(Hookable, Convertible):
    """A layer, or a model made of layers: parameters, buffers, children and a `forward`.

    Whatever `Parameter`, `Buffer` or `Module` is assigned to an attribute is registered under
    that name, in the order of assignment.

    >>> from tinygrad_lite import nn
    >>> class Net(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.body = nn.Linear(2, 3)
    ...     def forward(self, x):
    ...         return self.body(x).relu()
    >>> [name for name, _ in Net().named_parameters()]
    ['body.weight', 'body.bias']
    """

    _version: int = 1
    call_super_init: bool = False
    dump_patches: bool = False
    training: bool
    _hooked: bool
    _parameter_names: dict[str, Any]
    _buffer_names: dict[str, Any]
    _module_names: dict[str, Any]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            _refuse_arguments(self, args, kwargs)
        self.__dict__.update(
            training=True, _hooked=False, _parameter_names={}, _buffer_names={}, _module_names={}
        )
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    # -- calling ---------------------------------------------------------------------------------

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """What the module computes; every subclass writes its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run `forward` with the hooks around it, and note that this module is at work."""
        state = here.state
        parent = state.scope
        if parent is None:
            state.scope = call = [self, None, 0, 0]
        else:
            number = parent[3]
            parent[3] = number + 1
            state.scope = call = [self, parent, number, 0]
        try:
            if kwargs or self._hooked or everywhere.hooked:
                result = call_with_hooks(self, args, kwargs)
            else:  # a call without the empty `**kwargs` costs half
                result = self.forward(*args)
        except BaseException as error:
            state.scope = parent
            note_module(error, call)
            raise
        state.scope = parent
        return result

    # -- attributes ------------------------------------------------------------------------------

    @property
    def _parameters(self) -> Registry:
        return Registry(self.__dict__, self._parameter_names)

    @_parameters.setter
    def _parameters(self, entries: Mapping[str, Any]) -> None:
        _replace_entries(self._parameters, entries)

    @property
    def _buffers(self) -> Registry:
        return Registry(self.__dict__, self._buffer_names)

    @_buffers.setter
    def _buffers(self, entries: Mapping[str, Any]) -> None:
        _replace_entries(self._buffers, entries)

    @property
    def _modules(self) -> Registry:
        return Registry(self.__dict__, self._module_names)

    @_modules.setter
    def _modules(self, entries: Mapping[str, Any]) -> None:
        _replace_entries(self._modules, entries)

    @property
    def _non_persistent_buffers_set(self) -> set[str]:
        return {name for name, persistent in self._buffer_names.items() if not persistent}

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Parameter):
            self._enter("_parameter_names", name, value, "parameters")
        elif isinstance(value, Module):
            self._enter("_module_names", name, value, "module")
        elif isinstance(value, Tensor) and isinstance(value, Buffer):
            self._enter("_buffer_names", name, value, "buffer")
        else:
            own = self.__dict__
            if "_module_names" in own and (
                name in own["_parameter_names"]
                or name in own["_module_names"]
                or name in own["_buffer_names"]
            ):
                _reassign(self, name, value)
            else:
                object.__setattr__(self, name, value)

    def _enter(self, kind: str, name: str, value: Any, noun: str) -> None:
        own = self.__dict__
        if kind not in own:
            raise AttributeError(
                f"cannot assign {noun} before Module.__init__() call: "
                f"{type(self).__name__}.__init__ must start with super().__init__()"
            )
        if noun != "module" and (not name or "." in name):
            _check_name(self, noun.removesuffix("s"), name, kind)
        if name in own["_parameter_names"] and noun != "parameters":
            _reassign(self, name, value)
        if name in own["_module_names"] and noun == "buffer":
            _reassign(self, name, value)
        for other in _KINDS:
            if other != kind:
                own[other].pop(name, None)
        value = as_registered(noun.removesuffix("s"), self, name, value)
        own[kind].setdefault(name, noun != "buffer" or value.persistent)
        own[name] = value

    def __getattr__(self, name: str) -> Any:
        kind = type(self).__name__
        if "_module_names" not in self.__dict__ and name in {*_KINDS, "_hooked", "training"}:
            raise AttributeError(
                f"'{kind}' object has no attribute '{name}': "
                f"{kind}.__init__ must start with super().__init__()"
            )
        near = difflib.get_close_matches(name, self.__dict__, n=1, cutoff=0.75)
        hint = f". Did you mean: '{near[0]}'?" if near and near[0][0] != "_" else ""
        raise AttributeError(
            f"'{kind}' object has no attribute '{name}'{hint}", name=name, obj=self
        )

    def __delattr__(self, name: str) -> None:
        for kind in _KINDS:
            if name in self.__dict__.get(kind, ()):
                del self.__dict__[kind][name]
                del self.__dict__[name]
                return
        object.__delattr__(self, name)

    def __dir__(self) -> list[str]:
        return sorted(key for key in {*super().__dir__()} if not key[0].isdigit())

    def __setstate__(self, state: dict[str, Any]) -> None:
        if "_parameters" in state:
            state = _state.unfolded(state)
        self.__dict__.update(state)
        for kind in _KINDS:  # a shallow copy must not register into the original
            self.__dict__[kind] = dict(state.get(kind, {}))

    # -- registering -----------------------------------------------------------------------------

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter under `name`; None keeps the place free."""
        _check_name(self, "parameter", name, "_parameter_names")
        if param is not None and not isinstance(param, Parameter):
            raise TypeError(
                f"cannot assign '{_type_text(param)}' object to parameter '{name}' "
                "(torch.nn.Parameter or None required)"
            )
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                "created explicitly; to express it as a function of another, compute it in "
                "forward()."
            )
        if param is not None:
            param = as_registered("parameter", self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is state but not trained; `persistent` ones enter the state dict."""
        _check_name(self, "buffer", name, "_buffer_names")
        if tensor is not None and not isinstance(tensor, Tensor):
            raise TypeError(
                f"cannot assign '{_type_text(tensor)}' object to buffer '{name}' "
                "(torch Tensor or None required)"
            )
        self._buffer_names[name] = persistent
        self.__dict__[name] = as_registered("buffer", self, name, tensor)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child under `name`."""
        if not isinstance(module, Module) and module is not None:
            raise TypeError(f"{_type_text(module)} is not a Module subclass")
        _check_name(self, "module", name, "_module_names")
        self._modules[name] = as_registered("module", self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child under `name`: the same as `add_module`."""
        self.add_module(name, module)

    # -- finding ---------------------------------------------------------------------------------

    def get_submodule(self, target: str) -> Module:
        """The descendant at the dotted path `target`; "" is the module itself."""
        module: Module = self
        for name in target.split(".") if target else ():
            if not hasattr(module, name):
                raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
            module = getattr(module, name)
            if not isinstance(module, Module):
                raise AttributeError(f"`{name}` is not an nn.Module")  # noqa: TRY004 - torch's
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put `module` at the dotted path `target`; with `strict`, only in place of another."""
        if not target:
            raise ValueError("Cannot set the submodule without a target name!")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if strict and not hasattr(parent, name):
            raise AttributeError(f"{type(parent).__name__} has no attribute `{name}`")
        if hasattr(parent, name) and not isinstance(getattr(parent, name), Module):
            raise AttributeError(f"`{name}` is not an nn.Module")
        if not isinstance(module, Module):
            raise ValueError(f'"module" is not an nn.Module, found {type(module)}')  # noqa: TRY004 - torch's class
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at the dotted path `target`."""
        found = self._get_at(target)
        if not isinstance(found, Parameter):
            name = target.rpartition(".")[2]
            raise AttributeError(f"`{name}` is not an nn.Parameter")  # noqa: TRY004 - torch's
        return found

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at the dotted path `target`."""
        path, _, name = target.rpartition(".")
        found = self._get_at(target)
        if name not in self.get_submodule(path)._buffer_names:
            raise AttributeError(f"`{name}` is not a buffer")
        return found  # type: ignore[no-any-return]

    def _get_at(self, target: str) -> Any:
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        if not hasattr(module, name):
            raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
        return getattr(module, name)

    def get_extra_state(self) -> Any:
        """More to keep in the state dict than tensors: a subclass returns it here."""
        raise RuntimeError(
            "Reached a code path in Module.get_extra_state() that should never be called."
        )

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave."""
        raise RuntimeError(
            "Reached a code path in Module.set_extra_state() that should never be called."
        )

    _plain_get_extra_state = get_extra_state
    _plain_set_extra_state = set_extra_state

    # -- walking ---------------------------------------------------------------------------------

    def named_modules(
        self, memo: set[Module] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Module]]:
        """Every module of the tree with its path, the module itself first."""
        memo = set() if memo is None else memo
        if self in memo:
            return
        if remove_duplicate:
            memo.add(self)
        yield prefix, self
        for name in self._module_names:
            module = self.__dict__[name]
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self) -> Iterator[Module]:
        """Every module of the tree, each once."""
        for _, module in self.named_modules():
            yield module

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The direct children with their names, each once."""
        seen: set[Module] = set()
        for name in self._module_names:
            module = self.__dict__[name]
            if module is not None and module not in seen:
                seen.add(module)
                yield name, module

    def children(self) -> Iterator[Module]:
        """The direct children, each once."""
        for _, module in self.named_children():
            yield module

    def _named_members(
        self,
        get_members_fn: Callable[[Module], Any],
        prefix: str = "",
        recurse: bool = True,
        remove_duplicate: bool = True,
    ) -> Iterator[tuple[str, Any]]:
        seen: set[Any] = set()
        modules = (
            self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
            if recurse
            else [(prefix, self)]
        )
        for path, module in modules:
            for name, value in get_members_fn(module):
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield (f"{path}.{name}" if path else name), value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Every parameter with its dotted name, shared ones once."""
        yield from self._named_members(own_parameters, prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Every parameter, shared ones once: what an optimizer is given."""
        note_model(self)
        if recurse and not self._walks_otherwise():
            yield from all_parameters(self)
            return
        for _, parameter in self.named_parameters(recurse=recurse):
            yield parameter

    def _walks_otherwise(self) -> bool:
        """Whether a subclass has its own idea of which parameters it has."""
        own = self.__class__
        return (
            own.named_parameters is not Module.named_parameters
            or own.named_modules is not Module.named_modules
            or own._named_members is not Module._named_members
        )

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Every buffer with its dotted name, shared ones once."""
        yield from self._named_members(own_buffers, prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Every buffer, shared ones once."""
        for _, buffer in self.named_buffers(recurse=recurse):
            yield buffer

    # -- changing --------------------------------------------------------------------------------

    def apply(self, fn: Callable[[Module], Any]) -> Self:
        """Call `fn` on every module of the tree, children before parents."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self, mode: bool = True) -> Self:
        """Switch to training, which dropout and batch norm look at."""
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")  # noqa: TRY004 - torch's class
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self) -> Self:
        """Switch to evaluation: the same as `train(False)`."""
        note_evaluation()
        return self.train(False)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Say for every parameter whether it is to be trained."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients, or fill them with zeros."""
        for parameter in self.parameters():
            if parameter.grad is None:
                continue
            if set_to_none:
                parameter.grad = None
            else:
                parameter.grad = parameter.grad.detach()
                parameter.grad.zero_()

    # -- state -----------------------------------------------------------------------------------

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        _state.save_own(self, destination, prefix, keep_vars)

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Names to tensors of the whole tree; the tensors share memory with the module."""
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead: "
                "state_dict(destination=..., prefix=..., keep_vars=...)",
                FutureWarning,
                stacklevel=2,
            )
            given = (*args, *(destination, prefix, keep_vars)[len(args) :])
            destination, prefix, keep_vars = given[:3]
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        return _state.save_state(self, destination, prefix, keep_vars)

    def _load_from_state_dict(
        self,
        state_dict: Mapping[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        _state.load_own(
            self,
            state_dict,
            prefix,
            local_metadata,
            strict,
            missing_keys,
            unexpected_keys,
            error_msgs,
        )

    def load_state_dict(
        self, state_dict: Mapping[str, Any], strict: bool = True, assign: bool = False
    ) -> IncompatibleKeys:
        """Copy the tensors of `state_dict` into the tree; with `assign`, put them in place.

        With `strict`, names without a partner raise, and the message lists missing, unexpected
        and nearest names. Returns the names that found no partner.
        """
        return _state.load_state(self, state_dict, strict, assign)

    # -- text ------------------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """The settings shown between the parentheses of the module's text."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [
            f"({name}): {indent_tail(repr(self.__dict__[name]), 2)}" for name in self._module_names
        ]
        return assemble_repr(self._get_name(), lines, children)


def assemble_repr(name: str, lines: list[str], children: list[str]) -> str:
    """PyTorch's text of a module: settings in one line when there is nothing else."""
    if len(lines) == 1 and not children:
        return f"{name}({lines[0]})"
    if not lines and not children:
        return f"{name}()"
    body = "\n  ".join(lines + children)
    return f"{name}(\n  {body}\n)"


def indent_tail(text: str, spaces: int) -> str:
    """Indent every line of `text` but the first."""
    return text.replace("\n", "\n" + " " * spaces)


def _refuse_arguments(module: Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    name = type(module).__name__
    if kwargs:
        raise TypeError(
            f"{name}.__init__() got an unexpected keyword argument '{next(iter(kwargs))}'"
        )
    raise TypeError(f"{name}.__init__() takes 1 positional argument but {len(args) + 1} were given")


def _replace_entries(registry: Registry, entries: Mapping[str, Any]) -> None:
    entries = dict(entries)
    registry.clear()
    registry.update(entries)


def _check_name(module: Module, noun: str, name: Any, kind: str) -> None:
    own = module.__dict__
    if kind not in own:
        raise AttributeError(
            f"cannot assign {noun} before Module.__init__() call: "
            f"{type(module).__name__}.__init__ must start with super().__init__()"
        )
    if not isinstance(name, str):
        raise TypeError(f"{noun} name should be a string. Got {_type_text(name)}")
    if "." in name:
        got = f", got: {name}" if noun == "module" else ""
        raise KeyError(f'{noun} name can\'t contain "."{got}')
    if name == "":
        raise KeyError(f'{noun} name can\'t be empty string ""')
    if hasattr(module, name) and name not in own[kind]:
        raise KeyError(f"attribute '{name}' already exists")


def _type_text(value: Any) -> str:
    return str(value.type()) if isinstance(value, Tensor) else type(value).__name__


def _reassign(module: Module, name: str, value: Any) -> None:
    """Put another value in a registered place; only None or one of the same kind may go there."""
    own = module.__dict__
    if value is None or (isinstance(value, Tensor) and name in own["_buffer_names"]):
        own[name] = value
        return
    text = _type_text(value)
    if name in own["_parameter_names"]:
        raise TypeError(
            f"cannot assign '{text}' as parameter '{name}' (torch.nn.Parameter or None expected)"
        )
    if name in own["_module_names"]:
        raise TypeError(
            f"cannot assign '{text}' as child module '{name}' (torch.nn.Module or None expected)"
        )
    raise TypeError(
        f"cannot assign '{text}' as buffer '{name}' "
        "(torch.nn.Buffer, torch.Tensor or None expected)"
    )
