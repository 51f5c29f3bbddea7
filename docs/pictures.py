"""Pictures of graphs stand in the page itself: they answer the pointer, and follow its theme."""

from __future__ import annotations

from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform

__all__ = ["setup"]

DOCS = Path(__file__).parent

# Figures of examples are as wide as a report: on a phone they scroll rather than shrink.
STYLE = ' style="max-width: max(100%, 44rem); height: auto"'

# The pictures know how notebooks say that they are dark; the page says it in the same words.
FOLLOW = """
(() => {
  const wide = matchMedia("(prefers-color-scheme: dark)");
  const follow = () => {
    const theme = document.body.dataset.theme;
    const dark = theme === "dark" || (theme !== "light" && wide.matches);
    document.body.setAttribute("data-jp-theme-light", dark ? "false" : "true");
  };
  addEventListener("DOMContentLoaded", () => {
    follow();
    new MutationObserver(follow).observe(document.body, {attributeFilter: ["data-theme"]});
    wide.addEventListener("change", follow);
  });
})();
"""


class Inline(SphinxTransform):
    """Puts the text of every SVG file in the place of the reference to it."""

    default_priority = 400

    def apply(self) -> None:
        """Replace the images of this page."""
        for image in list(self.document.findall(nodes.image)):
            path = self._find(image["uri"])
            if path is not None:
                drawn = path.read_text(encoding="utf-8").partition("<svg")[2]
                wide = "" if "style=" in drawn.partition(">")[0] else STYLE
                markup = f'<div class="picture" style="overflow-x: auto"><svg{wide}{drawn}</div>'
                image.replace_self(nodes.raw("", markup, format="html"))

    def _find(self, uri: str) -> Path | None:
        """The file of an SVG image, absolute or beside the page."""
        if not uri.endswith(".svg"):
            return None
        page = Path(self.env.doc2path(self.env.docname)).parent
        places = (Path(uri), page / uri, Path(self.env.srcdir) / uri.lstrip("/"))
        return next((place for place in places if place.is_file()), None)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the transform, and the script that passes the page's theme on."""
    app.add_transform(Inline)
    app.add_js_file(None, body=FOLLOW)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
