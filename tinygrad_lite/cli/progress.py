"""A progress bar on a terminal, a few plain lines anywhere else."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TextIO

    from .training import History

LINES = 10  # how many lines a log file gets, whatever the number of epochs
WIDEST = 30
CLEAR = "\r\x1b[2K"


class Progress:
    """Shows how far the training is, with loss and both accuracies."""

    def __init__(self, epochs: int, steps: int, stream: TextIO | None = None) -> None:
        self.epochs, self.steps = epochs, steps
        self.stream = stream or sys.stdout
        self.live = self.stream.isatty()
        self.glyphs = glyphs_for(self.stream)
        self.done = 0
        self.facts = ""

    def step(self, loss: float) -> None:
        """Note one mini-batch; redraw now and then, since drawing costs more than a small step."""
        self.done += 1
        if self.live and self.done % 8 == 0:
            self._draw(self.facts or f"loss {loss:.4f}")

    def epoch(self, history: History) -> None:
        """Note the end of an epoch."""
        self.facts = describe(history)
        count = len(history)
        if self.live:
            self._draw(self.facts)
        elif count in (1, self.epochs) or count % max(1, self.epochs // LINES) == 0:
            self._say(f"   epoch {count:>{len(str(self.epochs))}}/{self.epochs}  {self.facts}\n")
        if self.live and count == self.epochs:
            self._say("\n")

    def _draw(self, facts: str) -> None:
        epoch = min(self.epochs, self.done // self.steps + 1)
        head = f"   epoch {epoch:>{len(str(self.epochs))}}/{self.epochs} "
        room = shutil.get_terminal_size().columns - len(head) - len(facts) - 2
        self._say(CLEAR + head + self._bar(max(0, min(WIDEST, room))) + " " + facts)

    def _bar(self, width: int) -> str:
        filled = round(width * self.done / (self.epochs * self.steps))
        return self.glyphs[0] * filled + self.glyphs[1] * (width - filled)

    def _say(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()


def glyphs_for(stream: TextIO) -> str:
    """The signs for done and to do, as far as the encoding of `stream` has them."""
    try:
        "━─".encode(stream.encoding or "ascii")
    except UnicodeEncodeError:
        return "#-"
    return "━─"


def describe(history: History) -> str:
    """Loss and both accuracies after the last epoch."""
    train, test = history.train_accuracy[-1], history.test_accuracy[-1]
    return f"loss {history.train_loss[-1]:.4f}  train {train:7.2%}  test {test:7.2%}"
