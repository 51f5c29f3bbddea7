"""Sphinx's search on the Korean pages."""

from __future__ import annotations

import json

from korean import AMBIGUOUS, PARTICLES, words
from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

__all__ = ["KoreanSearch", "setup"]


class KoreanSearch(SearchLanguage):
    """How words come into the index, and in the browser out of a question."""

    lang = "ko"
    language_name = "Korean"
    js_splitter_code = "var splitQuery = text => text.match(/[가-힣]+|[^\\W가-힣]+/gu) ?? [];"
    js_stemmer_code = f"""
// As `bare` in docs/korean.py.
var Stemmer = function () {{
  const all = {json.dumps([[PARTICLES, 2], [AMBIGUOUS, 3]], ensure_ascii=False)};
  this.stemWord = word => {{
    for (const [ends, least] of all)
      for (const end of ends)
        if (word.endsWith(end) && word.length >= end.length + least)
          return word.slice(0, -end.length);
    return word;
  }};
}};
"""

    def split(self, input: str) -> list[str]:
        """Return the words of a text and, of Korean ones, their parts."""
        return words(input)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the language."""
    app.add_search_language(KoreanSearch)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
