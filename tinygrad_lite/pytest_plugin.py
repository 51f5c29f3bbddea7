"""pytest plugin: the fixture `gradcheck`, the marker `@pytest.mark.gradcheck`, `--gradcheck`.

Nothing of the library is imported before a test asks for it.
"""

from __future__ import annotations

import importlib
import inspect
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

MARKER = (
    "gradcheck(shapes=[(3, 4), (4,)], dtype='float64', kinks='subgradient', order=1): check the "
    "gradients of this function of tensors over normal, broadcast, 0-d, empty, non-contiguous, "
    "large and tiny inputs"
)
REGIMES = ("normal", "broadcast", "0-d", "empty", "non-contiguous", "large", "tiny")


@dataclass
class Tally:
    """What the session checked."""

    mode: str = "full"
    folder: Path | None = None
    checked: int = 0
    failed: int = 0
    kinks: int = 0
    slowest: tuple[float, str] = (0.0, "")
    pictures: list[Path] = field(default_factory=list)

    def add(self, report: Any, name: str) -> None:
        """Count one check."""
        self.checked += 1
        self.failed += not report.ok
        self.kinks += sum(one.kinks for one in report.inputs)
        self.slowest = max(self.slowest, (report.seconds, name))

    def line(self) -> str:
        """The summary line."""
        failed = f", {self.failed} failed" if self.failed else ""
        slowest = f", slowest {self.slowest[1]} ({self.slowest[0]:.2g} s)"
        return f"gradcheck: {self.checked} checked{failed}, {self.kinks} kinks met{slowest}"


TALLY = pytest.StashKey[Tally]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("gradcheck", "gradient checks")
    group.addoption(
        "--gradcheck",
        choices=("fast", "full", "off"),
        default="full",
        help="fast: random directions only; off: skip gradient checks (default: full)",
    )
    group.addoption(
        "--gradcheck-pictures",
        metavar="FOLDER",
        default=None,
        help="write the report of every failed gradient check there, as HTML with its pictures",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known."""
    config.addinivalue_line("markers", MARKER)
    folder = config.getoption("--gradcheck-pictures")
    mode = str(config.getoption("--gradcheck"))
    config.stash[TALLY] = Tally(mode, Path(folder) if folder else None)


class Checker:
    """The fixture's value: `gradcheck(fn, inputs)` fails the test with the report as its text."""

    def __init__(self, tally: Tally, name: str) -> None:
        self.tally, self.name = tally, name

    def __call__(self, fn: Callable[..., Any], inputs: Any, **options: Any) -> Any:
        """Check a function of tensors; second derivatives as well by `order=2`."""
        home = importlib.import_module("tinygrad_lite.autograd.gradcheck")
        last = options.pop("order", 1)
        found = self.judge(home.gradcheck, fn, inputs, **options)
        for order in range(2, last + 1):
            found = self.judge(home.gradgradcheck, fn, inputs, order=order, **options)
        return found

    def function(self, *given: Any, **options: Any) -> Any:
        """Check a forward and a backward on arrays; see `check_function`."""
        home = importlib.import_module("tinygrad_lite.autograd.gradcheck")
        return self.judge(home.check_function, *given, **options)

    def module(self, *given: Any, **options: Any) -> Any:
        """Check a module; see `check_module`."""
        home = importlib.import_module("tinygrad_lite.autograd.gradcheck")
        return self.judge(home.check_module, *given, **options)

    def judge(self, check: Callable[..., Any], *given: Any, **options: Any) -> Any:
        """Run a check, count it, and fail the test if it fails."""
        if self.tally.mode == "off":
            pytest.skip("gradient checks are off (--gradcheck=off)")
        if self.tally.mode == "fast":
            options.setdefault("fast_mode", True)
        report = check(*given, raise_exception=False, report=True, **options)
        self.tally.add(report, self.name)
        if not report.ok:
            self.keep_picture(report)
            pytest.fail(str(report), pytrace=False)
        return report

    def keep_picture(self, report: Any) -> None:
        """Write the report where the artefacts go."""
        if self.tally.folder is None:
            return
        self.tally.folder.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]+", "_", self.name)
        self.tally.pictures.append(report.html(self.tally.folder / f"{name}.html"))


@pytest.fixture(name="gradcheck")
def gradcheck_fixture(request: pytest.FixtureRequest) -> Checker:
    """`gradcheck(fn, inputs, **options)`; also `.function(...)` and `.module(...)`."""
    return Checker(request.config.stash[TALLY], request.node.name)


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> Generator[None, Any, Any]:
    """Turn a marked function into one test for each kind of input."""
    collected = yield
    mark = find_mark(obj)
    if mark is None:
        return collected
    return [
        MarkedItem.from_parent(collector, name=f"{name}[{regime}]", callee=obj, regime=regime,
                               options=mark.kwargs)
        for regime in REGIMES
        if applies(regime, mark.kwargs)
    ]  # fmt: skip


def find_mark(obj: object) -> pytest.Mark | None:
    """The marker on a plain function that is to become tests."""
    if not inspect.isfunction(obj):
        return None
    marks = [mark for mark in getattr(obj, "pytestmark", []) if mark.name == "gradcheck"]
    return marks[0] if marks else None


def applies(regime: str, options: Mapping[str, Any]) -> bool:
    """Whether inputs of these shapes can be of that kind."""
    shapes = options.get("shapes", [(3, 4)])
    wanted = options.get("regimes")
    if wanted is not None:
        return regime in wanted
    if regime in {"0-d", "empty"}:
        return len(shapes) == 1 or len(set(map(tuple, shapes))) == 1
    return not (regime == "non-contiguous" and all(len(shape) == 0 for shape in shapes))


class MarkedItem(pytest.Item):
    """One check of a marked function."""

    def __init__(self, *, callee: Any, regime: str, options: dict[str, Any], **more: Any) -> None:
        super().__init__(**more)
        self.callee, self.regime, self.options = callee, regime, options
        for mark in getattr(callee, "pytestmark", []):
            self.add_marker(getattr(pytest.mark, mark.name)(*mark.args, **mark.kwargs))

    def runtest(self) -> None:
        """Make the inputs and check."""
        options = dict(self.options)
        shapes = options.pop("shapes", [(3, 4)])
        dtype = options.pop("dtype", "float64")
        options.pop("regimes", None)
        inputs = make_inputs(shapes, str(dtype).rsplit(".", maxsplit=1)[-1], self.regime)
        Checker(self.config.stash[TALLY], self.name)(self.callee, inputs, **options)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the marked function is."""
        return self.path, self.callee.__code__.co_firstlineno - 1, self.name


def make_inputs(shapes: list[tuple[int, ...]], dtype: str, regime: str) -> tuple[Any, ...]:
    """Random tensors of one kind, alike from run to run."""
    torch = importlib.import_module("tinygrad_lite")
    np = importlib.import_module("numpy")
    rng = np.random.default_rng(len(regime))
    scale = {"large": 1e3, "tiny": 1e-6}.get(regime, 1.0)
    found = []
    for number, given in enumerate(shapes):
        shape = {"0-d": (), "empty": (0, *given[1:])}.get(regime, tuple(given))
        if regime == "non-contiguous" and shape:
            array = rng.standard_normal((2 * shape[0], *shape[1:]))[::2]
        elif regime == "broadcast" and shape and number == len(shapes) - 1:
            array = np.broadcast_to(rng.standard_normal((1, *shape[1:])), shape)
        else:
            array = rng.standard_normal(shape)
        tensor = torch.tensor(array * scale, dtype=getattr(torch, dtype))
        found.append(tensor.requires_grad_())
    return tuple(found)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Write the summary line."""
    tally = config.stash.get(TALLY, None)
    if tally is None or not tally.checked:
        return
    terminalreporter.write_sep("-", tally.line())
    for path in tally.pictures:
        terminalreporter.write_line(f"gradcheck report: {path}")
