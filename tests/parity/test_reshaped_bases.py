"""Views whose base takes another shape in place afterwards, as `t_` does: values and gradients."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported

VIEWS = {
    "row": lambda t: t[0],
    "last": lambda t: t[..., -1],
    "transposed": lambda t: t.transpose(0, -1),
    "flat": lambda t: t.view(-1),
    "diagonal": lambda t: t.diagonal(0, 0, -1),
    "expanded": lambda t: t.unsqueeze(0).expand(2, *t.shape),
    "view of a view": lambda t: t.transpose(0, -1)[0],
    "reshaped view": lambda t: t[:1].squeeze_(0),
}
RESHAPES = {
    "t_": lambda t: t.t_(),
    "transpose_": lambda t: t.transpose_(0, -1),
    "swapaxes_": lambda t: t.swapaxes_(0, 1),
    "swapdims_": lambda t: t.swapdims_(0, -1),
    "squeeze_": lambda t: t.squeeze_(),
    "squeeze_ of one": lambda t: t.squeeze_(0),
    "unsqueeze_": lambda t: t.unsqueeze_(1),
    "twice": lambda t: t.unsqueeze_(0).transpose_(0, -1),
    "resize_": lambda t: t.resize_(2, 1),
}
CHANGES = {
    "none": lambda base, view: None,
    "of the base": lambda base, view: base.mul_(3.0),
    "of the view": lambda base, view: view.mul_(2.0),
    "of both": lambda base, view: (view.add_(1.0), base.mul_(2.0), view.mul_(3.0)),
    "of a later view": lambda base, view: (base[0].mul_(5.0), view.mul_(2.0)),
    "of the shape again": lambda base, view: (base.unsqueeze_(0), base.mul_(2.0)),
}


def run(m, shape, grad, view, reshape, change):
    """All that is seen of base and view after the changes, or the class of the error."""
    x = m.tensor(np.arange(np.prod(shape)).reshape(shape) * 0.5 + 1, requires_grad=grad)
    base = x * 1
    seen = []
    try:
        part = VIEWS[view](base)
        RESHAPES[reshape](base)
        CHANGES[change](base, part)
        for t in (base, part):
            seen += [tuple(t.shape), t.is_contiguous(), t.requires_grad, t.tolist()]
        if grad:
            total = 0
            for t in (base, part):
                total = total + (t * m.tensor(np.arange(t.numel()) + 1.0).view(t.shape)).sum()
            total.backward()
            seen.append(x.grad.tolist())
    except RuntimeError as error:
        seen.append(type(error).__name__)
    return seen


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("reshape", RESHAPES)
def test_views_stay_views_of_what_the_base_was(reshape, change):
    for shape in ((2, 3), (2, 2), (1, 3), (3, 1), (2, 1, 3)):
        for grad in (False, True):
            for view in VIEWS:
                case = shape, grad, view, reshape, change
                assert run(ours, *case) == run(torch, *case), case
