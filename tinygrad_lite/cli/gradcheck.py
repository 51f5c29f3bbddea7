"""`python -m tinygrad_lite gradcheck module:function --shape 3,4`: a check from the shell."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from .._creation import tensor
from .._dtypes import float16, float32, float64
from ..autograd.gradcheck import check_module, gradcheck, gradgradcheck

if TYPE_CHECKING:
    from ..autograd.gradcheck import GradcheckReport

PASSED, WRONG, MISUSED = 0, 1, 2
DTYPES = {"float16": float16, "float32": float32, "float64": float64}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    parser.add_argument("target", help="what to check: module:function, or file.py:function")
    parser.add_argument(
        "--shape",
        action="append",
        default=[],
        type=read_shape,
        help="shape of an input, as 3,4; once per input; empty for a single number",
    )
    parser.add_argument("--dtype", choices=sorted(DTYPES), default="float64")
    parser.add_argument("--second", action="store_true", help="check second derivatives as well")
    parser.add_argument("--kinks", choices=("subgradient", "skip", "error"), default="subgradient")
    parser.add_argument("--fast", action="store_true", help="random directions only")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--html", metavar="FILE", help="write the report with its pictures")
    parser.add_argument("--json", metavar="FILE", help="write the report as JSON")


def read_shape(text: str) -> tuple[int, ...]:
    """The shape that `text` names."""
    try:
        shape = tuple(int(part) for part in text.replace("x", ",").split(",") if part.strip())
    except ValueError:
        shape = (-1,)
    if any(size < 0 for size in shape):
        raise argparse.ArgumentTypeError(f"a shape is written as 3,4, got {text!r}")
    return shape


def run_gradcheck(options: argparse.Namespace) -> int:
    """Exit status: 0 right, 1 wrong, 2 not checked, for a reason printed."""
    try:
        target = find_target(options.target)
        reports = check(target, options)
    except Exception as error:  # noqa: BLE001 - what is checked may raise anything; say what it was
        print(f"gradcheck: {type(error).__name__}: {error}", file=sys.stderr)
        return MISUSED
    for report in reports:
        print(report)
    last = next((report for report in reports if not report.ok), reports[-1])
    if options.html:
        last.html(options.html)
    if options.json:
        Path(options.json).write_text(last.to_json(indent=1), encoding="utf-8")
    return PASSED if all(reports) else WRONG


def find_target(name: str) -> Any:
    """The function, Function, operation or module that `module:function` names."""
    home, colon, path = name.partition(":")
    if not colon or not path:
        raise ValueError(f"write module:function (or file.py:function), got {name!r}")
    if home.endswith(".py"):
        file = Path(home).resolve()
        sys.path.insert(0, str(file.parent))
        home = file.stem
    else:
        sys.path.insert(0, str(Path.cwd()))
    found: Any = importlib.import_module(home)
    for part in path.split("."):
        found = getattr(found, part)
    return found


def check(target: Any, options: argparse.Namespace) -> list[GradcheckReport]:
    """Reports of the orders asked for."""
    rng = np.random.default_rng(options.seed)
    shapes = options.shape or [(3, 4)]
    dtype = DTYPES[options.dtype]
    inputs = [tensor(rng.standard_normal(s), dtype=dtype).requires_grad_() for s in shapes]
    common: dict[str, Any] = {
        "raise_exception": False,
        "report": True,
        "kinks": options.kinks,
        "seed": options.seed,
        "fast_mode": options.fast or None,
    }
    if hasattr(target, "named_parameters"):
        module = (target() if isinstance(target, type) else target).to(dtype)
        return [as_report(check_module(module, *inputs, **common))]
    function = getattr(target, "apply", target) if isinstance(target, type) else target
    reports = [as_report(gradcheck(function, inputs, **common))]
    if options.second and reports[0]:
        reports.append(as_report(gradgradcheck(function, inputs, **common)))
    return reports


def as_report(found: bool | GradcheckReport) -> GradcheckReport:
    """The report, which was asked for."""
    if isinstance(found, bool):
        raise TypeError("a check asked for its report gave a bare verdict")
    return found
