"""Freed memory stays at hand: steps that take and free the same blocks cause no page faults."""

import platform
import subprocess
import sys

import pytest

from tinygrad_lite._kernels import PLAIN

PROGRAM = """
import resource
import numpy as np
{first}

def step():
    blocks = [np.ones(1 << 18) for _ in range(8)]

step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(first, **settings):
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(first=first)],
        capture_output=True,
        text=True,
        check=True,
        env=settings or None,
    )
    return int(run.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="about glibc's malloc")
@pytest.mark.skipif(PLAIN, reason="plain mode leaves malloc alone")
def test_steps_reuse_the_memory_of_the_step_before():
    pages = 8 * (1 << 21) // 4096
    assert faults("") > 5 * pages  # what would happen without
    assert faults("import tinygrad_lite") < pages // 10
