"""Products block by block equal the product at once, however rows lie and threads share them."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_lite._kernels import blocks, team

RNG = np.random.default_rng(0)
SHAPES = [  # rows, terms, columns: from one small product to many blocks and a rest
    (0, 3, 4), (1, 3, 4), (5, 0, 4), (5, 3, 0), (64, 16, 16), (1000, 64, 10), (1009, 64, 64),
    (4099, 27, 32), (10000, 100, 13), (2048, 64, 192), (300, 300, 300),
]  # fmt: skip


@pytest.fixture(params=[1, 3])
def _threads(request, monkeypatch):
    monkeypatch.setattr(team._Team, "count", request.param)
    monkeypatch.setattr(team, "MUCH", 100)


def matrix(rows, columns, dtype, layout):
    made = RNG.standard_normal((rows, columns)).astype(dtype)
    if layout == "transposed":
        return np.ascontiguousarray(made.T).T
    if layout == "strided":
        wide = np.zeros((rows, 2 * columns), dtype)
        wide[:, ::2] = made
        return wide[:, ::2]
    return made


@pytest.mark.usefixtures("_threads")
@pytest.mark.parametrize("layout", ["rows", "transposed", "strided"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_blocks(shape, dtype, layout):
    rows, terms, columns = shape
    x, m = matrix(rows, terms, dtype, layout), matrix(terms, columns, dtype, layout)
    g = matrix(rows, columns, dtype, "rows")
    exact = {np.float16: 0.5, np.float32: 1e-5, np.float64: 1e-12, np.int64: 0}[dtype]
    for kernel, arguments in ((blocks.tall_times, (x, m)), (blocks.tall_gram, (x, g))):
        fast, plain = kernel(*arguments), getattr(kernel, "plain", kernel)(*arguments)
        assert fast.dtype == plain.dtype == dtype
        np.testing.assert_allclose(fast, plain, rtol=0, atol=exact * max(terms, rows, 1))


@pytest.mark.parametrize(("rows", "terms", "columns"), SHAPES)
def test_a_block_is_small_and_none_is_left_out(rows, terms, columns):
    step = blocks.rows_of_block(rows, terms, columns)
    if step:
        assert step * terms * columns <= blocks.DIRECT_PRODUCTS
        assert blocks.LOW <= step < rows
    shares = list(blocks.shares_of(rows, 7))
    assert [i for share in shares for i in range(rows)[share]] == list(range(rows))


def test_sums_of_blocks_keep_little_in_memory(monkeypatch):
    sizes = []
    whole = np.matmul

    def seen(*arguments, **settings):
        made = whole(*arguments, **settings)
        sizes.append(made.size)
        return made

    monkeypatch.setattr(blocks.np, "matmul", seen)
    blocks.tall_gram(np.ones((40_000, 96), np.float32), np.ones((40_000, 100), np.float32))
    assert all(size <= blocks.ROOM for size in sizes)
