"""The material the checker was not tuned on, as cases: damage of further kinds, right rules."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .further import FURTHER
from .hard import difficult
from .mutants import Case, damage, formulas, generic
from .samples import Sample


def keep_first(g: Any, gx: Any, x: Any) -> Any:
    """Right for the first row only."""
    gx = np.array(gx)
    gx[1:] = 0
    return gx


def lose_last(g: Any, gx: Any, x: Any) -> Any:
    """A loop that ends one too early."""
    gx = np.array(gx)
    gx.reshape(-1)[-1] = 0
    return gx


def exchange(g: Any, gx: Any, x: Any) -> Any:
    """Two elements in each other's place."""
    flat = np.array(gx).ravel()
    flat[[0, -1]] = flat[[-1, 0]]
    return flat.reshape(np.shape(gx))


def turn_one(g: Any, gx: Any, x: Any) -> Any:
    """One sign turned."""
    flat = np.array(gx).ravel()
    flat[flat.size // 2] *= -1
    return flat.reshape(np.shape(gx))


ACCIDENTS: dict[str, tuple[str, Callable[..., Any]]] = {
    "first_row": ("", keep_first),
    "last_lost": ("single", lose_last),
    "exchanged": ("permuted|transposed|rolled|flipped", exchange),
    "one_turned": ("single", turn_one),
    "clipped": ("nonlinear", lambda g, gx, x: np.clip(gx, -1e-3, 1e-3)),
    "rounded": ("nonlinear|precision|zero", lambda g, gx, x: np.round(gx, 3)),
    "absolute": ("nonlinear", lambda g, gx, x: np.abs(gx)),
    "offset": ("ignored|nonlinear", lambda g, gx, x: gx + 1e-3),
    "hair": ("factor|precision", lambda g, gx, x: gx * (1 + 2e-5)),
    "huge": ("factor", lambda g, gx, x: gx * 1e6),
    "unbiased": ("factor", lambda g, gx, x: gx * (gx.size - 1) / gx.size),
    "root": ("factor", lambda g, gx, x: gx / np.sqrt(gx.size)),
    "whole_numbers": ("dtype", lambda g, gx, x: np.trunc(10 * gx).astype(int)),
    "scalar": ("shape", lambda g, gx, x: np.asarray(gx).mean()),
    "extra_x": ("formula", lambda g, gx, x: gx * x),
    "shifted": ("", lambda g, gx, x: gx + 1e-4 * gx.sum()),
    "weighted": (
        "",
        lambda g, gx, x: gx * (1 + 1e-3 * np.cos(np.arange(gx.size))).reshape(gx.shape),
    ),
}  # fmt: skip


def accidents(rng: np.random.Generator) -> Iterator[Case]:
    """Three further kinds of damage to every sample."""
    for sample in FURTHER.values():
        for kind in rng.choice(list(ACCIDENTS), 3, replace=False):
            cause, change = ACCIDENTS[str(kind)]
            which = int(np.argmax([np.prod(s) for s in sample.shapes]))
            inputs = sample.inputs(rng)
            y = np.asarray(sample.forward(*inputs))
            true = np.asarray(sample.backward(np.ones_like(y), *inputs)[which])
            if (true != 0).sum() < 3:
                continue
            backward = damage(sample, change, which)
            if not same_rule_at_all(sample, backward, inputs):
                yield Case(f"{sample.name}/{kind}", sample.forward, backward, inputs, True, cause)


def same_rule_at_all(sample: Sample, backward: Any, inputs: list[np.ndarray]) -> bool:
    """Whether damage left the rule as it was, to the sixth digit."""
    rng = np.random.default_rng(7)
    g = rng.standard_normal(np.shape(sample.forward(*inputs)))
    pairs = zip(backward(g, *inputs), sample.backward(g, *inputs), strict=True)
    return all(np.shape(a) == np.shape(b) and np.allclose(a, b, rtol=5e-6) for a, b in pairs)


def lonely(rng: np.random.Generator) -> Iterator[Case]:
    """One wrong element among many, by little and by much."""
    for size in (30, 300, 3000):
        for factor in (2.0, 1.01, 1 + 1e-4, -1.0):
            place = (int(rng.integers(size)),)

            def back(g: Any, x: Any, p: Any = place, f: float = factor) -> Any:
                gx = g * np.cos(x)
                gx[p] *= f
                return (gx,)

            yield Case(f"sin/one_of_{size}_{factor:g}", np.sin, back, [rng.standard_normal(size)],
                       True, "single", (0, place))  # fmt: skip

            def whole(g: Any, x: Any, p: Any = place, f: float = factor) -> Any:
                gx = g * 2 * x
                gx[p] *= f
                return (gx,)

            x = rng.uniform(0.5, 2, size)
            yield Case(f"norm2/one_of_{size}_{factor:g}", lambda x: (x * x).sum(), whole, [x],
                       True, "single", (0, place))  # fmt: skip


def conduct(rng: np.random.Generator) -> Iterator[Case]:
    """Functions that misbehave in ways of their own."""
    for name in ("softsign", "rms_norm", "glu", "cosine", "gather", "conv2d", "kl"):
        sample = FURTHER[name]
        f, b = sample.forward, sample.backward
        calls, seen = [0], [0.0]
        random = np.random.default_rng(int(rng.integers(1 << 30)))

        def dropping(g: Any, *xs: Any, b: Any = b, r: Any = random) -> Any:
            return tuple(gx * (r.uniform(size=np.shape(gx)) < 0.9) for gx in b(g, *xs))

        def collecting(g: Any, *xs: Any, b: Any = b, total: Any = seen) -> Any:
            total[0] = total[0] + b(g, *xs)[0]
            return (total[0], *b(g, *xs)[1:])

        def once(g: Any, *xs: Any, b: Any = b, n: Any = calls) -> Any:
            n[0] += 1
            return tuple(gx * (n[0] == 1) for gx in b(g, *xs))

        def few(g: Any, *xs: Any, b: Any = b) -> Any:
            return b(g, *xs)[:-1]

        def widened(g: Any, *xs: Any, b: Any = b) -> Any:
            return tuple(np.broadcast_to(gx, (2, *np.shape(gx))) for gx in b(g, *xs))

        def sloppy(g: Any, *xs: Any, b: Any = b) -> Any:
            return tuple(gx.astype(np.float16) for gx in b(g, *xs))

        def meaned(g: Any, *xs: Any, b: Any = b) -> Any:
            return b(np.full_like(g, g.mean()), *xs)

        def normed(g: Any, *xs: Any, b: Any = b) -> Any:
            return b(g / np.abs(g).max() if np.abs(g).max() > 0 else g, *xs)

        for kind, cause, back in (
            ("dropping", "deterministic", dropping),
            ("collecting", "deterministic|state", collecting),
            ("once", "deterministic|state", once),
            ("few", "number", few),
            ("widened", "shape|unbroadcast", widened),
            ("sloppy", "dtype", sloppy),
            *([] if name == "kl" else [("meaned", "", meaned)]),
            ("normed", "nonlinear", normed),
        ):
            yield Case(f"{name}/{kind}", f, back, sample.inputs(rng), True, cause)


def climates(rng: np.random.Generator) -> Iterator[Case]:
    """Damage in float32, at tiny slopes, far out, and close to a kink."""
    for name in ("arcsinh", "mish", "rsqrt", "softsign", "log_sigmoid", "normalize", "quadratic",
                 "einsum", "conv2d", "gaussian", "label_smoothing", "glu", "rnn", "lstm_cell",
                 "logcumsumexp", "fft_power", "det", "solve"):  # fmt: skip
        sample = FURTHER[name]
        factor, cause = ((-1.0, "sign"), (2.0, "factor"), (0.5, "factor"))[int(rng.integers(3))]
        wrong = damage(sample, lambda g, gx, x, f=factor: f * gx, 0)
        inputs = sample.inputs(rng)
        tiny = 10.0 ** -rng.integers(6, 14)
        yield Case(f"{name}/tiny", lambda *xs, s=sample, t=tiny: s.forward(*xs) * t,
                   lambda g, *xs, w=wrong, t=tiny: w(g * t, *xs), inputs, True, cause)  # fmt: skip
        yield Case(f"{name}/float32", sample.forward, wrong,
                   [x.astype(np.float32) for x in inputs], True, cause)  # fmt: skip
        shift = 10.0 ** rng.integers(2, 6)
        yield Case(f"{name}/offset", lambda *xs, s=sample, t=shift: s.forward(*xs) + t, wrong,
                   inputs, True, cause)  # fmt: skip

        def single(*xs: Any, s: Sample = sample) -> Any:
            return np.asarray(s.forward(*[x.astype(np.float32) for x in xs])).astype(np.float64)

        yield Case(f"{name}/float32_inside", single, wrong, inputs, True, cause)


SCALABLE = {
    "einsum", "kron", "conv2d", "avg_pool", "resize", "unfold", "reflect", "rotary", "quadratic",
    "cdist", "sort", "gather", "prelu", "pinball", "hinge",
}  # fmt: skip


def right_further(seed: int) -> list[Case]:
    """Right rules: every sample as drawn and in float32, and the difficult points."""
    rng = np.random.default_rng(seed + 2000)
    cases = []
    for name, sample in FURTHER.items():
        cases.append(
            Case(f"{name}/plain", sample.forward, sample.backward, sample.inputs(rng), False)
        )
        single = [x.astype(np.float32) for x in sample.inputs(rng)]
        if name not in {"smooth_abs", "round"}:
            cases.append(Case(f"{name}/float32", sample.forward, sample.backward, single, False))
        far = [x * 1e3 for x in sample.inputs(rng)]
        if name in SCALABLE:
            cases.append(Case(f"{name}/far", sample.forward, sample.backward, far, False))
    cases += [Case(name, f, b, xs, False) for name, f, b, xs in difficult(rng)]
    return cases


def wrong_further(seed: int) -> list[Case]:
    """Wrong rules of one seed."""
    rng = np.random.default_rng(seed + 3000)
    kinds = (lambda r: generic(r, FURTHER), lambda r: formulas(r, FURTHER), accidents, lonely,
             conduct, climates)  # fmt: skip
    return [case for kind in kinds for case in kind(rng)]


def further_cases(seed: int) -> list[Case]:
    """All of it."""
    return wrong_further(seed) + right_further(seed)
