"""How the state of a tree of modules is written down and read back."""

from __future__ import annotations

import difflib
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, NamedTuple

from ..._tensor import Tensor
from ...autograd import no_grad
from ..parameter import Parameter, is_lazy

__all__ = ["IncompatibleKeys", "load_own", "load_state", "save_own", "save_state", "unfolded"]

EXTRA_STATE = "_extra_state"


def unfolded(state: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes of a module that PyTorch pickled, as they stand in a module of ours."""
    kinds = {
        "_parameter_names": dict.fromkeys(state["_parameters"], True),
        "_buffer_names": {
            name: name not in state.get("_non_persistent_buffers_set", ())
            for name in state["_buffers"]
        },
        "_module_names": dict.fromkeys(state["_modules"], True),
    }
    folded = {"_parameters", "_buffers", "_modules", "_non_persistent_buffers_set"}
    own = {k: v for k, v in state.items() if k not in folded and not k.endswith("_hooks")}
    values = {**state["_parameters"], **state["_buffers"], **state["_modules"]}
    return {**own, **values, "_hooked": False, **kinds}


class _Keys(NamedTuple):
    missing_keys: list[str]
    unexpected_keys: list[str]


class _IncompatibleKeys(_Keys):
    """What `load_state_dict` could not match."""

    __slots__ = ()

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        return (
            f"_IncompatibleKeys(missing_keys={self.missing_keys}, "
            f"unexpected_keys={self.unexpected_keys})"
        )

    __str__ = __repr__


IncompatibleKeys = _IncompatibleKeys  # PyTorch's name stands in its text and in pickles


def save_state(module: Any, destination: Any, prefix: str, keep_vars: bool) -> Any:
    """Enter the state of `module` and everything below it into `destination`."""
    metadata = {"version": module._version}
    if hasattr(destination, "_metadata"):
        destination._metadata[prefix[:-1]] = metadata
    for hook in module._state_dict_pre_hooks.values():
        hook(module, prefix, keep_vars)
    module._save_to_state_dict(destination, prefix, keep_vars)
    for name, child in module._modules.items():
        if child is not None:
            child.state_dict(
                destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
            )
    for hook in module._state_dict_hooks.values():
        given = hook(module, destination, prefix, metadata)
        if given is None:
            continue
        if not getattr(hook, "_from_private_api", False):
            raise RuntimeError("state_dict post-hook must return None")
        destination = given
    return destination


def save_own(module: Any, destination: Any, prefix: str, keep_vars: bool) -> None:
    """Enter the parameters, persistent buffers and extra state of `module` alone."""
    own = module.__dict__
    for name in _persistent_names(module):
        kept = keep_vars or is_lazy(own[name])
        destination[prefix + name] = own[name] if kept else own[name].detach()
    if has_extra_state(module):
        destination[prefix + EXTRA_STATE] = module.get_extra_state()


def has_extra_state(module: Any) -> bool:
    """Whether the module's class says what more it wants to keep."""
    return bool(module.__class__.get_extra_state is not module.__class__._plain_get_extra_state)


def takes_extra_state(module: Any) -> bool:
    """Whether the module's class says how to read its extra state back."""
    return bool(module.__class__.set_extra_state is not module.__class__._plain_set_extra_state)


class Loading:
    """One `load_state_dict`: the source, and what went wrong so far."""

    def __init__(self, state: Any, strict: bool, assign: bool) -> None:
        self.metadata = getattr(state, "_metadata", None)
        self.state = OrderedDict(state)
        if self.metadata is not None:
            self.state._metadata = self.metadata  # type: ignore[attr-defined]
        self.strict, self.assign = strict, assign
        self.missing: list[str] = []
        self.unexpected: list[str] = []
        self.errors: list[str] = []

    def load(self, module: Any, state: Any, prefix: str) -> None:
        """Load `module` and everything below it from `state`, the part that is theirs."""
        metadata = {} if self.metadata is None else self.metadata.get(prefix[:-1], {})
        if self.assign:
            metadata["assign_to_params_buffers"] = True
        module._load_from_state_dict(
            state, prefix, metadata, True, self.missing, self.unexpected, self.errors
        )
        for name, child in module._modules.items():
            if child is not None:
                below = f"{prefix}{name}."
                part = {key: value for key, value in state.items() if key.startswith(below)}
                self.load(child, part, below)
        keys = IncompatibleKeys(self.missing, self.unexpected)
        for hook in list(module._load_state_dict_post_hooks.values()):
            if hook(module, keys) is not None:
                raise AssertionError(
                    "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                    "expected to return new values; change the given keys in place instead."
                )


def load_state(module: Any, state: Any, strict: bool, assign: bool) -> IncompatibleKeys:
    """Load `state` into `module`; with `strict`, every name must match."""
    if not isinstance(state, Mapping):
        raise TypeError(f"Expected state_dict to be dict-like, got {type(state)}.")
    loading = Loading(state, strict, assign)
    loading.load(module, loading.state, "")
    errors = loading.errors
    if strict:
        errors = _complaints(loading) + errors
    if errors:
        lines = "\n\t".join(errors)
        raise RuntimeError(
            f"Error(s) in loading state_dict for {module.__class__.__name__}:\n\t{lines}"
        )
    return IncompatibleKeys(loading.missing, loading.unexpected)


def _complaints(loading: Loading) -> list[str]:
    """The lines about names without a partner, and what they were likely meant to be."""
    lines = []
    if loading.missing:
        lines.append(f"Missing key(s) in state_dict: {_quoted(loading.missing)}. ")
    if loading.unexpected:
        lines.append(f"Unexpected key(s) in state_dict: {_quoted(loading.unexpected)}. ")
    if loading.missing and loading.unexpected:
        lines += _guesses(loading)
    return lines


def _quoted(names: list[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _guesses(loading: Loading) -> list[str]:
    """A prefix that all keys share, or else the nearest name of each unexpected one."""
    heads = {key.partition(".")[0] for key in loading.state}
    if len(heads) == 1:
        head = heads.pop() + "."
        if {key.removeprefix(head) for key in loading.unexpected} <= set(loading.missing):
            return [
                f'All keys start with "{head}" (as DataParallel writes them); '
                f'load {{k.removeprefix("{head}"): v for k, v in state.items()}} instead. '
            ]
    pairs = []
    for name in loading.unexpected[:5]:
        near = difflib.get_close_matches(name, loading.missing, n=1, cutoff=0.7)
        pairs += [f'"{name}" -> "{near[0]}"'] if near else []
    return [f"Nearest names: {', '.join(pairs)}. "] if pairs else []


def load_own(
    module: Any,
    state: Mapping[str, Any],
    prefix: str,
    metadata: dict[str, Any],
    strict: bool,
    missing: list[str],
    unexpected: list[str],
    errors: list[str],
) -> None:
    """Load the parameters, persistent buffers and extra state of `module` alone."""
    for hook in list(module._load_state_dict_pre_hooks.values()):
        hook(state, prefix, metadata, strict, missing, unexpected, errors)
    assign = bool(metadata.get("assign_to_params_buffers", False))
    for name in _persistent_names(module):
        key = prefix + name
        if key in state:
            _load_tensor(module, name, key, state[key], assign, errors)
        elif strict:
            missing.append(key)
    _load_extra_state(module, state, prefix + EXTRA_STATE, strict, missing, unexpected)
    if strict:
        unexpected += _unexpected_names(module, state, prefix)


def _persistent_names(module: Any) -> list[str]:
    own = module.__dict__
    names = [*module._parameter_names]
    names += [name for name, persistent in module._buffer_names.items() if persistent]
    return [name for name in names if own[name] is not None]


def _load_extra_state(
    module: Any,
    state: Mapping[str, Any],
    key: str,
    strict: bool,
    missing: list[str],
    unexpected: list[str],
) -> None:
    if takes_extra_state(module):
        if key in state:
            module.set_extra_state(state[key])
        elif strict:
            missing.append(key)
    elif strict and key in state:
        unexpected.append(key)


def _unexpected_names(module: Any, state: Mapping[str, Any], prefix: str) -> list[str]:
    extra = []
    known = {*module._parameter_names, *(n for n, kept in module._buffer_names.items() if kept)}
    for key in state:
        if not key.startswith(prefix) or key == prefix + EXTRA_STATE:
            continue
        head, dot, _ = key[len(prefix) :].partition(".")
        if dot:
            if module._modules.get(head) is None:
                extra.append(key)
        elif head not in known or module.__dict__[head] is None:
            extra.append(key)
    return extra


def _load_tensor(
    module: Any, name: str, key: str, value: Any, assign: bool, errors: list[str]
) -> None:
    target = module.__dict__[name]
    if not isinstance(value, Tensor):
        errors.append(
            f'While copying the parameter named "{key}", expected torch.Tensor or Tensor-like '
            f"object from checkpoint but received {type(value)}"
        )
        return
    if is_lazy(target) and is_lazy(value):
        return  # neither has anything yet
    if not is_lazy(target):
        if target.dim() == 0 and value.dim() == 1 and value.shape[0] == 1:
            value = value[0]  # before 0-d tensors, scalars were kept as one-element vectors
        if tuple(value.shape) != tuple(target.shape):
            errors.append(
                f"size mismatch for {key}: copying a param with shape {_shown(value)} from "
                f"checkpoint, the shape in current model is {_shown(target)}."
            )
            return
    try:
        with no_grad():
            _put_tensor(module, name, target, value, assign)
    except Exception as error:  # noqa: BLE001 - every problem is listed
        errors.append(
            f'While copying the parameter named "{key}", whose dimensions in the model are '
            f"{_shown(target)} and whose dimensions in the checkpoint are {_shown(value)}, "
            f"an exception occurred : {error.args}."
        )


def _shown(tensor: Any) -> str:
    return f"torch.Size({list(tensor.shape)})"


def _put_tensor(module: Any, name: str, target: Any, value: Any, assign: bool) -> None:
    if is_lazy(target) and not is_lazy(value):
        target.materialize(tuple(value.shape))
    if not assign:
        target.copy_(value)
        return
    if isinstance(target, Parameter) and not isinstance(value, Parameter):
        value = Parameter(value, requires_grad=target.requires_grad)
    elif isinstance(target, Parameter):
        value.requires_grad_(target.requires_grad)
    setattr(module, name, value)
