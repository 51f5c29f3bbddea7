"""Kill processes at random moments while they overwrite a file, and count what is left.

    python tests/reliability/kill_saves.py FOLDER NAME KILLS SIGNAL MEGABYTES

Prints as JSON how many files were unreadable or mixed, and what lay beside the file after one more
save.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path

import numpy as np

import tinygrad_lite as torch


def state(number, size):
    return {"number": number, "w": torch.full((size,), float(number)), "v": torch.ones(3) * number}


def save_for_ever(path, size):
    signal.signal(signal.SIGINT, signal.default_int_handler)
    number = 0
    try:
        while True:
            number += 1
            torch.save(state(number, size), path)
    except KeyboardInterrupt:
        os._exit(0)


def strike(child, number):
    """Send a signal until it works: Python drops an interrupt that falls into a finalizer."""
    os.kill(child, number)
    for _ in range(100):
        for _ in range(100):
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(0.002)
        os.kill(child, number)
    os.kill(child, signal.SIGKILL)
    raise RuntimeError("a process cannot be interrupted")


def main(folder, name, kills, signal_name, megabytes):
    path, size = Path(folder) / name, int(float(megabytes) * 2**18)
    rng = random.Random(0)
    torch.save(state(0, size), path)
    started = time.perf_counter()
    torch.save(state(0, size), path)
    longest = 5 * (time.perf_counter() - started)  # of a wait: a busy machine saves slowly
    counts = {"unreadable": 0, "mixed": 0, "left": 0, "changed": 0}
    for _ in range(int(kills)):
        child = os.fork()
        if not child:
            save_for_ever(path, size)
        time.sleep(rng.uniform(0, longest))
        strike(child, getattr(signal, signal_name))
        counts["left"] += len(list(Path(folder).iterdir())) > 1
        try:
            found = torch.load(path)
        except Exception:  # noqa: BLE001 - whatever it is, it counts
            counts["unreadable"] += 1
            continue
        number = found["number"]
        counts["changed"] += number > 0
        same = np.all(found["w"].numpy() == number) and np.all(found["v"].numpy() == number)
        counts["mixed"] += not same
    torch.save(state(0, size), path)
    counts["beside"] = [p.name for p in Path(folder).iterdir() if p != path]
    print(json.dumps(counts))


if __name__ == "__main__":
    main(*sys.argv[1:])
