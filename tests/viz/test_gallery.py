"""The gallery's script draws every picture of the gallery's page."""

import importlib.util
import re
from pathlib import Path

import pytest

import tinygrad_lite as torch

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("gallery", ROOT / "examples" / "gallery.py")
gallery = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(gallery)


@pytest.mark.parametrize("name", gallery.PICTURES)
def test_every_picture_is_drawn_whole_and_fits_a_page(name):
    torch.manual_seed(0)
    picture = gallery.PICTURES[name]()
    stats = picture.stats
    assert stats["shown"] + stats["folded"] == stats["ops"]
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', picture.svg()).groups()
    assert float(width) <= 1200
    assert float(height) <= 2400


def test_the_page_shows_every_picture_and_no_other():
    page = (ROOT / "docs" / "gallery" / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"\]\(([a-z0-9-]+)\.svg\)", page)
    assert shown == list(gallery.PICTURES)
    assert all((ROOT / "docs" / "gallery" / f"{name}.svg").exists() for name in shown)


def test_the_derivative_of_a_cube_holds_its_value():
    assert gallery.draw_double_backward().graph.nodes[-1].scalar == pytest.approx(13.0)


def test_four_and_forty_eight_blocks_look_alike():
    few, many = gallery.draw_gpt4(), gallery.draw_gpt48()
    assert few.stats["shown"] == many.stats["shown"] <= 30
    assert len(many.graph) > 10 * len(few.graph)
