"""The guide to exporting does what it shows."""

import contextlib
import io
import re
from pathlib import Path

import pytest

pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

PAGE = Path(__file__).parents[2] / "docs/en/guide/exporting.md"


def test_the_guide_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = PAGE.read_text(encoding="utf-8")
    names, shown = {"__name__": "guide"}, 0
    for block in re.finditer(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```)?", text, re.DOTALL):
        line = text.count("\n", 0, block.start(1))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            code = compile("\n" * line + block[1], PAGE.name, "exec")
            exec(code, names)
        if block[2] is not None:
            expected = re.sub(r"exporting\.md:\d+", "exporting.md:LINE", block[2])
            found = re.sub(r"exporting\.md:\d+", "exporting.md:LINE", out.getvalue())
            assert found == expected
            shown += 1
    assert shown >= 5
