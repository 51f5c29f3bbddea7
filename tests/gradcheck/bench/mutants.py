"""Wrong rules, seeded: generic damage to right backwards, wrong formulas, misbehaviour, kinks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from .samples import SAMPLES, Sample, draw, unbroadcast

Material = dict[str, Sample]


@dataclass
class Case:
    """One check to run: a forward, a backward, inputs, and what the checker should say."""

    name: str
    forward: Callable[..., Any]
    backward: Callable[..., Any]
    inputs: list[np.ndarray]
    wrong: bool = True
    cause: str = ""
    element: tuple[int, tuple[int, ...]] | None = None


def damage(
    sample: Sample, change: Callable[[int, Any, Any], Any], which: int
) -> Callable[..., Any]:
    """The right backward with the gradient of one input changed."""

    def backward(g: Any, *xs: Any) -> Any:
        gradients = list(sample.backward(g, *xs))
        gradients[which] = change(g, gradients[which], xs[which])
        return tuple(gradients)

    return backward


def generic(rng: np.random.Generator, samples: Material = SAMPLES) -> Iterator[Case]:
    """Every sample with a few kinds of damage, drawn by the seed."""
    for sample in samples.values():
        kinds = [k for k in KINDS if KINDS[k][2](sample)]
        for kind in rng.choice(kinds, min(4, len(kinds)), replace=False):
            cause, change, _ = KINDS[str(kind)]
            which = int(rng.integers(len(sample.shapes)))
            if str(kind) in {"transposed", "flipped", "rolled", "averaged"}:
                which = int(np.argmax([len(s) for s in sample.shapes]))
            inputs = sample.inputs(rng)
            g = np.ones_like(np.asarray(sample.forward(*inputs)))
            true = np.asarray(sample.backward(g, *inputs)[which])
            if not true.any() or true.size < 2:
                continue
            small = {"one_wrong", "on_branch", "averaged", *REORDERED}
            if str(kind) in small and (true.size < 4 or true.shape[-1] == 1):
                continue
            element = None
            if str(kind) == "one_wrong":
                place = tuple(
                    int(k) for k in np.argwhere(true != 0)[rng.integers((true != 0).sum())]
                )
                element = (which, place)
                change = one_wrong(place)
            backward = damage(sample, change, which)
            if same_rule(sample, backward, inputs):
                continue
            yield Case(
                f"{sample.name}/{kind}", sample.forward, backward, inputs, True, cause, element
            )


def same_rule(sample: Sample, backward: Any, inputs: list[np.ndarray]) -> bool:
    """Whether damage left the rule as it was (a flip of something symmetric)."""
    rng = np.random.default_rng(99)
    y = np.asarray(sample.forward(*inputs))
    g = rng.standard_normal(y.shape)
    pairs = zip(backward(g, *inputs), sample.backward(g, *inputs), strict=True)
    return all(
        b is not None and np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=1e-5)
        for b, a in pairs
    )


def one_wrong(place: tuple[int, ...]) -> Callable[..., Any]:
    """Twice the gradient at one place."""

    def change(g: Any, gx: Any, x: Any) -> Any:
        gx = np.array(gx)
        gx[place] *= 2
        return gx

    return change


def on_branch(g: Any, gx: Any, x: Any) -> Any:
    return np.where(x > np.median(x), 1.5 * gx, gx)


REORDERED = {"transposed", "flipped", "rolled"}
KINDS: dict[str, tuple[str, Callable[..., Any], Callable[[Sample], bool]]] = {
    "negated": ("sign", lambda g, gx, x: -gx, lambda s: True),
    "doubled": ("factor", lambda g, gx, x: 2 * gx, lambda s: True),
    "halved": ("factor", lambda g, gx, x: gx / 2, lambda s: True),
    "per_mille": ("factor", lambda g, gx, x: 1.001 * gx, lambda s: True),
    "ln10": ("factor", lambda g, gx, x: gx * np.log(10), lambda s: True),
    "zero": ("zero", lambda g, gx, x: 0 * gx, lambda s: True),
    "none": ("none", lambda g, gx, x: None, lambda s: True),
    "transposed": (
        "transposed",
        lambda g, gx, x: gx.T,
        lambda s: (
            any(len(t) == 2 and t[0] == t[1] for t in s.shapes)
            and all(len(t) < 3 for t in s.shapes)
        ),
    ),
    "flipped": ("flipped", lambda g, gx, x: np.flip(gx, -1), lambda s: True),
    "rolled": ("rolled", lambda g, gx, x: np.roll(gx, 1, -1), lambda s: True),
    "one_wrong": ("single", lambda g, gx, x: gx, lambda s: True),
    "on_branch": ("branch", on_branch, lambda s: True),
    "averaged": ("term", lambda g, gx, x: gx - np.mean(gx, -1, keepdims=True), lambda s: True),
    "ignored": (
        "ignored",
        lambda g, gx, x: np.cos(np.arange(gx.size)).reshape(gx.shape),
        lambda s: True,
    ),
    "squared": ("nonlinear", lambda g, gx, x: gx * np.abs(gx), lambda s: True),
    "not_a_number": (
        "nan",
        lambda g, gx, x: gx * np.where(np.arange(gx.size).reshape(gx.shape), 1, np.nan),
        lambda s: True,
    ),
    "half_precision": (
        "precision",
        lambda g, gx, x: (
            np.asarray(gx).astype(np.float16).astype(gx.dtype) * (1 + 3e-5 * np.cos(x))
        ),
        lambda s: True,
    ),
}


def formulas(rng: np.random.Generator, samples: Material = SAMPLES) -> Iterator[Case]:
    """Formulas gone wrong, as people write them."""
    for sample in samples.values():
        for name, (cause, backward) in sample.formulas.items():
            for trial in range(2):
                inputs = sample.inputs(rng)
                if not same_rule_or_shape(sample, backward, inputs):
                    yield Case(
                        f"{sample.name}/{name}{trial}",
                        sample.forward,
                        backward,
                        inputs,
                        True,
                        cause,
                    )


def same_rule_or_shape(sample: Sample, backward: Any, inputs: list[np.ndarray]) -> bool:
    """Whether a wrong formula happens to be right at these inputs."""
    try:
        return same_rule(sample, backward, inputs)
    except ValueError:
        return False


def broadcasts(rng: np.random.Generator) -> Iterator[Case]:
    """Gradients of broadcast operands, not summed as they should be."""
    for sample in SAMPLES.values():
        which = {"_row": 1, "_col": 0}.get(sample.name[-4:])
        if which is None:
            continue
        base = SAMPLES[sample.name[:-4]]
        first = (0,) if which else (slice(None), slice(0, 1))
        axis = 0 if which else 1

        def wide(g: Any, xs: Any, base: Sample = base) -> Any:
            full = np.broadcast_arrays(*xs)
            return base.backward(g, *full)

        for name, cause, reduce in (
            ("first", "unbroadcast", lambda w, first=first: w[first]),
            ("mean", "mean", lambda w, axis=axis: w.mean(axis, keepdims=axis != 0)),
            ("unsummed", "unbroadcast", lambda w: w),
        ):

            def backward(
                g: Any,
                *xs: Any,
                sample: Any = sample,
                which: int = which,
                reduce: Any = reduce,
                wide: Any = wide,
            ) -> Any:
                gradients = list(sample.backward(g, *xs))
                gradients[which] = np.array(reduce(wide(g, xs)[which]))
                return tuple(gradients)

            yield Case(
                f"{sample.name}/{name}", sample.forward, backward, sample.inputs(rng), True, cause
            )


def swaps(rng: np.random.Generator) -> Iterator[Case]:
    """Gradients returned in the wrong order."""
    for sample in SAMPLES.values():
        if len(sample.shapes) != 2 or sample.shapes[0] != sample.shapes[1]:
            continue

        def backward(g: Any, *xs: Any, sample: Sample = sample) -> Any:
            return tuple(reversed(sample.backward(g, *xs)))

        inputs = sample.inputs(rng)
        if not same_rule(sample, backward, inputs):
            cause = "sign" if sample.name in {"sub", "mse", "mae"} else "swapped"
            yield Case(f"{sample.name}/swapped", sample.forward, backward, inputs, True, cause)


def misbehaviour(rng: np.random.Generator) -> Iterator[Case]:
    """Functions and backwards that misbehave."""
    for name in ("tanh", "mul", "softmax", "linear", "cube", "div_row"):
        sample = SAMPLES[name]
        noise = np.random.default_rng(int(rng.integers(1 << 30)))
        kept: dict[str, Any] = {}

        def noisy_forward(*xs: Any, s: Sample = sample, n: Any = noise) -> Any:
            return s.forward(*xs) + 1e-9 * n.standard_normal()

        def noisy_backward(g: Any, *xs: Any, s: Sample = sample, n: Any = noise) -> Any:
            return tuple(gx * (1 + 1e-9 * n.standard_normal()) for gx in s.backward(g, *xs))

        def greedy_upstream(g: Any, *xs: Any, s: Sample = sample) -> Any:
            result = s.backward(g.copy(), *xs)
            g *= 2
            return result

        def greedy_input(g: Any, *xs: Any, s: Sample = sample) -> Any:
            result = s.backward(g, *[x.copy() for x in xs])
            xs[0][...] = 0
            return result

        def greedy_forward(*xs: Any, s: Sample = sample) -> Any:
            y = s.forward(*[x.copy() for x in xs])
            xs[-1].reshape(-1)[0] += 1
            return y

        def keeping(*xs: Any, s: Sample = sample, kept: Any = kept) -> Any:
            kept["xs"] = [x.copy() for x in xs]
            return s.forward(*xs)

        def stale(g: Any, *xs: Any, s: Sample = sample, kept: Any = kept) -> Any:
            return s.backward(g, *kept["xs"])

        def too_many(g: Any, *xs: Any, s: Sample = sample) -> Any:
            return (*s.backward(g, *xs), None)

        def single(g: Any, *xs: Any, s: Sample = sample) -> Any:
            return tuple(np.float32(gx) for gx in s.backward(g, *xs))

        def shaped(g: Any, *xs: Any, s: Sample = sample) -> Any:
            return tuple(
                np.ravel(gx) if np.ndim(gx) > 1 else gx[:, None] for gx in s.backward(g, *xs)
            )

        def ones(g: Any, *xs: Any, s: Sample = sample) -> Any:
            return s.backward(np.ones_like(g), *xs)

        f, b = sample.forward, sample.backward
        for kind, cause, forward, backward in (
            ("noisy_forward", "deterministic", noisy_forward, b),
            ("noisy_backward", "deterministic", f, noisy_backward),
            ("upstream_changed", "upstream changed", f, greedy_upstream),
            ("input_changed", "input changed", f, greedy_input),
            ("forward_changes", "input changed", greedy_forward, b),
            ("stale", "state", keeping, stale),
            ("too_many", "number", f, too_many),
            ("float32", "dtype", f, single),
            ("shape", "shape", f, shaped),
            ("upstream_ignored", "ignored", f, ones),
        ):
            yield Case(f"{name}/{kind}", forward, backward, sample.inputs(rng), True, cause)


def regimes(rng: np.random.Generator) -> Iterator[Case]:
    """Damage in places where numbers are hard: tiny slopes, float32, large and small inputs."""
    for name in ("exp", "tanh", "square", "mul", "matmul", "softmax", "linear", "cube", "sigmoid"):
        sample = SAMPLES[name]
        cause, change, _ = KINDS[str(rng.choice(["negated", "doubled", "halved"]))]
        wrong = damage(sample, change, 0)
        inputs = sample.inputs(rng)
        tiny = 10.0 ** -rng.integers(6, 13)
        yield Case(
            f"{name}/tiny_slope",
            lambda *xs, s=sample, t=tiny: s.forward(*xs) * t,
            lambda g, *xs, w=wrong, t=tiny: w(g * t, *xs),
            inputs,
            True,
            cause,
        )
        yield Case(
            f"{name}/float32",
            sample.forward,
            wrong,
            [x.astype(np.float32) for x in inputs],
            True,
            cause,
        )

        def single(*xs: Any, s: Sample = sample) -> Any:
            return np.asarray(s.forward(*[x.astype(np.float32) for x in xs])).astype(np.float64)

        yield Case(f"{name}/float32_inside", single, wrong, inputs, True, cause)
        if name in {"square", "mul", "matmul", "cube", "linear"}:
            for label, size in (("large", 1e6), ("small", 1e-7)):
                yield Case(
                    f"{name}/{label}",
                    sample.forward,
                    wrong,
                    [x * size for x in inputs],
                    True,
                    cause,
                )


def at_kinks(rng: np.random.Generator) -> Iterator[Case]:
    """What no subgradient is."""
    x = draw(rng, (6,), "big")
    x[rng.integers(6)] = 0.0
    relu = SAMPLES["relu"]
    for label, at_zero in (("two", 2.0), ("minus", -1.0), ("nan", np.nan)):
        yield Case(
            f"relu/kink_{label}",
            relu.forward,
            lambda g, x, a=at_zero: (g * np.where(x > 0, 1.0, np.where(x == 0, a, 0.0)),),
            [x],
            True,
            "nan" if label == "nan" else "kink",
        )
    yield Case(
        "abs/kink", np.abs, lambda g, x: (g * np.where(x == 0, 3.0, np.sign(x)),), [x], True, "kink"
    )
    tie = np.array([1.5, 0.2, 1.5, -1.0])
    yield Case(
        "max/tie", lambda x: x.max(), lambda g, x: (g * (x == x.max()),), [tie], True, "kink"
    )
    yield Case(
        "min/tie", lambda x: x.min(), lambda g, x: (g * (x == x.min()),), [-tie], True, "kink"
    )
    y = draw(rng, (3, 4), "apart")
    z = y[::-1].copy()
    yield Case(
        "maximum/tie",
        np.maximum,
        lambda g, x, y: (g * (x >= y), g * (y >= x)),
        [y, z],
        True,
        "kink",
    )
    yield Case(
        "minimum/tie",
        np.minimum,
        lambda g, x, y: (g * (x <= y), g * (y <= x)),
        [y, z],
        True,
        "kink",
    )
    yield Case(
        "norm/zero",
        lambda x: np.sqrt((x * x).sum()),
        lambda g, x: (g * x / np.sqrt((x * x).sum()),),
        [np.zeros(4)],
        True,
        "nan",
    )


def beyond(rng: np.random.Generator) -> Iterator[Case]:
    """Branches that the inputs given never enter."""
    x = rng.uniform(0.2, 0.9, (3, 3))
    yield Case("relu/unprobed", SAMPLES["relu"].forward, lambda g, x: (g,), [x], True, "branch")
    yield Case(
        "huber/unprobed", SAMPLES["huber"].forward, lambda g, x: (g * x,), [x], True, "branch"
    )
    yield Case("clip/unprobed", SAMPLES["clip"].forward, lambda g, x: (g,), [x], True, "branch")


def wrong_cases(seed: int) -> list[Case]:
    """All wrong rules of one seed."""
    rng = np.random.default_rng(seed)
    kinds = (generic, formulas, broadcasts, swaps, misbehaviour, regimes, at_kinks, beyond)
    return [case for kind in kinds for case in kind(rng)]


def right_cases(seed: int) -> list[Case]:
    """Right rules where checkers like to cry wolf."""
    rng = np.random.default_rng(seed + 1000)
    cases = []

    def enter(
        name: str,
        sample: Sample,
        inputs: list[np.ndarray],
        forward: Any = None,
        backward: Any = None,
    ) -> None:
        cases.append(
            Case(name, forward or sample.forward, backward or sample.backward, inputs, False)
        )

    for name, sample in SAMPLES.items():
        inputs = sample.inputs(rng)
        enter(f"{name}/plain", sample, inputs)
        enter(f"{name}/float32", sample, [x.astype(np.float32) for x in sample.inputs(rng)])
        strided = [np.repeat(x, 2, 0)[::2] for x in sample.inputs(rng)]
        enter(f"{name}/strided", sample, strided)

        def single(*xs: Any, s: Sample = sample) -> Any:
            return np.asarray(s.forward(*[x.astype(np.float32) for x in xs])).astype(np.float64)

        if rng.uniform() < 0.5:
            enter(f"{name}/float32_inside", sample, inputs, forward=single)
        shift = float(10.0 ** rng.integers(3, 8))
        if rng.uniform() < 0.3:
            enter(
                f"{name}/offset",
                sample,
                inputs,
                forward=lambda *xs, s=sample, t=shift: s.forward(*xs) + t,
            )
        tiny = float(10.0 ** -rng.integers(6, 13))
        if rng.uniform() < 0.3:
            enter(
                f"{name}/tiny",
                sample,
                inputs,
                forward=lambda *xs, s=sample, t=tiny: s.forward(*xs) * t,
                backward=lambda g, *xs, s=sample, t=tiny: s.backward(g * t, *xs),
            )
        if sample.kinked and sample.domain == "big":
            zeros = [np.where(rng.uniform(size=x.shape) < 0.4, 0.0, x) for x in inputs]
            enter(f"{name}/zeros", sample, zeros)
            enter(
                f"{name}/near_zero",
                sample,
                [x * 10.0 ** -rng.integers(3, 9, x.shape) for x in inputs],
            )
    enter_hard(enter, rng)
    return cases


def enter_hard(enter: Callable[..., None], rng: np.random.Generator) -> None:
    """Stiff, large and small arguments, ties, poles, 0-d and empty arrays."""
    s = SAMPLES
    x = rng.standard_normal((3, 4))
    for name, points in (
        ("tanh", [x * 30, x * 1e-8, np.full(3, 0.02)]),
        ("sigmoid", [x * 40, x * 1e-9]),
        ("exp", [x * 50, np.array([700.0, -700.0])]),
        ("log", [np.abs(x) * 1e-3, np.abs(x) * 1e8]),
        ("sqrt", [np.abs(x) * 1e-6, np.abs(x) * 1e12]),
        ("reciprocal", [x * 1e-3, x * 1e6]),
        ("square", [x * 1e8, x * 1e-10, np.zeros(3)]),
        ("cube", [np.zeros(3), x * 1e5]),
        ("softmax", [x * 100, x * 1e-6, x + 1e6]),
        ("logsumexp", [x * 200, x + 1e8]),
        ("log_softmax", [x * 100]),
        ("cross_entropy", [x * 30]),
        ("softplus", [x * 50, x * 1e-7]),
        ("power", [np.abs(x) * 1e-4, np.abs(x) * 1e5]),
        ("var", [x + 1e4, x * 1e-5]),
        ("layer_norm", [x * 1e3, x + 1e3]),
        ("sum", [x * 1e9]),
        ("mean", [x + 1e8]),
        ("sin", [x * 1e3, np.array([np.pi / 2, np.pi])]),
        ("cos", [np.zeros(3), x * 1e4]),
        ("abs", [np.zeros(3), x * 1e-9]),
        ("relu", [np.zeros((2, 3)), np.array([1e-7, -1e-7, 3e-4])]),
        ("norm", [np.zeros((2, 3)), x * 1e-8]),
        ("max", [np.ones((2, 3)), np.zeros((3, 4))]),
        ("min", [np.ones((2, 3))]),
        ("clip", [np.array([1.0, -1.0, 0.3, 1 + 1e-9])]),
        ("huber", [np.array([1.0, -1.0, 0.0, 1 + 1e-8])]),
        ("arctan", [x * 1e6]),
        ("gelu", [x * 20, np.zeros(3)]),
        ("silu", [x * 60]),
        ("elu", [np.zeros(3), x * 1e-8]),
    ):
        for number, point in enumerate(points):
            enter(f"{name}/hard{number}", s[name], [np.array(point)])
    for name in ("exp", "tanh", "relu", "abs", "square"):
        enter(f"{name}/0-d", s[name], [np.array(0.7)])
        enter(f"{name}/empty", s[name], [np.zeros((0, 3))])
        enter(f"{name}/broadcast", s[name], [np.broadcast_to(rng.standard_normal(3), (2, 3))])
    same = rng.standard_normal((3, 4))
    for name in ("maximum", "minimum", "mae", "sub", "div", "mse"):
        enter(f"{name}/tie", s[name], [same, same.copy()])
    enter("mul/mixed", s["mul"], [x * 1e6, x * 1e-6])
    enter(
        "matmul/mixed",
        s["matmul"],
        [rng.standard_normal((4, 4)) * 1e5, rng.standard_normal((4, 4)) * 1e-5],
    )
    enter(
        "stiff_sin",
        s["sin"],
        [x],
        forward=lambda x: np.sin(1000 * x),
        backward=lambda g, x: (1000 * g * np.cos(1000 * x),),
    )
    enter(
        "stiff_tanh",
        s["tanh"],
        [x],
        forward=lambda x: np.tanh(1000 * x),
        backward=lambda g, x: (1000 * g / np.cosh(np.clip(1000 * x, -300, 300)) ** 2,),
    )
    enter(
        "cancelling",
        s["square"],
        [(0.5 + np.abs(x)) * 1e-2],
        forward=lambda x: (1 - np.cos(x)) / x**2,
        backward=lambda g, x: (g * (np.sin(x) / x**2 - 2 * (1 - np.cos(x)) / x**3),),
    )
    enter(
        "median",
        s["square"],
        [np.array([1.0, 1.0, 1.0, 5.0, -3.0])],
        forward=lambda x: np.sort(x)[2],
        backward=lambda g, x: (g * (np.arange(5) == np.argsort(x, kind="stable")[2]),),
    )
    enter(
        "sort",
        s["square"],
        [np.array([1.0, 0.0, 1.0, 2.0])],
        forward=np.sort,
        backward=lambda g, x: (g[np.argsort(np.argsort(x, kind="stable"))],),
    )
    enter(
        "relu_difference",
        s["square"],
        [np.zeros(4)],
        forward=lambda x: np.maximum(x, 0) @ np.array([1.0, -1, 2, -3]),
        backward=lambda g, x: (g * (x > 0) * np.array([1.0, -1, 2, -3]),),
    )
    enter(
        "unbroadcast",
        s["add_row"],
        [x, rng.standard_normal(4)],
        backward=lambda g, a, b: (g, unbroadcast(g, b.shape)),
    )
