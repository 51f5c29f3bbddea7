"""Geometry as a browser sees it: real fonts, real text widths."""

import json
import re
import shutil
import subprocess

import pytest

from tests.viz.corpus import CORPUS
from tinygrad_lite import viz

BROWSERS = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
BROWSER = next(filter(None, BROWSERS), None)
NAMES = ("mlp", "resnet", "gpt4", "lstm", "shared", "scalar", "hangul", "unet")
FONTS = {
    "own": "",
    "liberation": "text{font-family:'Liberation Sans' !important}",
    "dejavu": "text{font-family:'DejaVu Sans' !important}",
}
SCRIPT = """
<script>
const found = [];
for (const card of document.querySelectorAll('g.c')) {
  const svg = card.closest('svg');
  const rects = [...card.querySelectorAll('rect.b, rect.ch')];
  const box = rects[rects.length - 1].getBoundingClientRect();
  for (const text of card.querySelectorAll('text')) {
    const t = text.getBoundingClientRect();
    if (t.left < box.left || t.right > box.right || t.top < box.top || t.bottom > box.bottom)
      found.push([svg.dataset.name, text.textContent, Math.round(t.right - box.right)]);
  }
  const texts = [...card.querySelectorAll('text')].map(t => t.getBoundingClientRect());
  for (let i = 0; i < texts.length; i++) for (let j = 0; j < i; j++) {
    const a = texts[i], b = texts[j];
    if (a.left < b.right && b.left < a.right && a.top + 3 < b.bottom && b.top + 3 < a.bottom)
      found.push([svg.dataset.name, 'overlap', card.textContent]);
  }
}
for (const svg of document.querySelectorAll('svg')) {
  const page = svg.getBoundingClientRect();
  for (const text of svg.querySelectorAll('text')) {
    const t = text.getBoundingClientRect();
    if (t.right > page.right || t.left < page.left || t.bottom > page.bottom)
      found.push([svg.dataset.name, 'outside the page', text.textContent]);
  }
}
const report = document.createElement('pre');
report.id = 'report';
report.textContent = JSON.stringify(found);
document.body.appendChild(report);
</script>
"""


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="Chromium is not installed")
@pytest.mark.parametrize("font", FONTS)
def test_texts_stay_in_their_cards(tmp_path, font):
    pictures = []
    for name in NAMES:
        svg = viz.draw(CORPUS[name]()).svg().replace("max-width:100%;", "")
        pictures.append(svg.replace("<svg ", f'<svg data-name="{name}" ', 1))
    page = tmp_path / "page.html"
    style = f"<style>{FONTS[font]}</style>"
    page.write_text(
        f"<!doctype html><meta charset=utf-8>{style}<body>{''.join(pictures)}{SCRIPT}</body>",
        encoding="utf-8",
    )
    done = subprocess.run(
        [
            BROWSER, "--headless", "--no-sandbox", "--disable-gpu",
            f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri(),
        ],
        capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    report = re.search(r'<pre id="report">(.*?)</pre>', done.stdout, re.DOTALL)[1]
    assert json.loads(report.replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">")) == []
