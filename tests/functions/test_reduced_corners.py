"""Corners of reductions and searches: no dimensions, no elements, mixed types; beside PyTorch."""

import pytest

torch = pytest.importorskip("torch")

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported

KINDS = ["uint8", "int8", "int16", "int32", "int64", "float32", "float64"]


def same(function):
    """Equal values and types, here and there."""
    found, expected = function(ours), function(torch)
    assert str(found.dtype) == str(expected.dtype)
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("name", ["all", "any"])
@pytest.mark.parametrize("kind", [*KINDS, "bool"])
@pytest.mark.parametrize("shape", [(), (0,), (2, 3)])
def test_truth_over_no_dimensions_is_that_of_each_element(name, kind, shape):
    for options in ({"dim": ()}, {"dim": []}, {"dim": (), "keepdim": True}):
        same(
            lambda m, options=options: getattr(m.zeros(shape, dtype=getattr(m, kind)), name)(
                **options
            )
        )
    same(lambda m: getattr(m.tensor([[0, 2, 1]], dtype=getattr(m, kind)), name)(dim=()))


@pytest.mark.parametrize("name", ["median", "nanmedian"])
@pytest.mark.parametrize("kind", KINDS[:-2])
def test_the_median_of_nothing_keeps_its_type(name, kind):
    same(lambda m: getattr(m, name)(m.zeros(0, dtype=getattr(m, kind))))


@pytest.mark.parametrize("right", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_searches_take_mixed_types(kind, other, right):
    def search(name):
        def run(m):
            rows = m.tensor([0, 1, 3, 5], dtype=getattr(m, kind))
            asked = m.tensor([[4, 1], [0, 7]], dtype=getattr(m, other))
            pair = (rows, asked) if name == "searchsorted" else (asked, rows)
            return getattr(m, name)(*pair, right=right)

        return run

    same(search("searchsorted"))
    same(search("bucketize"))


def test_searches_of_mixed_types_compare_in_the_common_one():
    large = 2**24 + 1  # which float32 rounds down
    for right in (False, True):
        for name, turned in (("searchsorted", False), ("bucketize", True)):
            for kinds in (("int64", "float32"), ("float32", "int64"), ("float64", "float32")):

                def run(m, name=name, turned=turned, kinds=kinds, right=right):
                    rows = m.tensor([0, large], dtype=getattr(m, kinds[0]))
                    asked = m.tensor([large - 1, large], dtype=getattr(m, kinds[1]))
                    pair = (asked, rows) if turned else (rows, asked)
                    return getattr(m, name)(*pair, right=right)

                same(run)
