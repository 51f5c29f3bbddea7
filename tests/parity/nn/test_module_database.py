"""PyTorch's own list of modules with inputs: values, two orders of gradients, states and copies."""

from __future__ import annotations

import copy
import pickle
import warnings

import pytest

from tests.parity.expressions.twins import NEAR, agree, ours

torch = pytest.importorskip("torch", reason="compares with PyTorch, which is not installed")
database = pytest.importorskip(
    "torch.testing._internal.common_modules",
    reason="needs expecttest, as PyTorch's own tests do",
    exc_type=ImportError,
)

KNOWN = [
    info
    for info in database.module_db
    if hasattr(ours.nn, info.module_cls.__name__) and "quantiz" not in info.module_cls.__module__
]
MOST = 2  # inputs of one module
ONCE = {"CTCLoss", "LinearCrossEntropyLoss", "MultiLabelMarginLoss", "MultiMarginLoss"}
TIGHT = {"rtol": 1e-6, "atol": 1e-8}
# whose result is drawn at random: only the text and the names are compared
RANDOM = {"RReLU", "FractionalMaxPool2d", "FractionalMaxPool3d"}


def cases():
    for info in KNOWN:
        name = info.module_cls.__name__
        for training in (True, False):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                given = list(info.module_inputs_func(info, "cpu", torch.float64, True, training))
            step = max(1, len(given) // MOST)
            mode = "train" if training else "eval"
            for number, case in list(enumerate(given))[::step]:
                title = f"{name}-{number}-{mode}-{case.desc}"
                yield pytest.param(info, case, training, id=title)


def translated(x, library):
    """An input or setting for `library`; tensors are copied."""
    if isinstance(x, torch.Tensor):
        made = library.tensor(x.detach().numpy().copy())
        return made.requires_grad_() if x.requires_grad else made
    if isinstance(x, torch.dtype):
        return getattr(library, str(x)[6:])
    if isinstance(x, torch.nn.Module):
        return copy.deepcopy(x) if library is torch else layer_like(x)
    if isinstance(x, list | tuple):
        parts = [translated(item, library) for item in x]
        return type(x)(*parts) if hasattr(x, "_fields") else type(x)(parts)
    if isinstance(x, dict):
        return {key: translated(value, library) for key, value in x.items()}
    if callable(x) and getattr(x, "__module__", "").startswith("torch") and library is ours:
        return getattr(ours.nn.functional, x.__name__, None) or getattr(ours, x.__name__)
    return x


def layer_like(x):
    """Our layer for one of PyTorch's that is handed to a constructor."""
    if isinstance(x, torch.nn.Linear):
        return ours.nn.Linear(x.in_features, x.out_features, x.bias is not None)
    attention = x.self_attn
    made = getattr(ours.nn, type(x).__name__)(
        attention.embed_dim, attention.num_heads, x.linear1.out_features, x.dropout.p,
        x.activation.__name__, x.norm1.eps, attention.batch_first, x.norm_first,
        x.linear1.bias is not None,
    )  # fmt: skip
    return made.double()


def tensors(x, library):
    if isinstance(x, library.Tensor):
        return [x]
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, list | tuple) else ()
    return [tensor for part in parts for tensor in tensors(part, library)]


def draws(module, training):
    """Whether the module's result depends on random numbers."""
    if type(module).__name__ in RANDOM:
        return training or "Fractional" in type(module).__name__
    rates = [getattr(part, "p" if "Dropout" in type(part).__name__ else "dropout", 0)
             for part in module.modules()]  # fmt: skip
    return training and any(rate for rate in rates if isinstance(rate, int | float))


def pulled(library, h, outs, sources, *, second):
    """First gradients, and second ones, in drawn directions; zeros where there is none."""

    def whole(found):
        return [library.zeros_like(x).detach() if g is None else g.detach().clone()
                for g, x in zip(found, sources, strict=True)]  # fmt: skip

    total = sum((out * h.x(*out.shape, dtype="float64")).sum() for out in outs)
    first = library.autograd.grad(total, sources, create_graph=second, allow_unused=True)
    curved = [g for g in first if g is not None and g.requires_grad] if second else []
    if not curved:
        return whole(first), whole([None] * len(sources))
    total = sum((g * h.x(*g.shape, dtype="float64")).sum() for g in curved)
    if not total.requires_grad:
        return whole(first), whole([None] * len(sources))
    return whole(first), whole(library.autograd.grad(total, sources, allow_unused=True))


@pytest.mark.parametrize(("info", "case", "training"), list(cases()))
def test_inputs_of_the_database(info, case, training):
    name = info.module_cls.__name__
    # PyTorch has no second derivative of its chunked loss, two margin losses and flash attention
    second = info.supports_gradgrad and name not in ONCE and "Transformer" not in name

    def run(library, h):
        settings = translated(case.constructor_input.kwargs, library)
        made = getattr(library.nn, name)
        args = translated(case.constructor_input.args, library)
        try:
            module = made(*args, **{"dtype": library.float64, **settings})
        except TypeError:  # a layer without parameters
            module = made(*args, **settings).double()
        module.train(training)
        args = translated(case.forward_input.args, library)
        keywords = translated(case.forward_input.kwargs, library)
        uninitialized = library.nn.parameter.UninitializedParameter
        if any(isinstance(p, uninitialized) for p in module.parameters()):
            module(*args, **keywords)
        h.fill(module)
        if draws(module, training):
            return module, list(module.state_dict())
        result = module(*args, **keywords)
        outs = [out for out in tensors(result, library) if out.requires_grad]
        sources = [x for x in tensors([args, keywords], library) if x.requires_grad]
        sources += list(module.parameters())
        found = pulled(library, h, outs, sources, second=second) if outs and sources else None
        twins = copy.deepcopy(module), pickle.loads(pickle.dumps(module))
        return module, result, found, module.state_dict(), twins

    agree(run, TIGHT)


WRONG = [
    pytest.param(info, case.module_error_input, id=f"{info.module_cls.__name__}-{number}")
    for info in KNOWN
    if info.module_error_inputs_func
    for number, case in enumerate(
        info.module_error_inputs_func(info, "cpu", torch.float32, True, True)
    )
]


@pytest.mark.parametrize(("info", "case"), WRONG)
def test_wrong_inputs_of_the_database(info, case):
    def run(library, _):
        made = getattr(library.nn, info.module_cls.__name__)
        settings = translated(case.constructor_input.kwargs, library)
        module = made(*translated(case.constructor_input.args, library), **settings)
        if case.forward_input is not None:
            keywords = translated(case.forward_input.kwargs, library)
            module(*translated(case.forward_input.args, library), **keywords)

    agree(run, NEAR)
