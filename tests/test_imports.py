"""The floors of the architecture, and what importing the package costs and brings along.

A module imports from its own floor or from lower ones, and never in a circle. What is imported for
type checkers alone does not count: it does not exist when the program runs.
"""

import ast
import os
import subprocess
import sys
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "tinygrad_lite"
PACKAGE = ROOT.name

# The longest matching prefix counts. A module without a floor fails the test: give it one.
FLOORS = {
    "_version": 0, "_op": 0, "_dtypes": 0, "_errors": 0, "_device": 0, "_size": 0, "_names": 0,
    "_limits": 0, "_scope": 0, "_advice": 0, "hints": 5, "_needs": 0, "_settings": 1,
    "return_types": 0,
    "ops": 1, "_kernels": 1,
    "_record": 2, "_nodes": 2, "_stamps": 2, "_state": 2, "_walk": 2, "_keys": 2, "_backward": 2,
    "_composite": 2,
    "_lift": 3,
    "_einops": 5, "types": 5,
    "_tensor": 4, "_inplace": 4, "_format": 4, "_row_gradient": 4,
    "_functions": 5, "linalg": 5, "special": 5, "_creation": 5, "_random": 5, "_graph": 5,
    "graph": 5, "autograd": 5, "signal": 5, "_draws": 5, "_native": 7, "_native_rnn": 7,
    "nn.functional": 6, "nn.init": 6,
    "nn": 7, "optim": 7, "utils": 7, "datasets": 7, "distributions": 7, "vision": 7, "masked": 7,
    "functional": 7, "autograd.profiler": 8,
    "viz": 8, "onnx": 8, "compile": 8, "distributed": 8, "serialization": 8,
    "inference": 8,
    "cuda": 8, "amp": 8, "backends": 8, "accelerator": 8, "compiler": 8, "jit": 8, "profiler": 8,
    "mps": 8, "multiprocessing": 8, "testing": 8, "random": 8, "func": 8, "version": 8, "hub": 7,
    "": 9,
    "cli": 10, "__main__": 10, "pytest_plugin": 10,
}  # fmt: skip

# Packages that work without; they are imported where they are needed, and nowhere else.
HOSTS = {"pytest_plugin": "pytest", "utils.einops": "einops"}  # for those who have that package
OPTIONAL = {
    "graphviz", "onnx", "onnxruntime", "resvg_py", "IPython", "torch", "PIL", "tensorboardX",
}  # fmt: skip


def module_name(path):
    """Dotted name below the package; the package itself is the empty string."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


SOURCES = {module_name(path): path for path in sorted(ROOT.rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in SOURCES.items()}


def floor_of(name):
    """Floor of a module by the longest prefix of its dotted name; None when it has none."""
    parts = name.split(".")
    prefixes = [".".join(parts[:i]) for i in range(len(parts), 0, -1)]
    if name == "":
        return FLOORS[""]
    return next((FLOORS[prefix] for prefix in prefixes if prefix in FLOORS), None)


def is_for_types_only(node):
    """Whether `node` is `if TYPE_CHECKING:`."""
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def import_statements(tree):
    """Pairs (statement, whether it stands inside a function) of the imports that run."""
    waiting = [(tree, False)]
    while waiting:
        node, inside = waiting.pop()
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, inside
        inside |= isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        children = node.orelse if is_for_types_only(node) else ast.iter_child_nodes(node)
        waiting += [(child, inside) for child in children]


STATEMENTS = {name: list(import_statements(tree)) for name, tree in TREES.items()}


def absolute(statement, name):
    """Module that `from X import ...` names, seen from the module `name`; as dotted path."""
    if not statement.level:
        return statement.module
    parts = [PACKAGE, *filter(None, name.split("."))]
    is_package = SOURCES[name].name == "__init__.py"
    base = parts[: len(parts) - statement.level + is_package]
    return ".".join([*base, *filter(None, [statement.module])])


def imported(statement, name):
    """Dotted paths of the modules that a statement imports."""
    if isinstance(statement, ast.Import):
        return [alias.name for alias in statement.names]
    base = absolute(statement, name)
    paths = [f"{base}.{alias.name}" for alias in statement.names]
    return [path if own_name(path) in SOURCES else base for path in paths]


def own_name(path):
    """Name below the package of a dotted path; None for a module of somebody else."""
    if path == PACKAGE:
        return ""
    return path.removeprefix(PACKAGE + ".") if path.startswith(PACKAGE + ".") else None


def own_imports(name):
    """Modules of this package that the module `name` imports."""
    paths = [path for node, _ in STATEMENTS[name] for path in imported(node, name)]
    found = {own_name(path) for path in paths} & SOURCES.keys()
    return sorted(found - {name})


def test_every_module_has_a_floor():
    assert [name for name in SOURCES if floor_of(name) is None] == []


def test_imports_reach_no_higher_floor():
    higher = [
        f"{name or PACKAGE} (floor {floor_of(name)}) imports {other or PACKAGE} "
        f"(floor {floor_of(other)})"
        for name in SOURCES
        for other in own_imports(name)
        if floor_of(other) > floor_of(name)
    ]
    assert higher == []


def test_imports_form_no_circle():
    try:
        TopologicalSorter({name: own_imports(name) for name in SOURCES}).prepare()
    except CycleError as error:
        pytest.fail("circle: " + " -> ".join(name or PACKAGE for name in reversed(error.args[1])))


def imports_with_places():
    """For each import: module, whether inside a function, what is imported, and words for it."""
    for name in SOURCES:
        for statement, inside in STATEMENTS[name]:
            for path in imported(statement, name):
                yield name, inside, path, f"{name}:{statement.lineno} imports {path}"


def test_functions_import_optional_packages_only():
    hidden = [
        words
        for _, inside, path, words in imports_with_places()
        if inside and path.split(".")[0] not in OPTIONAL
    ]
    assert hidden == []


def test_modules_import_what_everybody_has():
    known = {PACKAGE, "numpy", *sys.stdlib_module_names}
    strange = [
        words
        for name, inside, path, words in imports_with_places()
        if not inside and path.split(".")[0] not in known | {HOSTS.get(name)}
    ]
    assert strange == []


def test_nothing_is_validated_by_assert():
    """`python -O` drops assertions; an exception stays."""
    asserted = [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert asserted == []


def run_python(code, cache=None):
    """What a fresh interpreter prints; `cache` is a folder for compiled modules."""
    environment = {**os.environ, "PYTHONPYCACHEPREFIX": str(cache)} if cache else None
    if environment:
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, check=True, cwd=ROOT.parent, env=environment,
    )  # fmt: skip
    return result.stdout


def test_import_brings_nothing_optional():
    loaded = set(run_python(f"import sys, {PACKAGE}; print(*sys.modules)").split())
    lazy = {f"{PACKAGE}.{name}" for name in ("viz", "onnx", "compile", "cli")}
    assert loaded & (OPTIONAL | lazy) == set()


def test_import_takes_at_most_30_ms_beyond_numpy(tmp_path):
    """Processor time, the best of several runs.

    Work beside the test slows every import down, NumPy's as well, which takes less than 80 ms on a
    quiet machine. Each run is measured by its own NumPy.
    """
    code = (
        "import time; start = time.process_time()\n"
        "import numpy; middle = time.process_time()\n"
        f"import {PACKAGE}; print(middle - start, time.process_time() - middle)"
    )
    run_python(code, tmp_path)  # compiles the modules, as installing the package does
    runs = [tuple(map(float, run_python(code, tmp_path).split())) for _ in range(15)]
    assert min(of_ours / max(1, of_numpy / 0.080) for of_numpy, of_ours in runs) <= 0.030


def test_the_collector_is_left_as_it_was(tmp_path):
    for switch in ("enable", "disable"):
        code = f"import gc; gc.{switch}(); import {PACKAGE}; print(gc.isenabled())"
        assert run_python(code, tmp_path).strip() == str(switch == "enable")
    for before, frozen in (("", False), ("gc.freeze();", True)):
        code = (
            f"import gc; {before} limits = gc.get_threshold(); import {PACKAGE}; "
            "print(limits == gc.get_threshold(), gc.get_freeze_count() > 1000)"
        )
        assert run_python(code, tmp_path).split() == ["True", str(frozen)]
