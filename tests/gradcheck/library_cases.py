"""Operations of the library at ordinary points: those that `test_library` does not name itself."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinygrad_lite as torch
from tinygrad_lite.ops.cells import gru_cell, lstm_cell, rnn_cell

F, S, L = torch.nn.functional, torch.special, torch.linalg
INDEX = torch.tensor([[0, 2, 1, 0], [1, 1, 0, 2]])
PLACES = torch.tensor([0, 2])
MASK = torch.tensor([[True, False, True, False], [False, True, True, False], [True] * 4])


def leaf(*shape: int, seed: int = 0, low: float | None = None, high: float | None = None) -> Any:
    """A tensor that wants a gradient: normal, or uniform from `low`."""
    rng = np.random.default_rng(seed)
    if low is None:
        values = rng.standard_normal(shape)
    else:
        values = rng.uniform(low, low + 1.5 if high is None else high, shape)
    return torch.tensor(values, dtype=torch.float64).requires_grad_()


def apart(*shape: int) -> Any:
    """Values of which no two are near each other."""
    count = int(np.prod(shape))
    values = np.random.default_rng(3).permutation(count) * 0.37 - 0.15 * count
    return torch.tensor(values.reshape(shape), dtype=torch.float64).requires_grad_()


def square(*shape: int, seed: int = 0) -> Any:
    """A well-conditioned square matrix."""
    return (leaf(*shape, seed=seed).detach() + 3 * torch.eye(shape[-1]).double()).requires_grad_()


UNIT = ["acos", "asin", "atanh", "erfinv"]
REAL = ["erfc", "frac", "deg2rad", "rad2deg", "sign", "round", "floor", "ceil", "trunc", "angle",
        "nan_to_num", "logit", "clone"]  # fmt: skip
CURVES = ["bessel_j0", "bessel_j1", "i0", "i0e", "i1", "i1e", "ndtr", "log_ndtr", "erfcx",
          "spherical_bessel_j0"]  # fmt: skip
RIGHT_HALF = ["bessel_y0", "bessel_y1", "modified_bessel_k0", "modified_bessel_k1", "entr",
              "scaled_modified_bessel_k0", "scaled_modified_bessel_k1"]  # fmt: skip
# Rules that stop at the first derivative.
FIRST_ONLY = {"ctc"}


def one() -> tuple[Any, ...]:
    return (leaf(3, 4),)


def two() -> tuple[Any, ...]:
    return leaf(3, 4), leaf(3, 4, seed=1)


def cell_operands(gates: int, states: int = 1) -> tuple[Any, ...]:
    """Input, states, weights and biases of one step of a recurrent network."""
    before = [leaf(2, 2, seed=seed) for seed in range(states)]
    weights = [leaf(2 * gates, n, seed=n) for n in (3, 2)]
    return leaf(2, 3), *before, *weights, *(leaf(2 * gates, seed=seed) for seed in (4, 5))


def written(x: Any, y: Any) -> Any:
    """A copy of `x` with a row set to `y`."""
    x = x * 1
    x[1] = y
    return x * x


def doubled_row(x: Any) -> Any:
    """A copy of `x`, changed through a view of it."""
    x = x * 1
    x[0].mul_(2)
    x[:, 1:3].transpose(0, 1).add_(x[:, 0])
    return x * x


def recurrent(name: str) -> Any:
    """A layer over a sequence, as a function of its input."""
    torch.manual_seed(0)
    layer = getattr(torch.nn, name)(3, 2).double()
    return lambda x: layer(x)[0]


CASES: dict[str, tuple[Any, Any]] = {}
CASES |= {name: (getattr(torch, name), one) for name in REAL if name != "logit"}
CASES |= {n: (getattr(torch, n), lambda: (leaf(3, 4, low=-0.9, high=0.9),)) for n in UNIT}
CASES |= {f"special.{n}": (getattr(S, n), one) for n in CURVES}
CASES |= {f"special.{n}": (getattr(S, n), lambda: (leaf(3, 4, low=0.4),)) for n in RIGHT_HALF}
CASES |= {
    "logit": (torch.logit, lambda: (leaf(3, 4, low=0.1, high=0.9),)),
    "ndtri": (S.ndtri, lambda: (leaf(3, 4, low=0.1, high=0.9),)),
    "polygamma": (lambda x: torch.polygamma(1, x), lambda: (leaf(3, 4, low=0.6),)),
    "zeta": (lambda x: S.zeta(torch.tensor(2.5).double(), x), lambda: (leaf(3, low=0.6),)),
    "igamma": (lambda x: S.gammainc(torch.tensor(1.5).double(), x), lambda: (leaf(3, low=0.6),)),
    "igammac": (lambda x: S.gammaincc(torch.tensor(1.5).double(), x), lambda: (leaf(3, low=0.6),)),
    "xlogy": (torch.xlogy, lambda: (leaf(3, 4), leaf(3, 4, low=0.4))),
    "xlog1py": (S.xlog1py, lambda: (leaf(3, 4), leaf(3, 4, low=0.4))),
    "logaddexp2": (torch.logaddexp2, two),
    "copysign": (torch.copysign, two),
    "fmax": (torch.fmax, two),
    "fmin": (torch.fmin, two),
    "fmod": (lambda x, y: torch.fmod(x * 3, y), lambda: (leaf(3, 4), leaf(3, 4, low=0.7))),
    "remainder": (lambda x, y: x.remainder(y), lambda: (leaf(3, 4), leaf(3, 4, low=0.7))),
    "div_floor": (lambda x, y: torch.div(x, y, rounding_mode="floor"), two),
    "div_trunc": (lambda x, y: torch.div(x, y, rounding_mode="trunc"), two),
    "round_decimals": (lambda x: torch.round(x, decimals=1), one),
    "clamp_min": (lambda x: x.clamp(min=0.1), one),
    "clamp_max": (lambda x: x.clamp(max=0.1), one),
    "clamp_tensors": (lambda x, low: x.clamp(low, low + 1), two),
    "clamp_tensor_min": (lambda x, low: x.clamp(min=low), two),
    "clamp_tensor_max": (lambda x, low: x.clamp(max=low), two),
    "lerp": (torch.lerp, lambda: (*two(), leaf(3, 4, seed=2))),
    "lerp_number": (lambda x, y: torch.lerp(x, y, 0.3), two),
    "cast": (lambda x: x.double() + x.to(torch.float64), one),
    "prelu": (F.prelu, lambda: (leaf(3, 4), leaf(4, seed=1))),
    "gelu_tanh": (lambda x: F.gelu(x, approximate="tanh"), one),
    "roll": (lambda x: x.roll(1, 1), one),
    "diag": (torch.diag, lambda: (leaf(4),)),
    "block_diag": (torch.block_diag, lambda: (leaf(2, 2), leaf(1, 3, seed=1))),
    "unfold_dim": (lambda x: x.unfold(1, 3, 1), one),
    "as_strided": (lambda x: x.as_strided((3, 3), (2, 1)), one),
    "as_strided_scatter": (
        lambda x, y: x.as_strided_scatter(y, (3,), (2,), 1), lambda: (leaf(3, 4), leaf(3, seed=1)),
    ),
    "repeat": (lambda x: x.repeat(2, 1), one),
    "expand": (lambda x: x.expand(3, 4), lambda: (leaf(1, 4),)),
    "setitem": (written, lambda: (leaf(3, 4), leaf(4, seed=1))),
    "inplace_view": (doubled_row, one),
    # order and choice
    "topk": (lambda x: x.topk(2, 1)[0], lambda: (apart(3, 4),)),
    "kthvalue": (lambda x: x.kthvalue(2, 1)[0], lambda: (apart(3, 4),)),
    "median_dim": (lambda x: x.median(1)[0], lambda: (apart(3, 5),)),
    "nanmedian": (torch.nanmedian, lambda: (apart(3, 5),)),
    "nanmedian_dim": (lambda x: x.nanmedian(1)[0], lambda: (apart(3, 5),)),
    "mode": (lambda x: x.mode(1)[0], lambda: (apart(3, 4),)),
    "max_dim": (lambda x: x.max(1)[0], lambda: (apart(3, 4),)),
    "min_dim": (lambda x: x.min(1)[0], lambda: (apart(3, 4),)),
    "cummax": (lambda x: x.cummax(1)[0], lambda: (apart(3, 4),)),
    "cummin": (lambda x: x.cummin(1)[0], lambda: (apart(3, 4),)),
    # places
    "take": (lambda x: torch.take(x, INDEX), one),
    "put": (lambda x, y: x.clone().put_(PLACES, y), lambda: (leaf(3, 4), leaf(2, seed=1))),
    "put_add": (
        lambda x, y: x.clone().put_(PLACES, y, accumulate=True),
        lambda: (leaf(3, 4), leaf(2, seed=1)),
    ),
    "scatter": (lambda x, y: x.scatter(0, INDEX, y), lambda: (leaf(3, 4), leaf(2, 4, seed=1))),
    "scatter_fill": (lambda x: x.scatter(0, INDEX, 1.5), one),
    "scatter_add": (
        lambda x, y: x.scatter_add(0, INDEX, y), lambda: (leaf(3, 4), leaf(2, 4, seed=1)),
    ),
    "scatter_mean": (
        lambda x, y: x.scatter_reduce(0, INDEX, y, "mean"),
        lambda: (leaf(3, 4), leaf(2, 4, seed=1)),
    ),
    "scatter_prod": (
        lambda x, y: x.scatter_reduce(0, INDEX, y, "prod"),
        lambda: (leaf(3, 4, low=0.4), leaf(2, 4, seed=1, low=0.4)),
    ),
    "scatter_amax": (
        lambda x, y: x.scatter_reduce(0, INDEX, y, "amax"),
        lambda: (leaf(3, 4), leaf(2, 4, seed=1)),
    ),
    "index_select": (lambda x: x.index_select(1, PLACES), one),
    "index_add": (
        lambda x, y: x.index_add(1, PLACES, y), lambda: (leaf(3, 4), leaf(3, 2, seed=1)),
    ),
    "index_copy": (
        lambda x, y: x.index_copy(1, PLACES, y), lambda: (leaf(3, 4), leaf(3, 2, seed=1)),
    ),
    "index_fill": (lambda x: x.index_fill(1, PLACES, 2.0), one),
    "masked_fill": (lambda x: x.masked_fill(MASK, 0.5), one),
    "masked_select": (lambda x: x.masked_select(MASK), one),
    "masked_scatter": (
        lambda x, y: x.masked_scatter(MASK, y), lambda: (leaf(3, 4), leaf(12, seed=1)),
    ),
    "diagonal_scatter": (
        lambda x, y: x.diagonal_scatter(y), lambda: (leaf(3, 4), leaf(3, seed=1)),
    ),
    # linear algebra
    "det": (torch.det, lambda: (square(3, 3),)),
    "det_singular": (torch.det, lambda: (torch.ones(3, 3).double().requires_grad_(),)),
    "slogdet": (lambda x: L.slogdet(x)[1], lambda: (square(3, 3),)),
    "inv": (torch.inverse, lambda: (square(3, 3),)),
    "pinv": (L.pinv, lambda: (leaf(4, 3),)),
    "solve": (L.solve, lambda: (square(3, 3), leaf(3, 2, seed=1))),
    "solve_triangular": (
        lambda a, b: L.solve_triangular(a, b, upper=False),
        lambda: (square(3, 3), leaf(3, 2, seed=1)),
    ),
    "cholesky": (lambda x: L.cholesky(x @ x.T + torch.eye(3).double()), lambda: (leaf(3, 3),)),
    "lu_factor": (lambda x: L.lu_factor(x)[0], lambda: (square(3, 3),)),
    "qr": (L.qr, lambda: (leaf(4, 3),)),
    "eigh": (lambda x: L.eigh(x + x.T)[0], lambda: (leaf(3, 3),)),
    "eigh_vectors": (lambda x: L.eigh(x + x.T)[1] ** 2, lambda: (leaf(3, 3),)),
    "svd": (L.svdvals, lambda: (leaf(3, 4),)),
    "svd_vectors": (lambda x: L.svd(x, full_matrices=False)[0] ** 2, lambda: (leaf(4, 3),)),
    "matrix_exp": (torch.matrix_exp, lambda: (leaf(3, 3),)),
    "matrix_power": (lambda x: torch.matrix_power(x, 3), lambda: (leaf(3, 3),)),
    "cdist": (torch.cdist, lambda: (leaf(3, 2), leaf(4, 2, seed=1))),
    "cross": (torch.cross, lambda: (leaf(2, 3), leaf(2, 3, seed=1))),
    "kron": (torch.kron, lambda: (leaf(2, 2), leaf(2, 3, seed=1))),
    # networks
    "linear_bias": (F.linear, lambda: (leaf(3, 4), leaf(2, 4, seed=1), leaf(2, seed=2))),
    "bilinear": (F.bilinear, lambda: (leaf(3, 2), leaf(3, 4), leaf(2, 2, 4), leaf(2))),
    "conv_transpose2d": (
        lambda x, w: F.conv_transpose2d(x, w, stride=2, padding=1),
        lambda: (leaf(1, 2, 3, 3), leaf(2, 2, 3, 3, seed=1)),
    ),
    "conv2d_groups": (
        lambda x, w: F.conv2d(x, w, groups=2, dilation=2),
        lambda: (leaf(1, 4, 5, 5), leaf(4, 2, 2, 2, seed=1)),
    ),
    "conv3d": (F.conv3d, lambda: (leaf(1, 1, 3, 3, 3), leaf(2, 1, 2, 2, 2, seed=1))),
    "unfold": (lambda x: F.unfold(x, 2), lambda: (leaf(1, 2, 3, 3),)),
    "fold": (lambda x: F.fold(x, (3, 3), 2), lambda: (leaf(1, 4, 4),)),
    "max_pool_indices": (
        lambda x: F.max_pool2d(x, 2, return_indices=True)[0], lambda: (apart(1, 2, 4, 4),),
    ),
    "max_unpool": (
        lambda x: F.max_unpool2d(*F.max_pool2d(x, 2, return_indices=True), 2),
        lambda: (apart(1, 2, 4, 4),),
    ),
    "adaptive_avg": (lambda x: F.adaptive_avg_pool2d(x, 3), lambda: (leaf(1, 2, 5, 5),)),
    "adaptive_max": (lambda x: F.adaptive_max_pool2d(x, 2), lambda: (apart(1, 2, 5, 5),)),
    "lp_pool": (lambda x: F.lp_pool2d(x, 2, 2), lambda: (leaf(1, 2, 4, 4),)),
    "interpolate_nearest": (
        lambda x: F.interpolate(x, scale_factor=2), lambda: (leaf(1, 2, 3, 3),),
    ),
    "interpolate_bilinear": (
        lambda x: F.interpolate(x, size=(5, 4), mode="bilinear"), lambda: (leaf(1, 2, 3, 3),),
    ),
    "interpolate_bicubic": (
        lambda x: F.interpolate(x, size=(5, 4), mode="bicubic"), lambda: (leaf(1, 1, 4, 4),),
    ),
    "grid_sample": (
        lambda x, grid: F.grid_sample(x, grid, align_corners=False),
        lambda: (leaf(1, 2, 4, 4), leaf(1, 3, 3, 2, seed=1, low=-0.9, high=0.9)),
    ),
    "affine_grid": (
        lambda t: F.affine_grid(t, (1, 1, 3, 3), align_corners=False), lambda: (leaf(1, 2, 3),),
    ),
    "pad_reflect": (lambda x: F.pad(x, (1, 2), mode="reflect"), lambda: (leaf(1, 2, 5),)),
    "pad_circular": (lambda x: F.pad(x, (1, 2), mode="circular"), lambda: (leaf(1, 2, 5),)),
    "pad_replicate": (lambda x: F.pad(x, (1, 2), mode="replicate"), lambda: (leaf(1, 2, 5),)),
    "pixel_shuffle": (lambda x: F.pixel_shuffle(x, 2), lambda: (leaf(1, 4, 2, 2),)),
    "group_norm": (
        lambda x, w, b: F.group_norm(x, 2, w, b), lambda: (leaf(2, 4, 3), leaf(4), leaf(4)),
    ),
    "instance_norm": (F.instance_norm, lambda: (leaf(2, 3, 4),)),
    "rms_norm": (lambda x, w: F.rms_norm(x, (4,), w), lambda: (leaf(3, 4), leaf(4, seed=1))),
    "local_response_norm": (lambda x: F.local_response_norm(x, 2), lambda: (leaf(1, 4, 3),)),
    "batch_norm_eval": (
        lambda x, w, b: F.batch_norm(
            x, torch.zeros(3).double(), torch.ones(3).double() * 2, w, b, training=False
        ),
        lambda: (leaf(5, 3), leaf(3, seed=1), leaf(3, seed=2)),
    ),
    "batch_norm_train": (
        lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
        lambda: (leaf(5, 3), leaf(3, seed=1), leaf(3, seed=2)),
    ),
    "attention": (
        F.scaled_dot_product_attention, lambda: (leaf(1, 2, 3, 4), leaf(1, 2, 3, 4, seed=1),
                                                 leaf(1, 2, 3, 4, seed=2)),
    ),
    "attention_causal": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, is_causal=True),
        lambda: (leaf(1, 3, 4), leaf(1, 3, 4, seed=1), leaf(1, 3, 4, seed=2)),
    ),
    "embedding_bag": (
        lambda w: F.embedding_bag(INDEX, w, mode="mean"), lambda: (leaf(4, 3),),
    ),
    "embedding_bag_weighted": (
        lambda w, p: F.embedding_bag(INDEX, w, per_sample_weights=p, mode="sum"),
        lambda: (leaf(4, 3), leaf(2, 4, seed=1)),
    ),
    "exponential": (lambda y: 2.5**y, one),
    "cdist_large": (
        lambda x, y: torch.cdist(x, y, compute_mode="donot_use_mm_for_euclid_dist"),
        lambda: (leaf(30, 2), leaf(4, 2, seed=1)),
    ),
    "bce_logits": (F.binary_cross_entropy_with_logits,
                   lambda: (leaf(3, 4), leaf(3, 4, low=0.1, high=0.9))),
    "embedding_bag_max": (lambda w: F.embedding_bag(INDEX, w, mode="max"), lambda: (apart(4, 3),)),
    "glu": (F.glu, one),
    "dropout": (lambda x: torch.manual_seed(0) and F.dropout(x, 0.5), one),
    "rnn": (recurrent("RNN"), lambda: (leaf(4, 2, 3),)),
    "lstm": (recurrent("LSTM"), lambda: (leaf(4, 2, 3),)),
    "lstm_cell": (lstm_cell, lambda: cell_operands(4, states=2)),
    "gru_cell": (gru_cell, lambda: cell_operands(3)),
    "rnn_cell": (rnn_cell, lambda: cell_operands(1)),
    "gru": (recurrent("GRU"), lambda: (leaf(4, 2, 3),)),
    # losses
    "bce": (
        lambda p: F.binary_cross_entropy(p, torch.full((3, 4), 0.3).double()),
        lambda: (leaf(3, 4, low=0.1, high=0.9),),
    ),
    "bce_weighted": (
        lambda x, t: F.binary_cross_entropy_with_logits(
            x, t, pos_weight=torch.ones(4).double() * 2
        ),
        lambda: (leaf(3, 4), leaf(3, 4, low=0.1, high=0.9)),
    ),
    "kl_div": (F.kl_div, lambda: (leaf(3, 4), leaf(3, 4, low=0.2))),
    "kl_div_log": (lambda x, y: F.kl_div(x, y, log_target=True), two),
    "huber": (F.huber_loss, two),
    "ctc": (
        lambda x: F.ctc_loss(
            F.log_softmax(x, 2), torch.tensor([[1, 2, 2], [1, 3, 0]]), torch.tensor([6, 5]),
            torch.tensor([3, 2]),
        ),
        lambda: (leaf(6, 2, 4),),
    ),
    "cross_entropy_smooth": (
        lambda x: F.cross_entropy(x, torch.tensor([1, 0, 2]), label_smoothing=0.1), one,
    ),
    "cross_entropy_soft": (
        lambda x, t: F.cross_entropy(x, F.softmax(t, 1)), two,
    ),
    "cross_entropy_weight": (
        lambda x: F.cross_entropy(
            x, torch.tensor([1, -100, 2]), weight=torch.tensor([1.0, 2.0, 3.0, 4.0]).double()
        ),
        one,
    ),
    "gaussian_nll": (F.gaussian_nll_loss, lambda: (*two(), leaf(3, 4, low=0.4))),
    "poisson_nll": (F.poisson_nll_loss, lambda: (leaf(3, 4), leaf(3, 4, low=0.4))),
    "hinge_embedding": (
        lambda x: F.hinge_embedding_loss(x, torch.tensor([[1, -1, 1, -1]] * 3)), one,
    ),
    "triplet": (F.triplet_margin_loss, lambda: (*two(), leaf(3, 4, seed=2))),
    "multi_margin": (lambda x: F.multi_margin_loss(x, torch.tensor([1, 0, 2])), one),
    "multilabel_margin": (
        lambda x: F.multilabel_margin_loss(x, torch.tensor([[1, 0, -1, 2]] * 3)), one,
    ),
    "margin_ranking": (
        lambda x, y: F.margin_ranking_loss(x, y, torch.ones(3, 4).double()), two,
    ),
    "cosine_embedding": (
        lambda x, y: F.cosine_embedding_loss(x, y, torch.tensor([1, -1, 1])), two,
    ),
    "soft_margin": (
        lambda x: F.soft_margin_loss(x, torch.tensor([[1.0, -1, 1, -1]] * 3).double()), one,
    ),
}  # fmt: skip
