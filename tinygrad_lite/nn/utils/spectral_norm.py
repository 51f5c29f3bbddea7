"""Spectral normalisation in its older form: `weight_orig`, `weight_u` and `weight_v`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ... import _draws as draws
from ...autograd import no_grad
from .. import functional as F
from ..parameter import Parameter
from .parametrizations import default_dim

if TYPE_CHECKING:
    from ..modules.module import Module

__all__ = ["SpectralNorm", "remove_spectral_norm", "spectral_norm"]


class SpectralNorm:
    """The hook that computes the weight before each call."""

    def __init__(
        self,
        name: str = "weight",
        n_power_iterations: int = 1,
        dim: int = 0,
        eps: float = 1e-12,
    ) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                "Expected n_power_iterations to be positive, "
                f"but got n_power_iterations={n_power_iterations}"
            )
        self.name, self.n_power_iterations = name, n_power_iterations
        self.dim, self.eps = dim, eps

    def matrix_of(self, weight: Any) -> Any:
        """Return the weight as a matrix with its outputs as rows."""
        if self.dim != 0:
            others = [i for i in range(weight.dim()) if i != self.dim]
            weight = weight.permute(self.dim, *others)
        return weight.reshape((weight.shape[0], -1))

    def compute_weight(self, module: Any, iterate: bool) -> Any:
        """Return the weight over its largest singular value; `iterate` first follows that."""
        weight = getattr(module, self.name + "_orig")
        u, v = getattr(module, self.name + "_u"), getattr(module, self.name + "_v")
        matrix = self.matrix_of(weight)
        if iterate:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    v.copy_(F.normalize(matrix.detach().t().mv(u), dim=0, eps=self.eps))
                    u.copy_(F.normalize(matrix.detach().mv(v), dim=0, eps=self.eps))
            u, v = u.clone(), v.clone()  # the next call changes them in place
        return weight / u.dot(matrix.mv(v))

    def __call__(self, module: Any, inputs: Any) -> None:
        """Compute the weight; runs before each call of the module."""
        weight = self.compute_weight(module, module.training)
        object.__setattr__(module, self.name, weight)


def _hook_of(module: Module, name: str) -> tuple[int, SpectralNorm] | None:
    for key, hook in module._forward_pre_hooks.items():
        if isinstance(hook, SpectralNorm) and hook.name == name:
            return key, hook
    return None


def spectral_norm(
    module: Module,
    name: str = "weight",
    n_power_iterations: int = 1,
    eps: float = 1e-12,
    dim: int | None = None,
) -> Module:
    """Keep the largest singular value of `module.<name>` at 1.

    `nn.utils.parametrizations.spectral_norm` is the newer form; this one keeps the state-dict
    names of older checkpoints.

    Source: Miyato et al., Spectral normalization for generative adversarial networks, 2018.
    """
    if _hook_of(module, name) is not None:
        raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
    hook = SpectralNorm(name, n_power_iterations, default_dim(module) if dim is None else dim, eps)
    weight = getattr(module, name)
    matrix = hook.matrix_of(weight.detach())
    delattr(module, name)
    module.register_parameter(name + "_orig", weight)
    object.__setattr__(module, name, weight.detach())
    for suffix, size in (("_u", matrix.shape[0]), ("_v", matrix.shape[1])):
        start = draws.randn(size, dtype=weight.dtype)
        module.register_buffer(name + suffix, F.normalize(start, dim=0, eps=eps))
    module.register_forward_pre_hook(hook)
    return module


def remove_spectral_norm(module: Module, name: str = "weight") -> Module:
    """Make `module.<name>` a plain parameter again."""
    found = _hook_of(module, name)
    if found is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    key, hook = found
    weight = hook.compute_weight(module, iterate=False).detach()
    delattr(module, name)
    for suffix in ("_orig", "_u", "_v"):
        delattr(module, name + suffix)
    module.register_parameter(name, Parameter(weight))
    del module._forward_pre_hooks[key]  # type: ignore[attr-defined]
    return module
