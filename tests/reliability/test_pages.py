"""What the pages about files and promises show is so."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDE = ROOT / "docs" / "en" / "guide"
SAVING = (GUIDE / "saving.md").read_text(encoding="utf-8")
PROMISES = (GUIDE / "promises.md").read_text(encoding="utf-8")


def test_the_code_of_the_page_prints_what_stands_below_it(tmp_path):
    blocks = re.findall(r"^```(python|text)\n(.*?)^```$", SAVING, re.MULTILINE | re.DOTALL)
    code = "\n".join(text for language, text in blocks if language == "python")
    expected = "".join(text for language, text in blocks if language == "text")
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    assert result.stdout == expected


COMMANDS = re.findall(r"`pytest ([^`]*)`", PROMISES)


@pytest.fixture(scope="module")
def collected():
    """The names of all tests of the files that the page names."""
    files = sorted({word for command in COMMANDS for word in command.split() if "/" in word})
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider", *files],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout
    return result.stdout.splitlines()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_promise_has_tests(command, collected):
    files = [word for word in command.split() if "/" in word]
    wanted = re.search(r'-k (?:"([^"]*)"|(\S+))', command)
    words = re.findall(r"\w+", wanted[1] or wanted[2]) if wanted else [""]
    for word in set(words) - {"or"}:
        assert any(name.startswith(tuple(files)) and word in name for name in collected), word
