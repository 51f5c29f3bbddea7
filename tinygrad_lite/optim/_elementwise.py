"""The common step of the optimizers that treat every element of a parameter alike.

An optimizer of this kind says which arrays it remembers of a parameter (`_names`), which numbers
belong to a step (`_scalars`), and how a stretch of elements changes in place (`_update`). The walk
over the parameters and the flag of an interrupted step are here, once, and so are two tricks:

Pieces. Ten passes over an array larger than the processor's cache wait for memory ten times; over
32,768 elements at a time they wait once: Adam's rule on 800,000 elements takes 1.7 ms in pieces
and 3.2 ms on the whole array.

Packs. On a few hundred elements the calls themselves are what costs: a step of Adam over a network
of six parameters with 337 values takes 78 µs one by one, 35 µs packed. The small parameters of a
group are therefore gathered into one stretch, updated together, and written back; what is
remembered of them lies in one array, of which their state tensors are views.

Both are measured by benchmarks/optim.py and switched off by TINYGRAD_LITE_PLAIN=1.
"""

from __future__ import annotations

import math
import operator
import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np

from .._dtypes import get_default_dtype
from .._kernels.memory import aligned
from .._nodes import make
from .._row_gradient import rows_of
from .._stamps import stamp, stamp_all
from .._tensor import Tensor
from .optimizer import Array, Closure, Group, Optimizer, State, buffer, gradient

_PIECE = 32_768  # elements; five float32 arrays of that length fit into a cache of 1 MB
_SMALL = 4_096  # parameters up to this size are packed: beyond it the calls cost less than copying
_PLAIN = bool(os.environ.get("TINYGRAD_LITE_PLAIN"))

Arrays: TypeAlias = tuple[Array, ...]
Scalars: TypeAlias = tuple[Any, ...]
Member: TypeAlias = tuple[int, Tensor]  # a parameter and its position among all


class Elementwise(Optimizer):
    """An optimizer whose update of an element depends on that element alone."""

    # -- what an optimizer of this kind defines -----------------------------------------------

    def _names(self, group: Group) -> tuple[str, ...]:
        """Return the keys of the arrays in the state of a parameter."""
        raise NotImplementedError

    def _start(self, group: Group, param: Tensor) -> State:
        """Return the state before the first step: a counter, and zeros."""
        state: State = {"step": scalar(0.0)}
        for name in self._names(group):
            state[name] = make(np.zeros_like(buffer(param)), None)
        return state

    def _advance(self, group: Group, param: Tensor) -> Any:
        """Begin or advance the state of a parameter; return what the numbers depend on."""
        state = self.state[param]
        if not state:
            state.update(self._start(group, param))
        return count(state)

    def _scalars(self, group: Group, phase: Any) -> Scalars:
        """Return the numbers of this step; `phase` is what `_advance` returned: its number."""
        raise NotImplementedError

    def _update(self, group: Group, scalars: Scalars, p: Array, g: Array, *arrays: Array) -> None:
        """Change a stretch of a parameter and of its state in place."""
        raise NotImplementedError

    def _update_apart(self, group: Group, params: list[Array], gradients: list[Array]) -> bool:
        """Change small parameters one by one if that takes fewer calls; say whether it did."""
        return False

    # -- the walk -------------------------------------------------------------------------------

    def step(self, closure: Closure | None = None) -> Any:
        """Update the parameters once; `closure` recomputes the loss, which is returned."""
        loss = self._evaluate(closure)
        position, self._finished = 0, []
        for index, group in enumerate(self.param_groups):
            _check_differentiable(group)
            rest = self._step_packs(index, group, position)
            position += len(group["params"])
            for i, param in rest:
                self._doubtful = (i,)
                self._step_one(group, param)
                self._finished.append(i)
        self._doubtful = ()
        return loss

    def _leaves_rows(self, group: Group) -> bool:
        """Whether rows of a table that have no gradient stay as they are, and nothing is kept."""
        return False

    def _step_one(self, group: Group, param: Tensor) -> None:
        p, rows = buffer(param), rows_of(param._grad)
        scalars = self._scalars(group, self._advance(group, param))
        if rows is not None and self._leaves_rows(group):
            changed = p[rows.numbers]
            self._update(group, scalars, changed, rows.values)
            p[rows.numbers] = changed
            stamp(p, self._step_name)
            return
        g = gradient(param)
        arrays = [buffer(self.state[param][name]) for name in self._names(group)]
        for piece in pieces(p.shape):
            self._update(group, scalars, p[piece], g[piece], *(a[piece] for a in arrays))
        stamp(p, self._step_name)

    def _step_packs(self, index: int, group: Group, position: int) -> Iterable[Member]:
        """Update the small parameters together; return those that remain and have a gradient."""
        params = group["params"]
        seen, packs, rest = self._packs.get(index, ((), [], []))
        gradients = [pack.gradients(self.state) for pack in packs]
        if not packs or None in gradients or not _same(params, seen):
            members = [(i, p) for i, p in enumerate(params, position) if p._grad is not None]
            if _PLAIN:
                return members
            packs = self._packed(group, members)
            packed = {i for pack in packs for i in pack.positions}
            rest = [member for member in enumerate(params, position) if member[0] not in packed]
            self._packs[index] = list(params), packs, rest
            gradients = [pack.gradients(self.state) for pack in packs]
        for pack, found in zip(packs, gradients, strict=True):
            self._step_pack(group, pack, found)
        return [member for member in rest if member[1]._grad is not None]

    def _step_pack(self, group: Group, pack: Pack, gradients: list[Array]) -> None:
        self._doubtful = pack.positions
        if not self._update_apart(group, pack.flat, gradients):
            self._update_pack(group, pack, gradients)
        stamp_all(pack.arrays, self._step_name)
        self._finished += pack.positions

    def _update_pack(self, group: Group, pack: Pack, gradients: list[Array]) -> None:
        phases = [self._advance(group, param) for param in pack.params]
        p, g = pack.gather(gradients)
        if phases.count(phases[0]) == len(phases):
            self._update(group, self._scalars(group, phases[0]), p, g, *pack.memory)
        else:
            for phase, cut in zip(phases, pack.cuts, strict=True):
                arrays = (memory[cut] for memory in pack.memory)
                self._update(group, self._scalars(group, phase), p[cut], g[cut], *arrays)
        pack.scatter()

    def _packed(self, group: Group, members: list[Member]) -> list[Pack]:
        """Make packs of the small parameters that have been updated equally often."""
        names, kinds = self._names(group), defaultdict[Any, list[Member]](list)
        for i, param in members:
            p, state = buffer(param), self.state.get(param) or {}
            if p.size <= _SMALL and p.flags.c_contiguous and all(name in state for name in names):
                kinds[p.dtype, number_of(state.get("step"))].append((i, param))
        packs = []
        for kind in kinds.values():
            packs += [Pack(part, self.state, names) for part in _parts(kind) if len(part) > 1]
        return packs

    def _scratch_like(self, p: Array) -> Array:
        """Return an array like `p` to compute in; what it holds is left over from earlier use."""
        if p.size > _PIECE:
            return np.empty_like(p)
        scratch = self._scratch.get(p.dtype)
        if scratch is None:
            scratch = self._scratch[p.dtype] = aligned(_PIECE, p.dtype)
        return scratch[: p.size].reshape(p.shape)


class Pack:
    """Small parameters that are updated together; what is remembered of them lies in one array."""

    def __init__(
        self, members: list[Member], states: dict[Any, State], names: Sequence[str]
    ) -> None:
        self.positions = [i for i, _ in members]
        self.params = [param for _, param in members]
        self.ids = [id(param) for param in self.params]
        self.arrays = [buffer(param) for param in self.params]
        self.states = [states.get(param, {}) for param in self.params]
        self.names = names
        sizes = [array.size for array in self.arrays]
        ends = np.cumsum(sizes).tolist()
        self.cuts = [slice(end - n, end) for n, end in zip(sizes, ends, strict=True)]
        dtype = self.arrays[0].dtype
        self.p, self.g = np.empty(ends[-1], dtype), np.empty(ends[-1], dtype)
        self.flat = [array.reshape(-1) for array in self.arrays]
        self.results = [self.p[cut] for cut in self.cuts]
        self.memory = [self._move(name) for name in names]
        self.views = [[state[name]._array for name in names] for state in self.states]

    def _move(self, name: str) -> Array:
        """Bring one array of all states together; their tensors become views of the result."""
        whole = np.concatenate([np.reshape(state[name]._array, -1) for state in self.states])
        for state, array, cut in zip(self.states, self.arrays, self.cuts, strict=True):
            state[name]._array = whole[cut].reshape(array.shape)
        return whole

    def gradients(self, states: dict[Any, State]) -> list[Array] | None:
        """Return the gradients; None unless the parameters and states are those packed."""
        found = []
        for param, array in zip(self.params, self.arrays, strict=True):
            g = param._grad
            if g is None or param._array is not array:
                return None
            found.append(g._array.reshape(-1))
        return found if self._holds(states) else None

    def _holds(self, states: dict[Any, State]) -> bool:
        """Say whether what is remembered is still what was packed."""
        if not self.names:
            return True
        for param, state, views in zip(self.params, self.states, self.views, strict=True):
            if states.get(param) is not state:
                return False
            for name, view in zip(self.names, views, strict=True):
                if state[name]._array is not view:
                    return False
        return True

    def gather(self, gradients: list[Array]) -> tuple[Array, Array]:
        """Copy the parameters and their gradients into two long arrays."""
        np.concatenate(self.flat, out=self.p)
        np.concatenate(gradients, out=self.g)
        return self.p, self.g

    def scatter(self) -> None:
        """Copy the new values back into the parameters."""
        for flat, result in zip(self.flat, self.results, strict=True):
            flat[:] = result


def _same(params: list[Tensor], seen: Sequence[Tensor]) -> bool:
    return len(params) == len(seen) and all(map(operator.is_, params, seen))


def _parts(members: list[Member]) -> Iterable[list[Member]]:
    """Cut a list of parameters so that no part has more than 32,768 elements."""
    part: list[Member] = []
    size = 0
    for member in members:
        more = member[1]._array.size
        if size + more > _PIECE:
            yield part
            part, size = [], 0
        part.append(member)
        size += more
    yield part


def pieces(shape: tuple[int, ...]) -> Iterable[Any]:
    """Cut the first axis so that a piece has about 32,768 elements; a 0-d array becomes 1-d."""
    if not shape:
        return (None,)
    size = math.prod(shape)
    if _PLAIN or size <= _PIECE:
        return (...,)
    rows = max(1, _PIECE // (size // shape[0]))
    return (slice(start, start + rows) for start in range(0, shape[0], rows))


def count(state: State) -> int:
    """Advance the step counter of a parameter and return it."""
    step = state["step"]
    if not isinstance(step, Tensor):  # PyTorch kept a plain number before 1.12
        step = state["step"] = scalar(step)
    step._array += 1
    return int(step._array)


def number_of(step: Any) -> Any:
    """Return the value of a step counter, or None where there is none."""
    return step._array.item() if isinstance(step, Tensor) else step


def scalar(value: float) -> Tensor:
    """Return a number of the state as PyTorch keeps it: a tensor of the default dtype."""
    tensor: Tensor = make(np.array(value, get_default_dtype().numpy), None)
    return tensor


def decayed(g: Array, p: Array, decay: float, *, maximize: bool) -> Array:
    """Return the direction to go against: the gradient, its sign turned to maximize, plus decay."""
    if maximize:
        g = -g
    return g + decay * p if decay else g


def _check_differentiable(group: Group) -> None:
    if group.get("differentiable"):
        raise NotImplementedError(
            "differentiable=True: a step cannot be recorded here. Write the update with tensor "
            "operations, for instance p - lr * g with g from autograd.grad(..., create_graph=True)"
        )
