"""Operations whose result is a new tensor, even where nothing had to be computed: writing into it
leaves the operand alone."""

import pytest

import tinygrad_lite as torch
from tinygrad_lite.nn import functional as F


def image(x):
    return x.reshape(1, 1, 2, 2)


RESULTS = {
    "round": lambda x: x.round(),
    "floor": lambda x: x.floor(),
    "sum_to_size": lambda x: x.sum().sum_to_size(()),
    "to a device": lambda x: x.to("cpu", x.dtype, True, True),
    "to a type": lambda x: x.to(x.dtype, False, True),
    "to like another": lambda x: x.to(x, False, True),
    "pixel_shuffle": lambda x: F.pixel_shuffle(image(x), 1),
    "pixel_unshuffle": lambda x: F.pixel_unshuffle(image(x), 1),
    "channel_shuffle": lambda x: F.channel_shuffle(image(x), 1),
    "matrix_power": lambda x: torch.linalg.matrix_power(x.reshape(2, 2).float(), 1),
    "repeat": lambda x: x.repeat(1),
    "cat": lambda x: torch.cat([x]),
    "clamp": lambda x: x.clamp(min=-100),
    "pad": lambda x: F.pad(x, (0, 0)),
    "sort": lambda x: x.sort()[0],
    "flip": lambda x: x.flip(()),
    "interpolate": lambda x: F.interpolate(x.float().reshape(1, 1, 4), size=4),
}


@pytest.mark.parametrize("kind", [torch.int64, torch.float32])
@pytest.mark.parametrize("name", RESULTS)
def test_the_operand_stays(name, kind):
    x = torch.arange(4, dtype=kind)
    RESULTS[name](x).add_(1)
    assert x.tolist() == [0, 1, 2, 3]


def test_signs_of_booleans():
    x = torch.tensor([True, False])
    x.sign().logical_not_()
    assert x.tolist() == [True, False]


def test_two_numbers_are_for_python():
    for name in ("bitwise_and", "bitwise_or", "bitwise_xor", "bitwise_left_shift", "remainder"):
        with pytest.raises(TypeError, match=name):
            getattr(torch, name)(2, 3)


def test_float_power_in_place_needs_float64():
    with pytest.raises(RuntimeError, match="float_power_"):
        torch.ones(2).float_power_(2)
    assert torch.full((2,), 3.0, dtype=torch.float64).float_power_(2).tolist() == [9, 9]


def test_out_of_normalize_takes_the_shape():
    out = torch.empty(0)
    assert F.normalize(torch.tensor([[3.0, 4.0]]), out=out) is out
    assert out.tolist() == [[pytest.approx(0.6), pytest.approx(0.8)]]
