"""The reference has an entry with words of its own for every public name."""

import inspect
import json
import re
import sys
from pathlib import Path

import pytest

import tinygrad_lite as torch

DOCS = Path(__file__).parents[1] / "docs"
sys.path.insert(0, str(DOCS))
import gathered  # noqa: E402
import notebooks  # noqa: E402
import reference  # noqa: E402
from reference.prose import write_docstring  # noqa: E402

sys.path.remove(str(DOCS))

DIRECTIVE = re.compile(r"^\.\. py:(\w+):: (.*(?:\n {10,}\S.*)*)", re.MULTILINE)


def nowhere(name):
    return None


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages") / "reference"
    reference.write_pages(folder)
    return {path.stem: path.read_text("utf-8") for path in folder.glob("*.rst")}


@pytest.fixture(scope="module")
def names(pages):
    """Names that some directive on some page declares."""
    text = "\n".join(pages.values())
    return {
        line.strip().partition("(")[0]
        for found in DIRECTIVE.finditer(text)
        for line in found[2].splitlines()
    }


@pytest.mark.parametrize("space", ["nn", "optim", "utils.data", "viz", "onnx", "distributions"])
def test_every_name_of_a_namespace_stands_on_a_page(space, names):
    owner = torch
    for part in space.split("."):
        owner = getattr(owner, part)
    wanted = {name for name in owner.__all__ if not inspect.ismodule(getattr(owner, name))}
    assert {f"{space}.{name}" for name in wanted} - names == set()


def test_functions_of_the_top_level_and_methods_stand_on_pages(names):
    functions = {name for name in torch._functions.NAMES if not name.startswith("_")}
    assert functions - names == set()
    methods = {f"Tensor.{name}" for name in dir(torch.Tensor) if not name.startswith("_")}
    assert methods - names == set()


def test_every_name_that_is_listed_is_there():
    assert [name for name in dir(torch) if not hasattr(torch, name)] == []


def test_every_function_and_class_says_something():
    silent = [
        entry.full
        for entries in reference.Reference().entries.values()
        for entry in entries
        if entry.kind in {"function", "class"} and entry.home and not entry.text
    ]
    assert silent == []


def test_nobody_else_s_docstring_is_shown(pages):
    assert [page for page, text in pages.items() if re.search(r"array_like|-{7} \w", text)] == []


@pytest.mark.parametrize(
    ("plain", "written"),
    [
        ("x * y_ and |x|.", r"x \* y\_ and \|x\|."),
        ("`x` here.", r"\ ``x``\  here."),
        ("Shapes: (N, C).", "**Shapes.** (N, C)."),
        ("**Errors** TypeError.", "**Errors.** TypeError."),
        ("A sum. Gradient: ones.", "A sum.\n\n**Gradient.** ones."),
        (">>> 1 + 1\n2", ".. code-block:: pycon\n\n   >>> 1 + 1\n   2"),
        ("A rule:\n\n    x = y", "A rule:\n\n::\n\n   x = y"),
        ("Two:\n- one\n- other", "Two:\n\n- one\n- other"),
        ("", ""),
    ],
)
def test_a_docstring_as_a_page_has_it(plain, written):
    assert write_docstring(plain, nowhere) == written


def test_what_stands_in_two_places_is_described_in_one(pages):
    found = re.search(r"py:function:: conv2d\(.*?\n\n(.*?)\n\.\. py", pages["toplevel"], re.DOTALL)
    same = ":py:obj:`nn.functional.conv2d <tinygrad_lite.nn.functional.conv2d>`"
    assert found[1].strip().endswith(f"The same as {same}.")


def test_examples_have_pages_with_their_figures(tmp_path):
    gathered.write_pages(tmp_path / "gathered")
    scripts = {path.stem for path in gathered.scripts()}
    assert {path.stem for path in gathered.FIGURES.glob("*.svg")} == scripts
    for script in scripts:
        page = (tmp_path / "gathered" / f"example-{script}.md").read_text("utf-8")
        assert f"images/examples/{script}.svg" in page
        assert f"python examples/{script}.py" in page


@pytest.mark.parametrize("path", gathered.scripts(), ids=lambda path: path.stem)
def test_the_notebook_of_an_example_has_its_code_and_ran(path):
    cells = json.loads(path.with_suffix(".ipynb").read_text("utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    assert ["".join(cell["source"]) for cell in code] == notebooks.pieces_of(path)
    outputs = [output for cell in code for output in cell["outputs"]]
    assert [output for output in outputs if output["output_type"] == "error"] == []
    assert any("image/svg+xml" in output.get("data", {}) for output in outputs)


def test_code_of_the_guide_for_contributors_says_where_it_stands():
    assert "In `tinygrad_lite/ops/activation.py`:\n\n```python\n@op" in gathered.contributing()


def test_links_out_of_the_pages_become_words():
    assert gathered.without_links("see [this](a/b.md), [that](https://x.y)") == (
        "see this, [that](https://x.y)"
    )


def test_the_stored_names_of_pytorch_are_mostly_here():
    stored = json.loads((DOCS / "pytorch-names.json").read_text("utf-8"))
    for space in ("nn", "nn.init", "optim.lr_scheduler", "special"):
        owner = torch
        for part in space.split("."):
            owner = getattr(owner, part)
        here = [name for name in stored["names"][space] if hasattr(owner, name)]
        assert len(here) >= 0.98 * len(stored["names"][space]), space
