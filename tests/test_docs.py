"""The pages: both languages say the same with the same code, which runs; links lead somewhere."""

import ast
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
GATHERED = ("reference", "gathered")  # written by the build
PAGES = sorted(
    path
    for tree in ("en", "ko")
    for path in (DOCS / tree).rglob("*.md")
    if path.parent.name not in GATHERED
)
BLOCK = re.MULTILINE | re.DOTALL
FENCED = re.compile(r"^```.*?^```$", BLOCK)
CELL = re.compile(r"^```\{code-cell\}.*?\n(?::\S+:[^\n]*\n)*(.*?)^```$", BLOCK)


def stems(language, folder):
    return {path.stem for path in (DOCS / language / folder).glob("*.md")}


CHAPTER = sorted(stems("en", "chapter"))
BOTH = [f"chapter/{page}" for page in CHAPTER]
BOTH += [f"guide/{page}" for page in sorted(stems("en", "guide") & stems("ko", "guide"))]


def name(path):
    return path.relative_to(DOCS).with_suffix("").as_posix()


def read(language, page):
    return (DOCS / language / f"{page}.md").read_text(encoding="utf-8")


def prose(text):
    return FENCED.sub("", text)


class Wordless(ast.NodeTransformer):
    """Code without its words: those of a text in another language may stand in another order."""

    def visit_Constant(self, node):
        return ast.Constant("") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node):
        values = [part for part in node.values if isinstance(part, ast.FormattedValue)]
        return ast.JoinedStr(sorted(values, key=ast.dump))

    def visit_Call(self, node):
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id == "print":
            said = [part for part in node.args if not isinstance(part, ast.Constant)]
            node.args = sorted(said, key=ast.dump)
        return node


def code(text):
    return [ast.unparse(Wordless().visit(ast.parse(cell))) for cell in CELL.findall(text)]


def test_the_comparison_sees_code_and_overlooks_words():
    one = '```{code-cell}\nprint(f"{a} of {b:.2f}", 1 + c)  # a\n```\n'
    assert code(one) == code('```{code-cell}\nprint(1 + c, f"{b:.2f} 중 {a}")  # 가\n```\n')
    assert code(one) != code(one.replace("1 +", "2 +"))
    assert code(one) != code(one.replace("{a}", "{c}"))


def test_the_chapter_has_the_same_pages_in_both_languages():
    assert len(CHAPTER) == 9
    assert sorted(stems("ko", "chapter")) == CHAPTER


def test_every_page_in_korean_is_one_in_english():
    assert stems("ko", "guide") <= stems("en", "guide")


@pytest.mark.parametrize("page", BOTH)
def test_both_languages_have_the_same_code(page):
    english, korean = read("en", page), read("ko", page)
    assert CELL.findall(english)
    assert code(english) == code(korean), f"docs/en/{page}.md and docs/ko/{page}.md differ"


@pytest.mark.parametrize("page", BOTH)
@pytest.mark.parametrize(
    "part",
    [
        r"^#+ (?=\S)",  # headings, by their level
        r"^\$\$.*?\$\$",  # formulas on lines of their own
        r"^:::.*?(?=\s)",  # boxes
        r"^\|(?=.*\|$)",  # rows of tables
        r"^\d+\. ",  # steps
    ],
    ids=["headings", "formulas", "boxes", "tables", "steps"],
)
def test_both_languages_have_the_same_parts(page, part):
    def found(language):
        return re.findall(part, prose(read(language, page)), BLOCK)

    assert found("en") == found("ko")


@pytest.mark.parametrize("page", BOTH)
def test_both_languages_explain_the_same_with_the_same_names(page):
    def formulas(language):
        text = re.sub(r"^\$\$.*?\$\$", "", prose(read(language, page)), flags=BLOCK)
        return set(re.findall(r"\$[^$\n]+\$", text))

    def links(language):
        text = re.findall(r'\]\(([^)#]+)\)|href="([^"]+)"', prose(read(language, page)))
        return sorted(Path(one or other).stem for one, other in text)

    assert formulas("en") == formulas("ko")
    assert links("en") == links("ko")


def listed(language):
    """The pages that the start page of a language lists, in the order of its lists."""
    text = (DOCS / language / "index.md").read_text(encoding="utf-8")
    entries = "\n".join(re.findall(r"^```\{toctree\}\n(.*?)^```", text, BLOCK)).splitlines()
    paths = [entry for entry in entries if "/" in entry and not entry.startswith(":")]
    tree = DOCS / language
    return [
        name(path)
        for entry in paths
        for path in (sorted(tree.glob(f"{entry}.md")) if "*" in entry else [tree / f"{entry}.md"])
    ]


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_a_page_is_reached_from_the_start_page(path):
    language = path.relative_to(DOCS).parts[0]
    assert path.stem == "index" or name(path) in listed(language)


def test_the_chapter_has_the_same_order_in_both_languages():
    orders = [
        [Path(page).stem for page in listed(language) if "/chapter/" in page]
        for language in ("en", "ko")
    ]
    assert orders[0] == orders[1]
    assert sorted(orders[0]) == CHAPTER


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_links_lead_to_pages_and_headings(path):
    text = prose(path.read_text(encoding="utf-8"))
    targets = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r'href="([^"]+)"', text)
    for target in targets:
        place, _, heading = target.partition("#")
        if "://" in place or any(f"{folder}/" in place for folder in GATHERED):
            continue
        page = (path.parent / place).resolve() if place else path
        page = page.with_suffix(".md") if page.suffix == ".html" else page
        assert page.exists(), f"{target} leads nowhere"
        if heading and page.suffix == ".md":
            assert heading in slugs(page), f"{target}: no such heading"


def slugs(page):
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ +(.*)$", prose(page.read_text(encoding="utf-8")), re.MULTILINE)
    marks = set(re.findall(r"^\(([\w-]+)\)=$", page.read_text(encoding="utf-8"), re.MULTILINE))
    words = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return marks | {word.replace(" ", "-") for word in words}


SHOWN = """
def displayed_(value):
    html = getattr(value, "_repr_html_", None)
    if html is not None:
        assert html().startswith("<div")
    elif hasattr(value, "_repr_mimebundle_"):
        assert value._repr_mimebundle_()
"""


def program(text):
    """The cells of a page as one program, the last expression of each shown."""
    cells = []
    for cell in CELL.findall(text):
        tree = ast.parse(cell)
        if isinstance(tree.body[-1], ast.Expr):
            call = ast.Call(ast.Name("displayed_", ast.Load()), [tree.body[-1].value], [])
            tree.body[-1] = ast.Expr(call)
        cells.append(ast.unparse(ast.fix_missing_locations(tree)))
    return "\n".join([SHOWN, *cells])


# The Korean cells differ from the English ones in their words alone, and so may be run seldom.
RUNS = [
    pytest.param(
        language, page, marks=[pytest.mark.slow] * (language == "ko" or "overfitting" in page)
    )
    for language in ("en", "ko")
    for page in BOTH
]


@pytest.mark.parametrize(("language", "page"), RUNS)
def test_a_page_runs(language, page, tmp_path):
    folders = os.pathsep.join(map(str, (ROOT, DOCS, ROOT / "examples")))
    environment = {**os.environ, "PYTHONPATH": folders, "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program(read(language, page))],
        cwd=tmp_path, env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "nan" not in done.stdout


def printed(words):
    """What a program that uses the pages' helpers prints."""
    folders = os.pathsep.join(map(str, (ROOT, DOCS, ROOT / "examples")))
    environment = {**os.environ, "PYTHONPATH": folders, "PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, "-c", words],
        env=environment, capture_output=True, encoding="utf-8", check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_figure_is_well_formed_and_a_slider_hides_all_but_one():
    html = printed("""
from figures import Slider
slider = Slider("a < b", start=1)
for i in range(3):
    panel = slider.figure(f"<{i}>").panel("a & b", "x", "y")
    panel.line([0, 1], [0, i + 1], "이름")
print(slider._repr_html_())
""")
    frames = ET.fromstring(html).findall("div")
    assert [frame.find("p").text for frame in frames] == ["<0>", "<1>", "<2>"]
    assert ["hidden" in frame.attrib for frame in frames] == [True, False, True]


def test_a_pad_carries_the_weights_of_its_network():
    said = printed("""
import json, html, re
import tinygrad_lite as torch
from pad import Pad
model = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.ReLU(), torch.nn.Linear(3, 2))
page = Pad(model, "Draw", "Clear")._repr_html_()
layers = json.loads(html.unescape(re.search('data-layers="([^"]*)"', page)[1]))
x = torch.rand(4)
hidden = (torch.tensor(layers[0]["weight"]) @ x + torch.tensor(layers[0]["bias"])).relu()
out = torch.tensor(layers[1]["weight"]) @ hidden + torch.tensor(layers[1]["bias"])
print(torch.allclose(out, model(x).detach(), atol=1e-3))
try:
    Pad(torch.nn.Sequential(torch.nn.Tanh()), "d", "c")
except TypeError as error:
    print(error)
""")
    assert said == "True\nthe page computes Linear and ReLU only, not Tanh()\n"


@pytest.mark.parametrize(
    ("asked", "written"),
    [
        ("기울기", "기울기를 구한다"),
        ("기울기를", "기울기의 부호"),
        ("배치", "미니배치"),
        ("미니배치는", "미니배치로"),
        ("정확도", "정확도가 오른다"),
        ("층", "층을"),
        ("소프트맥스", "소프트맥스와"),
        ("softmax", "softmax를"),
        ("학습률", "학습률에서는"),
        ("소프트맥스의", "소프트맥스"),
        ("최대가능도", "최대가능도"),
        ("차이", "차이는"),
    ],
)
def test_korean_words_are_found_whatever_stands_around_them(asked, written):
    sys.path.insert(0, str(DOCS))
    try:
        from korean import bare, words
    finally:
        sys.path.remove(str(DOCS))
    assert bare(asked) in words(written)
    assert bare(asked) not in words("전혀 다른 이야기")


@pytest.mark.parametrize("path", PAGES, ids=name)
def test_formulas_can_be_typeset(path):
    latex2mathml = pytest.importorskip("docutils.utils.math.latex2mathml")
    text = prose(path.read_text(encoding="utf-8"))
    blocks = re.findall(r"\$\$(.*?)\$\$", text, re.DOTALL)
    lines = re.findall(r"\$([^$\n]+)\$", re.sub(r"\$\$.*?\$\$|`[^`]*`", "", text, flags=re.DOTALL))
    for formula in blocks:
        latex2mathml.tex2mathml(formula, as_block=True)
    for formula in lines:
        mathml = latex2mathml.tex2mathml(formula)
        # the converter takes the digits of `\frac12` for one number
        assert not re.search(r"\\t?frac\d", formula), mathml
