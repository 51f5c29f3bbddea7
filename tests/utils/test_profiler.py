"""The profiler is accepted, and says that it measures nothing; old import lines work."""

from __future__ import annotations

import importlib
import json

import pytest

import tinygrad_lite as torch


def test_a_profile_holds_nothing_and_says_so(tmp_path):
    with torch.profiler.profile(record_shapes=True) as measured:
        with torch.autograd.profiler.record_function("block"):
            torch.ones(2).sum()
        measured.step()
    averages = measured.key_averages(group_by_input_shape=True)
    assert list(averages) == []
    assert "tinygrad_lite.profile" in averages.table(sort_by="cpu_time_total", row_limit=10)
    measured.export_chrome_trace(str(tmp_path / "trace.json"))
    assert json.loads((tmp_path / "trace.json").read_text()) == {"traceEvents": []}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("autograd.profiler", "profile"), ("functional", "einsum"), ("functional", "unique"),
        ("utils.model_zoo", "load_url"),
        ("nn.modules.linear", "NonDynamicallyQuantizableLinear"),
    ],
)  # fmt: skip
def test_paths_of_old_programs(module, name):
    assert callable(getattr(importlib.import_module(f"tinygrad_lite.{module}"), name))


def test_nothing_is_downloaded():
    for load in (torch.utils.model_zoo.load_url, torch.hub.load_state_dict_from_url):
        with pytest.raises(NotImplementedError, match="fetch the file yourself"):
            load("http://x/w.pth")
