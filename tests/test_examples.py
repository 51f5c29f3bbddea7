"""The examples: what they may use, and the bar and the figure that they share."""

import ast
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
SCRIPTS = sorted(path for path in EXAMPLES.glob("*.py") if path.stem != "gallery")

sys.path.insert(0, str(EXAMPLES))
from show import Figure, track  # noqa: E402

sys.path.remove(str(EXAMPLES))


def test_there_are_eight():
    assert len(SCRIPTS) == 8


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.stem)
def test_an_example_is_short_says_how_it_is_run_and_uses_what_everybody_has(path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    assert f"python examples/{path.name}" in ast.get_docstring(tree)
    assert len(source.splitlines()) <= 160
    assert f'figure.save("{path.stem}.svg")' in source
    roots = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name).split(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom)
    }
    assert roots <= {"tinygrad_lite", "numpy", "show", *sys.stdlib_module_names}


def test_the_shortest_one_runs_and_draws(tmp_path):
    command = [sys.executable, str(EXAMPLES / "custom_function.py")]
    environment = {"PYTHONPATH": str(EXAMPLES.parent), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    ET.parse(tmp_path / "custom_function.svg")


def test_track_counts_and_leaves_few_lines_in_a_file(capsys):
    bar, counted = track(100, "epoch"), []
    for i in bar:
        counted.append(i)
        bar.note(loss=1 / i)
    assert counted == list(range(1, 101))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[-1] == "epoch 100/100  loss 0.01"


def test_a_figure_holds_its_panels_and_escapes_words(tmp_path, capsys):
    figure = Figure("A < B & C")
    panel = figure.panel("Curves", "x", "y")
    panel.line([0, 1, 2], [1.0, 0.5, 0.25], "falling")
    panel.line([0, 1, 2], [1.0, 0.5, 0.26], "also", dashed=True)
    panel.points([0.5], [0.7])
    figure.panel("Images").images(np.random.default_rng(0).random((5, 8, 8)), list("abcde"))
    figure.panel("Words").words(["long " * 30, "", "short"])
    figure.save(str(tmp_path / "f.svg"))
    root = ET.parse(tmp_path / "f.svg").getroot()
    name = "{http://www.w3.org/2000/svg}"
    assert root.find(f"{name}title").text == "A < B & C"
    assert len(root.findall(f"{name}g")) == 3
    assert len(root.findall(f".//{name}image")) == 5
    words = [element.text for element in root.iter(f"{name}text")]
    assert {"falling", "also", "Curves", "a", "short"} <= set(words)
    assert "f.svg" in capsys.readouterr().out


@pytest.mark.parametrize("values", [[3.0, 3.0], [0.0, 1e-9], [-5e6, 5e6], [0.0, 0.0]])
def test_curves_of_any_range_are_drawn(values, tmp_path):
    figure = Figure("range")
    figure.panel("p").line([0, 1], values)
    figure.save(str(tmp_path / "f.svg"))
    assert "nan" not in (tmp_path / "f.svg").read_text()
