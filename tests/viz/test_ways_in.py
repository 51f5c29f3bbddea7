"""Short ways to a picture: a tensor's own method, a check on the way, a page for the browser."""

import re
import subprocess
import sys

import pytest

import tinygrad_lite as torch
from tinygrad_lite import nn, viz


class Halved(torch.autograd.Function):
    """A square whose backward forgets the 2."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return g * x


def wrong_loss():
    x = torch.linspace(0.5, 2, 6, dtype=torch.float64).reshape(2, 3).requires_grad_()
    return Halved.apply(x.tanh()).sum()


def test_a_tensor_draws_itself():
    loss = wrong_loss()
    assert loss.graph(theme="dark").svg() == viz.draw(loss, theme="dark").svg()


def test_drawing_is_imported_when_asked_for():
    code = (
        "import sys, tinygrad_lite as t\n"
        "x = t.ones(2, requires_grad=True).sum()\n"
        "assert 'tinygrad_lite.viz' not in sys.modules\n"
        "print(x.graph())\n"
        "assert 'tinygrad_lite.viz' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_colour_by_gradient_check():
    picture = viz.draw(wrong_loss(), color="gradcheck")
    errors = dict(picture.options.errors)
    ops = [node.op for node in picture.graph]
    assert errors[ops.index("Halved")] == pytest.approx(0.5)
    assert all(error == 0 for op, error in errors.items() if ops[op] != "Halved")
    assert "within tolerance, beyond it" in picture.svg()


def test_a_run_is_checked_too():
    picture = viz.draw(nn.Linear(2, 2), torch.ones(1, 2), color="gradcheck")
    assert dict(picture.options.errors) == {0: 0.0}
    assert "right" in picture.svg()


def test_a_page(tmp_path):
    picture = viz.draw(wrong_loss(), title="<b>Halved & sons</b>")
    page = picture.save(tmp_path / "graph.html").read_text(encoding="utf-8")
    assert picture.svg() in page
    assert "<title>&lt;b&gt;Halved &amp; sons&lt;/b&gt;</title>" in page
    assert "<script" not in page
    assert not re.search(r"(?:src|href)=\"(?!#)", page)


def test_kinds_are_found_by_the_words_of_the_legend():
    logits = nn.Linear(3, 4)(torch.ones(2, 3))
    run = viz.graph(nn.functional.cross_entropy(logits.relu(), torch.tensor([1, 2])))
    assert [node.op for node in run.find("kind:loss")] == ["cross_entropy"]
    assert [node.op for node in run.find("kind:weights")] == ["linear"]
    assert [node.op for node in run.find("kind:activation")] == ["relu"]


def test_a_bound_needs_a_number():
    with pytest.raises(ValueError, match="needs a number"):
        viz.graph(wrong_loss()).find("grad<small")
