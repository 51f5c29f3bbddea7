"""The result of a check: a verdict, the likely cause, and the numbers that show it."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import picture

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .subject import Vector

WORST = 5


class GradcheckError(RuntimeError):
    """A gradient is wrong. The message is the report; `report` holds the numbers."""

    def __init__(self, message: str, report: GradcheckReport | None = None) -> None:
        super().__init__(message)
        self.report = report


@dataclass
class Entry:
    """One entry of the Jacobian: the element of the input, the output, and both derivatives."""

    index: tuple[int, ...]
    output: tuple[int, ...] | None
    x: float
    analytic: float
    numeric: float
    bar: float
    ratio: float

    @property
    def absolute(self) -> float:
        """Distance of the two derivatives."""
        return abs(self.analytic - self.numeric)

    @property
    def relative(self) -> float:
        """Distance in units of the larger derivative."""
        size = max(abs(self.analytic), abs(self.numeric))
        return self.absolute / size if size else 0.0


@dataclass
class Maps:
    """What the pictures of one input show: derivatives and verdicts, entry by entry."""

    analytic: Vector
    numeric: Vector
    ratio: Vector
    state: NDArray[np.int8]
    shape: tuple[int, ...]
    complete: bool


@dataclass
class InputReport:
    """What was found for one input."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    checked: int = 0
    wrong: int = 0
    kinks: int = 0
    undecided: int = 0
    worst: list[Entry] = field(default_factory=list)
    elements: list[tuple[int, ...]] = field(default_factory=list)
    maps: Maps | None = None

    @property
    def size(self) -> int:
        """Number of elements."""
        return math.prod(self.shape)


@dataclass
class GradcheckReport:
    """The result of a check. Its truth value is the verdict."""

    name: str
    ok: bool = True
    cause: str = ""
    hint: str = ""
    order: int = 1
    place: str = ""
    seconds: float = 0.0
    forwards: int = 0
    backwards: int = 0
    resolution: float = 0.0
    seed: int = 0
    call: str = "gradcheck(fn, inputs, seed={seed})"
    inputs: list[InputReport] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return self.ok

    def __str__(self) -> str:
        return "\n".join([self.verdict(), *self._explanation(), *self._table(), *self._end()])

    __repr__ = __str__

    @property
    def guilty(self) -> InputReport | None:
        """The input with the most wrong elements."""
        wrong = [one for one in self.inputs if one.wrong]
        return max(wrong, key=lambda one: one.wrong) if wrong else None

    def verdict(self) -> str:
        """One line: passed or failed, for what, and how much of it."""
        order = f" at order {self.order}" if self.order > 1 else ""
        if self.ok:
            return f"gradcheck passed for {self.name}{order}: {self._counted()}"
        guilty, place = self.guilty, f" at {self.place}" if self.place else ""
        if guilty is None:
            return f"gradcheck FAILED for {self.name}{order}: {self.cause}"
        number, seen = self.inputs.index(guilty), max(guilty.checked, guilty.wrong)
        partly = f" looked at (of {guilty.size})" if seen < guilty.size else ""
        return (
            f"gradcheck FAILED for {self.name}{order}: {guilty.wrong} of {seen} elements{partly} "
            f"of input {number} {guilty.name!r} {guilty.shape} are wrong{place}"
        )

    def _counted(self) -> str:
        elements = sum(one.size for one in self.inputs)
        kinks = sum(one.kinks for one in self.inputs)
        undecided = sum(one.undecided for one in self.inputs)
        parts = [f"{elements} elements of {len(self.inputs)} inputs"]
        if kinks:
            parts.append(f"{kinks} at kinks")
        if undecided:
            parts.append(f"{undecided} undecided")
        return ", ".join(parts) + f" ({self.forwards} forwards, {self.seconds:.2g} s)"

    def _explanation(self) -> list[str]:
        lines = []
        if self.cause:
            lines.append(f"likely cause: {self.cause}" + (f": {self.hint}" if self.hint else ""))
        others = [
            f"{i.name!r} ({i.wrong})" for i in self.inputs if i.wrong and i is not self.guilty
        ]
        if others:
            lines.append(f"also wrong: {', '.join(others)}")
        return lines

    def _table(self) -> list[str]:
        guilty = self.guilty
        if guilty is None or not guilty.worst:
            return []
        rows: list[tuple[str, ...]] = [
            ("index", "x", "analytic", "numeric", "error", "of tolerance", "output")
        ]
        rows += [cells(entry) for entry in guilty.worst]
        widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
        return [
            "  " + "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
            for row in rows
        ]

    def _end(self) -> list[str]:
        lines = [f"note: {note}" for note in self.notes]
        if not self.ok:
            again = self.call.format(seed=self.seed)
            lines.append(f"re-run: {again}; report.plot() draws the error")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """All fields as plain numbers, strings, lists and dictionaries."""
        fields = {**asdict(self), "verdict": self.verdict()}
        for one in fields["inputs"]:
            del one["maps"]
        return fields

    def to_json(self, **options: Any) -> str:
        """The report as JSON; NaN and infinity are written as strings."""
        return json.dumps(finite(self.to_dict()), **options)

    def plot(self) -> picture.Picture:
        """Heat maps of every input: analytic, numeric, and error in units of the tolerance.

        The result shows itself in a notebook; `str()` of it is the SVG text, and
        `.save(path)` writes it.
        """
        return picture.draw_report(self)

    def _repr_html_(self) -> str:
        return picture.page_body(self)

    def html(self, path: str | Path) -> Path:
        """Write the report, its pictures included, as one HTML file that needs nothing else."""
        path = Path(path)
        path.write_text(picture.page(self), encoding="utf-8")
        return path

    def raise_if_failed(self) -> None:
        """Raise GradcheckError with this report as its text, unless the check passed."""
        if not self.ok:
            raise GradcheckError(str(self), self)


def cells(entry: Entry) -> tuple[str, ...]:
    """One row of the table of worst entries."""
    return (
        str(list(entry.index)),
        f"{entry.x:.4g}",
        f"{entry.analytic:.6g}",
        f"{entry.numeric:.6g} +-{entry.bar:.0e}",
        f"{entry.absolute:.2g}",
        f"{entry.ratio:.1e}",
        "mixed" if entry.output is None else str(list(entry.output)),
    )


def finite(value: Any) -> Any:
    """`value` with floats that JSON lacks replaced by their names."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
