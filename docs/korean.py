"""What a Korean word is found by, whatever stands around it.

Korean writes particles onto the noun (기울기, 기울기를, 기울기의) and nouns onto each other
(미니배치), so a word as written is no word to search for. The index therefore holds every part of
a word from two syllables up, and a question loses the particles that cannot belong to a noun.
"""

from __future__ import annotations

import re

__all__ = ["AMBIGUOUS", "PARTICLES", "bare", "parts", "words"]

# A run of syllables, or of other letters and digits: `softmax를` is two.
RUN = re.compile(r"[가-힣]+|[^\W가-힣]+")
LONGEST = 6  # syllables of a part; longer words are found whole

# No noun in use here ends in one of these.
PARTICLES = (
    *("에서는", "에서도", "으로는", "으로도", "에서", "으로", "까지", "부터", "에는", "에도"),
    *("에게", "처럼", "만큼", "마다", "보다", "이란", "란", "을", "를", "은", "는"),
)
# Nouns end in these as well: 차이, 평가, 정의, 정확도. From four syllables up they are taken off
# all the same, for what remains is still long enough to mean the word.
AMBIGUOUS = ("이", "가", "의", "에", "로", "도", "과", "와")


def words(text: str) -> list[str]:
    """Return what a text is found by: its words and, of Korean ones, their parts."""
    runs = RUN.findall(text)
    return [part for run in runs for part in (parts(run) if run[0] >= "가" else [run])]


def parts(run: str) -> list[str]:
    """Return what a run of syllables is found by: its parts, and itself."""
    found = {run} | {
        run[start : start + size]
        for size in range(2, LONGEST + 1)
        for start in range(len(run) - size + 1)
    }
    if len(run) <= 3:  # a noun of one syllable: 층을, 층에서
        found |= {run.removesuffix(ending) for ending in (*PARTICLES, *AMBIGUOUS)}
    return sorted(found - {""})


def bare(word: str) -> str:
    """Return what is searched for when `word` is asked for."""
    for ends, least in ((PARTICLES, 2), (AMBIGUOUS, 3)):
        for end in ends:
            if word.endswith(end) and len(word) >= len(end) + least:
                return word.removesuffix(end)
    return word
