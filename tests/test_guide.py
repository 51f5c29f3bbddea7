"""The pages of the guide run, and show what their words say."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GUIDE = ROOT / "docs" / "en" / "guide"
CELL = re.compile(r"^```\{code-cell\}\n((?::[^\n]*\n)*)(.*?)^```$", re.MULTILINE | re.DOTALL)

# What a notebook would offer, and the last value of a cell as text.
NOTEBOOK = """
import sys, types
display = types.ModuleType("IPython.display")
display.HTML = display.Markdown = str
sys.modules.update({"IPython": types.ModuleType("IPython"), "IPython.display": display})

def show_(value):
    draw = getattr(value, "_repr_mimebundle_", None)
    if draw is not None:
        assert draw()["image/svg+xml"].startswith("<svg")
    elif value is not None:
        print(value)
"""

# Words that each page has to print, as patterns.
PAGES = {
    "quick-start": [r"tensor\(20\.\)", r"9[5-9]\.\d% of unseen digits", r"parameters: 2\W410"],
    "from-pytorch": [
        r"1,\d{3} of 1,\d{3}\*\* documented names",
        r"\*\*all\*\* \| \d+ \| \d+ \| 1\d\d,\d{3} \|",
        r"linalg\.det.*Right for singular matrices",
        r"torch\.fft is not supported",
        r"device 'cuda' is not available",
    ],
    "questions": [r"None torch\.Size\(\[3, 8\]\)", r"detach at .*took an operand", r"cpu False"],
    "autograd": [
        r"x +64\.0",
        r"tensor\(\[3\., 3\.\]\)",
        r"12\.0 12\.0",
        r"inplace\s+operation: exp",
    ],
    "own-operations": [r"True True", r"FAILED for Round", r"the output twice too often"],
    "graphs": [r"shape:\*x10 \['linear'\]", r"'ops': 252", r"True\s*$"],
    "how-it-is-built": [r"def record_relu", r"MmBackward0 <- \['AccumulateGrad'\]"],
    "speed": [r"177 operations\n39 operations", r"attention \d\d%"],
}


def cells(page):
    """The code of the cells that a page executes."""
    return [code for _, code in CELL.findall((GUIDE / f"{page}.md").read_text("utf-8"))]


def program(page):
    """The cells of a page as one program, the last expression of each shown."""
    parts = []
    for cell in cells(page):
        tree = ast.parse(cell)
        quiet = cell.rstrip().endswith(";")
        if isinstance(tree.body[-1], ast.Expr) and not quiet:
            call = ast.Call(ast.Name("show_", ast.Load()), [tree.body[-1].value], [])
            tree.body[-1] = ast.Expr(call)
        parts.append(ast.unparse(ast.fix_missing_locations(tree)))
    return "\n".join([NOTEBOOK, *parts])


@pytest.mark.parametrize("page", PAGES)
def test_a_page_runs_and_shows_what_it_says(page, tmp_path):
    folders = os.pathsep.join(map(str, (ROOT, ROOT / "docs", ROOT / "examples")))
    environment = {**os.environ, "PYTHONPATH": folders, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program(page)],
        cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    missing = [words for words in PAGES[page] if not re.search(words, done.stdout, re.DOTALL)]
    assert missing == [], done.stdout


def test_every_page_with_cells_is_run():
    executed = {path.stem for path in GUIDE.glob("*.md") if CELL.search(path.read_text("utf-8"))}
    assert executed == set(PAGES)


@pytest.mark.parametrize("page", PAGES)
def test_code_fits_the_page(page):
    shown = [
        code
        for options, code in CELL.findall((GUIDE / f"{page}.md").read_text("utf-8"))
        if "remove-input" not in options
    ]
    assert [line for code in shown for line in code.splitlines() if len(line) > 84] == []
