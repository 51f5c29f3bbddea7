"""What the README and the guide for contributors show is so."""

import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def blocks(language, text=README):
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def test_the_twenty_lines_run(tmp_path):
    (code,) = blocks("python")
    assert len(code.splitlines()) <= 22
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    share = float(re.fullmatch(r"([\d.]+)% of unseen digits recognised\n", result.stdout).group(1))
    assert share >= 95
    assert ET.parse(tmp_path / "graph.svg").getroot().tag.endswith("svg")


@pytest.mark.parametrize("name", ["demo", "tests"])
def test_each_command_is_one_line_that_ci_finds(name):
    block = re.search(rf"<!-- command: {name} -->\n```sh\n(.*?)```\n", README, re.DOTALL).group(1)
    assert block.count("\n") == 1


@pytest.mark.parametrize("text", [README, GUIDE], ids=["readme", "guide"])
def test_links_lead_somewhere(text):
    targets = re.findall(r"\]\(([^)#]+)\)", text)
    assert targets
    missing = [target for target in targets if "://" not in target and not (ROOT / target).exists()]
    assert missing == []


DECISIONS = ROOT / "docs" / "decisions"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
PARTS = ("Context", "Choice", "Figures", "Consequences", "What would change our mind")


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_has_five_parts_and_stands_in_the_index(record):
    text = record.read_text(encoding="utf-8")
    assert tuple(re.findall(r"^\*\*([A-Z][^*]*)\.\*\*", text, re.MULTILINE)) == PARTS
    assert f"({record.name})" in (DECISIONS / "README.md").read_text(encoding="utf-8")


QUOTED = re.findall(r"<!-- from: (\S+) -->\n```python\n(.*?)```", GUIDE, re.DOTALL)


@pytest.mark.parametrize(("path", "code"), QUOTED, ids=[path for path, _ in QUOTED])
def test_guide_quotes_the_real_files(path, code):
    assert code in (ROOT / path).read_text(encoding="utf-8")


def test_guide_s_gradient_check_runs():
    assert len(QUOTED) == 4
    quoted = {code for _, code in QUOTED}
    (code,) = [code for code in blocks("python", GUIDE) if code not in quoted]
    exec(code, {})
