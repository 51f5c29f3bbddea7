"""Prints detection, false alarms, diagnosis and cost, beside PyTorch's gradcheck if installed.

python -m tests.gradcheck.bench.measure [--seeds 3] [--further] [--torch] [--show]
"""

from __future__ import annotations

import argparse
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import tinygrad_lite
from tinygrad_lite import from_numpy, tensor
from tinygrad_lite.autograd import Function
from tinygrad_lite.autograd.gradcheck import (
    GradcheckReport,
    check_function,
    gradcheck,
    gradgradcheck,
)

from .accidents import further_cases
from .mutants import Case, right_cases, wrong_cases
from .orders import FORGIVEN, RIGHT, SECOND, count_forgiven, count_second

CAUSES = {
    "sign": "sign",
    "factor": "factor",
    "zero": "zero gradient",
    "none": "None gradient",
    "transposed": "transposed|permuted",
    "flipped": "flipped|transposed|rolled|permuted",
    "rolled": "rolled|flipped|permuted|transposed",
    "single": "single element",
    "branch": "branch",
    "term": "sum/mean term",
    "ignored": "ignored|nonlinear",
    "nonlinear": "nonlinear",
    "nan": "NaN",
    "precision": "precision",
    "formula": "wrong formula",
    "operand": "operand not transposed",
    "unbroadcast": "broadcast axis",
    "mean": "mean instead",
    "swapped": "swapped",
    "repeated": "repeated index",
    "deterministic": "non-deterministic",
    "upstream changed": "upstream gradient modified",
    "input changed": "input modified",
    "state": "state",
    "number": "number of gradients",
    "dtype": "dtype",
    "shape": "shape",
    "permuted": "permuted",
    "mask": "mask missing",
    "kink": "kink",
}


@dataclass
class Score:
    """Counts of one run."""

    wrong: int = 0
    caught: int = 0
    named: int = 0
    nameable: int = 0
    right: int = 0
    alarms: int = 0
    elements: int = 0
    found: int = 0
    seconds: float = 0.0
    forwards: int = 0
    remarks: list[str] = field(default_factory=list)

    def add(self, case: Case, ok: bool, report: GradcheckReport | None = None) -> None:
        """Count one case."""
        if not case.wrong:
            self.right += 1
            self.alarms += not ok
            if not ok:
                self.remarks.append(f"FALSE ALARM {case.name}\n{report}")
            return
        self.wrong += 1
        self.caught += not ok
        if ok:
            self.remarks.append(f"MISSED {case.name} ({case.cause})")
        if report is not None and not ok:
            self.count_cause(case, report)

    def count_cause(self, case: Case, report: GradcheckReport) -> None:
        """Count whether cause and element are named."""
        if case.cause:
            self.nameable += 1
            words = [w for cause in case.cause.split("|") for w in CAUSES[cause].split("|")]
            good = any(word in report.cause for word in words)
            self.named += good
        if case.cause and not good:
            self.remarks.append(f"cause of {case.name}: {report.cause!r}, not {case.cause}")
        if case.element is not None:
            self.elements += 1
            number, place = case.element
            hit = place in report.inputs[number].elements and report.inputs[number].wrong == 1
            self.found += hit
            if not hit:
                self.remarks.append(f"element of {case.name}: {report.inputs[number].elements}")

    def line(self, name: str) -> str:
        """One row of the result."""
        part, named = (
            100 * self.caught / max(self.wrong, 1),
            100 * self.named / max(self.nameable, 1),
        )
        return (
            f"{name:22s} caught {self.caught}/{self.wrong} ({part:.1f} %), false alarms "
            f"{self.alarms}/{self.right}, cause named {named:.1f} %, element named "
            f"{self.found}/{self.elements}, {self.seconds:.1f} s, {self.forwards} forwards"
        )


def measure_ours(cases: list[Case]) -> Score:
    """Run the library's checker."""
    score, began = Score(), time.perf_counter()
    for case in cases:
        report: Any = check_function(
            case.forward, case.backward, list(case.inputs), raise_exception=False, report=True
        )
        score.add(case, report.ok, report)
        score.forwards += report.forwards
    score.seconds = time.perf_counter() - began
    return score


def measure_functions(cases: list[Case]) -> Score:
    """Run the library's checker over the same rules as autograd.Functions."""
    score, began = Score(), time.perf_counter()
    for case in cases:
        function = engine_function(case)
        inputs = [tensor(np.array(x)).requires_grad_() for x in case.inputs]
        report: Any = gradcheck(function.apply, inputs, raise_exception=False, report=True)
        score.add(case, report.ok, report)
        score.forwards += report.forwards
    score.seconds = time.perf_counter() - began
    return score


def engine_function(case: Case) -> Any:
    """The case as an autograd.Function of this library."""

    class Wrapped(Function):
        @staticmethod
        def forward(ctx: Any, *xs: Any) -> Any:
            ctx.arrays = [x.detach().numpy() for x in xs]
            return from_numpy(np.array(case.forward(*ctx.arrays)))

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            found = case.backward(g.numpy(), *ctx.arrays)
            return tuple(None if gx is None else from_numpy(np.array(gx)) for gx in found)

    return Wrapped


def measure_torch(cases: list[Case]) -> Score:
    """Run PyTorch's checker over the same rules."""
    import torch

    score, began = Score(), time.perf_counter()
    for case in cases:
        function = torch_function(case)
        inputs = [torch.tensor(np.array(x), requires_grad=True) for x in case.inputs]
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                ok = bool(torch.autograd.gradcheck(function.apply, inputs))
        except Exception:  # noqa: BLE001 - whatever it raises, it said no
            ok = False
        score.add(case, ok)
    score.seconds = time.perf_counter() - began
    return score


def measure_engine(name: str, home: Any, first: Any, second: Any, seed: int) -> str:
    """One row on what only an engine shows."""
    caught, alarms = count_second(home, second, seed)
    reported = count_forgiven(home, first, seed)
    return (
        f"{name:22s} second order {caught}/{len(SECOND)}, false alarms {alarms}/{len(RIGHT)}, "
        f"forgiven by the engine but reported {reported}/{len(FORGIVEN)}"
    )


def torch_function(case: Case) -> Any:
    """The case as a torch.autograd.Function."""
    import torch

    class Wrapped(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, *xs: Any) -> Any:
            arrays = [x.detach().numpy() for x in xs]
            ctx.arrays = arrays
            return torch.from_numpy(np.array(case.forward(*arrays)))

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            found = case.backward(g.numpy(), *ctx.arrays)
            return tuple(None if gx is None else torch.from_numpy(np.array(gx)) for gx in found)

    return Wrapped


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--functions", action="store_true", help="as autograd.Functions, too")
    parser.add_argument("--torch", action="store_true", help="run PyTorch's checker as well")
    parser.add_argument("--further", action="store_true", help="the material not tuned on")
    parser.add_argument("--show", action="store_true", help="print every miss")
    options = parser.parse_args()
    np.seterr(all="ignore")
    for seed in range(options.first, options.first + options.seeds):
        cases = wrong_cases(seed) + right_cases(seed)
        if options.further:
            cases = further_cases(seed)
        score = measure_ours(cases)
        print(f"seed {seed}: {score.line('tinygrad_lite')}", flush=True)
        if options.show:
            print("\n".join(score.remarks))
        if options.functions:
            score = measure_functions(cases)
            print(f"seed {seed}: {score.line('as Functions')}", flush=True)
            if options.show:
                print("\n".join(score.remarks))
        row = measure_engine("tinygrad_lite", tinygrad_lite, gradcheck, gradgradcheck, seed)
        print(f"seed {seed}: {row}", flush=True)
        if options.torch:
            import torch

            print(f"seed {seed}: {measure_torch(cases).line('torch')}", flush=True)
            theirs = torch.autograd.gradcheck, torch.autograd.gradgradcheck
            print(f"seed {seed}: {measure_engine('torch', torch, *theirs, seed)}", flush=True)


if __name__ == "__main__":
    main()
