"""Sequences of different lengths: padded to one tensor, or packed without the padding."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

from ... import _creation as creation
from ..._dtypes import int64
from ..._tensor import Tensor
from ...ops.shape import cat, stack

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


class _Packed(NamedTuple):
    data: Any
    batch_sizes: Any
    sorted_indices: Any
    unsorted_indices: Any


class PackedSequence(_Packed):
    """Sequences without padding: first the first step of all, longest first, then the second.

    `batch_sizes[t]` says how many sequences are longer than t.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Any = None,
        sorted_indices: Any = None,
        unsorted_indices: Any = None,
    ) -> PackedSequence:
        """Join the parts; of the two permutations one is enough."""
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, list | tuple) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Convert the data, as `Tensor.to` does."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else self._with(data)

    def _with(self, data: Any) -> PackedSequence:
        return PackedSequence(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def cpu(self) -> PackedSequence:
        """Return itself: everything lives on the cpu."""
        return self

    def double(self) -> PackedSequence:
        """Convert the data to float64."""
        return self._with(self.data.double())

    def float(self) -> PackedSequence:
        """Convert the data to float32."""
        return self._with(self.data.float())

    def half(self) -> PackedSequence:
        """Convert the data to float16."""
        return self._with(self.data.half())

    def long(self) -> PackedSequence:
        """Convert the data to int64."""
        return self._with(self.data.long())

    def int(self) -> PackedSequence:
        """Convert the data to int32."""
        return self._with(self.data.int())

    def short(self) -> PackedSequence:
        """Convert the data to int16."""
        return self._with(self.data.short())

    def char(self) -> PackedSequence:
        """Convert the data to int8."""
        return self._with(self.data.char())

    def byte(self) -> PackedSequence:
        """Convert the data to uint8."""
        return self._with(self.data.byte())

    def pin_memory(self) -> PackedSequence:
        """Return itself."""
        return self

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """Raise: everything lives on the cpu."""
        return self._with(self.data.cuda(*args, **kwargs))

    def is_pinned(self) -> bool:
        """False: no memory is pinned."""
        return False

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Any) -> Any:
    """The permutation that undoes `permutation`; None for None."""
    if permutation is None:
        return None
    inverse = creation.empty(tuple(permutation.shape), dtype=permutation.dtype)
    inverse[permutation] = creation.arange(permutation.numel(), dtype=permutation.dtype)
    return inverse


def pack_padded_sequence(
    input: Any, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack the first `lengths[b]` steps of each sequence b of a padded batch.

    Shapes: (L, N, ...), or (N, L, ...) with `batch_first`.
    """
    lengths = creation.as_tensor(lengths, dtype=int64)
    order = None
    if not enforce_sorted:
        order = lengths.argsort(descending=True, stable=True)
        lengths = lengths[order]
        input = input.index_select(0 if batch_first else 1, order)
    if batch_first:
        input = input.transpose(0, 1)
    data, sizes = _pack(input, lengths.tolist())
    return PackedSequence(data, creation.tensor(sizes, dtype=int64), order, None)


def _pack(input: Any, lengths: list[int]) -> tuple[Any, list[int]]:
    if len(lengths) != input.shape[1]:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(lengths)} "
            f"(batch_size={input.shape[1]})"
        )
    if any(a < b for a, b in itertools.pairwise(lengths)):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. "
            "You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if not lengths or lengths[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if lengths[0] > input.shape[0]:
        raise RuntimeError(
            f"Expected lengths of at most {input.shape[0]}, the padded length, got {lengths[0]}"
        )
    sizes = [sum(length > t for length in lengths) for t in range(lengths[0])]
    return cat(*(input[t, :n] for t, n in enumerate(sizes)), axis=0), sizes


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Any, Any]:
    """Undo `pack_padded_sequence`: the padded batch, and the lengths."""
    sizes = sequence.batch_sizes.tolist()
    longest = len(sizes)
    if total_length is not None:
        if total_length < longest:
            raise ValueError(
                "Expected total_length to be at least the length of the longest sequence in input, "
                f"but got total_length={total_length} and max sequence length being {longest}"
            )
        longest = total_length
    lengths = [sum(n > b for n in sizes) for b in range(sizes[0])]
    padded = _unpack(sequence.data, sizes, longest, padding_value)
    counts = creation.tensor(lengths, dtype=int64)
    if sequence.unsorted_indices is not None:
        padded = padded.index_select(1, sequence.unsorted_indices)
        counts = counts[sequence.unsorted_indices]
    return (padded.transpose(0, 1) if batch_first else padded), counts


def _unpack(data: Any, sizes: list[int], longest: int, value: float) -> Any:
    """Take every place of the padded batch from the packed rows, or from one row of padding."""
    width = sizes[0]
    rows, start = [], 0
    nothing = data.shape[0]
    for t in range(longest):
        n = sizes[t] if t < len(sizes) else 0
        rows += [*range(start, start + n), *[nothing] * (width - n)]
        start += n
    rest = tuple(data.shape[1:])
    padding = creation.full((1, *rest), value, dtype=data.dtype)
    found = cat(data, padding, axis=0).index_select(0, creation.tensor(rows, dtype=int64))
    return found.reshape((longest, width, *rest))


def pad_sequence(
    sequences: Any,
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Any:
    """Sequences of different lengths as one tensor, filled up with `padding_value`.

    Shapes: several (L_b, ...) -> (max L, N, ...), or (N, max L, ...) with `batch_first`.
    """
    if isinstance(sequences, Tensor):
        sequences = list(sequences.unbind(0))
    if not hasattr(sequences, "__iter__"):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    if padding_side not in {"left", "right"}:
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    sequences = list(sequences)
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    _check_rest(sequences)
    longest = max(sequence.shape[0] for sequence in sequences)
    rows = [_padded(sequence, longest, padding_value, padding_side) for sequence in sequences]
    return stack(*rows, axis=0 if batch_first else 1)


def _check_rest(sequences: list[Any]) -> None:
    """Raise unless the sequences are tensors that differ in length only."""
    for place, sequence in enumerate(sequences):
        if not isinstance(sequence, Tensor):
            raise TypeError(
                f"expected Tensor as element {place} in argument 0, "
                f"but got {type(sequence).__name__}"
            )
        rest, first = tuple(sequence.shape[1:]), tuple(sequences[0].shape[1:])
        if rest != first:
            raise RuntimeError(
                f"The size of sequence {place} must match the size of the first but for its "
                f"length: got {rest} beside {first}"
            )


def _padded(sequence: Any, longest: int, value: float, side: str) -> Any:
    missing = longest - sequence.shape[0]
    if missing == 0:
        return sequence
    filler = creation.full((missing, *sequence.shape[1:]), value, dtype=sequence.dtype)
    parts = [sequence, filler] if side == "right" else [filler, sequence]
    return cat(*parts, axis=0)


def unpad_sequence(padded_sequences: Any, lengths: Any, batch_first: bool = False) -> list[Any]:
    """Undo `pad_sequence`."""
    batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [row[: int(n)] for row, n in zip(batch.unbind(0), lengths, strict=True)]


def pack_sequence(sequences: Any, enforce_sorted: bool = True) -> PackedSequence:
    """Pack a list of sequences of different lengths."""
    lengths = creation.tensor([sequence.shape[0] for sequence in sequences], dtype=int64)
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Any]:
    """Undo `pack_sequence`."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)
