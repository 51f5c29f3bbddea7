"""Normalisation of channels over the batch."""

from __future__ import annotations

from typing import Any, ClassVar

from ... import _creation as creation
from ..._dtypes import int64
from .. import functional as F, init
from ..parameter import Parameter, UninitializedBuffer, UninitializedParameter
from .lazy import LazyModuleMixin
from .module import Module

__all__ = [
    "BatchNorm1d",
    "BatchNorm2d",
    "BatchNorm3d",
    "LazyBatchNorm1d",
    "LazyBatchNorm2d",
    "LazyBatchNorm3d",
    "SyncBatchNorm",
]


class _NormBase(Module):
    """Weight, bias and running statistics of channels."""

    _version = 2  # 1 had no num_batches_tracked
    dims: ClassVar[tuple[int, ...]]
    weight: Any
    bias: Any
    running_mean: Any
    running_var: Any
    num_batches_tracked: Any

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__()
        self.num_features, self.eps, self.momentum = num_features, eps, momentum
        self.affine, self.track_running_stats = affine, track_running_stats
        shape = (num_features,)
        for name, wanted in (("weight", affine), ("bias", affine and bias)):
            fresh = creation.empty(shape, device=device, dtype=dtype) if wanted else None
            self.register_parameter(name, None if fresh is None else Parameter(fresh))
        kept = track_running_stats
        for name, make in (("running_mean", creation.zeros), ("running_var", creation.ones)):
            fresh = make(shape, device=device, dtype=dtype) if kept else None
            self.register_buffer(name, fresh)
        count = creation.tensor(0, dtype=int64) if kept else None
        self.register_buffer("num_batches_tracked", count)
        self.reset_parameters()

    def reset_running_stats(self) -> None:
        """Forget what was seen."""
        if self.track_running_stats:
            self.running_mean.zero_()
            self.running_var.fill_(1)
            self.num_batches_tracked.zero_()

    def reset_parameters(self) -> None:
        """Forget what was seen; set weight to 1 and bias to 0."""
        self.reset_running_stats()
        if self.weight is not None:
            init.ones_(self.weight)
        if self.bias is not None:
            init.zeros_(self.bias)

    def _check_input_dim(self, input: Any) -> None:
        """Raise unless `input` has one of the right numbers of dimensions."""
        if input.dim() not in self.dims:
            wanted = " or ".join(f"{n}D" for n in self.dims)
            raise ValueError(f"expected {wanted} input (got {input.dim()}D input)")

    def extra_repr(self) -> str:
        """The settings."""
        return (
            f"{self.num_features}, eps={self.eps}, momentum={self.momentum}, "
            f"affine={self.affine}, bias={self.bias is not None}, "
            f"track_running_stats={self.track_running_stats}"
        )

    def _load_from_state_dict(
        self, state_dict: Any, prefix: str, local_metadata: Any, *rest: Any
    ) -> None:
        version = local_metadata.get("version", None)
        key = prefix + "num_batches_tracked"
        old = (version is None or version < 2) and self.track_running_stats
        if old and key not in state_dict and isinstance(state_dict, dict):
            state_dict[key] = self.num_batches_tracked
        super()._load_from_state_dict(state_dict, prefix, local_metadata, *rest)


class _BatchNorm(_NormBase):
    """`(x − mean) / √(var + eps) · weight + bias` for each channel over the whole batch.

    In training the statistics are the batch's own, and the running ones move towards them by
    `momentum` (by 1 / number of batches when it is None); the running variance is the unbiased
    one. In evaluation the running ones are used.

    Source: Ioffe and Szegedy, Batch normalization, 2015.
    """

    def forward(self, input: Any) -> Any:
        """Return `input`, normalised."""
        self._check_input_dim(input)
        tracking = self.training and self.track_running_stats
        momentum = 0.0 if self.momentum is None else self.momentum
        if tracking and self.num_batches_tracked is not None:
            count = self.num_batches_tracked._array
            count += 1  # nothing is computed from it: no need to note the change
            if self.momentum is None:
                momentum = 1.0 / float(self.num_batches_tracked)
        use_batch = self.training or (self.running_mean is None and self.running_var is None)
        keep = not self.training or self.track_running_stats
        return F.batch_norm(
            input,
            self.running_mean if keep else None,
            self.running_var if keep else None,
            self.weight,
            self.bias,
            use_batch,
            momentum,
            self.eps,
        )


class BatchNorm1d(_BatchNorm):
    """Batch normalisation of features or sequences.

    Shapes: (N, C) or (N, C, L), the same out.
    """

    dims = (2, 3)


class BatchNorm2d(_BatchNorm):
    """Batch normalisation of images.

    Shapes: (N, C, H, W), the same out.
    """

    dims = (4,)


class BatchNorm3d(_BatchNorm):
    """Batch normalisation of volumes.

    Shapes: (N, C, D, H, W), the same out.
    """

    dims = (5,)


class SyncBatchNorm(_BatchNorm):
    """Batch normalisation over all processes of a group; with one process, plain batch norm."""

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        process_group: Any = None,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(
            num_features, eps, momentum, affine, track_running_stats, device, dtype, bias=bias
        )
        self.process_group = process_group

    def _check_input_dim(self, input: Any) -> None:
        if input.dim() < 2:
            raise ValueError(f"expected at least 2D input (got {input.dim()}D input)")

    @classmethod
    def convert_sync_batchnorm(cls, module: Module, process_group: Any = None) -> Module:  # noqa: ARG003
        """Return the module: with one process the plain layers do the same."""
        return module


class _LazyNorm(LazyModuleMixin):
    """Makes a normalisation learn its `num_features` from the first input."""

    def __init__(
        self,
        eps: float = 1e-5,
        momentum: float | None = 0.1,
        affine: bool = True,
        track_running_stats: bool = True,
        device: Any = None,
        dtype: Any = None,
        *,
        bias: bool = True,
    ) -> None:
        super().__init__(0, eps, momentum, False, False, device, dtype, bias=bias)
        self.affine, self.track_running_stats = affine, track_running_stats
        lazy = {"device": device, "dtype": dtype}
        if affine:
            self.weight = UninitializedParameter(**lazy)
            if bias:
                self.bias = UninitializedParameter(**lazy)
        if track_running_stats:
            self.running_mean = UninitializedBuffer(**lazy)
            self.running_var = UninitializedBuffer(**lazy)
            self.num_batches_tracked = creation.tensor(0, dtype=int64)

    def reset_parameters(self) -> None:
        """Start afresh, once there is anything."""
        if not self.has_uninitialized_params() and self.num_features != 0:
            super().reset_parameters()  # type: ignore[misc]

    def initialize_parameters(self, input: Any) -> None:
        """Take the number of channels from `input`."""
        self.num_features = input.shape[1]
        if not self.has_uninitialized_params():  # shaped by load_state_dict already
            return
        for name in ("weight", "bias", "running_mean", "running_var"):
            waiting = getattr(self, name)
            if waiting is not None:
                waiting.materialize((self.num_features,))
        self.reset_parameters()


class LazyBatchNorm1d(_LazyNorm, BatchNorm1d):
    """A `BatchNorm1d` that learns its `num_features` from the first input."""

    cls_to_become = BatchNorm1d


class LazyBatchNorm2d(_LazyNorm, BatchNorm2d):
    """A `BatchNorm2d` that learns its `num_features` from the first input."""

    cls_to_become = BatchNorm2d


class LazyBatchNorm3d(_LazyNorm, BatchNorm3d):
    """A `BatchNorm3d` that learns its `num_features` from the first input."""

    cls_to_become = BatchNorm3d
