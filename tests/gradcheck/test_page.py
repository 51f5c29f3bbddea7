"""The guide's page says what the checker says: its code is run, its outputs are compared.

`python -m tests.gradcheck.test_page` draws the page's pictures anew.
"""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "en/guide/checking-gradients.md"
BLOCKS = re.compile(
    r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?(?:(?:(?!```).)*?\]\(../../(images/[^)]*)\))?",
    re.DOTALL,
)


def run_page():
    """For each block of code: what it printed, what the page says, its picture and the file."""
    names = {}
    for code, expected, image in BLOCKS.findall(PAGE.read_text(encoding="utf-8")):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "page", "exec"), names)
        drawn = names["picture"].svg if image else ""
        text = drawn() if callable(drawn) else drawn
        yield printed.getvalue().splitlines(), expected.splitlines(), text, image


@pytest.mark.slow
def test_the_page_shows_what_the_code_prints():
    blocks = list(run_page())
    assert len(blocks) >= 9
    for found, wanted, picture, image in blocks:
        assert found[:2] == wanted[:2]
        assert len(found) == len(wanted)
        if image:
            shown = (DOCS / image).read_text(encoding="utf-8")
            assert VARIES.sub("", picture) == VARIES.sub("", shown), image
    assert sum(bool(image) for *_, image in blocks) >= 3


VARIES = re.compile(r"[\d.e+-]+|tg[0-9a-f]+")  # digits beyond those that are alike on every machine

if __name__ == "__main__":
    for _, _, drawn, file in run_page():
        if file:
            (DOCS / file).write_text(drawn, encoding="utf-8")
