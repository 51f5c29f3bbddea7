"""What the command line accepts, and one clear line for what it does not."""

from __future__ import annotations

import argparse
import math
from pathlib import Path
from typing import NoReturn

from .gradcheck import add_arguments

# torch.manual_seed takes 64 bits; negative seeds would only be another spelling of large ones.
LARGEST_SEED = 2**64 - 1


class Parser(argparse.ArgumentParser):
    """Argument parser that answers a mistake with one line and exit status 2."""

    def error(self, message: str) -> NoReturn:
        """Leave with `message`; the usage text would push it off a small screen."""
        self.exit(2, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def build_parser() -> Parser:
    """The parser of all subcommands."""
    parser = Parser(
        prog="python -m tinygrad_lite", description="A small autograd framework on NumPy."
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="{demo,gradcheck,info}")
    add_demo(commands)
    check = commands.add_parser("gradcheck", help="compare derivatives with differences")
    add_arguments(check)
    commands.add_parser("info", help="versions, BLAS and threads, for bug reports")
    return parser


def add_demo(commands: argparse._SubParsersAction[Parser]) -> None:
    """Add the subcommand that trains a classifier of handwritten digits."""
    demo = commands.add_parser(
        "demo",
        help="from raw digits to test accuracy, with a report",
        description="Loads 1,797 handwritten digits, checks the gradients of a small network, "
        "trains it, measures it on digits it has not seen, and writes a report.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    option = demo.add_argument
    option("--epochs", type=count, default=30, metavar="N", help="passes over the training digits")
    option("--lr", type=rate, default=0.2, metavar="RATE", help="learning rate")
    option("--batch-size", type=count, default=32, metavar="N", help="digits per step")
    option("--seed", type=seed, default=0, metavar="N", help="fixes weights, split and shuffling")
    option("--out", type=folder, default=Path("demo-out"), metavar="DIR", help="folder to write to")


def count(text: str) -> int:
    """`text` as a whole number of at least 1."""
    value = whole(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, got {text}")
    return value


def seed(text: str) -> int:
    """`text` as a whole number that a generator accepts."""
    value = whole(text)
    if not 0 <= value <= LARGEST_SEED:
        raise argparse.ArgumentTypeError(f"expected 0 to {LARGEST_SEED}, got {text}")
    return value


def rate(text: str) -> float:
    """`text` as a finite number above 0."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise argparse.ArgumentTypeError(f"expected a number above 0, got {text}")
    return value


def folder(text: str) -> Path:
    """`text` as a path; an empty one, as of an unset shell variable, is a mistake."""
    if not text:
        raise argparse.ArgumentTypeError("expected a folder, got an empty name")
    return Path(text)


def whole(text: str) -> int:
    """`text` as a whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {text}") from None
