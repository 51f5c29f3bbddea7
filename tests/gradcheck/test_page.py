"""The guide's page says what the checker says: its code is run, its outputs are compared."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/en/guide/checking-gradients.md"
BLOCKS = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.DOTALL)


@pytest.mark.slow
def test_the_page_shows_what_the_code_prints():
    names = {}
    blocks = BLOCKS.findall(PAGE.read_text(encoding="utf-8"))
    assert len(blocks) >= 9
    for code, expected in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, "page", "exec"), names)
        found, wanted = printed.getvalue().splitlines(), expected.splitlines()
        assert found[:2] == wanted[:2]
        assert len(found) == len(wanted)
