"""Making tensors: of values, of a shape, like another one, and at random."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from . import _dtypes
from ._device import check_device
from ._dtypes import default_numpy, of, to_numpy
from ._needs import need_fractions, need_integer, need_order, need_range
from ._nodes import make
from ._random import Generator, generator_of, standard_normal, uniform
from ._record import apply
from ._tensor import Tensor
from .ops.elementwise import zero

__all__ = [
    "arange", "as_tensor", "asarray", "bernoulli", "empty", "empty_like", "empty_permuted",
    "empty_strided", "eye", "from_numpy",
    "full", "full_like", "linspace", "logspace", "multinomial", "normal", "ones", "ones_like",
    "poisson", "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm",
    "scalar_tensor", "shape_from", "tensor", "tril_indices", "triu_indices", "zeros", "zeros_like",
]  # fmt: skip


def finish(array: Any, requires_grad: bool = False, device: Any = None) -> Tensor:
    """A tensor of a new array, wanting its gradient if told so."""
    check_device(device)
    made: Tensor = make(array, None)
    return made.requires_grad_() if requires_grad else made


def shape_from(sizes: tuple[Any, ...], size: Any = None) -> tuple[int, ...]:
    """A shape from (2, 3), ((2, 3),) or size=(2, 3)."""
    if size is not None:
        sizes = (size,)
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = tuple(sizes[0])
    elif len(sizes) == 1 and isinstance(sizes[0], Tensor) and sizes[0].ndim:
        sizes = tuple(sizes[0].tolist())
    shape = tuple(map(operator.index, sizes))
    for n in shape:
        if n < 0:
            raise RuntimeError(
                f"Trying to create tensor with negative dimension {n}: {list(shape)}"
            )
    return shape


def _kind(dtype: Any) -> np.dtype[Any]:
    return default_numpy() if dtype is None else to_numpy(dtype)


# Of values


def tensor(
    data: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:
    """A tensor with a copy of `data`: a number, nested lists, an array.

    Python floats take the default dtype, whole numbers int64, arrays keep theirs.

    >>> tensor([[1.0, 2.0], [3.0, 4.0]])
    tensor([[1., 2.],
            [3., 4.]])
    """
    if isinstance(data, Tensor):
        kind = data._array.dtype if dtype is None else to_numpy(dtype)
        return finish(np.array(data._array, kind), requires_grad, device)
    return finish(_values(data, dtype), requires_grad, device)


def _values(data: Any, dtype: Any) -> Any:
    """An array of its own of the values of numbers, sequences and arrays."""
    if isinstance(data, np.ndarray | np.generic):
        kind = of(data.dtype).numpy if dtype is None else to_numpy(dtype)
        return np.array(data, kind)
    plain = _plain(data)
    try:
        found = np.array(plain)
    except ValueError:
        raise ValueError(_ragged(plain)) from None
    if dtype is not None:
        return _cast_values(found, plain, to_numpy(dtype))
    if found.size == 0:
        return found.astype(default_numpy())
    if found.dtype.kind == "f":
        return found.astype(_float_type(data))
    if found.dtype.kind in "biu":
        return found.astype(np.int64) if found.dtype.kind != "b" else found
    if found.dtype.kind == "c":
        raise NotImplementedError("complex numbers are not supported")
    if found.dtype.kind == "O":
        _explain_object(found)
    raise TypeError(f"new(): invalid data type '{_first(plain).__class__.__name__}'")


def _explain_object(found: Any) -> None:
    for value in found.reshape(-1):
        if isinstance(value, int):  # its size is wrong, not its type
            raise RuntimeError(  # noqa: TRY004
                f"Overflow when unpacking long: {value} does not fit into int64"
            )


def _cast_values(found: Any, plain: Any, kind: np.dtype[Any]) -> Any:
    if found.dtype.kind not in "biuf":
        raise TypeError(f"new(): invalid data type '{_first(plain).__class__.__name__}'")
    return found.astype(kind)


def _float_type(data: Any) -> np.dtype[Any]:
    """Lists of 0-d tensors or NumPy scalars of one float type keep it; Python floats do not."""
    first = _first(data)
    if isinstance(first, Tensor):
        kind = first._array.dtype
    elif isinstance(first, np.ndarray | np.generic):
        kind = first.dtype
    else:
        return default_numpy()
    return kind if kind.kind == "f" else default_numpy()


def _first(data: Any) -> Any:
    while isinstance(data, Sequence) and not isinstance(data, str) and len(data):
        data = data[0]
    return data


def _plain(data: Any) -> Any:
    """Nested sequences with tensors and arrays in them, as lists of numbers."""
    if isinstance(data, Tensor):
        return data._array.tolist()
    if isinstance(data, np.ndarray | np.generic):
        return data.tolist()
    if isinstance(data, list | tuple | range):
        return [_plain(d) for d in data]
    if isinstance(data, bool | int | float | complex):
        return data
    if hasattr(data, "__array__"):
        return np.asarray(data).tolist()
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return [_plain(d) for d in data]
    if isinstance(data, str):
        raise TypeError("new(): invalid data type 'str'")
    if data is None:
        raise RuntimeError("Could not infer dtype of NoneType")
    raise RuntimeError(f"Could not infer dtype of {type(data).__name__}")


def _ragged(data: Any, depth: int = 0) -> str:
    """Where nested sequences have different lengths."""
    lengths = [len(d) if isinstance(d, list) else None for d in data]
    for length in lengths[1:]:
        if length != lengths[0]:
            return (
                f"expected sequence of length {lengths[0]} at dim {depth + 1} (got {length}): all "
                "rows of a tensor have the same length"
            )
    for d in data:
        if isinstance(d, list) and d and isinstance(d[0], list):
            text = _ragged(d, depth + 1)
            if text:
                return text
    return "the sequences have different lengths"


def as_tensor(data: Any, dtype: Any = None, device: Any = None) -> Tensor:
    """`data` as a tensor; a tensor or array of the right dtype is shared, not copied."""
    check_device(device)
    if isinstance(data, Tensor):
        return data if dtype is None else data.to(dtype)
    if isinstance(data, np.ndarray):
        made = from_numpy(data)
        return made if dtype is None else made.to(dtype)
    return tensor(data, dtype=dtype)


def asarray(
    obj: Any,
    *,
    dtype: Any = None,
    device: Any = None,
    copy: bool | None = None,
    requires_grad: bool = False,
) -> Tensor:
    """`obj` as a tensor, shared where possible unless `copy`."""
    made = as_tensor(obj, dtype, device)
    if copy:
        made = make(np.array(made._array), None)
    return made.requires_grad_() if requires_grad and not made.requires_grad else made


def from_numpy(ndarray: Any) -> Tensor:
    """A tensor that shares the memory of an array."""
    if not isinstance(ndarray, np.ndarray):
        raise TypeError(f"expected np.ndarray (got {type(ndarray).__name__})")
    kind = of(ndarray.dtype).numpy
    return make(ndarray if ndarray.dtype == kind else ndarray.astype(kind), None)  # type: ignore[no-any-return]


def scalar_tensor(
    s: Any, *, dtype: Any = None, device: Any = None, requires_grad: bool = False
) -> Tensor:
    """A 0-d tensor of a number, of the default dtype."""
    return finish(np.array(s, _kind(dtype)), requires_grad, device)


# Of a shape


def zeros(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Zeros: `zeros(2, 3)` or `zeros((2, 3))`."""
    made = finish(np.zeros(shape_from(sizes, size), _kind(dtype)), requires_grad, device)
    return made if out is None else _into(out, made)


def ones(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Ones: `ones(2, 3)` or `ones((2, 3))`."""
    made = finish(np.ones(shape_from(sizes, size), _kind(dtype)), requires_grad, device)
    return made if out is None else _into(out, made)


def empty(
    *sizes: Any, size: Any = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
    memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """Whatever lies in memory: to be filled."""
    made = finish(np.empty(shape_from(sizes, size), _kind(dtype)), requires_grad, device)
    return made if out is None else _into(out, made)


def full(
    size: Any, fill_value: Any, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """A tensor of one value; the dtype follows the value (whole numbers give int64)."""
    if isinstance(fill_value, Tensor):
        fill_value = fill_value.item()
    kind = _dtypes.number_type(fill_value) if dtype is None else to_numpy(dtype)
    made = finish(np.full(shape_from((size,)), fill_value, kind), requires_grad, device)
    return made if out is None else _into(out, made)


def _into(out: Any, made: Tensor) -> Any:
    out._array = np.array(made._array, out._array.dtype)
    return out


def _like(maker: Callable[..., Any], name: str, text: str) -> Callable[..., Tensor]:
    def function(
        input: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
        requires_grad: bool = False, memory_format: Any = None, pin_memory: bool = False,
    ) -> Tensor:  # fmt: skip
        if not isinstance(input, Tensor):
            raise TypeError(
                f"{name}(): argument 'input' (position 1) must be Tensor, "
                f"not {type(input).__name__}"
            )
        kind = input._array.dtype if dtype is None else to_numpy(dtype)
        return finish(maker(input._array.shape, kind), requires_grad, device)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = text
    return function


zeros_like = _like(np.zeros, "zeros_like", "Zeros of the shape and dtype of `input`.")
ones_like = _like(np.ones, "ones_like", "Ones of the shape and dtype of `input`.")
empty_like = _like(
    np.empty, "empty_like", "Memory of the shape and dtype of `input`, to be filled."
)
rand_like = _like(
    lambda shape, kind: uniform(shape, None, kind), "rand_like", "Numbers from [0, 1), as `input`."
)
randn_like = _like(
    lambda shape, kind: standard_normal(shape, None, kind), "randn_like",
    "Standard normal numbers of the shape and dtype of `input`.",
)  # fmt: skip


def full_like(
    input: Any, fill_value: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, memory_format: Any = None,
) -> Tensor:  # fmt: skip
    """One value in the shape and dtype of `input`."""
    return full(
        input.shape, fill_value, dtype=input.dtype if dtype is None else dtype, device=device,
        requires_grad=requires_grad,
    )  # fmt: skip


def empty_strided(
    size: Any, stride: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Memory of a shape with given steps between elements, to be filled."""
    kind = _kind(dtype)
    shape = shape_from((size,))
    room = 1 + sum((n - 1) * s for n, s in zip(shape, stride, strict=True)) if all(shape) else 0
    flat = np.empty(max(room, 0), kind)
    steps = [s * kind.itemsize for s in stride]
    made = np.lib.stride_tricks.as_strided(flat, shape, steps) if room else np.empty(shape, kind)
    return finish(made, requires_grad, device)


def empty_permuted(
    size: Any, physical_layout: Any, *, dtype: Any = None, layout: Any = None, device: Any = None,
    requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Memory of a shape whose dimensions lie in the order `physical_layout`, to be filled."""
    shape = shape_from((size,))
    order = need_order(shape, list(physical_layout))
    made = np.empty([shape[i] for i in order], _kind(dtype)).transpose(np.argsort(order))
    return finish(made, requires_grad, device)


def eye(
    n: int, m: int | None = None, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """The n x m matrix with ones on its diagonal."""
    if n < 0 or (m is not None and m < 0):
        raise RuntimeError(f"n must be greater or equal to 0, got {n if n < 0 else m}")
    made = finish(np.eye(n, m, dtype=_kind(dtype)), requires_grad, device)
    return made if out is None else _into(out, made)


def arange(
    *bounds: Any, start: Any = None, end: Any = None, step: Any = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """`arange(end)` or `arange(start, end, step)`: numbers from start up to, not including, end."""
    given = [b.item() if isinstance(b, Tensor) else b for b in bounds]
    if len(given) == 1 and end is None:
        given = [start if start is not None else 0, *given]
    first = start if start is not None and len(bounds) != 1 else (given[0] if given else 0)
    last = end if end is not None else given[1]
    stride = step if step is not None else (given[2] if len(given) > 2 else 1)
    first, last, stride = (v.item() if hasattr(v, "item") else v for v in (first, last, stride))
    if stride == 0:
        raise RuntimeError("step must be nonzero")
    need_range(first, last)
    if (last - first) * stride < 0:
        raise RuntimeError("upper bound and lower bound inconsistent with step sign")
    if dtype is not None and to_numpy(dtype).kind in "iu":
        first, last, stride = int(first), int(last), int(stride)
    whole = all(isinstance(v, int) for v in (first, last, stride))
    kind = (np.dtype("int64") if whole else default_numpy()) if dtype is None else to_numpy(dtype)
    count = max(math.ceil((last - first) / stride), 0)
    values = first + stride * np.arange(count, dtype=np.int64 if whole else np.float64)
    made = finish(values.astype(kind), requires_grad, device)
    return made if out is None else _into(out, made)


def linspace(
    start: Any, end: Any, steps: int, *, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`steps` numbers from start to end, both included."""
    kind = _kind(dtype)
    made = finish(_steps(start, end, steps, kind).astype(kind), requires_grad, device)
    return made if out is None else _into(out, made)


def _steps(start: Any, end: Any, steps: int, kind: np.dtype[Any]) -> Any:
    """Even steps, counted from the nearer end as PyTorch does, so that both ends are exact."""
    start, end = (v.item() if isinstance(v, Tensor) else v for v in (start, end))
    steps = need_integer("steps", steps)
    if steps < 0:
        raise RuntimeError(f"number of steps must be non-negative, got {steps}")
    if kind.kind in "iu":
        start, end, kind = int(start), int(end), np.dtype("float64")
    first, last = kind.type(start), kind.type(end)
    if steps == 1:
        return np.array([first])
    step = (last - first) / kind.type(max(steps - 1, 1))
    places = np.arange(steps, dtype=kind)
    rest = np.arange(steps - 1, -1, -1, dtype=kind)
    return np.where(places < steps // 2, first + step * places, last - step * rest)


def logspace(
    start: Any, end: Any, steps: int, base: float = 10.0, *, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """`base` to the power of `steps` numbers from start to end."""
    kind = _kind(dtype)
    exponents = _steps(start, end, steps, kind if kind.kind in "iu" else np.dtype("float64"))
    made = finish(np.power(float(base), exponents).astype(kind), requires_grad, device)
    return made if out is None else _into(out, made)


def _triangle(indices: Any, dtype: Any) -> Tensor:
    return make(np.stack(indices).astype(_kind(dtype or _dtypes.int64)), None)  # type: ignore[no-any-return]


def tril_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """Row and column numbers of the lower triangle, shape (2, n)."""
    check_device(device)
    return _triangle(np.tril_indices(row, offset, col), dtype)


def triu_indices(
    row: int, col: int, offset: int = 0, *, dtype: Any = None, device: Any = None
) -> Tensor:
    """Row and column numbers of the upper triangle, shape (2, n)."""
    check_device(device)
    return _triangle(np.triu_indices(row, offset, col), dtype)


# At random


def rand(
    *sizes: Any, size: Any = None, generator: Generator | None = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Numbers spread evenly over [0, 1)."""
    made = finish(uniform(shape_from(sizes, size), generator, dtype), requires_grad, device)
    return made if out is None else _into(out, made)


def randn(
    *sizes: Any, size: Any = None, generator: Generator | None = None, out: Any = None,
    dtype: Any = None, layout: Any = None, device: Any = None, requires_grad: bool = False,
    pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Standard normal numbers."""
    made = finish(standard_normal(shape_from(sizes, size), generator, dtype), requires_grad, device)
    return made if out is None else _into(out, made)


def randint(
    *bounds: Any, low: Any = None, high: Any = None, size: Any = None,
    generator: Generator | None = None, out: Any = None, dtype: Any = None, layout: Any = None,
    device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers from [low, high): `randint(10, (3,))` or `randint(2, 10, (3,))`."""
    given = list(bounds)
    if size is None and given and isinstance(given[-1], (tuple, list)):
        size = given.pop()
    if high is None:
        high = given.pop() if given else None
    if low is None:
        low = given.pop() if given else 0
    if size is None or high is None:
        raise TypeError("randint(): needs a bound and a size, such as randint(0, 10, (3,))")
    if low >= high:
        raise RuntimeError(
            f"random_ expects 'from' to be less than 'to', but got from={low} >= to={high}"
        )
    drawn = generator_of(generator).integers(low, high, shape_from((size,)))
    made = finish(drawn.astype(_kind(dtype or _dtypes.int64)), requires_grad, device)
    return made if out is None else _into(out, made)


def randint_like(
    input: Any, low: Any, high: Any = None, *, dtype: Any = None, device: Any = None,
    generator: Generator | None = None, requires_grad: bool = False,
) -> Tensor:  # fmt: skip
    """Whole numbers from [low, high) in the shape and dtype of `input`."""
    low, high = (0, low) if high is None else (low, high)
    kind = input.dtype if dtype is None else dtype
    return randint(
        low, high, input.shape, dtype=kind, device=device, generator=generator,
        requires_grad=requires_grad,
    )  # fmt: skip


def randperm(
    n: int, *, generator: Generator | None = None, out: Any = None, dtype: Any = None,
    layout: Any = None, device: Any = None, requires_grad: bool = False, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """The numbers 0 to n - 1 in random order."""
    order = generator_of(generator).permutation(n).astype(_kind(dtype or _dtypes.int64))
    made = finish(order, requires_grad, device)
    return made if out is None else _into(out, made)


def normal(
    mean: Any = 0.0, std: Any = 1.0, size: Any = None, *, generator: Generator | None = None,
    out: Any = None, dtype: Any = None, device: Any = None, requires_grad: bool = False,
    layout: Any = None, pin_memory: bool = False,
) -> Tensor:  # fmt: skip
    """Normal numbers: `normal(0.0, 1.0, (2, 3))`, or with tensors of means and deviations."""
    arrays = [v._array if isinstance(v, Tensor) else v for v in (mean, std)]
    if np.any(np.asarray(arrays[1]) < 0):
        raise RuntimeError(f"normal expects std >= 0.0, but found std {np.min(arrays[1])}")
    tensors = [v for v in (mean, std) if isinstance(v, Tensor)]
    if size is not None:
        shape: Any = shape_from((size,))
    elif tensors:
        shape = np.broadcast_shapes(*[t._array.shape for t in tensors])
        dtype = tensors[0].dtype if dtype is None else dtype
    else:
        raise TypeError("normal(): needs a tensor of means or deviations, or a size")
    drawn = standard_normal(shape, generator, dtype)
    drawn = np.asarray(
        drawn * np.asarray(arrays[1], drawn.dtype) + np.asarray(arrays[0], drawn.dtype)
    )
    made = finish(drawn, requires_grad, device)
    return made if out is None else _into(out, made)


def bernoulli(
    input: Any, p: Any = None, *, generator: Generator | None = None, out: Any = None
) -> Tensor:
    """1 with the probabilities in `input` (or with probability `p`), else 0."""
    chances = input._array if p is None else np.full(input._array.shape, p)
    if np.any((chances < 0) | (chances > 1)):
        raise RuntimeError("Expected p_in >= 0 && p_in <= 1 to be true, but got false.")
    drawn = generator_of(generator).random(chances.shape) < chances
    made: Tensor = make(np.asarray(drawn).astype(input._array.dtype), None)
    if input.requires_grad:  # drawn numbers have a zero gradient, as in PyTorch
        made = apply(zero, (input,), {}) + made
    return made if out is None else _into(out, made)


def poisson(input: Any, generator: Generator | None = None) -> Tensor:
    """Poisson numbers with the rates in `input`."""
    if np.any(input._array < 0):
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    drawn = generator_of(generator).poisson(input._array)
    return make(np.asarray(drawn).astype(input._array.dtype), None)  # type: ignore[no-any-return]


def multinomial(
    input: Any, num_samples: int, replacement: bool = False, *,
    generator: Generator | None = None, out: Any = None,
) -> Tensor:  # fmt: skip
    """`num_samples` indices drawn with the weights in each row of `input`.

    Without replacement by the exponential race: the smallest of e / w over exponential e.
    """
    need_fractions("multinomial", input)
    weights = np.asarray(input._array, np.float64)
    if weights.ndim not in (1, 2):
        raise RuntimeError("prob_dist must be 1 or 2 dim")
    if np.any(~np.isfinite(weights)) or np.any(weights < 0):
        raise RuntimeError("probability tensor contains either `inf`, `nan` or element < 0")
    if np.any(weights.sum(-1) <= 0):
        raise RuntimeError("invalid multinomial distribution (sum of probabilities <= 0)")
    if num_samples <= 0:
        raise RuntimeError("cannot sample n_sample <= 0 samples")
    if not replacement and num_samples > weights.shape[-1]:
        raise RuntimeError(
            "cannot sample n_sample > prob_dist.size(-1) samples without replacement"
        )
    rng = generator_of(generator)
    rows = weights.reshape(-1, weights.shape[-1])
    drawn = (
        _with_replacement(rng, rows, num_samples) if replacement else _race(rng, rows, num_samples)
    )
    made: Tensor = make(drawn.reshape(*weights.shape[:-1], num_samples), None)
    return made if out is None else _into(out, made)


def _with_replacement(rng: np.random.Generator, rows: Any, count: int) -> Any:
    """Invert the cumulative distribution; the last possible index catches rounding."""
    edges = np.cumsum(rows, axis=-1)
    points = rng.random((rows.shape[0], count)) * edges[:, -1:]
    found = np.stack(
        [np.searchsorted(e, p, side="right") for e, p in zip(edges, points, strict=True)]
    )
    last = rows.shape[1] - 1 - np.argmax(rows[:, ::-1] > 0, axis=1)
    return np.minimum(found, last[:, None])


def _race(rng: np.random.Generator, rows: Any, count: int) -> Any:
    if np.any((rows > 0).sum(-1) < count):
        raise RuntimeError(
            "invalid multinomial distribution (with replacement=False, not enough non-negative "
            "category to sample)"
        )
    times = np.full(rows.shape, np.inf)
    np.divide(rng.exponential(size=rows.shape), rows, out=times, where=rows > 0)
    return np.argsort(times, axis=-1)[:, :count]
