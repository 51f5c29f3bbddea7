"""What an operation is: a forward in plain NumPy, and the rules that pull a gradient back.

An operation is one row of the catalogue.  Its positional parameters are its operands, its
keyword-only parameters its settings.  A rule names what it needs of the call, and those names
*are* the save list: `lambda g, out: g * out` keeps the result and nothing else.

Names a rule may use, after the incoming gradient `g`:

- an operand (`x`), its shape (`x_shape`) or its dtype (`x_dtype`);
- `out`, the result (operations with several results: their names in `outputs`);
- a setting (`axis`);
- a value of `aux`: something the forward worked out anyway and hands to its rules only;
- `needs` (joint rules): which operands want a gradient.

The same rule serves every order: on arrays it computes, on tensors it records.  It may therefore
use operators, indexing, the methods that arrays and tensors share, NumPy functions that have an
operation, and other operations; nothing that writes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, overload

import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

__all__ = ["CATALOGUE", "Op", "Rule", "Source", "binary", "op", "unary"]

CATALOGUE: dict[str, Op] = {}
"""Every operation of the library by its name; operations of users are not entered."""

UFUNCS: dict[Any, Op] = {}
"""NumPy functions that have an operation: how `np.exp(tensor)` finds its way."""


class Source(NamedTuple):
    """Where one argument of a rule comes from.

    `what` is one of operand, operands, shape, shapes, dtype, out, aux, setting, needs; `which`
    the position (of the operand, result or aux value) or the name of the setting.
    """

    what: str
    which: Any


class Rule:
    """A pull-back rule and the sources of its arguments.

    `keeps` sums the save list up for the recording paths: "nothing", "x", "y" or "out" where one
    array (or none) is the whole list, else "several"; `holds` is whether any array is kept.
    """

    __slots__ = ("arrays", "function", "gather", "holds", "keeps", "sources")

    def __init__(self, function: Callable[..., Any], owner: Op) -> None:
        names = parameters_of(function)[0]
        if not names or names[0] != "g":
            raise TypeError(f"{owner.name}: the first parameter of a rule is g, got {names}")
        self.function = function
        self.sources = tuple(owner.source(name) for name in names[1:])
        self.keeps = self._summary()
        self.gather = _gatherer([_getter(source) for source in self.sources])
        self.arrays = tuple(  # which of the arguments had a place in the graph
            i for i, s in enumerate(self.sources) if s.what in {"operand", "operands", "out"}
        )
        self.holds = any(s.what in {"operand", "operands", "out", "aux"} for s in self.sources)

    def _summary(self) -> str:
        if not self.sources:
            return "nothing"
        if len(self.sources) > 1:
            return "several"
        return {("operand", 0): "x", ("operand", 1): "y", ("out", None): "out"}.get(
            self.sources[0], "several"
        )


# One run of an operation, as its rules may ask about it: the operands' arrays, the result, the aux
# values, all settings, and the operands' nodes (None where no gradient is wanted). A bare tuple:
# one is made for every recorded operation, and a named one costs four times as much.
Call = tuple[Any, Any, tuple[Any, ...], dict[str, Any], Any]


def _getter(source: Source) -> Callable[[Call], Any]:
    """A function that takes one argument of a rule out of a call."""
    what, which = source
    if what == "operand":
        return lambda call: call[0][which] if which < len(call[0]) else None
    if what in {"shape", "dtype"}:
        return lambda call: getattr(call[0][which], what)
    if what in {"shapes", "dtypes"}:
        return lambda call: tuple(getattr(a, what[:-1]) for a in call[0])
    return {
        "operands": lambda call: tuple(call[0]),
        "out": (lambda call: call[1]) if which is None else lambda call: call[1][which],
        "aux": lambda call: call[2][which],
        "setting": lambda call: call[3][which],
        "needs": lambda call: tuple(node is not None for node in call[4]),
    }[what]


def _gatherer(getters: list[Callable[[Call], Any]]) -> Callable[[Call], tuple[Any, ...]]:
    """A function that takes all arguments of a rule after `g` out of a call.

    Spelled out for short lists: on small arrays a generator costs as much as NumPy.
    """
    if len(getters) == 1:
        (a,) = getters
        return lambda call: (a(call),)
    if len(getters) == 2:
        a, b = getters
        return lambda call: (a(call), b(call))
    return lambda call: tuple([get(call) for get in getters])


class Facts(NamedTuple):
    """What the recorder has to know about an operation, worked out once from its rules."""

    takes: tuple[bool, ...]  # whether a gradient can flow to each operand; () if to all
    differentiable: bool
    plain: bool  # at most two operands, one result, no joint or twin rules
    holds: bool  # whether any rule keeps an array


class Op:
    """An operation: called on arrays it computes, with a tensor among its operands it records.

    `rules[i]` pulls the gradient back to operand `i`; `shared` serves all operands at once and
    then replaces them.  `rules_again` and `shared_again` are twins used only where the gradient
    itself is recorded; operations whose rules lean on `aux` values that depend on an operand
    need them.  `rules_last` are the rules of a walk that lets the graph go: those declared with
    `last`, else the usual ones.
    """

    tensor_class: type | tuple[()] = ()  # the class users hold, made known by its floor
    record: Callable[[Op, tuple[Any, ...], dict[str, Any]], Any]  # the recorder, likewise
    writer: Callable[[Op], Callable[..., Any]]  # the recorder written out for one operation

    def __init__(
        self,
        forward: Callable[..., Any],
        *,
        name: str | None = None,
        operands: tuple[str, ...] | None = None,
        kind: str = "general",
        label: str | None = None,
        formula: str | None = None,
        onnx: str | None = None,
        dtypes: str | None = None,
        outputs: tuple[str, ...] = (),
        aux: tuple[str, ...] = (),
    ) -> None:
        self.forward = forward
        self.name = name or forward.__name__
        self.__doc__ = forward.__doc__
        self.kind, self.label, self.formula, self.onnx = kind, label or self.name, formula, onnx
        self.dtypes, self.outputs, self.aux = dtypes, outputs, aux
        self.operands, self.defaults, self.variadic = _read_signature(forward, operands)
        self.settings = tuple(self.defaults)
        self.trusted = False  # of this library, whose rules are tested: no checks in the walk
        self.rules: list[Rule | None] = [None] * len(self.operands)
        self.rules_again: list[Rule | None] = [None] * len(self.operands)
        self.rules_last: list[Rule | None] = [None] * len(self.operands)
        self.shared: Rule | None = None
        self.shared_again: Rule | None = None

    def __call__(self, *operands: Any, **settings: Any) -> Any:
        """Run on arrays, or record when an operand is a tensor."""
        for operand in operands:
            if isinstance(operand, Op.tensor_class):
                return self.run(*operands, **settings)
        result = self.forward(*operands, **settings)
        return self.visible(result) if self.aux else result

    @functools.cached_property
    def run(self) -> Callable[..., Any]:
        """Run on operands of which one is a tensor, and record: by `record`, or written out.

        Settings come by name, or after the operands in the order of their declaration.
        """
        return Op.writer(self)

    def visible(self, result: tuple[Any, ...]) -> Any:
        """What users see of a forward's results: everything but the aux values."""
        count = len(self.outputs)
        return result[:count] if count else result[0]

    def _forget(self) -> None:
        """A rule has been declared: what was worked out of the others no longer holds."""
        self.__dict__.pop("facts", None)
        self.__dict__.pop("run", None)

    @functools.cached_property
    def facts(self) -> Facts:
        """What follows from the rules, kept until another one is declared."""
        joint = self.shared is not None
        takes = tuple(joint or rule is not None for rule in self.rules)
        few = len(self.operands) <= 2 and not self.variadic
        plain = self.trusted and few and not joint and not self.outputs
        some = () if self.variadic or all(takes) else takes
        rules = (self.shared, self.shared_again, *self.rules, *self.rules_again)
        holds = any(rule is not None and rule.holds for rule in rules)
        return Facts(some, any(takes), plain and not any(self.rules_again), holds)

    @property
    def differentiable(self) -> bool:
        """Whether a gradient flows back to any operand."""
        return self.facts.differentiable

    @property
    def holds(self) -> bool:
        """Whether any rule keeps an array."""
        return self.facts.holds

    @overload
    def rule(self, function: str) -> Callable[[F], F]: ...
    @overload
    def rule(self, function: F, of: str | None = None) -> F: ...
    def rule(self, function: Any, of: str | None = None) -> Any:
        """Declare the rule of the next operand without one, or `@op.rule("x")` of that operand."""
        if isinstance(function, str):
            return lambda f: self.rule(f, function)
        index = self.rules.index(None) if of is None else self.operands.index(of)
        self.rules[index] = self.rules_last[index] = Rule(function, self)
        self._forget()
        return function

    def last(self, function: F) -> F:
        """Declare what the first operand's rule becomes once nobody needs its `aux` values again.

        It names what the rule names, and may return an `aux` array that it has overwritten: such
        an array is the node's alone, and no user sees it.
        """
        self.rules_last[0] = Rule(function, self)
        return function

    @overload
    def again(self, function: str) -> Callable[[F], F]: ...
    @overload
    def again(self, function: F, of: str | None = None) -> F: ...
    def again(self, function: Any, of: str | None = None) -> Any:
        """Declare the twin rule for recorded gradients, of the first operand or `again("x")`."""
        if isinstance(function, str):
            return lambda f: self.again(f, function)
        index = self.rules_again.index(None) if of is None else self.operands.index(of)
        self.rules_again[index] = Rule(function, self)
        self._forget()
        return function

    def joint(self, function: F) -> F:
        """Declare one rule for all operands: it returns a gradient or None for each."""
        self.shared = Rule(function, self)
        self._forget()
        return function

    def joint_again(self, function: F) -> F:
        """Declare the joint rule's twin for recorded gradients."""
        self.shared_again = Rule(function, self)
        self._forget()
        return function

    def source(self, name: str) -> Source:
        """Find what a rule's parameter `name` stands for; a TypeError lists the known names."""
        many = self.variadic and self.operands[0]
        stem, _, part = name.rpartition("_")
        if name in self.settings:
            return Source("setting", name)
        if name == "needs":
            return Source("needs", None)
        if many and name in {many, f"{many}_shape", f"{many}_dtype"}:
            return Source({many: "operands"}.get(name, part + "s"), None)
        if name in self.operands:
            return Source("operand", self.operands.index(name))
        if part in {"shape", "dtype"} and stem in self.operands:
            return Source(part, self.operands.index(stem))
        if name == "out":
            return Source("out", None)
        if name in self.outputs:
            return Source("out", self.outputs.index(name))
        if name in self.aux:
            return Source("aux", self.aux.index(name))
        known = [*self.operands, "out", *self.outputs, *self.aux, *self.settings]
        raise TypeError(f"{self.name}: a rule asks for {name!r}; known names: {', '.join(known)}")

    def __repr__(self) -> str:
        return f"<operation {self.name}({', '.join(self.operands + self.settings)})>"


def parameters_of(
    function: Callable[..., Any],
) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    """Positional parameters, keyword-only ones with their defaults, and whether `*xs` is there.

    Read from the code object: inspect.signature takes 30 microseconds, and the catalogue has
    hundreds of rules to read while the package is imported.
    """
    code = function.__code__
    names, count = code.co_varnames, code.co_argcount
    only = names[count : count + code.co_kwonlyargcount]
    defaults = function.__kwdefaults__ or {}
    variadic = bool(code.co_flags & VARIADIC)
    stars = (names[count + len(only)],) if variadic else ()
    return (*names[:count], *stars), {name: defaults.get(name) for name in only}, variadic


VARIADIC = 0x04  # the flag of a code object whose function takes *args


def _read_signature(
    forward: Callable[..., Any], operands: tuple[str, ...] | None
) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    """Names of operands, defaults of settings, and whether any number of operands is taken."""
    if operands is not None:  # NumPy's ufuncs have no signature worth reading
        return operands, {}, False
    return parameters_of(forward)


@overload
def op(forward: Callable[..., Any]) -> Op: ...
@overload
def op(forward: None = None, **columns: Any) -> Callable[[Callable[..., Any]], Op]: ...
def op(forward: Callable[..., Any] | None = None, **columns: Any) -> Any:
    """Make an operation of a NumPy function; a decorator, with or without columns.

    >>> @op(kind="elementwise")
    ... def cubed(x):
    ...     return x * x * x
    >>> _ = cubed.rule(lambda g, x: g * x * x * 3)
    >>> cubed
    <operation cubed(x)>
    """
    if forward is None:
        return lambda f: _made(f, columns)
    return _made(forward, columns)


def _made(forward: Callable[..., Any], columns: dict[str, Any]) -> Op:
    made = Op(forward, **columns)
    if forward.__module__.startswith("tinygrad_lite."):
        _enter(made)
    return made


def unary(
    name: str, forward: Callable[..., Any], rule: Callable[..., Any] | None = None, **columns: Any
) -> Op:
    """Make an elementwise operation of one operand `x`; `rule` may take x and out."""
    columns = {"kind": "elementwise", "dtypes": "float", **columns}
    made = Op(forward, name=name, operands=("x",), **columns)
    if rule is not None:
        made.rule(rule)
    return _enter(made)


def binary(
    name: str,
    forward: Callable[..., Any],
    rule_x: Callable[..., Any] | None = None,
    rule_y: Callable[..., Any] | None = None,
    **columns: Any,
) -> Op:
    """Make an elementwise operation of two operands `x` and `y` that broadcast."""
    columns = {"kind": "elementwise", "dtypes": "common", **columns}
    made = Op(forward, name=name, operands=("x", "y"), **columns)
    for rule, operand in ((rule_x, "x"), (rule_y, "y")):
        if rule is not None:
            made.rule(rule, operand)
    return _enter(made)


def _enter(made: Op) -> Op:
    """Put an operation into the catalogue and, if it wraps a NumPy function, into `UFUNCS`."""
    if made.name in CATALOGUE:
        raise ValueError(f"two operations are called {made.name!r}")
    CATALOGUE[made.name] = made
    made.trusted = True
    made._forget()
    if isinstance(made.forward, np.ufunc):
        UFUNCS.setdefault(made.forward, made)
    return made
