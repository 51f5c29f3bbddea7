"""Pruning: weights set to 0 by a mask that stands beside the original."""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

from ... import _creation as creation, _draws as draws
from ...ops.shape import cat

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ..modules.module import Module

__all__ = [
    "BasePruningMethod",
    "CustomFromMask",
    "Identity",
    "L1Unstructured",
    "LnStructured",
    "PruningContainer",
    "RandomStructured",
    "RandomUnstructured",
    "custom_from_mask",
    "global_unstructured",
    "identity",
    "is_pruned",
    "l1_unstructured",
    "ln_structured",
    "random_structured",
    "random_unstructured",
    "remove",
]


class BasePruningMethod(ABC):
    """A way to choose what is pruned; a subclass writes `compute_mask`.

    `PRUNING_TYPE` says what it looks at: "unstructured", "structured" or "global".
    """

    PRUNING_TYPE: str = "unstructured"
    _tensor_name: str

    def __call__(self, module: Any, inputs: Any) -> None:
        """Compute the pruned tensor; runs before each call of the module."""
        object.__setattr__(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask for `t`: 0 where it is pruned now or was in `default_mask`."""

    def apply_mask(self, module: Any) -> Any:
        """Return the original times the mask."""
        mask = getattr(module, self._tensor_name + "_mask")
        return mask.to(dtype=getattr(module, self._tensor_name + "_orig").dtype) * getattr(
            module, self._tensor_name + "_orig"
        )

    @classmethod
    def apply(
        cls, module: Any, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune `module.<name>`; what was pruned before stays so."""
        method = cls(*args, **kwargs)
        method._tensor_name = name
        old = _hook_of(module, name)
        if old is not None:
            key, before = old
            container = PruningContainer()
            container._tensor_name = name
            for part in before if isinstance(before, PruningContainer) else [before]:
                container.add_pruning_method(part)
            container.add_pruning_method(method)
            del module._forward_pre_hooks[key]
            chosen: BasePruningMethod = container
            default = getattr(module, name + "_mask")
            original = getattr(module, name + "_orig")
        else:
            chosen, original = method, getattr(module, name)
            default = creation.ones_like(original.detach())
        scores = original if importance_scores is None else importance_scores
        if tuple(scores.shape) != tuple(original.shape):
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}"
            )
        mask = chosen.compute_mask(scores.detach(), default.detach())
        if old is None:
            delattr(module, name)
            module.register_parameter(name + "_orig", original)
        module.register_buffer(name + "_mask", mask)
        object.__setattr__(module, name, chosen.apply_mask(module))
        module.register_forward_pre_hook(chosen)
        return chosen

    def prune(self, t: Any, default_mask: Any = None, importance_scores: Any = None) -> Any:
        """Return `t` times the mask, without changing a module."""
        scores = t if importance_scores is None else importance_scores
        default = creation.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(scores, default)

    def remove(self, module: Any) -> None:
        """Make the pruned tensor a plain parameter again: the zeros stay."""
        name = self._tensor_name
        weight = self.apply_mask(module).detach()
        original = getattr(module, name + "_orig")
        original.data = weight
        for old in (name, name + "_orig", name + "_mask"):
            delattr(module, old)
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Several methods, one after the other."""

    def __init__(self, *args: BasePruningMethod) -> None:
        self._pruning_methods: tuple[BasePruningMethod, ...] = ()
        if args:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add one more method for the same tensor."""
        if not isinstance(method, BasePruningMethod):
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method._tensor_name != self._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Any:
        return iter(self._pruning_methods)

    def __getitem__(self, index: int) -> BasePruningMethod:
        return self._pruning_methods[index]

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask of the newest method, on what earlier ones left."""
        method = self._pruning_methods[-1]
        mask = default_mask.detach().clone()
        if method.PRUNING_TYPE == "structured":
            dim = getattr(method, "dim", 0)
            others = tuple(i for i in range(t.dim()) if i != dim % t.dim())
            kept = (mask.sum(dim=others) != 0).nonzero().flatten()
            found = method.compute_mask(t.index_select(dim, kept), mask.index_select(dim, kept))
            return mask.index_copy(dim, kept, found.to(dtype=mask.dtype))
        place = mask == 1
        if method.PRUNING_TYPE == "global":
            place = mask == mask  # noqa: PLR0124 - True everywhere
        mask[place] = method.compute_mask(t[place], mask[place]).to(dtype=mask.dtype)
        return mask


class Identity(BasePruningMethod):
    """Prunes nothing: a mask of ones."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask as it was."""
        return default_mask


def _check_amount(amount: Any) -> None:
    if isinstance(amount, bool) or not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    whole = isinstance(amount, numbers.Integral)
    if (whole and amount < 0) or (not whole and not 0.0 <= float(amount) <= 1.0):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] "
            "or a non-negative integer"
        )


def _count(amount: Any, size: int) -> int:
    if not isinstance(amount, numbers.Integral):
        return round(float(amount) * size)
    if int(amount) > size:
        raise ValueError(
            f"amount={amount} should be smaller than the number of parameters to prune={size}"
        )
    return int(amount)


class _Amount(BasePruningMethod):
    """Prunes a number of elements, or a fraction of them."""

    def __init__(self, amount: Any) -> None:
        _check_amount(amount)
        self.amount = amount


class RandomUnstructured(_Amount):
    """Prunes elements at random."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with that many more zeros."""
        count, mask = _count(self.amount, t.numel()), default_mask.clone()
        if count:
            places = draws.rand(t.numel()).topk(count).indices
            flat = mask.reshape((-1,)).clone()
            flat[places] = 0
            mask = flat.reshape(tuple(mask.shape))
        return mask


class L1Unstructured(_Amount):
    """Prunes the elements of the smallest magnitude."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with that many more zeros."""
        count, mask = _count(self.amount, t.numel()), default_mask.clone()
        if count:
            places = t.abs().reshape((-1,)).topk(count, largest=False).indices
            flat = mask.reshape((-1,)).clone()
            flat[places] = 0
            mask = flat.reshape(tuple(mask.shape))
        return mask


class _Structured(BasePruningMethod):
    """Prunes whole slices along `dim`."""

    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int = -1) -> None:
        _check_amount(amount)
        self.amount, self.dim = amount, dim

    @abstractmethod
    def scores(self, t: Any) -> Any:
        """How much each slice is worth."""

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return the mask with that many more slices of zeros."""
        if t.dim() <= 1:
            raise ValueError(
                "Structured pruning can only be applied to a multidimensional tensor. Found a "
                f"tensor of shape {t.shape} with {t.dim()} dims"
            )
        size = t.shape[self.dim]
        count = _count(self.amount, size)
        if not count:
            return default_mask
        kept = self.scores(t).topk(size - count).indices
        line = creation.zeros(size, dtype=default_mask.dtype)
        line[kept] = 1
        shape = [1] * t.dim()
        shape[self.dim] = size
        return line.reshape(tuple(shape)) * default_mask


class RandomStructured(_Structured):
    """Prunes slices at random."""

    def scores(self, t: Any) -> Any:
        """Random numbers."""
        return draws.rand(t.shape[self.dim])


class LnStructured(_Structured):
    """Prunes the slices of the smallest n-norm."""

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def scores(self, t: Any) -> Any:
        """The norms."""
        others = tuple(i for i in range(t.dim()) if i != self.dim % t.dim())
        return t.norm(p=self.n, dim=others)


class CustomFromMask(BasePruningMethod):
    """Prunes what a given mask says."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Any) -> None:
        self.mask = mask

    def compute_mask(self, t: Any, default_mask: Any) -> Any:
        """Return both masks together."""
        return default_mask * self.mask.reshape(tuple(default_mask.shape)).to(
            dtype=default_mask.dtype
        )


def _hook_of(module: Any, name: str) -> tuple[int, BasePruningMethod] | None:
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, BasePruningMethod) and hook._tensor_name == name:
            return key, hook
    return None


def identity(module: Any, name: str) -> Any:
    """Give `module.<name>` a mask of ones."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Any, name: str, amount: Any) -> Any:
    """Prune elements of `module.<name>` at random: a number of them, or a fraction."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(module: Any, name: str, amount: Any, importance_scores: Any = None) -> Any:
    """Prune the smallest elements of `module.<name>`: a number of them, or a fraction."""
    L1Unstructured.apply(module, name, amount, importance_scores=importance_scores)
    return module


def random_structured(module: Any, name: str, amount: Any, dim: int) -> Any:
    """Prune slices of `module.<name>` along `dim` at random."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Any, name: str, amount: Any, n: Any, dim: int, importance_scores: Any = None
) -> Any:
    """Prune the slices of `module.<name>` along `dim` that have the smallest n-norm."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores=importance_scores)
    return module


def custom_from_mask(module: Any, name: str, mask: Any) -> Any:
    """Prune `module.<name>` where `mask` is 0."""
    CustomFromMask.apply(module, name, mask)
    return module


def global_unstructured(
    parameters: Iterable[tuple[Module, str]],
    pruning_method: Callable[..., BasePruningMethod],
    importance_scores: dict[tuple[Module, str], Any] | None = None,
    **kwargs: Any,
) -> None:
    """Prune several tensors as if they were one."""
    pairs = list(parameters)
    scores = importance_scores or {}

    def flat(module: Any, name: str, kind: str) -> Any:
        if kind == "scores":
            found = scores.get((module, name))
            value = getattr(module, name) if found is None else found
        else:
            value = getattr(module, name + "_mask", None)
            value = creation.ones_like(getattr(module, name)) if value is None else value
        return value.detach().reshape((-1,))

    values = cat(*(flat(m, n, "scores") for m, n in pairs), axis=0)
    masks = cat(*(flat(m, n, "mask") for m, n in pairs), axis=0)
    method = pruning_method(**kwargs)
    method._tensor_name = "temp"
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. '
            f"Found method {pruning_method} of type {method.PRUNING_TYPE}"
        )
    container = PruningContainer(method)
    found, start = container.compute_mask(values, masks), 0
    for module, name in pairs:
        tensor = getattr(module, name)
        stop = start + tensor.numel()
        custom_from_mask(module, name, found[start:stop].reshape(tuple(tensor.shape)))
        start = stop


def remove(module: Any, name: str) -> Any:
    """Make the pruned `module.<name>` a plain parameter again: the zeros stay."""
    found = _hook_of(module, name)
    if found is None:
        raise ValueError(
            f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
        )
    key, hook = found
    hook.remove(module)
    del module._forward_pre_hooks[key]
    return module


def is_pruned(module: Any) -> bool:
    """Whether anything in the tree of `module` is pruned."""
    return any(
        isinstance(hook, BasePruningMethod)
        for part in module.modules()
        for hook in part._forward_pre_hooks.values()
    )
