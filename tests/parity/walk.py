"""Walk PyTorch's operator database and compare every sample with ours.

    python -m tests.parity.walk sum amax index_add        # a table of these entries
    python -m tests.parity.walk nn.functional.            # a prefix takes all it begins
    python -m tests.parity.walk --errors --large sum      # wrong calls too, and larger inputs

For each sample: value, dtype, shape, gradient, second gradient (float64), the method and the
in-place form.  `walk(name)` gives a `Found`, whose `wrong` lists what differs; a test asserts
that it is empty.  Samples with complex numbers, sparse or quantised tensors are left out.
"""

from __future__ import annotations

import sys
import types
import warnings
from collections import Counter
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")  # which the operator database imports

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported

TOLERANCE = {
    "float64": (1e-7, 1e-9),
    "float32": (2e-4, 2e-5),
    "float16": (4e-3, 4e-3),
    "bfloat16": (4e-2, 4e-2),
}

COARSE = {"logcumsumexp"}  # torch's own float32 gradient is off in the third digit

RANDOM = {
    "bernoulli", "cauchy", "exponential", "geometric", "log_normal", "multinomial", "normal",
    "rand_like", "randint", "randint_like", "randn", "randn_like", "uniform", "empty",
    "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided",
    "nn.functional.alpha_dropout", "nn.functional.dropout", "nn.functional.dropout2d",
    "nn.functional.dropout3d", "nn.functional.feature_alpha_dropout", "nn.functional.rrelu",
    "nn.functional.fractional_max_pool2d", "nn.functional.fractional_max_pool3d",
}  # fmt: skip
# (what is drawn, or lies in memory, is not compared: its type and shape are)

TIED = {"kthvalue", "topk", "mode", "sort", "argsort"}  # which of equal integers is left open


class Left(Exception):
    """A sample that is out of scope."""


@dataclass
class Found:
    """What a walk over one entry found: how many runs were right, and what was not."""

    name: str
    right: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    left: int = 0

    @property
    def status(self) -> str:
        """One word for the table."""
        if self.wrong:
            return "WRONG"
        if self.missing:
            return "part" if self.right["value"] else "missing"
        return "right" if self.right["value"] else "empty"

    def __str__(self) -> str:
        counts = " ".join(f"{k} {n}" for k, n in self.right.items())
        lines = [f"{self.status:8} {self.name:40} {counts} left {self.left}"]
        lines += [f"         - {text}" for text in (self.wrong + self.missing)[:6]]
        return "\n".join(lines)


@cache
def database() -> dict[str, list]:
    """The entries of the operator database by name, such as `linalg.inv`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db

    table: dict[str, list] = {}
    for entry in op_db:
        table.setdefault(entry.name, []).append(entry)
    return table


def title(entry) -> str:
    """Name of an entry, with its variant."""
    return entry.name + (f".{entry.variant_test_name}" if entry.variant_test_name else "")


# --- ours for theirs -------------------------------------------------------------------------


def function_of(entry):
    """Our counterpart of an entry's function; None if a name is missing.

    Plain torch functions are looked up by their name; what the database wraps in a function of
    its own is run again with `torch` meaning ours.
    """
    made = entry.op
    if isinstance(made, types.FunctionType) and made.__module__.startswith("torch.testing"):
        return swapped(made)
    at = ours
    for part in entry.name.split("."):
        try:
            at = getattr(at, part)
        except (AttributeError, NotImplementedError):  # the latter: said to be out of scope
            return method(getattr(torch.Tensor, entry.name, None)) if at is ours else None
    return at


def swapped(function):
    """A function that does the same with our library under the name torch."""
    names = {**function.__globals__, "torch": ours, "F": getattr(ours.nn, "functional", None)}
    closure = function.__closure__
    copy = types.FunctionType(
        function.__code__, names, function.__name__, function.__defaults__, closure
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def to_ours(x):
    """Tensors, dtypes and everything that holds them, as ours; leaves stay leaves."""
    if isinstance(x, torch.Tensor):
        known = x.layout is torch.strided and x.device.type == "cpu"
        if x.is_complex() or not known or x.dtype is torch.bfloat16:
            raise Left
        t = ours.from_numpy(copied(x))
        return t.requires_grad_() if x.requires_grad else t
    if isinstance(x, torch.dtype):
        found = getattr(ours, str(x)[6:], None)
        if found is None or x.is_complex:
            raise Left
        return found
    if isinstance(x, (torch.memory_format, torch.layout, torch.device)):
        return getattr(ours, str(x)[6:], None) if str(x).startswith("torch.") else str(x)
    if isinstance(x, complex):
        raise Left
    if isinstance(x, torch.nn.PairwiseDistance):
        return ours.nn.PairwiseDistance(x.norm, x.eps, x.keepdim)
    if isinstance(x, (list, tuple)) and not isinstance(x, torch.Size):
        items = [to_ours(v) for v in x]
        return items if isinstance(x, list) else tuple(items)
    if isinstance(x, dict):
        return {k: to_ours(v) for k, v in x.items()}
    return tuple(x) if isinstance(x, torch.Size) else x


def copied(x):
    """A NumPy copy of a tensor, with its layout where that is dense."""
    return x.detach().clone().numpy()


def leaves(x, kind) -> list:
    """The tensors of class `kind` in a nest of lists, tuples and dicts."""
    if isinstance(x, kind):
        return [x]
    if isinstance(x, (list, tuple)):
        return [t for v in x for t in leaves(v, kind)]
    if isinstance(x, dict):
        return [t for v in x.values() for t in leaves(v, kind)]
    return []


# --- comparing -------------------------------------------------------------------------------


def compare(mine, theirs, what: str) -> None:
    """Raise AssertionError unless two results agree in structure, dtype, shape and value."""
    if theirs is None or mine is None:
        assert mine is theirs, f"{what}: {mine!r} for {theirs!r}"
    elif isinstance(theirs, torch.Tensor):
        assert isinstance(mine, ours.Tensor), f"{what}: a {type(mine).__name__} for a tensor"
        compare_tensors(mine, theirs, what)
    elif isinstance(theirs, (list, tuple)):
        assert len(mine) == len(theirs), f"{what}: {len(mine)} results for {len(theirs)}"
        for i, (a, b) in enumerate(zip(mine, theirs, strict=True)):
            compare(a, b, f"{what}[{i}]")
    elif isinstance(theirs, torch.dtype):
        assert str(mine) == str(theirs), f"{what}: {mine} for {theirs}"
    else:
        same = mine == theirs or np.allclose(mine, theirs, equal_nan=True)
        assert same, f"{what}: {mine!r} for {theirs!r}"


def compare_tensors(mine, theirs, what: str) -> None:
    """Raise AssertionError unless two tensors agree."""
    kind = str(theirs.dtype)[6:]
    assert str(mine.dtype) == str(theirs.dtype), f"{what}: dtype {mine.dtype} for {theirs.dtype}"
    shape = tuple(theirs.shape)
    assert tuple(mine.shape) == shape, f"{what}: shape {tuple(mine.shape)} for {shape}"
    a, b = np.asarray(mine.detach().numpy()), theirs.numpy(force=True)
    rtol, atol = TOLERANCE.get(kind, (0, 0))  # integers and booleans: equal
    if not np.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
        bad = ~np.isclose(a, b, rtol=rtol, atol=atol, equal_nan=True)
        at = tuple(int(i) for i in np.argwhere(bad)[0])
        raise AssertionError(
            f"{what}: {int(bad.sum())} of {bad.size} differ, at {at} {a[at]!r} for {b[at]!r}"
        )


def floats(x, kind) -> list:
    """The tensors of a result that carry a gradient."""
    return [t for t in leaves(x, kind) if t.requires_grad]


def directions(outs, seed: int = 0) -> list:
    """Random arrays in the shapes of torch tensors."""
    random = np.random.default_rng(seed)
    return [
        np.asarray(random.standard_normal(tuple(o.shape))).astype(str(o.dtype)[6:]) for o in outs
    ]


def compare_gradients(mine_out, theirs_out, mine_in, theirs_in, found: Found, second: bool) -> None:
    """Compare first and, if `second`, second gradients of all results in random directions."""
    theirs_out, mine_out = floats(theirs_out, torch.Tensor), floats(mine_out, ours.Tensor)
    theirs_in, mine_in = floats(theirs_in, torch.Tensor), floats(mine_in, ours.Tensor)
    if not theirs_in or (found.name in COARSE and theirs_in[0].dtype is torch.float32):
        return
    count = f"{len(mine_out)} results carry a gradient, {len(theirs_out)} in torch"
    assert len(mine_out) == len(theirs_out), count
    if not theirs_out:
        return
    along = directions(theirs_out)
    seeds = [torch.tensor(d, requires_grad=second) for d in along]
    try:
        g = torch.autograd.grad(
            theirs_out, theirs_in, seeds, create_graph=second, retain_graph=True, allow_unused=True
        )
    except (RuntimeError, NotImplementedError):
        found.left += 1
        return
    mine_seeds = [ours.tensor(d, requires_grad=second) for d in along]
    h = ours.autograd.grad(
        mine_out, mine_in, mine_seeds, create_graph=second, retain_graph=True, allow_unused=True
    )
    for i, (x, y) in enumerate(zip(g, h, strict=True)):
        compare_gradient(y, x, f"gradient[{i}]")
    found.right["gradient"] += 1
    if second:
        compare_second(g, h, [*theirs_in, *seeds], [*mine_in, *mine_seeds], found)


def compare_gradient(mine, theirs, what: str) -> None:
    """Compare two gradients; None for an unused input is the same as zeros."""
    if mine is None or theirs is None:
        rest = theirs if mine is None else mine
        array = np.zeros(()) if rest is None else np.nan_to_num(np.asarray(rest.numpy(force=True)))
        assert np.abs(array).max(initial=0) < 1e-6, (
            f"{what}: {'None' if mine is None else 'a tensor'}"
        )
    else:
        compare(mine, theirs, what)


def compare_second(g, h, theirs_in, mine_in, found: Found) -> None:
    """Compare the gradients of first gradients `g` (torch's) and `h` (ours)."""
    pairs = [(x, y) for x, y in zip(g, h, strict=True) if x is not None and x.requires_grad]
    if not pairs:
        return
    along = directions([x for x, _ in pairs], 1)
    try:
        g2 = torch.autograd.grad(
            [x for x, _ in pairs], theirs_in, [torch.tensor(d) for d in along], allow_unused=True
        )
    except (RuntimeError, NotImplementedError):
        found.left += 1
        return
    live = [
        (y, d) for (_, y), d in zip(pairs, along, strict=True) if y is not None and y.requires_grad
    ]
    h2 = (
        ours.autograd.grad(
            [y for y, _ in live], mine_in, [ours.tensor(d) for _, d in live], allow_unused=True
        )
        if live
        else [None] * len(mine_in)
    )
    for i, (x, y) in enumerate(zip(g2, h2, strict=True)):
        compare_gradient(y, x, f"second gradient[{i}]")
    found.right["second"] += 1


# --- walking ---------------------------------------------------------------------------------


def walk(
    name: str, *, dtypes: tuple[str, ...] = (), methods: bool = True, large: bool = False
) -> list[Found]:
    """Compare every entry called `name`; one `Found` for each variant.

    `large` takes the database's reference inputs, more and larger ones.
    """
    return [walk_entry(entry, dtypes, methods, large) for entry in database()[name]]


def walk_entry(
    entry, dtypes: tuple[str, ...] = (), methods: bool = True, large: bool = False
) -> Found:
    """Compare one entry over its samples of float64, float32 and, where taken, int64 and bool."""
    found = Found(title(entry))
    function = function_of(entry)
    if function is None:
        found.missing.append("no such name")
        return found
    wanted = dtypes or ("float64", "float32", "int64", "bool")
    supported = entry.supported_dtypes("cpu")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in wanted:
            dtype = getattr(torch, kind)
            if dtype not in supported:
                continue
            grad = dtype.is_floating_point and entry.supports_autograd
            for number, sample in enumerate(samples_of(entry, dtype, grad, large)):
                walk_sample(entry, function, sample, f"{kind}#{number}", found, methods)
    return found


def samples_of(entry, dtype, grad: bool, large: bool):
    """The samples of an entry; a few of its own reference inputs ask for the impossible."""
    samples = entry.reference_inputs if large else entry.sample_inputs
    try:
        yield from samples("cpu", dtype, requires_grad=grad)
    except ValueError:
        if not large:
            raise


def walk_sample(entry, function, sample, label: str, found: Found, methods: bool) -> None:
    """Compare one sample in all its forms and note what was found."""
    call = (sample.input, *sample.args)
    second = label.startswith("float64") and entry.supports_gradgrad
    forms = [("value", function, entry.op)]
    if methods:
        forms += [("method", method(entry.method_variant), entry.method_variant)]
        forms += [("in-place", method(entry.inplace_variant), entry.inplace_variant)]
    for form, mine, theirs in forms:
        if theirs is None:
            continue
        if form == "in-place" and (sample.broadcasts_input or label.startswith("bool")):
            continue
        if mine is None:
            text = f"{form}: Tensor has no {getattr(theirs, '__name__', theirs)}"
            if text not in found.missing:
                found.missing.append(text)
            continue
        try:
            process = sample.output_process_fn_grad
            compare_call(mine, theirs, call, sample.kwargs, found, form, second, process)
        except Left:
            found.left += 1
            return
        except NotImplementedError as error:
            found.missing.append(f"{form} {label}: {error}")
        except Exception as error:  # noqa: BLE001 - whatever ours raises is the finding
            text = f"{type(error).__name__}: {error}".split("\n")[0]
            found.wrong.append(f"{form} {label} {shown(call, sample.kwargs)}: {text}")


def method(variant):
    """Our method for one of torch's, called as a function; None if Tensor lacks it."""
    if variant is None:
        return None
    if isinstance(variant, types.FunctionType) and variant.__module__.startswith("torch.testing"):
        return swapped(variant)
    name = getattr(variant, "__name__", "")
    return getattr(ours.Tensor, name, None)


def compare_call(
    mine, theirs, call, keywords, found: Found, form: str, second: bool, process
) -> None:
    """Compare one call; an in-place form works on copies of its first operand.

    `process` takes from a result what is defined: the absolute values of eigenvectors, say.
    """
    if form != "value" and not isinstance(call[0], torch.Tensor):
        return
    my_call, my_keywords = to_ours(call), to_ours(keywords)
    call, keywords = fresh(call), fresh(keywords)
    their_call = call
    seen_theirs, seen_mine = (their_call, keywords), (my_call, my_keywords)
    if form == "in-place":
        their_call, my_call = in_place_call(their_call), in_place_call(my_call)
    try:
        expected = theirs(*their_call, **keywords)
    except (RuntimeError, TypeError, NotImplementedError, ValueError, IndexError):
        found.left += 1
        return
    if any(t.is_complex() or t.layout is not torch.strided for t in leaves(expected, torch.Tensor)):
        raise Left
    got = mine(*my_call, **my_keywords)
    expected, got = process(expected), swapped(process)(got)
    if found.name in RANDOM:
        got = structure(got, expected)
    if found.name in TIED and not call[0].is_floating_point():
        if not isinstance(expected, tuple):
            raise Left
        got, expected = got[0], expected[0]
    compare(got, expected, form)
    found.right[form] += 1
    if form != "method" and found.name not in RANDOM:
        compare_gradients(got, expected, seen_mine, seen_theirs, found, second and form == "value")


def structure(mine, theirs):
    """Torch's result, if ours has its type and shape; what is random in it is not compared."""
    if isinstance(theirs, tuple):
        return tuple(structure(a, b) for a, b in zip(mine, theirs, strict=True))
    assert isinstance(mine, ours.Tensor), f"a {type(mine).__name__} for a tensor"
    kind, shape = (str(mine.dtype), tuple(mine.shape)), (str(theirs.dtype), tuple(theirs.shape))
    assert kind == shape, f"{kind} for {shape}"
    return ours.from_numpy(copied(theirs))


def fresh(x):
    """Torch's tensors as leaves; some of the database's are views made without gradients."""
    if isinstance(x, torch.Tensor):
        return x.detach().requires_grad_(x.requires_grad)
    if isinstance(x, (list, tuple)) and not isinstance(x, torch.Size):
        return type(x)(fresh(v) for v in x)
    return {k: fresh(v) for k, v in x.items()} if isinstance(x, dict) else x


def in_place_call(call):
    """The call with a copy of its first operand, which may then be changed."""
    return (call[0].clone(), *call[1:])


def shown(call, keywords) -> str:
    """A call as a short text: shapes for tensors."""
    parts = [short(v) for v in call] + [f"{k}={short(v)}" for k, v in keywords.items()]
    return "(" + ", ".join(parts) + ")"


def short(v) -> str:
    """A value as a short text."""
    if isinstance(v, torch.Tensor):
        return f"{str(v.dtype)[6:]}{list(v.shape)}"
    if isinstance(v, (list, tuple)):
        return f"[{', '.join(short(x) for x in v)}]"
    return repr(v)


# --- wrong calls -----------------------------------------------------------------------------


# checks of `out=` that are not made: memory that overlaps, and a type that could be cast
LENIENT = ("unsupported operation", "Expected out tensor to have dtype")


def walk_errors(name: str) -> list[str]:
    """Calls of torch's error inputs that ours takes, or refuses with another class."""
    wrong = []
    for entry in database()[name]:
        function = function_of(entry)
        if entry.error_inputs_func is None or function is None:
            continue
        for number, case in enumerate(entry.error_inputs("cpu")):
            sample = case.sample_input
            if "out" in sample.kwargs and case.error_regex.startswith(LENIENT):
                continue
            try:
                call = to_ours((sample.input, *sample.args)), to_ours(sample.kwargs)
            except (Left, ValueError):  # ValueError: more dimensions than NumPy has
                continue
            if not refused(entry, sample):
                continue
            try:
                function(*call[0], **call[1])
            except case.error_type:
                continue
            except NotImplementedError:
                continue
            except Exception as error:  # noqa: BLE001 - whatever ours raises is the finding
                got = f"{type(error).__name__}: {error}"
            else:
                got = "no error"
            text = shown((sample.input, *sample.args), sample.kwargs)
            kind = case.error_type
            wrong.append(
                f"{title(entry)}#{number} {text}: {got}, expected {kind}: {case.error_regex}"
            )
    return wrong


def refused(entry, sample) -> bool:
    """Whether torch itself raises: some of its error inputs are for other devices."""
    try:
        entry.op(sample.input, *sample.args, **sample.kwargs)
    except Exception:  # noqa: BLE001 - which class is compared with ours
        return True
    return False


def main(arguments: list[str]) -> None:
    """Print a table for names and prefixes given."""
    methods = "--plain" not in arguments
    errors, large = "--errors" in arguments, "--large" in arguments
    names = [a for a in arguments if not a.startswith("-")]
    chosen = [
        n for n in database() if any(n == a or (a.endswith(".") and n.startswith(a)) for a in names)
    ]
    tally: Counter = Counter()
    for name in chosen:
        for found in walk(name, methods=methods, large=large):
            tally[found.status] += 1
            print(found, flush=True)
        if errors:
            for text in walk_errors(name):
                print(f"         ! {text}")
    unknown = [n for n in names if n not in chosen and not n.endswith(".")]
    print(dict(tally), f"not in the database: {unknown}" if unknown else "")


if __name__ == "__main__":
    main(sys.argv[1:])
