"""Pages made of what stands elsewhere: the guide for contributors, the decisions, the examples.

The figures of the examples are stored; `docs/notebooks.py` draws them.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

__all__ = ["setup"]

ROOT = Path(__file__).parents[1]
FIGURES = ROOT / "docs" / "images" / "examples"
SPELLED = {"gpt": "GPT", "cnn": "CNN", "mlp": "MLP", "lstm": "LSTM", "vae": "VAE"}
NOTE = "% This page is gathered by docs/gathered.py; edit what it was made of.\n\n"


def without_links(text: str) -> str:
    """Links to files of the repository become their words: the pages do not hold those files."""
    return re.sub(r"\[([^\]]*)\]\((?!https?:|#)[^)]*\)", r"\1", text)


def contributing() -> str:
    """CONTRIBUTING.md, with the files that its code is from above the code."""
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    return without_links(re.sub(r"<!-- from: (\S+) -->\n", r"In `\1`:\n\n", text))


def decisions() -> str:
    """All records of decisions, one below the other."""
    folder = ROOT / "docs" / "decisions"
    intro = (folder / "README.md").read_text("utf-8").partition("\n|")[0]
    records = [path.read_text("utf-8") for path in sorted(folder.glob("[0-9]*.md"))]
    return without_links("\n".join([intro, *(f"\n#{record}" for record in records)]))


def title_of(path: Path) -> str:
    """The name of an example as a heading."""
    words = " ".join(SPELLED.get(word, word) for word in path.stem.split("_"))
    return words[:1].upper() + words[1:]


def example(path: Path) -> str:
    """A script: what it says of itself, its figure, and its code."""
    source = path.read_text("utf-8")
    tree = ast.parse(source)
    words = ast.get_docstring(tree) or ""
    title, _, rest = words.partition("\n\n")
    code = "\n".join(source.splitlines()[tree.body[0].end_lineno :]).strip()
    prose = re.sub(r"^ *(python .*)$", r"```sh\n\1\n```", rest, flags=re.MULTILINE)
    figure = FIGURES / f"{path.stem}.svg"
    shown = f"```{{image}} {figure.relative_to(ROOT / 'docs').as_posix()}\n:alt: its figure\n```"
    parts = [f"# {title_of(path)}", " ".join(title.split()), prose]
    parts += [shown.replace("images/", "../../images/")] if figure.exists() else []
    notebook = f"{{download}}`As a notebook <../../../examples/{path.stem}.ipynb>`"
    return "\n\n".join([*parts, notebook, f"```python\n{code}\n```"]) + "\n"


def scripts() -> list[Path]:
    """The examples that end with a figure."""
    return [path for path in sorted((ROOT / "examples").glob("*.py")) if path.stem != "gallery"]


def examples() -> dict[str, str]:
    """A page for every script, and one that leads to them."""
    pages = {f"example-{path.stem}.md": example(path) for path in scripts()}
    listed = "\n".join(Path(name).stem for name in pages)
    intro = (
        "# Examples\n\nScripts of at most 160 lines. Each shows its progress, prints what it found "
        "and draws a figure when it is done; those figures stand on these pages. A line that "
        "mentions `torch` is PyTorch's too.\n\n"
    )
    pages["examples.md"] = f"{intro}```{{toctree}}\n:maxdepth: 1\n\n{listed}\n```\n"
    return pages


def gallery() -> str:
    """The pictures of docs/gallery."""
    text = (ROOT / "docs" / "gallery" / "README.md").read_text("utf-8")
    return without_links(re.sub(r"!\[([^\]]*)\]\(([^)]*)\)", _image, text))


def _image(found: re.Match[str]) -> str:
    return f"```{{image}} ../../gallery/{found[2]}\n:alt: {found[1]}\n```"


def write_pages(folder: Path) -> None:
    """Write all pages; a page that would not change is left alone."""
    folder.mkdir(exist_ok=True)
    pages = {"contributing.md": contributing(), "decisions.md": decisions(), **examples()}
    pages["gallery.md"] = gallery()
    for name, text in pages.items():
        path = folder / name
        if not path.exists() or path.read_text("utf-8") != NOTE + text:
            path.write_text(NOTE + text, encoding="utf-8")
    for path in set(folder.glob("*.md")) - {folder / name for name in pages}:
        path.unlink()


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages when Sphinx starts."""
    app.connect("builder-inited", lambda app: write_pages(Path(app.srcdir) / "gathered"))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
