"""Einstein's summation: torch.einsum("ij,jk->ik", a, b).

A formula and the operands' shapes are turned once into a short program of transposes, reshapes,
sums, products and matrix products, which is kept; running it records only those, so that the
gradient of every order follows.  Of more than two operands the pair with the smallest result is
multiplied first.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from .._tensor import Tensor
from ..ops.elementwise import mul
from ..ops.matmul import matmul
from ..ops.reduction import sum as sum_over
from ..ops.shape import diagonal, reshape, transpose
from ._dims import legacy_name
from ._surface import need_tensor, surface

__all__: list[str] = []

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
Labels = tuple[int, ...]
Shape = tuple[int, ...]


# --- reading the formula ---------------------------------------------------------------------


class Formula(NamedTuple):
    """Labels of the operands and of the result; None stands for the dimensions of an ellipsis."""

    operands: tuple[tuple[int | None, ...], ...]
    result: tuple[int | None, ...] | None


def _subscript(text: str) -> tuple[int | None, ...]:
    """The labels of one operand, letters as numbers; blanks are skipped."""
    labels: list[int | None] = []
    text = text.replace(" ", "")
    i = 0
    while i < len(text):
        if text.startswith("...", i):
            if None in labels:
                raise RuntimeError("einsum(): found '.' for which ellipsis has already been given")
            labels.append(None)
            i += 3
            continue
        if text[i] == ".":
            raise RuntimeError("einsum(): found '.' that is not part of any ellipsis")
        if text[i] not in LETTERS:
            raise RuntimeError(
                f"einsum(): invalid subscript given at index {i} in the equation string, "
                f"subscripts must be in [a-zA-Z], got {text[i]!r}"
            )
        labels.append(LETTERS.index(text[i]))
        i += 1
    return tuple(labels)


@lru_cache(maxsize=512)
def _formula(equation: str) -> Formula:
    left, arrow, right = equation.partition("->")
    if "-" in left or ">" in left or "->" in right:
        raise RuntimeError(f"einsum(): the equation {equation!r} needs '->' once or never")
    operands = tuple(_subscript(part) for part in left.split(","))
    return Formula(operands, _subscript(right) if arrow else None)


def _sublists(arguments: tuple[Any, ...]) -> tuple[Formula, tuple[Any, ...]]:
    """The other form of a call: operand, [0, 1], operand, [1, 2], [0, 2]."""
    result = None
    if len(arguments) % 2:
        arguments, result = arguments[:-1], _from_list(arguments[-1])
    labels = tuple(_from_list(part) for part in arguments[1::2])
    return Formula(labels, result), arguments[::2]


def _from_list(labels: Any) -> tuple[int | None, ...]:
    for label in labels:
        if label is not Ellipsis and not 0 <= label < len(LETTERS):
            raise RuntimeError(
                f"einsum(): expected subscripts in the list format to be in [0, 52), got {label}"
            )
    return tuple(None if label is Ellipsis else int(label) for label in labels)


def _expand_ellipses(formula: Formula, shapes: tuple[Shape, ...]) -> tuple[list[Labels], Labels]:
    """Labels with numbers below zero in place of the dimensions that ellipses stand for."""
    if len(formula.operands) != len(shapes):
        more = "more" if len(formula.operands) < len(shapes) else "fewer"
        raise RuntimeError(
            f"einsum(): {more} operands were provided than specified in the equation: "
            f"{len(shapes)} for {len(formula.operands)}"
        )
    operands, widest = [], 0
    for number, (labels, shape) in enumerate(zip(formula.operands, shapes, strict=True)):
        extra = len(shape) - sum(label is not None for label in labels)
        if extra < 0 or (extra and None not in labels):
            raise RuntimeError(
                "einsum(): the number of subscripts in the equation "
                f"({len(labels) - (None in labels)}) does not match the number of dimensions "
                f"({len(shape)}) for operand {number} and no ellipsis was given"
            )
        operands.append(_fill(labels, extra))
        widest = max(widest, extra if None in labels else 0)
    if formula.result is not None:
        return operands, _checked_result(_fill(formula.result, widest), operands)
    counts: dict[int, int] = {}
    for labels_of in operands:
        for label in labels_of:
            counts[label] = counts.get(label, 0) + 1
    once = sorted(k for k, n in counts.items() if k >= 0 and n == 1)
    order = sorted(once, key=lambda k: LETTERS[k])
    return operands, (*range(-widest, 0), *order)


def _fill(labels: tuple[int | None, ...], extra: int) -> Labels:
    """The labels, an ellipsis as -extra, ..., -1: the last dimensions of all ellipses agree."""
    out: list[int] = []
    for label in labels:
        out.extend(range(-extra, 0) if label is None else (label,))
    return tuple(out)


def _checked_result(result: Labels, operands: list[Labels]) -> Labels:
    for i, label in enumerate(result):
        if label in result[:i]:
            raise RuntimeError(
                f"einsum(): output subscript {_name(label)} appears more than once in the output"
            )
        if label >= 0 and not any(label in labels for labels in operands):
            raise RuntimeError(
                f"einsum(): output subscript {_name(label)} does not appear in the equation for "
                "any input operand"
            )
    return result


def _name(label: int) -> str:
    return LETTERS[label] if label >= 0 else "..."


# --- making the program ----------------------------------------------------------------------

Step = tuple[Any, ...]  # (what, register, setting...)


class Program(NamedTuple):
    """Steps on numbered registers, the first of which hold the operands."""

    steps: tuple[Step, ...]
    result: int


class Writer:
    """Writes the program of one formula on operands of known shapes."""

    def __init__(self, operands: list[Labels], result: Labels, shapes: tuple[Shape, ...]) -> None:
        self.steps: list[Step] = []
        self.labels = [*operands]
        self.shapes = [*shapes]
        self.result = result
        self.sizes = self._sizes(operands, shapes)
        self.live = list(range(len(shapes)))

    @staticmethod
    def _sizes(operands: list[Labels], shapes: tuple[Shape, ...]) -> dict[int, int]:
        """The length of every label; lengths of one broadcast."""
        sizes: dict[int, int] = {}
        for number, (labels, shape) in enumerate(zip(operands, shapes, strict=True)):
            for axis, (label, n) in enumerate(zip(labels, shape, strict=True)):
                known = sizes.get(label, 1)
                if 1 not in {known, n} and known != n:
                    raise RuntimeError(
                        f"einsum(): subscript {_name(label)} has size {n} for operand {number} "
                        f"(dimension {axis}) which does not broadcast with previously seen size "
                        f"{known}"
                    )
                sizes[label] = n if known == 1 else known
        return sizes

    def add(self, what: str, register: Any, setting: Any, labels: Labels, shape: Shape) -> int:
        """Note a step that makes a new register."""
        self.steps.append((what, register, setting))
        self.labels.append(labels)
        self.shapes.append(shape)
        return len(self.labels) - 1

    def write(self) -> Program:
        """The whole program."""
        self.live = [self.clean(r) for r in self.live]
        while len(self.live) > 1:
            i, j = self.cheapest()
            a, b = self.live[i], self.live[j]
            self.live = [r for k, r in enumerate(self.live) if k not in {i, j}]
            self.live.insert(i, self.pair(a, b))
        last = self.order(self.drop(self.live[0]))
        return Program(tuple(self.steps), last)

    def clean(self, r: int) -> int:
        """Diagonals for labels that an operand has twice, no dimensions of length one to spare."""
        while len(set(self.labels[r])) < len(self.labels[r]):
            r = self.take_diagonal(r)
        labels, shape = self.labels[r], self.shapes[r]
        kept = [i for i, n in enumerate(shape) if n == self.sizes[labels[i]]]
        if len(kept) == len(labels):
            return r
        return self.add(
            "reshape", r, tuple(shape[i] for i in kept), tuple(labels[i] for i in kept),
            tuple(shape[i] for i in kept),
        )  # fmt: skip

    def take_diagonal(self, r: int) -> int:
        """The diagonal of the first label that comes twice; it moves to the end."""
        labels, shape = self.labels[r], self.shapes[r]
        label = next(k for i, k in enumerate(labels) if k in labels[:i])
        one, two = [i for i, k in enumerate(labels) if k == label][:2]
        if shape[one] != shape[two]:
            raise RuntimeError(
                f"einsum(): subscript {_name(label)} is repeated for an operand but the sizes "
                f"don't match, {shape[two]} != {shape[one]}"
            )
        rest = [i for i in range(len(labels)) if i not in {one, two}]
        return self.add(
            "diagonal", r, (one, two), (*(labels[i] for i in rest), label),
            (*(shape[i] for i in rest), shape[one]),
        )  # fmt: skip

    def needed(self, *but: int) -> set[int]:
        """The labels that the result or a register other than those given still wants."""
        wanted = set(self.result)
        for r in self.live:
            if r not in but:
                wanted.update(self.labels[r])
        return wanted

    def drop(self, r: int, wanted: set[int] | None = None) -> int:
        """Sum over the labels that nobody wants."""
        wanted = set(self.result) if wanted is None else wanted
        labels, shape = self.labels[r], self.shapes[r]
        lost = tuple(i for i, k in enumerate(labels) if k not in wanted)
        if not lost:
            return r
        kept = [i for i in range(len(labels)) if i not in lost]
        return self.add(
            "sum", r, lost, tuple(labels[i] for i in kept), tuple(shape[i] for i in kept)
        )

    def cheapest(self) -> tuple[int, int]:
        """The two live registers whose product is smallest."""
        if len(self.live) == 2:
            return 0, 1
        tries = []
        for i, a in enumerate(self.live):
            for j in range(i + 1, len(self.live)):
                b = self.live[j]
                kept = self.needed(a, b) & {*self.labels[a], *self.labels[b]}
                tries.append((math.prod(self.sizes[k] for k in kept), i, j))
        return min(tries)[1:]

    def pair(self, a: int, b: int) -> int:
        """The product of two registers, summed over what nobody else wants."""
        wanted = self.needed()
        a = self.drop(a, wanted | {*self.labels[b]})
        b = self.drop(b, wanted | {*self.labels[a]})
        of_a, of_b = self.labels[a], self.labels[b]
        both = [k for k in of_a if k in of_b]
        inside = [k for k in both if k not in wanted]
        if not inside:
            return self.multiply(a, b)
        batch = [k for k in both if k in wanted]
        rows = [k for k in of_a if k not in of_b]
        columns = [k for k in of_b if k not in of_a]
        left = self.arrange(a, [batch, rows, inside])
        right = self.arrange(b, [batch, inside, columns])
        shape = self.shapes[left][:-1] + self.shapes[right][-1:]
        made = self.add("matmul", (left, right), None, (), shape)
        labels = (*batch, *rows, *columns)
        return self.shaped(made, labels, tuple(self.sizes[k] for k in labels))

    def arrange(self, r: int, groups: list[list[int]]) -> int:
        """The register with its labels in groups, each one dimension; an empty batch is none."""
        order = [k for group in groups for k in group]
        r = self.transposed(r, tuple(order))
        shape = tuple(math.prod(self.sizes[k] for k in group) for group in groups)
        return self.shaped(r, self.labels[r], shape if groups[0] else shape[1:])

    def multiply(self, a: int, b: int) -> int:
        """The product elementwise, over the labels of both; nothing is summed."""
        of_a, of_b = self.labels[a], self.labels[b]
        ordered = [k for k in self.result if k in of_a or k in of_b]
        labels = (*ordered, *(k for k in dict.fromkeys((*of_a, *of_b)) if k not in ordered))
        left = self.spread(a, labels, len(of_b) == len(labels))
        right = self.spread(b, labels, len(of_a) == len(labels))
        return self.add("mul", (left, right), None, labels, tuple(self.sizes[k] for k in labels))

    def spread(self, r: int, labels: Labels, short: bool) -> int:
        """The register with length one for labels it lacks; `short` drops leading ones."""
        own = self.labels[r]
        r = self.transposed(r, tuple(k for k in labels if k in own))
        shape = [self.sizes[k] if k in own else 1 for k in labels]
        lead = next((i for i, k in enumerate(labels) if k in own), len(labels))
        shape = shape[lead:] if short else shape
        return self.shaped(r, self.labels[r], tuple(shape))

    def transposed(self, r: int, labels: Labels) -> int:
        """The register with its dimensions in the order of `labels`."""
        own = self.labels[r]
        if labels == own:
            return r
        axes = tuple(own.index(k) for k in labels)
        return self.add("transpose", r, axes, labels, tuple(self.shapes[r][i] for i in axes))

    def shaped(self, r: int, labels: Labels, shape: Shape) -> int:
        """The register under another shape and labels."""
        if shape == self.shapes[r]:
            self.labels[r] = labels
            return r
        return self.add("reshape", r, shape, labels, shape)

    def order(self, r: int) -> int:
        """The result's own order of dimensions, with those of length one that were taken away."""
        own = self.labels[r]
        r = self.transposed(r, tuple(k for k in self.result if k in own))
        return self.shaped(r, self.result, tuple(self.sizes.get(k, 1) for k in self.result))


@lru_cache(maxsize=2048)
def _program(formula: Formula, shapes: tuple[Shape, ...]) -> Program:
    return Writer(*_expand_ellipses(formula, shapes), shapes).write()


# --- running it ------------------------------------------------------------------------------


def _run(program: Program, registers: list[Any]) -> Any:
    for what, register, setting in program.steps:
        if what == "matmul":
            made = matmul(registers[register[0]], registers[register[1]])
        elif what == "mul":
            made = mul(registers[register[0]], registers[register[1]])
        elif what == "transpose":
            made = transpose(registers[register], axes=setting)
        elif what == "reshape":
            made = reshape(registers[register], shape=setting)
        elif what == "sum":
            made = sum_over(registers[register], axis=setting)
        else:
            made = diagonal(registers[register], axis1=setting[0], axis2=setting[1])
        registers.append(made)
    return registers[program.result]


def _same_types(operands: tuple[Any, ...]) -> None:
    first = operands[0]
    for other in operands[1:]:
        if other._array.dtype != first._array.dtype:
            raise RuntimeError(
                "einsum(): expected all operands to have the same dtype, but got "
                f"{legacy_name(first)} and {legacy_name(other)}"
            )


@surface(method=False, numpy=(np.einsum,))
def einsum(*args: Any) -> Any:
    """Products of the operands' elements, summed as a formula in Einstein's notation says.

    Letters name dimensions; those missing on the right of "->" are summed over, a letter twice in
    one operand means its diagonal, "..." the remaining dimensions, and length 1 broadcasts.
    Without "->" the letters that come once are kept, in alphabetical order. The formula may also
    be given as lists of numbers: einsum(a, [0, 1], b, [1, 2], [0, 2]).

    >>> import tinygrad_lite as torch
    >>> torch.einsum("ij,j->i", torch.ones(2, 3), torch.ones(3))
    tensor([3., 3.])
    """
    if not args:
        raise ValueError("einsum(): must specify the equation string and at least one operand")
    if isinstance(args[0], Tensor):
        formula, operands = _sublists(args)
    else:
        formula, operands = _formula(args[0]), args[1:]
    if len(operands) == 1 and isinstance(operands[0], (list, tuple)):
        operands = tuple(operands[0])
    if not operands:
        raise ValueError("einsum(): must specify the equation string and at least one operand")
    for position, operand in enumerate(operands):
        need_tensor("einsum", operand, "operands", position + 2)
    if len(operands) > 1:
        _same_types(operands)
    made = _run(_program(formula, tuple(x._array.shape for x in operands)), list(operands))
    return made if made is not operands[0] else transpose(made, axes=tuple(range(made.ndim)))
