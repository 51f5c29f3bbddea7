"""Writes docs/parity.json: PyTorch's database of operations, every sample compared with ours.

    python scripts/measure_parity.py                 # all entries, half an hour
    python scripts/measure_parity.py cov special.    # these anew; a prefix takes all it begins

Needs torch and expecttest. The page "Coming from PyTorch" shows the counts.
"""

from __future__ import annotations

import datetime as dt
import json
import sys
from collections import Counter
from pathlib import Path

import torch

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
from tests.parity.walk import database, walk  # noqa: E402

TARGET = ROOT / "docs" / "parity.json"
REASONS = {
    "normal": "numbers drawn at random",
    "svd_lowrank": "starts from numbers drawn at random",
    "nn.functional.feature_alpha_dropout": "dropped at random",
    "nn.functional.scaled_dot_product_attention": "samples with dropout, dropped at random",
    "nn.functional.multi_head_attention_forward": "samples with dropout, dropped at random",
    "nn.functional.linear_cross_entropy": "second derivatives, which PyTorch refuses when it works "
    "in pieces",
    "as_strided": "only views of whole pieces of memory are taken",
    "as_strided_scatter": "PyTorch's gradient in the input, which its own gradcheck refuses",
    "special.bessel_j0": "PyTorch is off by 2e-7, ours by 4e-16",
    "special.bessel_j1": "PyTorch is off by 3e-8, ours by 2e-16",
    "special.bessel_y1": "PyTorch is off by 3e-7, ours by 2e-16",
    "matrix_exp": "float32: PyTorch is off by 2e-3 at one element, ours by 6e-8",
    "cov": "float32: a gradient that is 0 but for rounding",
    "grid_sampler_2d": "float32: gradients that are 0 but for rounding",
}


def measure(name: str) -> dict[str, int]:
    """What comparing the samples of an entry, in all its variants, gave."""
    tally: Counter[str] = Counter(comparisons=0, differing=0, absent=0, variants=0)
    for found in walk(name):
        runs = sum(found.right.values())
        wrong = [line for line in found.wrong if "has no attribute" not in line]
        tally["variants"] += 1
        tally["comparisons"] += runs
        tally["differing"] += len(wrong)
        tally["absent"] += not runs and not wrong
    return dict(tally)


def main(words: list[str]) -> None:
    """Walk the entries asked for and write the counts."""
    stored = json.loads(TARGET.read_text("utf-8")) if words else {"entries": {}}
    for name in database():
        if not words or any(name == w or (w.endswith(".") and name.startswith(w)) for w in words):
            stored["entries"][name] = measure(name)
            print(name, stored["entries"][name], flush=True)
    differing = [name for name, tally in stored["entries"].items() if tally["differing"]]
    content = {
        "version": torch.__version__.partition("+")[0],
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
        "reasons": {name: REASONS.get(name, "not looked into") for name in differing},
        "entries": stored["entries"],
    }
    lines = json.dumps(content, indent=1).replace("{\n   ", "{").replace(",\n   ", ", ")
    TARGET.write_text(lines.replace("\n  }", "}") + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
