"""Runs the subcommand that was asked for and turns what can go wrong into one line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .arguments import build_parser
from .demo import run_demo
from .files import OutputFolder
from .gradcheck import run_gradcheck
from .info import describe_machine
from .training import DivergenceError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from .arguments import Parser

# What shells report for a process that the signal SIGINT ended.
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Exit status of the command line: 0, 1 (training failed), 2 (wrong use), 130 (Ctrl-C)."""
    parser = build_parser()
    options = parser.parse_args(arguments)
    try:
        return run(parser, options)
    except KeyboardInterrupt:
        return leave("\ninterrupted; every file that exists is complete", INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone, as in `| head`. Python would complain once more when
        # it flushes standard output at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run(parser: Parser, options: argparse.Namespace) -> int:
    """Exit status of the chosen subcommand."""
    if options.command == "info":
        print("\n".join(describe_machine()))
        return 0
    if options.command == "gradcheck":
        return run_gradcheck(options)
    try:
        with OutputFolder(options.out) as folder:
            run_demo(options, folder)
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            raise
        reason = error.strerror or str(error)
        parser.exit(2, f"{parser.prog} demo: error: argument --out: {options.out}: {reason}\n")
    except DivergenceError as error:
        return leave(str(error), 1)
    return 0


def leave(message: str, status: int) -> int:
    """Exit status `status`, after a last word on standard error."""
    print(message, file=sys.stderr)
    return status
