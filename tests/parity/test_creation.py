"""Ranges with bounds that are no whole numbers, beside PyTorch."""

import pytest

torch = pytest.importorskip("torch")

import tinygrad_lite as ours  # noqa: E402 - torch decides whether this module is imported


@pytest.mark.parametrize("kind", ["int8", "uint8", "int32", "int64", "float32", "float64"])
@pytest.mark.parametrize(
    "bounds", [(3.1,), (0.5, 4.2), (0, 6.9, 2.5), (5.5, 1.2, -1.5), (0, 5, 0.5), (2, 2.9), (4, 1.5)]
)
def test_ranges_of_every_type(kind, bounds):
    found = []
    for module in (ours, torch):
        try:
            found.append(module.arange(*bounds, dtype=getattr(module, kind)).tolist())
        except Exception as error:  # noqa: BLE001 - the class is compared
            found.append(type(error))
    assert found[0] == found[1]


def test_a_range_needs_an_end_and_an_order_a_length():
    for module in (ours, torch):
        with pytest.raises(TypeError, match="arange"):
            module.arange()
        with pytest.raises(RuntimeError, match=r"negative|non-negative"):
            module.randperm(-1)
