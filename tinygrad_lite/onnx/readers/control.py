"""Branches and loops: the graphs in their attributes run as they come."""

from __future__ import annotations

from typing import Any

from ..._creation import tensor
from ..reading import Call, as_ints, reads
from .names import T


def _some(results: list[Any]) -> Any:
    return tuple(results) if len(results) != 1 else results[0]


@reads("If")
def read_if(c: Call, condition: Any) -> Any:
    branch = c["then_branch"] if bool(condition.item()) else c["else_branch"]
    return _some(c.run(branch, []))


@reads("Loop")
def read_loop(c: Call, limit: Any = None, condition: Any = None, *state: Any) -> Any:
    body, carried, scanned = c["body"], list(state), []
    count = None if limit is None else as_ints(limit)[0]
    goes_on = condition is None or bool(condition.item())
    step = 0
    while goes_on and (count is None or step < count):
        going, *results = c.run(body, [tensor(step), tensor(goes_on), *carried])
        goes_on = bool(going.item())
        carried = results[: len(carried)]
        scanned.append(results[len(carried) :])
        step += 1
    extra = c.count - len(carried)
    if not scanned and extra:
        c.refuse("a loop that never ran leaves results of unknown shape")
    stacked = [T.stack(list(rows), 0) for rows in zip(*scanned, strict=True)] if extra else []
    return _some([*carried, *stacked])


@reads("Scan")
def read_scan(c: Call, *values: Any) -> Any:
    if c.opset < 9:
        c.refuse("Scan of opset 8 has no counterpart")
    body, count = c["body"], c["num_scan_inputs"]
    carried, xs = list(values[: len(values) - count]), list(values[len(values) - count :])
    axes = c.get("scan_input_axes", [0] * count)
    turned = c.get("scan_input_directions", [0] * count)
    steps = xs[0].shape[axes[0]]
    rows: list[list[Any]] = []
    for step in range(steps):
        parts = [
            x.select(a, steps - 1 - step if back else step)
            for x, a, back in zip(xs, axes, turned, strict=True)
        ]
        results = list(c.run(body, carried + parts))
        carried = results[: len(carried)]
        rows.append(results[len(carried) :])
    made = []
    outs = c.get("scan_output_axes", [0] * len(rows[0]))
    back = c.get("scan_output_directions", [0] * len(rows[0]))
    for place, found in enumerate(zip(*rows, strict=True)):
        ordered = list(found)[::-1] if back[place] else list(found)
        made.append(T.stack(ordered, outs[place]))
    return _some([*carried, *made])
