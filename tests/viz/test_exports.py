"""DOT, Graphviz, Mermaid, PNG, PDF, overlays, tables, and torchviz's spelling."""

import re
import shutil
import struct
import subprocess

import pytest

import tinygrad_lite as torch
from tests.viz.corpus import CORPUS, SMALL, make_mlp, make_resnet
from tinygrad_lite import nn, viz
from tinygrad_lite._graph import record
from tinygrad_lite.autograd.gradcheck import check_nodes
from tinygrad_lite.viz import theme
from tinygrad_lite.viz.kinds import KINDS
from tinygrad_lite.viz.mermaid import list_edges

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")


@pytest.fixture
def model():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 2))


@needs_dot
@pytest.mark.parametrize("name", SMALL)
def test_dot_accepts_the_export(name):
    source = viz.draw(CORPUS[name]()).dot
    done = subprocess.run(
        ["dot", "-Tcanon"], check=False, input=source, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_to_graphviz_gives_a_digraph_with_every_card():
    graphviz = pytest.importorskip("graphviz")
    picture = viz.draw(make_mlp())
    digraph = picture.to_graphviz()
    assert isinstance(digraph, graphviz.Digraph)
    assert len(re.findall(r"^ *n\d+ \[", digraph.source, re.MULTILINE)) == len(picture.scene.cards)


@needs_dot
def test_graphviz_can_lay_out_instead():
    pytest.importorskip("graphviz")
    own, other = viz.draw(make_resnet()), viz.draw(make_resnet(), engine="dot")
    assert own.svg() != other.svg()
    assert own.svg().count('class="c"') == other.svg().count('class="c"')


def test_mermaid_has_a_node_per_card_and_closes_its_frames():
    picture = viz.draw(make_resnet())
    lines = [line.strip() for line in picture.mermaid().splitlines()]
    assert lines[0] == "flowchart TB"
    assert sum(line.startswith("subgraph") for line in lines) == lines.count("end")
    assert sum(bool(re.match(r"n\d+\[", line)) for line in lines) == len(picture.scene.cards)
    assert sum("->" in line for line in lines) == len(list_edges(picture.scene))


def test_mermaid_escapes_what_would_end_a_label():
    text = viz.draw(CORPUS["hangul"]()).mermaid()
    assert "<script" not in text


def test_png_and_pdf(tmp_path):
    pytest.importorskip("resvg_py")
    picture = viz.draw(make_mlp())
    png = picture.save(tmp_path / "a.png").read_bytes()
    width, _ = struct.unpack(">II", png[16:24])
    wanted = float(re.search(r'width="([\d.]+)"', picture.svg())[1])
    assert abs(width - 2 * wanted) <= 1
    assert picture.save(tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-1.4")


@pytest.mark.parametrize("suffix", [".svg", ".dot", ".gv", ".json", ".mmd", ".txt"])
def test_save_writes_what_the_suffix_says(tmp_path, suffix):
    path = viz.draw(make_mlp()).save(tmp_path / f"a{suffix}")
    assert len(path.read_text(encoding="utf-8")) > 100


def luminance(color):
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colors", [theme.LIGHT, theme.DARK], ids=["light", "dark"])
def test_texts_and_strips_stand_out(colors):
    for ground in ("page", "card", "frame", "deep", "chip"):
        for text in ("text", "muted"):
            assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
    for text in ("param", "grad", "value"):
        for ground in ("card", "chip"):
            assert contrast(colors[text], colors[ground]) >= 4.5, (text, ground)
    for kind in KINDS.values():
        color = kind.light if colors is theme.LIGHT else kind.dark
        assert contrast(color, colors["card"]) >= 3.0, kind
    assert contrast(colors["bar"], colors["card"]) >= 3.0
    assert contrast(colors["ink"], colors["mark"]) >= 4.5


def test_every_kind_has_its_own_glyph():
    glyphs = [kind.glyph for kind in KINDS.values()]
    assert len(set(glyphs)) == len(glyphs)


def test_dark_rules_follow_the_page_and_the_scheme():
    svg = viz.draw(make_mlp()).svg()
    assert "@media (prefers-color-scheme:dark)" in svg
    assert "body.vscode-dark .tg" in svg
    dark = viz.draw(make_mlp(), theme="dark").svg()
    assert theme.LIGHT["card"] + "}" not in dark
    assert "@media" not in dark


def test_a_wrong_derivative_is_red_and_the_others_are_not():
    errors = {"linear": 1e-7, "relu": 0.5, "cross_entropy": 1e-6}
    picture = viz.draw(make_mlp(), color="gradcheck", errors=errors)
    tints = {
        face.title: face.tint for face in picture.drawing.faces.values() if face.kind != "input"
    }
    assert tints["relu"] == "#e0223c"
    assert tints["linear"] == tints["cross_entropy"] == "#1f8a4c"
    assert "relative error" in picture.svg()


class Negated(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x.exp()

    @staticmethod
    def backward(ctx, g):
        return -g * ctx.saved_tensors[0].exp()


@pytest.mark.parametrize("way", ["function", "result", "graph"])
def test_the_report_of_a_check_is_drawn_with_its_verdict(way):
    x = torch.randn(4, dtype=torch.float64).requires_grad_()

    def run(x):
        return (Negated.apply(x * 2).tanh() + x).sum()

    what = {"function": (run, x), "result": (run(x),), "graph": (viz.trace(run, x),)}[way]
    report = check_nodes(*what, raise_exception=False, report=True)
    picture = viz.draw(report)
    tints = {
        face.title: face.tint
        for face in picture.drawing.faces.values()
        if face.kind not in {"input", "module"}
    }
    assert tints["Negated"] == ("" if way == "graph" else "#e0223c")
    assert {tint for name, tint in tints.items() if name != "Negated"} == {"#1f8a4c"}


@pytest.mark.parametrize("color", ["grad", "value", "time", "bytes"])
def test_colors_by_quantity(model, color):
    with record(stats=True) as run:
        model(torch.ones(3, 6)).square().sum().backward()
    picture = viz.draw(run.graph(), color=color)
    tints = {face.tint for face in picture.drawing.faces.values()} - {""}
    assert len(tints) >= 2


def test_colors_by_a_function():
    picture = viz.draw(make_mlp(), color=lambda node: "#ff0000" if node.op == "relu" else None)
    faces = picture.drawing.faces.values()
    assert {face.title for face in faces if face.tint} == {"relu"}


def test_make_dot_as_torchviz_spells_it(model):
    pytest.importorskip("graphviz")
    loss = model(torch.ones(3, 6)).square().sum()
    source = viz.make_dot(loss, params=dict(model.named_parameters())).source
    for name, parameter in model.named_parameters():
        assert name in source
        assert f"({', '.join(map(str, parameter.shape))})" in source
    full = viz.make_dot(loss, show_attrs=True, show_saved=True).source
    assert "axis: None" in full
    assert "orange" in full


def test_summary_counts_what_torch_users_expect(model):
    table = viz.summary(model, torch.ones(3, 6))
    assert [row[:5] for row in table.rows] == [
        ("", "Sequential", (3, 2), 0, 0),
        ("0", "Linear", (3, 5), 35, 90),
        ("1", "ReLU", (3, 5), 0, 0),
        ("2", "Linear", (3, 2), 12, 30),
    ]
    assert "parameters: 47, trained: 47" in str(table)


def test_profile_lists_every_module_and_operation(model):
    table = viz.profile(model, torch.ones(3, 6), repeat=2)
    assert {row[:2] for row in table.rows} == {("0", "linear"), ("1", "relu"), ("2", "linear")}
    assert sum(row[2] for row in table.rows) == 3
    assert [row[3] for row in table.rows] == sorted((row[3] for row in table.rows), reverse=True)


def test_a_module_alone_is_drawn_as_its_tree(model):
    picture = viz.draw(model)
    assert "order of their definition" in picture.svg()
    assert {"Linear", "ReLU"} <= {face.title for face in picture.drawing.faces.values()}


def test_what_cannot_be_drawn_is_named():
    with pytest.raises(TypeError, match="expected a tensor, a module, a function"):
        viz.draw(3)
