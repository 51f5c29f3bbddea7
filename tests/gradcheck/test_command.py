"""The command line and the pytest plugin."""

from __future__ import annotations

import json
import textwrap
from importlib.metadata import entry_points

import pytest

from tinygrad_lite.cli import main

pytest_plugins = ["pytester"]

RULES = """
    import numpy as np
    import tinygrad_lite as torch
    from tinygrad_lite import nn
    from tinygrad_lite._op import op
    from tinygrad_lite.autograd import Function

    def good(x, w):
        return (x * w).tanh()

    @op(kind="elementwise")
    def cube(x):
        return x * x * x

    cube.rule(lambda g, x: 2 * g * x * x)

    class Half(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(3, 2)

        def forward(self, x):
            return self.layer(x).tanh()
"""


@pytest.fixture
def rules(tmp_path):
    path = tmp_path / "my_rules.py"
    path.write_text(textwrap.dedent(RULES), encoding="utf-8")
    return path


def test_exit_status_tells_right_wrong_and_not_checked(rules, capsys):
    assert main(["gradcheck", f"{rules}:good", "--shape", "3,4", "--shape", "4", "--second"]) == 0
    assert capsys.readouterr().out.count("passed") == 2
    assert main(["gradcheck", f"{rules}:cube"]) == 1
    assert "constant factor" in capsys.readouterr().out
    assert main(["gradcheck", f"{rules}:Half", "--shape", ""]) == 1
    assert main(["gradcheck", f"{rules}:Net", "--shape", "5,3"]) == 0
    assert main(["gradcheck", f"{rules}:absent"]) == 2
    assert "absent" in capsys.readouterr().err
    assert main(["gradcheck", "nonsense"]) == 2


def test_reports_are_written(rules, tmp_path):
    page, data = tmp_path / "page.html", tmp_path / "data.json"
    assert main(["gradcheck", f"{rules}:cube", "--html", str(page), "--json", str(data)]) == 1
    assert "<svg" in page.read_text(encoding="utf-8")
    assert json.loads(data.read_text(encoding="utf-8"))["ok"] is False


MARKED = """
    import numpy as np
    import pytest
    import tinygrad_lite as torch

    @pytest.mark.gradcheck(shapes=[(3, 4), (4,)])
    def scaled(x, w):
        return x * w.tanh()

    @pytest.mark.gradcheck(order=2)
    def test_smooth(x):
        return x.sin()

    def test_fixture(gradcheck):
        x = torch.tensor([0.0, 1.0], dtype=torch.float64).requires_grad_()
        gradcheck(lambda x: x.relu(), [x])

    def test_wrong(gradcheck):
        gradcheck.function(np.sin, lambda g, x: -g * np.cos(x), np.ones(3))
"""


def run_marked(pytester, *options):
    pytester.makepyfile(textwrap.dedent(MARKED))
    installed = any(e.name == "tinygrad_lite" for e in entry_points(group="pytest11"))
    plugin = () if installed else ("-p", "tinygrad_lite.pytest_plugin")  # never twice
    return pytester.runpytest_inprocess(*plugin, "-p", "no:cacheprovider", *options)


def test_the_marker_makes_a_test_of_each_kind_of_input(pytester):
    result = run_marked(pytester)
    result.assert_outcomes(passed=13, failed=1)
    result.stdout.fnmatch_lines(["*likely cause: sign*", "*gradcheck: * 1 failed, *kinks*"])


def test_pictures_and_modes(pytester):
    result = run_marked(pytester, "--gradcheck=fast", "--gradcheck-pictures=pictures")
    result.assert_outcomes(passed=13, failed=1)
    assert (pytester.path / "pictures" / "test_wrong.html").exists()
    run_marked(pytester, "--gradcheck=off").assert_outcomes(skipped=14)
