"""The base of all optimizers: parameter groups, state, hooks, and state dicts."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from typing import Any, TypeAlias

import numpy as np

from .._nodes import make
from .._record import here, stamp
from .._tensor import Tensor
from ..hints import hidden_text, look_at_step, note_optimizer
from ..utils.hooks import RemovableHandle

Params: TypeAlias = Iterable[Any]
Group: TypeAlias = dict[str, Any]
State: TypeAlias = dict[str, Any]
StateDict: TypeAlias = dict[str, Any]
Closure: TypeAlias = Callable[[], Any]
Array: TypeAlias = "np.ndarray[Any, Any]"
Hooks: TypeAlias = "OrderedDict[int, Callable[..., Any]]"


class _Required:
    """Marks a setting that every group must give."""

    def __repr__(self) -> str:
        return "<required parameter>"


required = _Required()
_before_every_step: Hooks = OrderedDict()
_after_every_step: Hooks = OrderedDict()


def _add(hooks: Hooks, hook: Callable[..., Any], *, first: bool = False) -> RemovableHandle:
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    if first:
        hooks.move_to_end(handle.id, last=False)
    return handle


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` before every step of every optimizer."""
    return _add(_before_every_step, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call `hook(optimizer, args, kwargs)` after every step of every optimizer."""
    return _add(_after_every_step, hook)


def _run_pre_hooks(
    optimizer: Optimizer, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    for hook in (*_before_every_step.values(), *optimizer._optimizer_step_pre_hooks.values()):
        result = hook(optimizer, args, kwargs)
        if result is None:
            continue
        if not (isinstance(result, tuple) and len(result) == 2):
            raise RuntimeError(
                f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {result}."
            )
        args, kwargs = result
    return args, kwargs


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """Surround a class's own `step` with the hooks."""

    @functools.wraps(step)
    def hooked(self: Optimizer, *args: Any, **kwargs: Any) -> Any:
        self._opt_called = True
        if getattr(type(self), "step", None) is not hooked:  # reached through super().step()
            return step(self, *args, **kwargs)
        if self._looks:
            look_at_step(self)
        args_with_self, kwargs = _run_pre_hooks(self, (self, *args), kwargs)
        result = step(*args_with_self, **kwargs)
        for hook in (*self._optimizer_step_post_hooks.values(), *_after_every_step.values()):
            hook(self, args_with_self, kwargs)
        return result

    return hooked


def buffer(tensor: Tensor) -> Array:
    """Return the array behind a tensor, to be written to."""
    return tensor._array  # type: ignore[no-any-return]


def gradient(param: Tensor) -> Array:
    """Return the array behind the gradient of a parameter that has one."""
    return np.asarray(param._grad._array)  # type: ignore[union-attr]


class Optimizer:
    """The base of all optimizers, and of your own: subclass it and write `step`.

    `param_groups` lists the groups, each a dict with "params" and its settings; `state` keeps what
    the optimizer remembers of each parameter. Settings missing in a group come from `defaults`.
    """

    _step_name = "Optimizer.step()"

    def __init__(self, params: Params, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Any, State] = defaultdict(dict)
        self.param_groups: list[Group] = []
        self._prepare_hooks()
        groups = _listed(params)
        if not groups:
            raise ValueError(
                "optimizer got an empty parameter list: was the generator used up already, or are "
                f"the layers kept in a plain list (use ModuleList)?{hidden_text()}"
            )
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)
        self._looks = note_optimizer(self)

    def _prepare_hooks(self) -> None:
        self._optimizer_step_pre_hooks: Hooks = OrderedDict()
        self._optimizer_step_post_hooks: Hooks = OrderedDict()
        self._optimizer_state_dict_pre_hooks: Hooks = OrderedDict()
        self._optimizer_state_dict_post_hooks: Hooks = OrderedDict()
        self._optimizer_load_state_dict_pre_hooks: Hooks = OrderedDict()
        self._optimizer_load_state_dict_post_hooks: Hooks = OrderedDict()
        self._opt_called = False
        self._looks = 0  # how many more steps are looked at for hints
        self._seen: Any = None
        # of a step in progress: the numbers of the parameters it is at, and of those it has done
        self._doubtful: Sequence[int] = ()
        self._finished: list[int] = []
        self._packs: dict[int, Any] = {}  # see Elementwise
        self._scratch: dict[Any, Array] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls._step_name = f"{cls.__name__}.step()"
        if "step" in cls.__dict__:
            cls.step = _with_hooks(cls.__dict__["step"])  # type: ignore[method-assign]

    # -- settings -----------------------------------------------------------------------------

    def add_param_group(self, param_group: Group) -> None:
        """Add a group of parameters with its own settings, for instance newly unfrozen layers."""
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        param_group["params"], names = _named_apart(param_group["params"])
        if names is not None:
            param_group["param_names"] = names
        self._check_names(names)
        for name, default in self.defaults.items():
            if default is required and name not in param_group:
                raise ValueError(
                    "parameter group didn't specify a value of required optimization parameter "
                    f"{name}"
                )
            param_group.setdefault(name, default)
        self._check_members(param_group["params"])
        self.param_groups.append(param_group)

    def _check_names(self, names: list[str] | None) -> None:
        if self.param_groups and (("param_names" in self.param_groups[0]) != (names is not None)):
            raise ValueError(
                "all optimizer param groups should be with/without names. cannot add param group "
                f"with{'' if names else 'out'} names to the optimizer"
            )

    def _check_members(self, params: list[Any]) -> None:
        for param in params:
            _check_parameter(param)
        if len({id(param) for param in params}) != len(params):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; "
                "each is updated once per appearance",
                stacklevel=4,
            )
        known = {id(param) for group in self.param_groups for param in group["params"]}
        if any(id(param) in known for param in params):
            raise ValueError("some parameters appear in more than one parameter group")

    def __repr__(self) -> str:
        lines = [type(self).__name__ + " ("]
        for i, group in enumerate(self.param_groups):
            lines += [""] * (i > 0) + [f"Parameter Group {i}"]
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])

    # -- one step -----------------------------------------------------------------------------

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters once; `closure` recomputes the loss, which is returned."""
        raise NotImplementedError(f"{type(self).__name__} must define step()")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters, or fill them with zeros."""
        for group in self.param_groups:
            for param in group["params"]:
                if set_to_none:
                    param._grad = None
                elif param._grad is not None:
                    _fill_zero(param._grad)

    def _evaluate(self, closure: Closure | None) -> Any:
        self._check_finished()
        if closure is None:
            return None
        before, here.grad = here.grad, True  # a step may stand under no_grad()
        try:
            return closure()
        finally:
            here.grad = before

    def _walk(self) -> Iterator[tuple[Group, Tensor]]:
        """Walk over the parameters that have a gradient, and keep track for an interruption."""
        self._finished = []
        numbered = enumerate((group, p) for group in self.param_groups for p in group["params"])
        for i, (group, param) in numbered:
            if param._grad is not None:
                self._doubtful = (i,)
                yield group, param
                self._finished.append(i)
        self._doubtful = ()

    def _check_finished(self) -> None:
        if self._doubtful:
            raise RuntimeError(
                f"an earlier {type(self).__name__}.step() was interrupted while it updated "
                f"parameter {', '.join(map(str, self._doubtful))}: updated before that were "
                f"{', '.join(map(str, self._finished)) or 'none'}. Load a checkpoint of the model "
                "and of the optimizer (load_state_dict) to go on"
            )

    # -- hooks --------------------------------------------------------------------------------

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` before each step; it may return new ones."""
        return _add(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call `hook(optimizer, args, kwargs)` after each step."""
        return _add(self._optimizer_step_post_hooks, hook)

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer)` before `state_dict()`."""
        return _add(self._optimizer_state_dict_pre_hooks, hook, first=prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` after `state_dict()`; it may return another."""
        return _add(self._optimizer_state_dict_post_hooks, hook, first=prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer, state_dict)` before loading; it may return another."""
        return _add(self._optimizer_load_state_dict_pre_hooks, hook, first=prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call `hook(optimizer)` after loading."""
        return _add(self._optimizer_load_state_dict_post_hooks, hook, first=prepend)

    # -- saving and loading -------------------------------------------------------------------

    def state_dict(self) -> StateDict:
        """Return the state and the settings as plain dicts, with PyTorch's keys.

        Parameters are numbered in the order of the groups. The tensors are copies: later steps
        do not change them.

        Differs from PyTorch: there the tensors are the optimizer's own.
        """
        for hook in self._optimizer_state_dict_pre_hooks.values():
            hook(self)
        self._check_finished()
        numbers: dict[int, int] = {}
        groups = [_numbered(group, numbers) for group in self.param_groups]
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: _copied(value)
            for key, value in self.state.items()
        }
        result: StateDict = {"state": state, "param_groups": groups}
        for hook in self._optimizer_state_dict_post_hooks.values():
            changed = hook(self, result)
            result = result if changed is None else changed
        return result

    def load_state_dict(self, state_dict: StateDict) -> None:
        """Take over state and settings, also from a dict that PyTorch's optimizer made.

        The tensors are copied, and take the dtype of their parameter ("step" keeps its own).

        Errors: ValueError when the groups do not have the same numbers of parameters.
        """
        state_dict = dict(state_dict)
        for hook in self._optimizer_load_state_dict_pre_hooks.values():
            changed = hook(self, state_dict)
            state_dict = state_dict if changed is None else changed
        saved = [{**group} for group in state_dict["param_groups"]]
        _check_sizes(self.param_groups, saved)
        mine = [param for group in self.param_groups for param in group["params"]]
        theirs = [number for group in saved for number in group["params"]]
        by_number = dict(zip(theirs, mine, strict=True))
        state: defaultdict[Any, State] = defaultdict(dict)
        for key, value in state_dict["state"].items():
            param = by_number.get(key)
            state[key if param is None else param] = _adopted(value, param, None)
        groups = [
            _renewed(new, group["params"], group.get("param_names"))
            for new, group in zip(saved, self.param_groups, strict=True)
        ]
        self.__setstate__({"state": state, "param_groups": groups})
        self._doubtful = ()
        for hook in self._optimizer_load_state_dict_post_hooks.values():
            hook(self)

    def __getstate__(self) -> dict[str, Any]:
        self._check_finished()
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over attributes; settings that an older checkpoint lacks come from `defaults`."""
        self.__dict__.update(state)
        if "_optimizer_step_pre_hooks" not in self.__dict__:
            self._prepare_hooks()
        for group in self.param_groups:
            for name, default in self.defaults.items():
                if default is not required:
                    group.setdefault(name, default)


# -- what the constructor accepts -----------------------------------------------------------------


def _listed(params: Params) -> list[Any]:
    """Return the parameters or groups as a list, or say what should have been passed."""
    expected = "params argument given to the optimizer should be an iterable of Tensors or dicts, "
    if isinstance(params, Tensor):
        raise TypeError(f"{expected}but got a Tensor: put it into a list, [tensor]")
    if callable(getattr(params, "parameters", None)):
        raise TypeError(
            f"{expected}but got the {type(params).__name__} itself: "
            "pass model.parameters(), not the model"
        )
    if callable(params):
        raise TypeError(f"{expected}but got a function: was it meant to be called, parameters()?")
    try:
        return list(params)
    except TypeError as error:
        raise TypeError(f"{expected}but got {type(params).__name__}: {error}") from None


def _named_apart(params: Any) -> tuple[list[Any], list[str] | None]:
    """Return the list of parameters, and their names when pairs (name, parameter) were given."""
    if isinstance(params, Tensor):
        return [params], None
    if isinstance(params, (set, frozenset)):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering "
            "of tensors in sets will change between runs. Please use a list instead."
        )
    members = _listed(params)
    pairs = [isinstance(member, tuple) for member in members]
    if not any(pairs):
        return members, None
    if not all(pairs):
        raise ValueError(
            "all optimizer params should be with/without names. Some param names are missing"
        )
    return [param for _, param in members], [name for name, _ in members]


def _check_parameter(param: Any) -> None:
    if not isinstance(param, Tensor):
        hint = ": pass model.parameters()" if callable(getattr(param, "parameters", None)) else ""
        raise TypeError(
            f"optimizer can only optimize Tensors, but one of the params is "
            f"{type(param).__name__}{hint}"
        )
    if not (param.is_leaf or getattr(param, "retains_grad", False)):
        raise ValueError(
            "can't optimize a non-leaf Tensor: it is the result of an operation. Optimize what it "
            "was computed from, or tensor.detach().requires_grad_()"
        )


# -- state dicts --------------------------------------------------------------------------------


def _numbered(group: Group, numbers: dict[int, int]) -> Group:
    """Return the group with its parameters replaced by their numbers."""
    start = len(numbers)
    for param in group["params"]:
        if id(param) not in numbers:
            numbers[id(param)] = start
            start += 1
    packed = {key: _copied(value) for key, value in group.items() if key != "params"}
    packed["params"] = [numbers[id(param)] for param in group["params"]]
    return packed


def _copied(value: Any) -> Any:
    """Copy containers and tensors, so that nothing is shared."""
    if isinstance(value, Tensor):
        return make(np.array(value._array), None)
    if isinstance(value, dict):
        return {key: _copied(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
        return type(value)(_copied(item) for item in value)
    return value


def _adopted(value: Any, param: Tensor | None, key: Any) -> Any:
    """Copy a loaded value; floating-point tensors take the dtype of their parameter."""
    if isinstance(value, dict):
        return {name: _adopted(item, param, name) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_adopted(item, param, key) for item in value)
    if isinstance(value, Tensor) or (hasattr(value, "detach") and hasattr(value, "numpy")):
        array = np.asarray(value._array if isinstance(value, Tensor) else value.detach().numpy())
    elif isinstance(value, np.ndarray):
        array = value
    else:
        return deepcopy(value)
    if param is None or key == "step" or not np.issubdtype(param._array.dtype, np.floating):
        return make(np.array(array), None)
    return make(np.array(array, dtype=param._array.dtype), None)


def _check_sizes(groups: list[Group], saved: list[Group]) -> None:
    if len(groups) != len(saved):
        raise ValueError(
            "loaded state dict has a different number of parameter groups: "
            f"{len(saved)}, and this optimizer has {len(groups)}"
        )
    for i, (mine, theirs) in enumerate(zip(groups, saved, strict=True)):
        if len(mine["params"]) != len(theirs["params"]):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                f"optimizer's group: group {i} has {len(theirs['params'])} parameters in the "
                f"state dict and {len(mine['params'])} here"
            )


def _renewed(saved: Group, params: list[Tensor], names: list[str] | None) -> Group:
    """Return a group with the saved settings and our own parameters."""
    group = {key: _adopted(value, None, key) for key, value in saved.items() if key != "params"}
    if names is not None:
        group.setdefault("param_names", names)
    return {"params": params, **group}


def _fill_zero(gradient: Tensor) -> None:
    array = gradient._array
    gradient._node = None
    if isinstance(array, np.ndarray) and array.flags.writeable:
        array.fill(0)
        stamp(array, "zero_grad()")
    else:
        gradient._array = np.zeros_like(array)
