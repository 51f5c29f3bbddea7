"""Hundreds of expressions of PyTorch code that give the same, or raise the same, with ours."""

from __future__ import annotations

import pytest

from tests.parity.expressions import (
    containers,
    data,
    helpers,
    losses,
    modules,
    optimizers,
    schedules,
    utilities,
)
from tests.parity.expressions.twins import agree, evaluate, lines

FAMILIES = (modules, containers, utilities, data, optimizers, schedules, losses)


def expressions():
    for family in FAMILIES:
        for name, (table, subject) in family.TABLES.items():
            for expression in lines(table):
                yield pytest.param(
                    expression,
                    subject,
                    id=f"{family.__name__.rpartition('.')[2]}-{name}-{expression}",
                )


@pytest.mark.parametrize(("expression", "subject"), list(expressions()))
def test_both_libraries_agree(expression, subject):
    agree(evaluate(expression, helpers, subject))
