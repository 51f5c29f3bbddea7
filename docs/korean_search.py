"""Search that finds Korean words whatever stands around them.

Korean writes particles onto the noun (기울기, 기울기를, 기울기의) and nouns onto each other
(미니배치), so a word as written is no word to search for. The index therefore holds every part of
a word from two syllables up, and the search takes from what was typed the particles that cannot
belong to a noun. The index, a hundred kilobytes, is loaded by the search page alone.
"""

from __future__ import annotations

import json
import re

from sphinx.application import Sphinx
from sphinx.search import SearchLanguage

__all__ = ["KoreanSearch", "parts", "setup"]

# A run of syllables, or of other letters and digits: `softmax를` is two.
RUN = re.compile(r"[가-힣]+|[^\W가-힣]+")
LONGEST = 6  # syllables of a part; longer words are found whole

# No noun in use here ends in one of these. 이, 가, 의, 에, 로, 도, 과 and 와 are not among them,
# for 차이, 평가, 정의 and 정확도 end so; what carries one of those is found as a part.
PARTICLES = (
    *("에서는", "에서도", "으로는", "으로도", "에서", "으로", "까지", "부터", "에는", "에도"),
    *("에게", "처럼", "만큼", "마다", "보다", "이란", "란", "을", "를", "은", "는"),
)


def parts(run: str) -> list[str]:
    """Return what a run of syllables is found by: its parts, and itself."""
    found = {run} | {
        run[start : start + size]
        for size in range(2, LONGEST + 1)
        for start in range(len(run) - size + 1)
    }
    if len(run) <= 3:  # a noun of one syllable: 층을, 층에서
        found |= {run.removesuffix(ending) for ending in (*PARTICLES, *"이가의에로도과와")}
    return sorted(found - {""})


class KoreanSearch(SearchLanguage):
    """How the words of a Korean page come into the index, and out of a question."""

    lang = "ko"
    language_name = "Korean"
    js_splitter_code = "var splitQuery = text => text.match(/[가-힣]+|[^\\W가-힣]+/gu) ?? [];"
    js_stemmer_code = f"""
var Stemmer = function () {{
  const particles = {json.dumps(PARTICLES, ensure_ascii=False)};
  this.stemWord = word => {{
    const found = particles.find(end => word.endsWith(end) && word.length >= end.length + 2);
    return found ? word.slice(0, -found.length) : word;
  }};
}};
"""

    def split(self, input: str) -> list[str]:
        """Return the words of a text and, of Korean ones, their parts."""
        runs = RUN.findall(input)
        return [part for run in runs for part in (parts(run) if run[0] >= "가" else [run])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the language."""
    app.add_search_language(KoreanSearch)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
