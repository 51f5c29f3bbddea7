"""The examples as notebooks that have run.

`python docs/notebooks.py` writes them and keeps their figures for the pages (two minutes);
`python docs/notebooks.py digits_mlp` does so for one.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from gathered import FIGURES, ROOT, scripts, title_of

__all__ = ["make", "pieces_of"]

EXAMPLES = ROOT / "examples"
SHOWN = """from IPython.display import SVG

figure.save("{name}.svg")
SVG("{name}.svg")"""


def cells_of(source: str) -> list[str]:
    """The code of a script in pieces: imports, then what a comment or two empty lines begin."""
    tree = ast.parse(source)
    lines = source.splitlines()
    pieces: list[list[str]] = []
    end = tree.body[1].end_lineno if _is_future(tree.body[1]) else tree.body[0].end_lineno
    was_import = False
    for node in tree.body:
        if node.end_lineno <= end:
            continue
        above = lines[end : _start(node) - 1]
        is_import = isinstance(node, ast.Import | ast.ImportFrom)
        words = any(line.startswith("#") for line in above)
        if not pieces or words or above.count("") > 1 or (was_import and not is_import):
            pieces.append([])
            above = [line for line in above if line.startswith("#")]
        pieces[-1] += [*above, *lines[_start(node) - 1 : node.end_lineno]]
        end, was_import = node.end_lineno, is_import
    return ["\n".join(piece).strip("\n") for piece in pieces]


def _is_future(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "__future__"


def _start(node: Any) -> int:
    """The first line of a statement, decorators included."""
    return min([node.lineno, *(part.lineno for part in getattr(node, "decorator_list", []))])


def pieces_of(path: Path) -> list[str]:
    """The code cells of a script's notebook."""
    code = "\n\n\n".join(cells_of(path.read_text("utf-8")))
    code = code.replace("Path(__file__).parent", "Path()")
    shown = SHOWN.format(name=path.stem)
    code = code.replace(f'figure.save("{path.stem}.svg")', f"\n\n\n{shown}\n\n\n")
    code = re.sub(r"^(torch.manual_seed.*)(?=\n\n\n)", r"\1;", code, flags=re.MULTILINE)
    pieces = [piece.strip("\n") for piece in code.split("\n\n\n")]
    return [piece for piece in pieces if piece]


def make(path: Path) -> Any:
    """The notebook of a script, not yet run."""
    from nbformat import v4

    words = ast.get_docstring(ast.parse(path.read_text("utf-8"))) or ""
    words = re.sub(r"^ *(python .*)$", r"The same as a script: `\1`", words, flags=re.MULTILINE)
    cells = [v4.new_markdown_cell(f"# {title_of(path)}\n\n{words}")]
    cells += [v4.new_code_cell(piece) for piece in pieces_of(path)]
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})


def run(path: Path) -> None:
    """Run the notebook of a script in a copy of the examples; keep it and its figure."""
    import nbformat
    from nbclient import NotebookClient

    with tempfile.TemporaryDirectory() as folder:
        place = Path(shutil.copytree(EXAMPLES, Path(folder) / "examples"))
        notebook = make(path)
        settings = {"timeout": 600, "resources": {"metadata": {"path": str(place)}}}
        NotebookClient(notebook, record_timing=False, coalesce_streams=True, **settings).execute()
        notebook.metadata.pop("language_info", None)
        nbformat.write(notebook, EXAMPLES / f"{path.stem}.ipynb")
        shutil.copy(place / f"{path.stem}.svg", FIGURES)


def main(names: list[str]) -> None:
    """Run the examples asked for, or all."""
    os.environ["PYTHONPATH"] = str(ROOT)
    os.environ["JUPYTER_PATH"] = str(ROOT / "docs" / "jupyter")
    for path in scripts():
        if not names or path.stem in names:
            sys.stdout.write(f"{path.stem}\n")
            run(path)


if __name__ == "__main__":
    main(sys.argv[1:])
