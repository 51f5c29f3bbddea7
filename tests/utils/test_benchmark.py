"""utils.benchmark: what is timed, how often, and how it reads."""

from __future__ import annotations

import pickle

import pytest

import tinygrad_lite as torch
from tinygrad_lite.utils import benchmark


class Clock:
    """Goes on by itself, a millisecond per reading."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        self.now += 1e-3
        return self.now


def measured(times, number=1, **task):
    spec = benchmark.TaskSpec("x + 1", "x = 1", **task)
    return benchmark.Measurement(number, times, spec)


def test_timeit_runs_as_often_as_asked():
    seen = []
    timer = benchmark.Timer("seen.append(1)", globals={"seen": seen}, timer=Clock())
    found = timer.timeit(50)
    assert found.number_per_run == 50
    assert len(seen) == 50 + 2
    assert found.times == pytest.approx([1e-3 / 50])


def test_statements_know_the_library_as_torch():
    timer = benchmark.Timer("y = x.sum()", setup="x = torch.ones(3)")
    assert timer.timeit(3).median > 0


def test_a_setup_runs_before_each_block():
    seen = []
    timer = benchmark.Timer("pass", setup="seen.append(1)", globals={"seen": seen})
    timer.timeit(10)
    assert len(seen) == 2  # to warm up, and for the block


@pytest.mark.parametrize("way", ["blocked_autorange", "adaptive_autorange"])
def test_ranges_take_at_least_the_time_asked_for(way):
    calls = []
    timer = benchmark.Timer("sum(range(100))")
    settings = {"threshold": 100.0} if way == "adaptive_autorange" else {}
    found = getattr(timer, way)(
        min_run_time=0.02,
        callback=lambda number, seconds: calls.append((number, seconds)),
        **settings,
    )
    assert sum(found.raw_times) >= 0.02
    assert [seconds for _, seconds in calls] == found.raw_times
    assert {number for number, _ in calls} == {found.number_per_run}


def test_adaptive_stops_at_its_limit():
    class Restless(Clock):
        def __call__(self):
            self.now += 1e-3 if int(self.now * 1e3) % 2 else 0.1
            return self.now

    timer = benchmark.Timer("pass", timer=Restless())
    found = timer.adaptive_autorange(threshold=0.0, min_run_time=0.01, max_run_time=0.5)
    assert 0.5 <= sum(found.raw_times) < 1


def test_statistics():
    found = measured([1.0, 2.0, 3.0, 4.0, 10.0], number=10)
    assert found.times == [0.1, 0.2, 0.3, 0.4, 1.0]
    assert (found.median, found.mean) == (0.3, pytest.approx(0.4))
    assert found.iqr == pytest.approx(0.2)
    assert found.has_warnings
    assert not found.meets_confidence()
    assert found.significant_figures == 1
    assert measured([1.0, 1.0, 1.0, 1.0]).meets_confidence()
    assert measured([1.0, 1.001, 1.0, 1.002] * 9).significant_figures >= 3


def test_a_measurement_as_text():
    text = repr(measured([2e-6, 2e-6, 2.1e-6, 2e-6], label="sum", sub_label="3"))
    assert "sum: 3" in text
    assert "Median: 2.00 us" in text
    assert "4 measurements, 1 runs per measurement, 1 thread" in text
    assert "WARNING" not in text
    assert "WARNING: Interquartile range is" in repr(measured([1.0, 2.0, 3.0, 4.0]))
    assert "1 measurement, 5 runs, 2 threads" in repr(measured([1.0], 5, num_threads=2))


def test_merging_and_pickling():
    one, two = measured([1.0, 3.0], number=2), measured([2.0])
    (merged,) = benchmark.Measurement.merge([one, two])
    assert merged.times == [0.5, 1.5, 2.0]
    assert pickle.loads(pickle.dumps(one)) == one
    assert one.stmt == "x + 1"
    with pytest.raises(AttributeError):
        one.nothing  # noqa: B018


def test_a_table():
    results = [
        measured([1e-6], label="sum", sub_label="small", description="ours"),
        measured([5e-6], label="sum", sub_label="large", description="ours"),
        measured([4e-6], label="sum", sub_label="large", description="theirs", num_threads=2),
    ]
    table = benchmark.Compare(results)
    lines = str(table).splitlines()
    assert lines[0].startswith("[-")
    assert " sum " in lines[0]
    assert lines[1].split() == ["|", "ours", "|", "theirs"]
    assert lines[2].startswith("1 threads: ---")
    assert lines[3].split() == ["small", "|", "1.0", "|"]
    assert lines[4].split() == ["large", "|", "5.0", "|"]
    assert lines[6].split() == ["large", "|", "|", "4.0"]
    assert lines[-1] == "Times are in microseconds (us)."
    table.trim_significant_figures()
    table.colorize()
    assert "\033[92m" in str(table)


def test_what_is_not_offered_says_so():
    timer = benchmark.Timer()
    for call in (timer.autorange, timer.repeat, timer.collect_callgrind):
        with pytest.raises(NotImplementedError):
            call()
    with pytest.raises(NotImplementedError, match="Python only"):
        benchmark.Timer("x", language="c++")
    with pytest.raises(ValueError, match="pass code as text"):
        benchmark.Timer(lambda: 1)
    with pytest.raises(ValueError, match="instance of `Measurement`"):
        benchmark.Compare([1.0])


def test_it_is_found_under_utils():
    assert torch.utils.benchmark.Timer is benchmark.Timer
