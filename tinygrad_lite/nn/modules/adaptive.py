"""A softmax over very many classes, rare ones in clusters."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, NamedTuple

from ... import _creation as creation
from ...ops.shape import cat
from .. import functional as F
from .container import ModuleList, Sequential
from .linear import Linear
from .module import Module

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["AdaptiveLogSoftmaxWithLoss"]


class _ASMoutput(NamedTuple):
    """The log-probability of each target, and the loss."""

    output: Any
    loss: Any


class AdaptiveLogSoftmaxWithLoss(Module):
    """The log-softmax over `n_classes`, sorted by frequency, and its negative mean at the targets.

    The classes up to the first cutoff stand in the head; each further cluster stands behind one
    more place of the head and works in a space `div_value` times smaller than the one before.

    Source: Grave et al., Efficient softmax approximation for GPUs, 2016.
    """

    def __init__(
        self,
        in_features: int,
        n_classes: int,
        cutoffs: Sequence[int],
        div_value: float = 4.0,
        head_bias: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        cutoffs = list(cutoffs)
        _check_cutoffs(cutoffs, n_classes)
        self.in_features, self.n_classes = in_features, n_classes
        self.cutoffs = [*cutoffs, n_classes]
        self.div_value, self.head_bias = div_value, head_bias
        self.shortlist_size = self.cutoffs[0]
        self.n_clusters = len(self.cutoffs) - 1
        self.head_size = self.shortlist_size + self.n_clusters
        factory = {"device": device, "dtype": dtype}
        self.head = Linear(in_features, self.head_size, bias=head_bias, **factory)
        self.tail = ModuleList()
        for i in range(self.n_clusters):
            width = int(in_features // (div_value ** (i + 1)))
            classes = self.cutoffs[i + 1] - self.cutoffs[i]
            self.tail.append(
                Sequential(
                    Linear(in_features, width, bias=False, **factory),
                    Linear(width, classes, bias=False, **factory),
                )
            )

    def reset_parameters(self) -> None:
        """Draw all weights anew."""
        self.head.reset_parameters()
        for down, out in self.tail:
            down.reset_parameters()
            out.reset_parameters()

    def forward(self, input_: Any, target_: Any) -> _ASMoutput:
        """Return the log-probabilities of the targets, and the loss."""
        _check_shapes(input_, target_)
        alone = target_.dim() == 0
        input = input_.unsqueeze(0) if alone else input_
        target = target_.unsqueeze(0) if alone else target_
        _check_targets(target, self.n_classes)
        head = F.log_softmax(self.head(input), dim=1)
        place, output = target.clone(), creation.zeros(tuple(target.shape), dtype=input.dtype)
        for i in range(self.n_clusters):
            low, high = self.cutoffs[i], self.cutoffs[i + 1]
            rows = ((target >= low) & (target < high)).nonzero().squeeze(1)
            if rows.numel() == 0:
                continue
            place[rows] = self.shortlist_size + i
            inside = F.log_softmax(self.tail[i](input.index_select(0, rows)), dim=1)
            wanted = target.index_select(0, rows) - low
            output = output.index_add(0, rows, inside.gather(1, wanted.unsqueeze(1)).squeeze(1))
        output = output + head.gather(1, place.unsqueeze(1)).squeeze(1)
        return _ASMoutput(output.squeeze(0) if alone else output, (-output).mean())

    def log_prob(self, input: Any) -> Any:
        """Return the log-probabilities of every class.

        Shapes: (N, in_features) -> (N, n_classes).
        """
        head = F.log_softmax(self.head(input), dim=1)
        parts = [head[:, : self.shortlist_size]]
        for i in range(self.n_clusters):
            cluster = head[:, self.shortlist_size + i].unsqueeze(1)
            parts.append(F.log_softmax(self.tail[i](input), dim=1) + cluster)
        return cat(*parts, axis=1)

    def predict(self, input: Any) -> Any:
        """Return the most probable class of each row."""
        return self.log_prob(input).argmax(dim=1)


def _check_cutoffs(cutoffs: list[int], n_classes: int) -> None:
    if not cutoffs:
        raise ValueError("cutoffs should be a sequence of length larger than 0")
    rising = all(a < b for a, b in itertools.pairwise(cutoffs))
    whole = all(isinstance(c, int) for c in cutoffs)
    if not (rising and whole) or min(cutoffs) <= 0 or max(cutoffs) > n_classes - 1:
        raise ValueError(
            "cutoffs should be a sequence of unique, positive integers sorted in an increasing "
            f"order, where each value is between 1 and n_classes-1; got {cutoffs} for {n_classes}"
        )


def _check_shapes(input: Any, target: Any) -> None:
    if target.dim() == 1:
        if input.shape[0] != target.shape[0]:
            raise RuntimeError("Input and target should have the same size in the batch dimension.")
        if input.dim() != 2:
            raise RuntimeError(
                "1D target tensor expects 2D input tensors, "
                f"but found inputs with size {input.size()}"
            )
    elif target.dim() == 0:
        if input.dim() != 1:
            raise RuntimeError(
                "0D target tensor expects 1D input tensors, "
                f"but found inputs with size {input.size()}"
            )
    else:
        raise RuntimeError("0D or 1D target tensor expected, multi-target not supported")


def _check_targets(target: Any, n_classes: int) -> None:
    if target.numel() and (int(target.min()) < 0 or int(target.max()) >= n_classes):
        raise RuntimeError(
            f"Target values should be in [0, {n_classes - 1}], but values in range "
            f"[{int(target.min())}, {int(target.max())}] were found. "
        )
