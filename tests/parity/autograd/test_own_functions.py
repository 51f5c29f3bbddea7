"""autograd.Function against PyTorch: what forward and backward may do, return and save."""

import importlib
import warnings

import numpy as np
import pytest

pytest.importorskip("torch")


def told(value):
    """A result as text."""
    if hasattr(value, "requires_grad"):
        numbers = [round(float(v), 6) for v in np.asarray(value.detach(), dtype=float).ravel()]
        return f"{tuple(value.shape)} {value.requires_grad} {numbers}"
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(told, value)) + ")"
    plain = isinstance(value, (int, float, str, bool, type(None)))
    return repr(value) if plain else type(value).__name__


def cases(torch, once, log):
    """The cases, written in one of the libraries."""
    Fn, found = torch.autograd.Function, {}
    fmt = told

    def case(f):
        found[f.__name__] = f
        return f

    def seen(*what):
        log.append(str(what))

    def t(*v, g=True):
        return torch.tensor(v, dtype=torch.float64, requires_grad=g)

    def mk(fwd, bwd, setup=None, **extra):
        d = {"forward": staticmethod(fwd), "backward": staticmethod(bwd)}
        if setup:
            d["setup_context"] = staticmethod(setup)
        d.update({k: staticmethod(v) for k, v in extra.items()})
        return type("Mine", (Fn,), d)

    @case
    def basic():
        F = mk(
            lambda c, x: (c.save_for_backward(x), x * x)[1], lambda c, g: 2 * c.saved_tensors[0] * g
        )
        x = t(1.0, 2.0)
        y = F.apply(x)
        y.sum().backward()
        return y, x.grad, y.grad_fn.name()

    @case
    def toofew():
        x = t(1.0)
        z = t(2.0)
        F = mk(lambda c, x, z: x * z, lambda c, g: g)
        F.apply(x, z).backward()

    @case
    def toomany():
        x = t(1.0)
        F = mk(lambda c, x: x * 2, lambda c, g: (g, g))
        F.apply(x).backward()

    @case
    def toomany_none():
        x = t(1.0)
        F = mk(lambda c, x: x * 2, lambda c, g: (g, None, None))
        F.apply(x).backward()
        return x.grad

    @case
    def wrongshape():
        x = t(1.0, 2.0)
        F = mk(lambda c, x: x * 2, lambda c, g: g[:1].reshape(1, 1).expand(3, 1))
        F.apply(x).sum().backward()
        return x.grad

    @case
    def one_for_two():
        x = t(1.0, 2.0)
        F = mk(lambda c, x: x * 2, lambda c, g: g[:1])
        F.apply(x).sum().backward()
        return x.grad

    @case
    def bigger():
        x = t(1.0, 2.0)
        F = mk(lambda c, x: x * 2, lambda c, g: g.expand(3, 2))
        F.apply(x).sum().backward()
        return x.grad

    @case
    def noneGrad():
        x = t(1.0, 2.0)
        z = t(3.0, 4.0)
        F = mk(lambda c, x, z: x * z, lambda c, g: (None, g))
        F.apply(x, z).sum().backward()
        return x.grad, z.grad

    @case
    def gradforconst():
        x = t(1.0, 2.0)
        F = mk(lambda c, x, k: x * k, lambda c, g: (g, g))
        F.apply(x, 3).sum().backward()
        return x.grad

    @case
    def f32grad():
        x = t(1.0, 2.0)
        F = mk(lambda c, x: x * 2, lambda c, g: g.float())
        F.apply(x).sum().backward()
        return x.grad.dtype == torch.float64

    @case
    def notensor():
        x = t(1.0)
        F = mk(lambda c, x: x * 2, lambda c, g: 3.0)
        F.apply(x).sum().backward()

    @case
    def nontensorout():
        x = t(1.0)
        F = mk(lambda c, x: 3.0, lambda c, g: g)
        return F.apply(x)

    @case
    def tupleout():
        x = t(1.0, 2.0)
        F = mk(
            lambda c, x: (x * 2, "a", x.long(), None),
            lambda c, *g: (seen([None if v is None else fmt(v) for v in g]), g[0])[1],
        )
        o = F.apply(x)
        o[0].sum().backward()
        return o, x.grad

    @case
    def unusedout():
        x = t(1.0, 2.0)
        F = mk(lambda c, x: (x * 2, x * 3), lambda c, a, b: (seen(fmt(a), fmt(b)), a + b)[1])
        F.apply(x)[0].sum().backward()
        return x.grad

    @case
    def unusedout_nomat():
        def f(c, x):
            c.set_materialize_grads(False)
            return x * 2, x * 3

        x = t(1.0, 2.0)
        F = mk(f, lambda c, a, b: (seen(fmt(a), fmt(b)), a)[1])
        F.apply(x)[0].sum().backward()
        return x.grad

    @case
    def nondiff():
        def f(c, x):
            y = x * 2
            z = x * 3
            c.mark_non_differentiable(z)
            return y, z

        x = t(1.0, 2.0)
        F = mk(f, lambda c, a, b: (seen(fmt(a), fmt(b)), a)[1])
        y, z = F.apply(x)
        y.sum().backward()
        return y, z, x.grad

    @case
    def retinput():
        x = t(1.0, 2.0)
        F = mk(lambda c, x: x, lambda c, g: g * 5)
        y = F.apply(x)
        y.sum().backward()
        return y is x, y.is_leaf, x.grad, y.requires_grad

    @case
    def retview():
        x = t(1.0, 2.0, 3.0, 4.0)
        F = mk(lambda c, x: x.view(2, 2), lambda c, g: g.reshape(4) * 5)
        y = F.apply(x)
        y.sum().backward()
        return y, x.grad

    @case
    def dirty():
        def f(c, x):
            x.add_(1)
            c.mark_dirty(x)
            return x

        x = t(1.0, 2.0)
        h = x * 1
        F = mk(f, lambda c, g: g * 5)
        y = F.apply(h)
        y.sum().backward()
        return y is h, h.grad_fn is not None, x.grad, h

    @case
    def dirtyleaf():
        def f(c, x):
            x.add_(1)
            c.mark_dirty(x)
            return x

        x = t(1.0, 2.0)
        F = mk(f, lambda c, g: g * 5)
        return F.apply(x)

    @case
    def saveint():
        x = t(1.0, 2.0)
        F = mk(
            lambda c, x: (c.save_for_backward(x, torch.tensor([1, 0])), x * 2)[1],
            lambda c, g: g[c.saved_tensors[1]],
        )
        F.apply(x).sum().backward()
        return x.grad

    @case
    def savebad():
        x = t(1.0)
        F = mk(lambda c, x: (c.save_for_backward(3), x)[1], lambda c, g: g)
        F.apply(x)

    @case
    def savenone():
        x = t(1.0)
        F = mk(
            lambda c, x: (c.save_for_backward(None, x), x * 1)[1],
            lambda c, g: g * (c.saved_tensors[0] is None),
        )
        y = F.apply(x)
        y.backward()
        return x.grad

    @case
    def twice():
        x = t(1.0)
        F = mk(lambda c, x: (c.save_for_backward(x), x * 1)[1], lambda c, g: g * c.saved_tensors[0])
        y = F.apply(x)
        y.backward()
        y.backward()

    @case
    def twice_nosave():
        x = t(1.0)
        F = mk(lambda c, x: x * 1, lambda c, g: g)
        y = F.apply(x)
        y.backward()
        y.backward()
        return x.grad

    @case
    def second():
        x = t(1.0, 2.0)
        F = mk(
            lambda c, x: (c.save_for_backward(x), x**3)[1],
            lambda c, g: 3 * c.saved_tensors[0] ** 2 * g,
        )
        (g,) = torch.autograd.grad(F.apply(x).sum(), x, create_graph=True)
        return g, torch.autograd.grad(g.sum(), x)

    @case
    def second_once():
        x = t(1.0, 2.0)
        F = mk(
            lambda c, x: (c.save_for_backward(x), x**3)[1],
            once(lambda c, g: 3 * c.saved_tensors[0] ** 2 * g),
        )
        (g,) = torch.autograd.grad(F.apply(x).sum(), x, create_graph=True)
        seen(fmt(g))
        return torch.autograd.grad(g.sum(), x)

    @case
    def once_first():
        x = t(1.0, 2.0)
        F = mk(
            lambda c, x: (c.save_for_backward(x), x**3)[1],
            once(lambda c, g: 3 * c.saved_tensors[0] ** 2 * g),
        )
        return torch.autograd.grad(F.apply(x).sum(), x)

    @case
    def setup():
        F = mk(
            lambda x, k: (x * k, k),
            lambda c, g, _: (g * c.k, None),
            lambda c, i, o: (setattr(c, "k", i[1]), c.save_for_backward(i[0]))[1],
        )
        x = t(1.0, 2.0)
        y = F.apply(x, 3.0)
        y[0].sum().backward()
        return y, x.grad

    @case
    def needs():
        out = []
        F = mk(
            lambda c, x, y, k: (out.append(c.needs_input_grad), x * y)[1], lambda c, g: (g, g, None)
        )
        F.apply(t(1.0), t(1.0, g=False), 3)
        with torch.no_grad():
            F.apply(t(1.0), t(1.0), 3)
        return out

    @case
    def gradmode():
        out = []
        F = mk(
            lambda c, x: (out.append(torch.is_grad_enabled()), x * 1)[1],
            lambda c, g: (out.append(torch.is_grad_enabled()), g)[1],
        )
        x = t(1.0)
        y = F.apply(x)
        y.backward()
        torch.autograd.grad(F.apply(x), x, create_graph=True)
        return out

    @case
    def inst():
        return mk(lambda c, x: x, lambda c, g: g)() is not None

    @case
    def noback():
        F = type("M", (Fn,), {"forward": staticmethod(lambda c, x: x * 2)})
        x = t(1.0)
        F.apply(x).backward()

    @case
    def nofwd():
        return type("M", (Fn,), {}).apply(t(1.0))

    @case
    def inplace_saved():
        x = t(1.0, 2.0)
        h = x * 1
        F = mk(
            lambda c, x: (c.save_for_backward(x), x * x)[1], lambda c, g: 2 * c.saved_tensors[0] * g
        )
        y = F.apply(h)
        h.add_(1)
        y.sum().backward()

    @case
    def inplace_saved_out():
        x = t(1.0, 2.0)

        def f(c, x):
            y = x.exp()
            c.save_for_backward(y)
            return y

        F = mk(f, lambda c, g: c.saved_tensors[0] * g)
        y = F.apply(x)
        y.add_(1)
        y.sum().backward()

    @case
    def attr():
        def f(c, x):
            c.k = 3
            c.name = "a"
            return x * 3

        x = t(1.0)
        F = mk(f, lambda c, g: g * c.k)
        y = F.apply(x)
        y.backward()
        return y.grad_fn.k if hasattr(y.grad_fn, "k") else None, x.grad

    @case
    def kwargs():
        x = t(1.0)
        F = mk(lambda c, x, k=2: x * k, lambda c, g: (g * 2, None))
        return F.apply(x, k=3)

    @case
    def listarg():
        x = t(1.0)
        F = mk(lambda c, xs: xs[0] * 2, lambda c, g: g)
        return F.apply([x])

    @case
    def nested():
        x = t(2.0)
        G = mk(
            lambda c, x: (c.save_for_backward(x), x * x)[1], lambda c, g: 2 * c.saved_tensors[0] * g
        )

        def f(c, x):
            with torch.enable_grad():
                z = x.detach().requires_grad_()
                y = G.apply(z) * 3
            c.y, c.z = y, z
            return y.detach()

        F = mk(f, lambda c, g: torch.autograd.grad(c.y, c.z, g)[0])
        F.apply(x).backward()
        return x.grad

    @case
    def listout():
        x = t(1.0)
        F = mk(lambda c, x: [x * 2, x * 3], lambda c, *g: g[0])
        return F.apply(x)

    @case
    def vjpname():
        F = type(
            "M",
            (Fn,),
            {"forward": staticmethod(lambda c, x: x * 2), "vjp": staticmethod(lambda c, g: g * 7)},
        )
        x = t(1.0)
        F.apply(x).backward()
        return x.grad

    @case
    def err_in_bwd():
        def b(c, g):
            raise KeyError("boom")

        x = t(1.0)
        F = mk(lambda c, x: x * 2, b)
        F.apply(x).backward()

    @case
    def numpyback():
        x = t(1.0, 2.0)
        F = mk(lambda c, x: x * 2, lambda c, g: torch.from_numpy(g.detach().numpy() * 2))
        F.apply(x).sum().backward()
        return x.grad

    @case
    def intinput():
        F = mk(lambda c, x, i: x[i], lambda c, g: (torch.ones(3, dtype=torch.float64) * g, None))
        x = t(1.0, 2.0, 3.0)
        F.apply(x, torch.tensor(1)).backward()
        return x.grad

    @case
    def dupinput():
        F = mk(
            lambda c, x, y: (c.save_for_backward(x, y), x * y)[1],
            lambda c, g: (g * c.saved_tensors[1], g * c.saved_tensors[0]),
        )
        x = t(3.0)
        F.apply(x, x).backward()
        return x.grad

    @case
    def isleaf_out():
        F = mk(lambda c, x: torch.zeros(2, dtype=torch.float64), lambda c, g: g)
        y = F.apply(t(1.0, 2.0))
        return y.is_leaf, y.requires_grad

    @case
    def nograd_apply():
        F = mk(lambda c, x: x * 2, lambda c, g: g)
        with torch.no_grad():
            return F.apply(t(1.0))

    @case
    def saved_outside():
        F = mk(lambda c, x: (c.save_for_backward(x), x * 2)[1], lambda c, g: g)
        y = F.apply(t(1.0))
        return y.grad_fn.saved_tensors

    return found


def outcomes(library):
    """What each case gives, or the class of its error, and what it saw on the way."""
    log = []
    module = importlib.import_module(library)
    once = importlib.import_module(library + ".autograd.function").once_differentiable
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name, run in cases(module, once, log).items():
            try:
                result = told(run())
            except Exception as error:  # noqa: BLE001 - whatever it is
                result = type(error).__name__
            found[name] = (result, tuple(log))
            log.clear()
    return found


OURS = outcomes("tinygrad_lite")
THEIRS = outcomes("torch")


@pytest.mark.parametrize("name", OURS)
def test_functions(name):
    assert OURS[name] == THEIRS[name]
