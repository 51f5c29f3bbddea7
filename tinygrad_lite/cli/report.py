"""One page that shows the whole road in plain words; it needs no network and no script."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from string import Template
from typing import TYPE_CHECKING, Any

import numpy as np

from .._version import __version__
from .confusion import worst
from .gallery import MOST_MISTAKES
from .gradients import SAMPLES, STEP
from .page import PAGE, STYLE
from .training import BRIGHTEST, MOMENTUM, WEIGHT_DECAY

if TYPE_CHECKING:
    import argparse

    from numpy.typing import NDArray

    from .. import nn
    from .gradients import Comparison
    from .timing import InferenceTime
    from .training import History, Task


@dataclass
class Results:
    """All that the demo found out."""

    options: argparse.Namespace
    task: Task
    model: nn.Module
    checks: list[Comparison]
    history: History
    times: list[InferenceTime]
    chances: NDArray[Any]


def write_report(results: Results, figures: dict[str, str], confusions: NDArray[np.int64]) -> str:
    """The page as HTML, figures inside."""
    facts = {**setting_facts(results), **outcome_facts(results, confusions)}
    pictures = {name.removesuffix(".svg"): svg for name, svg in figures.items()}
    tables = {"checks_table": checks_table(results), "times_table": times_table(results)}
    escaped = {name: escape(fact) for name, fact in facts.items()}
    return Template(PAGE).substitute(style=STYLE, **escaped, **pictures, **tables)


def setting_facts(results: Results) -> dict[str, str]:
    """What went in."""
    options, task = results.options, results.task
    return {
        "version": __version__,
        "numpy_version": np.__version__,
        "command": (
            f"python -m tinygrad_lite demo --epochs {options.epochs} --lr {options.lr} "
            f"--batch-size {options.batch_size} --seed {options.seed}"
        ),
        "brightest": str(BRIGHTEST),
        "train_count": f"{len(task.train):,}",
        "test_count": f"{len(task.test):,}",
        "count": f"{len(task.train) + len(task.test):,}",
        "parameters": f"{sum(each.numel() for each in results.model.parameters()):,}",
        "model": repr(results.model),
        "step": f"{STEP:.6f}",
        "samples_checked": str(SAMPLES),
        "epochs": str(options.epochs),
        "batch_size": str(options.batch_size),
        "rate": f"{options.lr:g}",
        "momentum": f"{MOMENTUM:g}",
        "decay": f"{WEIGHT_DECAY:g}",
        "seed": str(options.seed),
    }


def outcome_facts(results: Results, confusions: NDArray[np.int64]) -> dict[str, str]:
    """What came out."""
    history = results.history
    seen, unseen = history.train_accuracy[-1], history.test_accuracy[-1]
    wrong = int(confusions.sum() - np.trace(confusions))
    return {
        "seen": f"{seen:.2%}",
        "unseen": f"{unseen:.2%}",
        "gap": f"{100 * (seen - unseen):.2f}",
        "gap_words": explain_gap(seen - unseen),
        "error": f"{max(check.error for check in results.checks):.1e}",
        "verdict": explain_checks(results.checks),
        "ratio": f"{results.times[-1].ratio:.0f}",
        "wrong": str(wrong),
        "worst": worst(confusions),
        "mistakes_words": explain_mistakes(wrong),
    }


def explain_gap(gap: float) -> str:
    """What the distance between the two accuracies says."""
    if gap > 0.05:
        return (
            "That is much: the network has learnt its training digits by heart. More data, fewer "
            "epochs or more weight decay would help."
        )
    if gap > 0.005:
        return "That is little: most of what it learnt holds for digits it has never seen."
    if gap > 0:
        return "That is next to nothing: what it learnt holds as well for digits it has never seen."
    return "That is none: it does no worse on digits it has never seen."


def explain_checks(checks: list[Comparison]) -> str:
    """Whether the gradients are right."""
    failed = [check.name for check in checks if not check.passed]
    if failed:
        return f"Not all agree. The gradients of {', '.join(failed)} differ by more than rounding."
    return "Both agree as far as rounding allows, so the gradients are right."


def explain_mistakes(wrong: int) -> str:
    """What the gallery of mistakes shows."""
    if not wrong:
        return "There is none: every digit held back was recognised."
    if wrong == 1:
        return "A single one. Would you have read it?"
    shown = "All of them" if wrong <= MOST_MISTAKES else f"{MOST_MISTAKES} of them"
    return f"{shown}, those the network was surest of first. Would you have read them all?"


def checks_table(results: Results) -> str:
    """The gradient check, one row for each parameter."""
    rows = [
        f"<tr><td><code>{escape(check.name)}</code></td>"
        f"<td>{' &times; '.join(map(str, check.shape))}</td><td>{check.error:.1e}</td></tr>"
        for check in results.checks
    ]
    return "\n".join(rows)


def times_table(results: Results) -> str:
    """The times of inference, one row for each size."""
    rows = [
        f"<tr><td>{each.samples:,} &times; {each.features}</td>"
        f"<td>{1e3 * each.one_by_one:.1f} ms</td><td>{1e3 * each.together:.2f} ms</td>"
        f"<td>{each.ratio:.0f}&times;</td></tr>"
        for each in results.times
    ]
    return "\n".join(rows)
