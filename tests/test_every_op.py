"""Every operation of the catalogue on its samples.

Forward against an independent reference, gradients against numeric differentiation and PyTorch,
second order, layouts, types, and the ways a call can take; and the test of these tests: a rule
replaced by zeros, by twice itself or by its negative is found out.
"""

import importlib
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinygrad_lite
from tests.samples import POLYNOMIALS, SAMPLES
from tinygrad_lite import Tensor, _kernels, ops
from tinygrad_lite._op import CATALOGUE
from tinygrad_lite._record import apply
from tinygrad_lite._state import here
from tinygrad_lite.autograd import grad, no_grad

for _module in pkgutil.iter_modules(ops.__path__):
    importlib.import_module(f"{ops.__name__}.{_module.name}")

# infinities and NaN among the samples are meant, also in NumPy's references
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

NAMES = sorted(CATALOGUE)
EVERY = pytest.mark.parametrize("name", NAMES)

# Operations whose rules say that there is no derivative: of the operation, by some of its operands,
# or of its gradient
WITHOUT = {
    "airy_ai",
    "ctc_slope",
    "floor_divide",
    "heaviside",
    "ldl_factor",
    "ldl_solve",
    "qr_r",
    *POLYNOMIALS,
}
WITHOUT_BY = {"igamma": {0}, "igammac": {0}, "zeta": {0}}
WITHOUT_SECOND = {"ctc", *WITHOUT}


def is_float(x):
    return isinstance(x, np.ndarray) and x.dtype.kind == "f"


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def as_array(x):
    return np.asarray(x.detach() if isinstance(x, Tensor) else x)


def wanted(op, sample):
    """The positions of the operands that have a gradient."""
    takes = op.facts.takes or (True,) * len(sample.operands)
    without = WITHOUT_BY.get(op.name, ())
    return [
        i for i, x in enumerate(sample.operands) if takes[i] and is_float(x) and i not in without
    ]


def called(op, sample, operands):
    """The results of a call, as a tuple."""
    if sample.through is not None:
        operands = sample.through(*operands)
    return as_tuple(op(*map(as_operand, operands), **sample.settings))


def as_operand(x):
    return np.asarray(x) if isinstance(x, np.generic) else x


def weights(results, seed=0):
    """Signed random weights for the results that have a gradient, None for others."""
    rng = np.random.default_rng(seed)
    arrays = [as_array(r) for r in results]
    return [
        np.asarray(rng.uniform(0.5, 1.5, a.shape) * rng.choice([-1.0, 1.0], a.shape))
        if a.dtype.kind == "f" else None
        for a in arrays
    ]  # fmt: skip


def tracked(op, sample, operands=None):
    """The operands as tensors, and those among them that want a gradient."""
    made = list(sample.operands if operands is None else operands)
    places = wanted(op, sample)
    for i in places:
        made[i] = tinygrad_lite.from_numpy(made[i]).requires_grad_()
    return made, [made[i] for i in places]


def pulled(op, sample, ws=None, operands=None, create_graph=False):
    """Gradients of the weighted results, and the tensors they belong to."""
    made, xs = tracked(op, sample, operands)
    results = called(op, sample, made)
    ws = weights(results) if ws is None else ws
    pairs = [(r, w) for r, w in zip(results, ws, strict=True) if w is not None and r.requires_grad]
    if not pairs:
        return [np.zeros(x.shape) for x in xs], xs
    outs, given = zip(*pairs, strict=True)
    given = [
        w if isinstance(w, Tensor) else cotangent(w, r) for w, r in zip(given, outs, strict=True)
    ]
    found = grad(outs, xs, given, create_graph=create_graph, materialize_grads=True)
    return list(found), xs


def cotangent(w, result):
    """A weight as a tensor of the result's type; layouts are kept."""
    made = tinygrad_lite.from_numpy(w)
    return made if made.dtype == result.dtype else made.to(result.dtype)


STENCIL = ((1, 8 / 12), (-1, -8 / 12), (2, -1 / 12), (-2, 1 / 12))
STEP = 2e-4


def slopes(function, arrays, places):
    """Derivatives of a number by every element of some arrays, from four points each."""
    found = []
    for i in places:
        slope = np.zeros(arrays[i].shape)
        for at in np.ndindex(arrays[i].shape):
            for steps, factor in STENCIL:
                moved = [np.array(a) if k == i else a for k, a in enumerate(arrays)]
                moved[i][at] += steps * STEP
                slope[at] += factor * function(moved) / STEP
        found.append(slope)
    return found


def along(function, arrays, place, directions):
    """Derivatives of a number along directions of one array, from four points each."""
    found = []
    for direction in directions:
        slope = 0.0
        for steps, factor in STENCIL:
            moved = list(arrays)
            moved[place] = np.asarray(arrays[place] + steps * STEP * direction)
            slope += factor * function(moved) / STEP
        found.append(slope)
    return found


def weighted(results, ws):
    """The weighted sum of results."""
    return float(sum(np.sum(r * w) for r, w in zip(results, ws, strict=True) if w is not None))


def close(found, expected, rtol=1e-6, atol=1e-7):
    found, expected = as_array(found), as_array(expected)
    scale = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
    np.testing.assert_allclose(found, expected, rtol=rtol, atol=atol * max(scale, 1.0))


def check_gradient(op, sample):
    """Raise unless the rules agree with numeric differentiation."""
    ws = weights(called(op, sample, sample.operands))
    found, _ = pulled(op, sample, ws)
    numeric = slopes(
        lambda arrays: weighted(called(op, sample, arrays), ws), sample.operands, wanted(op, sample)
    )
    for f, n in zip(found, numeric, strict=True):
        close(f, n)


def check_second_order(op, sample):
    """Raise unless gradients of gradients agree with numeric differentiation of gradients."""
    results = called(op, sample, sample.operands)
    ws = weights(results)
    made = [None if w is None else tinygrad_lite.tensor(w, requires_grad=True) for w in ws]
    found, xs = pulled(op, sample, made, create_graph=True)
    vs = weights(found, seed=1)
    pairs = [
        (f, tinygrad_lite.tensor(v)) for f, v in zip(found, vs, strict=True)
        if isinstance(f, Tensor) and f.requires_grad
    ]  # fmt: skip
    free = [*xs, *(w for w in made if w is not None)]
    again = [np.zeros(x.shape) for x in free]
    if pairs:
        fs, given = zip(*pairs, strict=True)
        again = grad(fs, free, given, materialize_grads=True)
    count = len(sample.operands)

    def first(arrays):
        back, _ = pulled(op, sample, arrays[count:], arrays[:count])
        return weighted([as_array(b) for b in back], vs)

    places = [*wanted(op, sample), *(count + i for i, w in enumerate(ws) if w is not None)]
    arrays = [*sample.operands, *ws]
    for place, slope in zip(places, again, strict=True):
        shape = arrays[place].shape
        # two random directions find what all elements would: a wrong one moves both
        directions = weights([np.zeros(shape)], seed=2) + weights([np.zeros(shape)], seed=3)
        expected = along(first, arrays, place, directions)
        close([np.sum(as_array(slope) * d) for d in directions], expected)


# The tests


def test_every_operation_has_samples():
    assert sorted(SAMPLES) == NAMES


def test_every_setting_is_varied():
    """Each setting has at least two values in the samples, or one other than its default."""
    poor = []
    for name, op in CATALOGUE.items():
        for setting, default in op.defaults.items():
            values = {repr(s.settings.get(setting, default)) for s in SAMPLES[name]}
            if len(values | {repr(default)}) < 2:
                poor.append(f"{name}.{setting}")
    assert poor == []


@EVERY
def test_forward(name):
    op = CATALOGUE[name]
    for sample in SAMPLES[name]:
        if sample.reference is None:
            continue
        operands = sample.operands
        if sample.through is not None:
            operands = sample.through(*operands)
        found = as_tuple(op(*operands, **sample.settings))
        for f, e in zip(found, as_tuple(sample.reference(*operands)), strict=True):
            assert np.shape(f) == np.shape(e)
            close(f, e, rtol=1e-12, atol=1e-12)


@EVERY
def test_gradient(name):
    op = CATALOGUE[name]
    if not op.differentiable or name in WITHOUT:
        pytest.skip("no derivative")
    for sample in SAMPLES[name]:
        if sample.smooth:
            check_gradient(op, sample)


@EVERY
def test_second_order(name):
    op = CATALOGUE[name]
    if not op.differentiable or name in WITHOUT_SECOND:
        pytest.skip("no second derivative")
    for sample in SAMPLES[name]:
        if sample.smooth:
            check_second_order(op, sample)


@pytest.mark.parametrize("name", sorted(WITHOUT_SECOND))
def test_what_has_no_derivative_says_so(name):
    op = CATALOGUE[name]
    for sample in SAMPLES[name]:
        with pytest.raises((RuntimeError, NotImplementedError), match=r"derivative|differentia"):
            check_second_order(op, sample)


@EVERY
def test_values_and_gradients_are_pytorchs(name):
    torch = pytest.importorskip("torch")
    op = CATALOGUE[name]
    for sample in SAMPLES[name]:
        if sample.torch is not None:
            compare_with_torch(torch, op, sample)


def compare_with_torch(torch, op, sample):
    places = wanted(op, sample)
    theirs = [torch.tensor(x) if isinstance(x, np.ndarray) else x for x in sample.operands]
    for i in places:
        theirs[i].requires_grad_()
    names = {op.operands[0]: theirs} if op.variadic else dict(zip(op.operands, theirs, strict=True))
    results = as_tuple(eval(sample.torch, {"T": torch, "F": torch.nn.functional, **names}))
    ours = called(op, sample, sample.operands)
    for o, r in zip(ours, results, strict=True):
        assert np.shape(o) == tuple(r.shape)
        np.testing.assert_allclose(
            o, r.detach().numpy(), rtol=1e-7, atol=1e-10, err_msg=str(sample)
        )
    ws = weights(ours)
    pairs = [(r, torch.tensor(w)) for r, w in zip(results, ws, strict=True) if r.requires_grad]
    if not pairs:
        return
    outs, given = zip(*pairs, strict=True)
    expected = torch.autograd.grad(outs, [theirs[i] for i in places], given, allow_unused=True)
    found, _ = pulled(op, sample, ws)
    for f, e in zip(found, expected, strict=True):
        if e is not None:
            np.testing.assert_allclose(
                as_array(f), e.numpy(), rtol=1e-6, atol=1e-9, err_msg=str(sample)
            )


def backwards(x):
    """The same numbers with negative strides."""
    turn = (*(slice(None, None, -1),) * x.ndim, ...)
    return np.array(x[turn], order="C")[turn]


def sliced(x):
    """The same numbers, every other element of a larger array."""
    return np.stack([x, x], axis=-1)[..., 1]


LAYOUTS = {"fortran": lambda x: np.array(x, order="F"), "backwards": backwards, "sliced": sliced}


@EVERY
def test_layouts_do_not_matter(name):
    op = CATALOGUE[name]
    for sample in SAMPLES[name]:
        expected = called(op, sample, sample.operands)
        ws = weights(expected)
        back = pulled(op, sample, ws)[0] if op.differentiable and name not in WITHOUT else []
        for laid_out in LAYOUTS.values():
            operands = [laid_out(x) if isinstance(x, np.ndarray) else x for x in sample.operands]
            for f, e in zip(called(op, sample, operands), expected, strict=True):
                close(f, e, rtol=1e-12, atol=1e-13)
            if back:
                turned = [None if w is None else backwards(w) for w in ws]
                for f, e in zip(pulled(op, sample, turned, operands)[0], back, strict=True):
                    close(f, e, rtol=1e-12, atol=1e-13)


@EVERY
def test_expanded_weights_do_not_matter(name):
    """What flows back from a sum is one number, expanded: all strides are zero."""
    op = CATALOGUE[name]
    if not op.differentiable or name in WITHOUT:
        pytest.skip("no derivative")
    for sample in SAMPLES[name]:
        results = called(op, sample, sample.operands)
        full = [None if w is None else np.full(w.shape, 1.25) for w in weights(results)]
        thin = [None if w is None else np.broadcast_to(np.array(1.25), w.shape) for w in full]
        for f, e in zip(pulled(op, sample, thin)[0], pulled(op, sample, full)[0], strict=True):
            close(f, e, rtol=1e-12, atol=1e-13)


@EVERY
def test_float32_stays_float32(name):
    op = CATALOGUE[name]
    for sample in SAMPLES[name]:
        if name == "cast" or not any(map(is_float, sample.operands)):
            continue
        small = [x.astype(np.float32) if is_float(x) else x for x in sample.operands]
        twin = [x.astype(np.float64) if is_float(x) else x for x in small]
        expected = called(op, sample, twin)
        found = called(op, sample, small)
        for f, e in zip(found, expected, strict=True):
            kind = np.asarray(e).dtype
            assert np.asarray(f).dtype == (np.float32 if kind.kind == "f" else kind), sample
            if kind.kind == "f" and sample.smooth:
                close(f, e, rtol=2e-4, atol=1e-5)
        if op.differentiable and name not in WITHOUT:
            ws = weights(found)
            back = pulled(op, sample, ws, small)[0]
            assert all(
                getattr(b, "dtype", np.float64) in (tinygrad_lite.float32, np.float64) for b in back
            )
            if sample.smooth:
                for f, e in zip(back, pulled(op, sample, ws, twin)[0], strict=True):
                    close(f, e, rtol=2e-3, atol=2e-4)


def the_same(found, expected):
    """Whether results agree bit for bit, in values, shape and type."""
    for f, e in zip(as_tuple(found), as_tuple(expected), strict=True):
        a, b = as_array(f), as_array(e)
        assert a.shape == b.shape
        assert a.dtype == b.dtype
        assert a.tobytes() == b.tobytes()


@EVERY
def test_all_ways_to_call_agree(name):
    """On arrays, recorded, by the general path, without gradients, watched: bit for bit."""
    op = CATALOGUE[name]
    for sample in SAMPLES[name]:
        operands = sample.operands if sample.through is None else sample.through(*sample.operands)
        operands = [np.asarray(x) if isinstance(x, np.generic) else x for x in operands]
        expected = op(*operands, **sample.settings)
        tensors = [tinygrad_lite.from_numpy(x) if is_float(x) else x for x in operands]
        if not any(isinstance(x, Tensor) for x in tensors):
            continue
        the_same(op(*tensors, **sample.settings), expected)
        free = [x.detach().requires_grad_() if isinstance(x, Tensor) else x for x in tensors]
        the_same(op(*free, **sample.settings), expected)
        the_same(apply(op, tuple(free), sample.settings), expected)
        with no_grad():
            the_same(op(*free, **sample.settings), expected)
        before, here.watch = here.watch, lambda *seen: None
        try:
            the_same(op(*free, **sample.settings), expected)
        finally:
            here.watch = before


@EVERY
def test_rules_on_tensors_agree_with_rules_on_arrays(name):
    op = CATALOGUE[name]
    if not op.differentiable or name in WITHOUT_SECOND:
        pytest.skip("no second derivative")
    for sample in SAMPLES[name]:
        first, again = pulled(op, sample)[0], pulled(op, sample, create_graph=True)[0]
        for f, e in zip(again, first, strict=True):
            close(as_array(f), e, rtol=1e-12, atol=1e-13)


def everything():
    """Values and gradients of all samples, by name and number."""
    found = {}
    for name, op in CATALOGUE.items():
        for n, sample in enumerate(SAMPLES[name]):
            values = called(op, sample, sample.operands)
            back = pulled(op, sample)[0] if op.differentiable and name not in WITHOUT else []
            for k, one in enumerate((*values, *back)):
                found[f"{name} {n} {k}"] = as_array(one)
    return found


PLAIN = """
import sys, warnings
import numpy as np
warnings.simplefilter("ignore")
from tests.test_every_op import everything
np.savez(sys.argv[1], **everything())
"""


def test_plain_twins_agree(tmp_path):
    """The same under TINYGRAD_LITE_PLAIN, where every fast path and kernel is its plain twin."""
    file = tmp_path / "plain.npz"
    environment = {**os.environ, "TINYGRAD_LITE_PLAIN": "1"}
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", PLAIN, str(file)], env={**environment, "PYTHONPATH": str(root)},
        cwd=root, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    expected = everything()
    with np.load(file) as plain:
        assert sorted(plain.files) == sorted(expected)
        for key, value in expected.items():
            np.testing.assert_allclose(plain[key], value, rtol=1e-9, atol=1e-11, err_msg=key)


# The test of the tests

MUTANTS = {
    "zeros": lambda g: g * 0,
    "twice": lambda g: g * 2,
    "negative": lambda g: g * -1,
}

# Rules whose right result is zero everywhere: the mutants are the same rule
FLAT = {
    "angle", "ceil", "copysign[1]", "div_floor", "div_trunc", "floor", "nextafter[1]", "round",
    "round_decimals", "sign", "trunc", "zero",
}  # fmt: skip


def rules_of(op):
    """The rules of an operation, each with how it is called in `FLAT`."""
    without = WITHOUT_BY.get(op.name, ())
    found = [(f"{op.name}[{i}]", rule) for i, rule in enumerate(op.rules) if i not in without]
    found += [(f"{op.name} again[{i}]", rule) for i, rule in enumerate(op.rules_again)]
    found += [
        (f"{op.name} last[{i}]", rule)
        for i, rule in enumerate(op.rules_last)
        if rule is not op.rules[i] and not _kernels.PLAIN  # which walks the careful way
    ]
    found += [(f"{op.name} shared", op.shared), (f"{op.name} shared again", op.shared_again)]
    return [(name, rule) for name, rule in found if rule is not None]


def mutated(function, change):
    """A rule whose results are changed."""

    def rule(g, *kept):
        found = function(g, *kept)
        if isinstance(found, (tuple, list)):
            return tuple(None if f is None else change(f) for f in found)
        return change(found)

    return rule


def survives(op, rule, change, again):
    """Whether the samples' checks pass although a rule is wrong."""
    right, last = rule.function, op.rules_last
    rule.function = mutated(right, change)
    if rule in op.rules:  # as where the graph is kept
        op.rules_last = op.rules
    try:
        for sample in SAMPLES[op.name]:
            if sample.smooth:
                (check_second_order if again else check_gradient)(op, sample)
    except AssertionError:
        return False
    finally:
        rule.function, op.rules_last = right, last
    return True


@EVERY
def test_a_wrong_rule_is_found(name):
    op = CATALOGUE[name]
    if not op.differentiable or name in WITHOUT_SECOND - {"ctc"}:
        pytest.skip("no derivative")
    survivors = [
        f"{called_so}: {kind}"
        for called_so, rule in rules_of(op)
        if not {name, called_so} & FLAT
        for kind, change in MUTANTS.items()
        if "again" not in called_so or name not in WITHOUT_SECOND
        if survives(op, rule, change, "again" in called_so)
    ]
    assert survivors == []
