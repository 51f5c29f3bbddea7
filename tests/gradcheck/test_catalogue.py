"""Every operation of the catalogue under the checker: orders, layouts, precision, kinks."""

from __future__ import annotations

import importlib
import pkgutil

import pytest

import tinygrad_lite as torch
from tests.gradcheck.library_cases import CASES, FIRST_ONLY, UNIT
from tests.gradcheck.test_library import CASES as COMMON
from tinygrad_lite import ops
from tinygrad_lite._op import CATALOGUE
from tinygrad_lite.autograd import gradcheck, gradgradcheck

EVERYTHING = COMMON | CASES
# Refused by name, as PyTorch does: their rule raises NotImplementedError.
WITHOUT_RULE = {
    "airy_ai", "floor_divide", "heaviside", "hermite_polynomial_h", "hermite_polynomial_he",
    "laguerre_polynomial_l", "legendre_polynomial_p", "ldl_factor", "ldl_solve", "nextafter",
    "qr_r",
    *(f"{kind}chebyshev_polynomial_{k}" for kind in ("", "shifted_") for k in "tuvw"),
}  # fmt: skip
# Derivatives of derivatives, met at order three, and steps within other operations.
WITHIN_OTHERS = {
    "cast", "ctc_slope", "embed_weighted", "euclidean_distances", "index_keep", "pick_strongest",
    "second_cofactors",
}  # fmt: skip
# Beside their inputs they hold a tensor of float64, which float32 must not meet.
DOUBLE_ONLY = {"bce", "batch_norm_eval", "rnn", "lstm", "gru", "cross_entropy_weight"}
ELEMENTWISE = [
    "special.ndtr", "special.i0", "erfc", "frac", "clamp_min", "clamp_max", "lerp_number", "fmax",
    "copysign", "logaddexp2", "gelu_tanh", "huber", "exp", "tanh", "abs", "F.softplus",
    "maximum", "mul",
]  # fmt: skip
TIED = [
    "topk", "kthvalue", "median_dim", "nanmedian", "mode", "max_dim", "min_dim", "cummax", "cummin",
    "scatter_amax", "adaptive_max", "max_pool_indices", "embedding_bag_max", "fmax", "fmin",
    "clamp_tensors", "huber", "cdist", "multi_margin", "hinge_embedding", "triplet", "frac",
    "round", "floor", "prelu", "lp_pool", "copysign",
]  # fmt: skip


def visited(name: str) -> set[str]:
    """Operations in the graphs of one case and of its gradient."""
    function, inputs = EVERYTHING[name]
    xs = inputs()
    result = function(*xs)
    outputs = [y for y in (result if isinstance(result, tuple) else (result,)) if y.requires_grad]
    if name not in FIRST_ONLY:
        upstream = [torch.ones_like(y).requires_grad_() for y in outputs]
        found = torch.autograd.grad(outputs, xs, upstream, create_graph=True, allow_unused=True)
        outputs += [g for g in found if g is not None]
    stack, seen, names = [y._node for y in outputs if y._node is not None], set(), set()
    while stack:
        node = stack.pop()
        if id(node) not in seen:
            seen.add(id(node))
            names.add(getattr(getattr(node, "op", None), "name", ""))
            stack += [parent for parent, _ in node.edges()]
    return names


@pytest.mark.filterwarnings("ignore")
def test_no_operation_is_left_out():
    for module in pkgutil.iter_modules(ops.__path__):
        importlib.import_module(f"{ops.__name__}.{module.name}")
    differentiable = {name for name, op in CATALOGUE.items() if op.differentiable}
    seen = set().union(*(visited(name) for name in EVERYTHING))
    assert differentiable - seen <= WITHOUT_RULE | WITHIN_OTHERS


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", CASES)
def test_both_orders(name):
    function, inputs = CASES[name]
    assert gradcheck(function, inputs())
    if name not in FIRST_ONLY:
        assert gradgradcheck(function, inputs(), probe=False)


def strided(x):
    """The same numbers in a layout with gaps."""
    wide = torch.zeros(*x.shape, 2, dtype=x.dtype)
    wide[..., 0] = x.detach()
    return wide[..., 0].detach().requires_grad_()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", EVERYTHING)
def test_gaps_between_elements_and_float32(name):
    function, inputs = EVERYTHING[name]
    assert gradcheck(function, tuple(strided(x) for x in inputs()), probe=False)
    if name in DOUBLE_ONLY:
        return
    single = tuple(x.detach().float().requires_grad_() for x in inputs())
    assert gradcheck(function, single, probe=False)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_0d_empty_and_expanded(name):
    function, inputs = EVERYTHING[name]
    count = len(inputs())
    for shape in ((), (0, 3)):
        xs = [
            torch.full(shape, 0.3 + 0.2 * k, dtype=torch.float64).requires_grad_()
            for k in range(count)
        ]
        assert gradcheck(function, xs)
    rows = [torch.tensor([[0.3, -0.4, 0.9]], dtype=torch.float64) * (k + 1) for k in range(count)]
    assert gradcheck(function, [row.requires_grad_().expand(3, 3) for row in rows])


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", TIED)
def test_where_all_values_are_tied(name):
    function, inputs = EVERYTHING[name]
    for value in (0.0, 1.0):
        xs = [torch.full_like(x, value).requires_grad_() for x in inputs()]
        assert gradcheck(function, xs, probe=False)


@pytest.mark.parametrize("name", UNIT)
def test_at_the_edge_of_the_domain(name):
    x = torch.tensor([1.0 - 1e-12, -1.0 + 1e-9, 0.0], dtype=torch.float64, requires_grad=True)
    assert gradcheck(EVERYTHING[name][0], (x,))
