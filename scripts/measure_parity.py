"""Writes docs/parity.json: PyTorch's database of operations, every sample compared with ours.

    python scripts/measure_parity.py        # needs torch and expecttest; takes some minutes

The page "Coming from PyTorch" shows the counts.
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

FAMILIES = ("nn.functional.", "linalg.", "special.", "masked.", "signal.", "fft.", "sparse.")


def family_of(name: str) -> str:
    """The namespace of an entry."""
    return next((family for family in FAMILIES if name.startswith(family)), "")[:-1]


def main() -> None:
    """Walk all entries and write the counts of each family."""
    counts: dict[str, Counter[str]] = {}
    differing: list[str] = []
    for name in database():
        tally = counts.setdefault(family_of(name), Counter())
        for found in walk(name):
            runs = sum(found.right.values())
            tally["entries"] += 1
            tally["comparisons"] += runs
            tally["differing"] += len(found.wrong)
            tally["absent"] += not runs and not found.wrong
            differing += [found.name] * bool(found.wrong)
        print(name, dict(tally), flush=True)
    today = dt.datetime.now(tz=dt.UTC).date().isoformat()
    content = {
        "version": torch.__version__.partition("+")[0], "date": today, "families": counts,
        "entries that differ": differing,
    }  # fmt: skip
    text = json.dumps(content, indent=1) + "\n"
    (ROOT / "docs" / "parity.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
