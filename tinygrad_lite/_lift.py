"""The hot path: `apply` written out for one operation.

On ten elements a NumPy call takes 0.3 microseconds and the general `apply` 4.  Most of that is
asking what is the same at every call of an operation: how many operands it has, which of them
its rules keep, whether its result is a view.  `written` asks once, at the first call, and writes
the answer down as a straight-line function (the way `dataclasses` writes an `__init__`): one look
at the thread's state, the forward, and slot stores; 0.8 microseconds altogether.  Every unusual
case (other dtypes, stale views, watchers) goes to `apply`, which is also the plain twin: with
TINYGRAD_LITE_PLAIN=1 nothing is lifted.

`print(source_of(op))` shows what is written for an operation.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from textwrap import indent
from types import FunctionType
from typing import Any, TypeVar, cast

import numpy as np

from ._dtypes import float32, float64
from ._kernels import PLAIN
from ._nodes import NUMBER, Node, Pick, WideNode, make
from ._op import Op, Rule, Source
from ._record import apply, mismatch, note_view
from ._stamps import INSIDE, WRITTEN
from ._state import here, tick

__all__ = ["lift_binary", "lift_unary", "named_like", "shorter", "source_of", "written"]

# Python numbers as 0-d arrays of the other operand's type, made once: a product with one takes
# 0.35 microseconds, with a Python float 0.65.
CONSTANTS: dict[np.dtype[Any], dict[Any, Any]] = {
    float32.numpy: {},  # type: ignore[dict-item]
    float64.numpy: {},  # type: ignore[dict-item]
}
ROOM = 512

F = TypeVar("F", bound=Callable[..., Any])


def constant(number: float, dtype: np.dtype[Any]) -> Any:
    """A Python number as a 0-d array of a float type; None for other types."""
    known = CONSTANTS.get(dtype)
    if known is None:
        return None
    key = number or str(number)  # 0.0 and -0.0 would be one key
    found = known.get(key)
    if found is None:
        with np.errstate(over="ignore"):
            found = np.array(number, dtype)
        if len(known) < ROOM:
            known[key] = found
    return found


# What is written: in `x0`, `a0`, `n0` and `v0` stand an operand, its array, its node and its view.
# Classes without a constructor of their own are called, which takes two thirds of `object.__new__`.

FUNCTION = """\
def {name}({parameters}):
    state = here.state
{reading}
    if {unusual}:
        return general({arguments})
    try:
        result = forward({forwarded})
    except TypeError:  # types that NumPy refuses: the careful way has words for them
        return general({arguments})
    except ValueError as error:
        raise mismatch(op, [{arrays}], error) or error from None
{making}
    if {unwanted}:
        {unrecorded}
    {noding}
    node.clock = tick()
    node.op = op
{sizing}
    node.dtype = {dtype}
    node.settings = {settings}
    node.scope = state.scope
    node.hooks = None
{climbing}
    node.code = code
    node.at = frame.f_lasti
{edges}
    return {returned}
"""

MAKING = """\
{taking}
if result.__class__ is not ndarray:  # a NumPy scalar: tensors have memory
    result = asarray(result)
made = new(Tensor)
made._array = result
made._grad = made._view = made._family = made._node = None
{viewing}
"""

# Of several results each has a node of its own, which stands for one of the operation's.
SEVERAL = """\
{results} = result
"""
BUFFER = """\
if {result}.__class__ is not ndarray:
    {result} = asarray({result})
"""
PICK = "make({result}, Pick(node, {i}) if {result}.dtype.kind == 'f' else None)"

READ = """\
try:
    a{i} = x{i}._array
    n{i} = x{i}._node
    v{i} = x{i}._view
except AttributeError:
    {otherwise}
"""

REFUSED = "return general({arguments})"
ABSENT = """if x{i} is not None:
        return general({arguments})
    a{i} = n{i} = v{i} = None"""

# A number is seen by its class: to find no `_array` in it and recover takes 0.6 microseconds. Of
# two floats of one type comes a third: NumPy takes 0.02 microseconds to say an array's type.
READ_NUMBER = """\
dtype = a{j}.dtype
if x{i}.__class__ is float or x{i}.__class__ is int:
    a{i} = constant(x{i}, dtype)
    n{i} = v{i} = None
    if a{i} is None:
        return general({arguments})
else:
{read}
"""

VIEWING = """\
settings = {settings}
note_view(made, x0, op, settings, state.grad)
"""

# The user's line. To ask for a frame makes an object of it, 0.1 microseconds for each: so those
# that surely are this library's are passed over. At the bottom of a thread there are fewer.
FRAME = """\
try:
    frame = frame_of({depth})
except ValueError:
    frame = frame_of(0)
code = frame.f_code
"""
CLIMBING = """\
while inside[code.co_filename] and frame.f_back is not None:
    frame = frame.f_back
    code = frame.f_code
"""

# What a function of PyTorch's signature does with the tensor alone.
ALONE = """\
if named or len(arguments) != 1:
    return general(*arguments, **named)
x0, = arguments
{defaults}
"""

# Most operands of an operation that broadcasts have equal shapes or are numbers: then there is
# nothing to sum over on the way back.
PAIR_EDGES = """\
node.x = {node0}
node.y = {node1}
shape = a0.shape
if shape == a1.shape:
    node.sx = node.sy = None{equal}
else:
    node.sx = shape
    node.sy = a1.shape{unequal}
node.kx = {keep0}
node.ky = {keep1}
"""

# The result has the operands' shape where they have one and the same: NumPy makes a new tuple
# whenever it is asked for a shape.
EQUAL, UNEQUAL = "\n    node.shape = shape", "\n    node.shape = result.shape"

NUMBER_EDGE = """\
if x0.__class__ is float or x0.__class__ is int:
    node.sx = NUMBER
"""

SINGLE_EDGES = """\
node.x = n0
node.kx = {keep0}
node.y = node.ky = node.sx = node.sy = None
"""

WIDE_EDGES = """\
node.parents = ({parents})
node.shapes = ({shapes})
node.results = {results}
node.kept = {kept}
node.kept_again = {again}
"""

SHAPE = "() if a{i} is None else a{i}.shape, "

WRITE_GENERAL = """\
def {name}(*operands, **settings):
    return general(*operands, **settings)
"""


def source_of(
    op: Op,
    *,
    operator: bool = False,
    reflected: bool = False,
    out: bool = False,
    alone: bool = False,
    depth: int = 2,
) -> str:
    """The text of the function that runs and records `op`.

    An `operator` is called from the user's own line, other functions climb to it; a `reflected`
    one takes its operands the other way round.  With `out` the function takes `out=None` and
    hands calls that use it on; `alone` it hands on whatever is more than a tensor.  Those two may
    be called by the user, all others are `depth` - 1 calls of this library away.
    """
    count, settings, is_view = len(op.operands), list(op.settings), op.kind == "view"
    operands = [f"x{i}" for i in range(count)][:: -1 if reflected else 1]
    parameters = [*operands, "/", *(f"{s}=default_{s}" for s in settings)]
    arguments = ", ".join([*operands, *settings])
    if alone:
        parameters, arguments = ["*arguments", "**named"], "*arguments, **named"
    wanted = [f"n{i}" for i in range(count) if _pulls(op, i)]
    frame = FRAME.format(depth=1 if operator or out or alone else depth)
    text = FUNCTION.format(
        name=_name_of(op),
        parameters=", ".join([*parameters, *(["*", "out=None"] if out else [])]),
        reading=indent(_reading(op, arguments, reflected=reflected, alone=alone), "    "),
        unusual=" or ".join(_unusual(op, careful=out or alone, out=out, reflected=reflected)),
        arguments=arguments + (", out=out" if out else ""),
        forwarded=", ".join([*(f"a{i}" for i in range(count)), *(f"{s}={s}" for s in settings)]),
        arrays=", ".join(f"a{i}" for i in range(count)),
        making=indent(_making(op), "    "),
        unrecorded=_unrecorded(op),
        noding=("" if op.outputs else "made._node = ") + f"node = {_kind_of_node(op)}()",
        returned=f"({_each(op, PICK)})" if op.outputs else "made",
        unwanted=f"not state.grad or ({' and '.join(f'{n} is None' for n in wanted)})",
        sizing=_sizing(op),
        dtype="dtype" if _numeric(op) else _of_each(op, "dtype"),
        settings="settings" if is_view else _dict(settings) if settings else "None",
        climbing=indent(frame if operator else frame + CLIMBING, "    "),
        edges=indent(_edges(op) + (NUMBER_EDGE if reflected and _numeric(op) else ""), "    "),
    )
    return "\n".join(line for line in text.splitlines() if line.strip()) + "\n"


def _name_of(op: Op) -> str:
    return f"record_{op.name}"


def _kind_of_node(op: Op) -> str:
    return "Node" if op.facts.plain else "WideNode"


def _making(op: Op) -> str:
    """Lines that take the result, or each of several, out of what the forward returned."""
    if op.outputs:
        results = "".join(f"r{i}, " for i in range(len(op.outputs)))
        rest = "*aux" if op.aux else ""
        return SEVERAL.format(results=results + rest) + "".join(
            BUFFER.format(result=f"r{i}") for i in range(len(op.outputs))
        )
    viewing = VIEWING.format(settings=_dict(list(op.settings))) if op.kind == "view" else ""
    taking = "aux = result[1:]\nresult = result[0]" if op.aux else ""
    return MAKING.format(taking=taking, viewing=viewing)


def _unrecorded(op: Op) -> str:
    return f"return ({_each(op, 'make({result}, None)')})" if op.outputs else "return made"


def _each(op: Op, template: str) -> str:
    """A template filled in for each of several results."""
    return "".join(template.format(result=f"r{i}", i=i) + ", " for i in range(len(op.outputs)))


def _of_each(op: Op, what: str) -> str:
    """An attribute of the result, or of each of several."""
    return f"({_each(op, '{result}.' + what)})" if op.outputs else f"result.{what}"


def _sizing(op: Op) -> str:
    """The line for the result's shape, where the edges do not bring it."""
    return "" if _broadcasts(op) else f"    node.shape = {_of_each(op, 'shape')}"


def _dict(settings: list[str]) -> str:
    return "{" + ", ".join(f'"{s}": {s}' for s in settings) + "}"


def _pulls(op: Op, i: int) -> bool:
    """Whether a gradient flows back to operand `i`."""
    return op.shared is not None or op.rules[i] is not None


def _numeric(op: Op) -> bool:
    """Whether a Python number may stand for one of two operands."""
    return op.kind == "elementwise" and len(op.operands) == 2 and op.dtypes in {"common", "float"}


def _broadcasts(op: Op) -> bool:
    """Whether the result has the shape to which two operands are broadcast."""
    return op.facts.plain and op.kind == "elementwise" and len(op.operands) == 2


def _reading(op: Op, arguments: str, *, reflected: bool, alone: bool) -> str:
    """Lines that take array, node and view out of every operand."""
    count = len(op.operands)
    otherwise = ABSENT if count > 2 else REFUSED
    lines = [
        READ.format(i=i, otherwise=otherwise.format(i=i, arguments=arguments)) for i in range(count)
    ]
    if _numeric(op):
        if reflected:
            lines.reverse()
        read = indent(lines[1], "    ")
        number = 0 if reflected else 1  # the operand that may be one
        lines[1] = READ_NUMBER.format(i=number, j=1 - number, arguments=arguments, read=read)
    if alone:
        lines.insert(0, ALONE.format(defaults=_defaults(op)))
    return "".join(lines)


def _defaults(op: Op) -> str:
    return "".join(f"{s} = default_{s}\n" for s in op.settings)


def _unusual(op: Op, *, careful: bool, out: bool, reflected: bool) -> list[str]:
    """Conditions under which the general path has to look at a call."""
    count = len(op.operands)
    found = ["state.watch is not None"]
    if out:
        found.append("out is not None")
    found += [f"(v{i} is not None and v{i}.epoch != v{i}.family[0])" for i in range(count)]
    if _numeric(op):
        found.append(f"dtype is not a{0 if reflected else 1}.dtype")
    elif op.dtypes is not None:
        other = "a0.dtype is not a{i}.dtype"
        if count > 2:  # any of which may be None
            other = f"(a{{i}} is not None and {other})"
        found += [other.format(i=i) for i in range(1, count)]
    if op.dtypes == "float" or careful:  # PyTorch's functions are careful about other types
        found.append("a0.dtype.kind != 'f'")
    return found


def _edges(op: Op) -> str:
    """Lines that fill in what a node knows of its operands."""
    count = len(op.operands)
    if not op.facts.plain:
        return WIDE_EDGES.format(
            parents="".join(f"n{i}, " if _pulls(op, i) else "None, " for i in range(count)),
            shapes="".join(
                f"a{i}.shape, " if count <= 2 else SHAPE.format(i=i) for i in range(count)
            ),
            results=len(op.outputs),
            kept=_kept_wide(op, op.shared, op.rules),
            again=_kept_again(op),
        )
    keeps = [_kept_plain(op, rule) for rule in op.rules]
    if count == 1:
        return SINGLE_EDGES.format(keep0=keeps[0])
    nodes = [f"n{i}" if _pulls(op, i) else "None" for i in range(2)]
    keeps = [k if k == "None" else f"None if n{i} is None else {k}" for i, k in enumerate(keeps)]
    equal, unequal = (EQUAL, UNEQUAL) if _broadcasts(op) else ("", "")
    return PAIR_EDGES.format(
        node0=nodes[0], node1=nodes[1], keep0=keeps[0], keep1=keeps[1], equal=equal, unequal=unequal
    )


def _kept_plain(op: Op, rule: Rule | None) -> str:
    """What a plain node keeps for a rule: None, one array, or a tuple of arguments."""
    if rule is None or rule.keeps == "nothing":
        return "None"
    if rule.keeps in {"x", "y", "out"}:
        return {"x": "a0", "y": "a1", "out": "result"}[rule.keeps]
    return _tuple_of(op, rule)


def _kept_wide(op: Op, shared: Rule | None, rules: list[Rule | None]) -> str:
    """What a wide node keeps: the arguments of the joint rule, or of each rule."""
    if shared is not None:
        return _tuple_of(op, shared)
    each = (
        "None" if rule is None else f"None if n{i} is None else {_tuple_of(op, rule)}"
        for i, rule in enumerate(rules)
    )
    return "(" + "".join(f"{e}, " for e in each) + ")"


def _kept_again(op: Op) -> str:
    if op.shared is not None:
        return "None" if op.shared_again is None else _tuple_of(op, op.shared_again)
    if not any(op.rules_again):
        return "None"
    both = zip(op.rules_again, op.rules, strict=True)
    return _kept_wide(op, None, [again or rule for again, rule in both])


def _tuple_of(op: Op, rule: Rule) -> str:
    """A rule's arguments as the text of a tuple."""
    return "(" + "".join(f"{_value(op, source)}, " for source in rule.sources) + ")"


def _value(op: Op, source: Source) -> str:
    """One argument of a rule as text."""
    what, which = source
    if what in {"operand", "shape", "dtype"}:
        return f"a{which}" if what == "operand" else f"a{which}.{what}"
    if what == "needs":
        return "(" + "".join(f"n{i} is not None, " for i in range(len(op.operands))) + ")"
    if what == "out" and which is not None:
        return f"r{which}"
    return {"out": "result", "aux": f"aux[{which}]", "setting": which}[what]  # type: ignore[no-any-return]


def can_be_written(op: Op) -> bool:
    """Whether `op` has a fixed number of operands, and rules of this library.

    Casts are left out: whether their result carries a gradient depends on its type.
    """
    simple = not op.variadic and op.trusted and "dtype" not in op.settings
    return simple and op.differentiable and not PLAIN


# Stands in for a function until its first call. Writing takes 0.3 ms, there are 300 operations,
# and a program uses twenty: so nothing is written while the package is imported. The first call
# itself goes the general way.
def _unwritten(*operands: Any, **settings: Any) -> Any:
    write()  # type: ignore[name-defined]  # noqa: F821
    return general(*operands, **settings)  # type: ignore[name-defined]  # noqa: F821


def written(
    op: Op,
    general: Callable[..., Any] | None = None,
    *,
    operator: bool = False,
    reflected: bool = False,
    out: bool = False,
    alone: bool = False,
    depth: int = 2,
) -> Callable[..., Any]:
    """A function of the operands and settings of `op`; `general` serves the unusual calls."""
    names: dict[str, Any] = {
        "__name__": __name__, "__package__": __package__,
        "general": general or _general(op), "op": op, "here": here,
        "Node": Node, "WideNode": WideNode, "Pick": Pick, "make": make, "NUMBER": NUMBER,
        "asarray": np.asarray, "ndarray": np.ndarray,
        "tick": tick, "constant": constant, "inside": INSIDE, "frame_of": sys._getframe,
        "new": object.__new__, "mismatch": mismatch, "note_view": note_view,
    }  # fmt: skip
    function = FunctionType(_unwritten.__code__, names, _name_of(op))

    def write() -> None:
        """Give the function, wherever it has been published, its real code."""
        if not can_be_written(op):
            source = WRITE_GENERAL.format(name=_name_of(op))
        else:
            source = source_of(
                op, operator=operator, reflected=reflected, out=out, alone=alone, depth=depth
            )
        flags = {"operator": operator, "reflected": reflected, "out": out, "alone": alone}
        kind = "".join(f", {flag}" for flag, on in flags.items() if on) or f", {depth}"
        file = f"{WRITTEN} {op.name}{kind}>"  # one for each text
        linecache.cache[file] = (len(source), None, source.splitlines(True), file)  # tracebacks
        names.update({f"default_{name}": value for name, value in op.defaults.items()})
        names.update(Tensor=Op.tensor_class, forward=op.forward)
        exec(compile(source, file, "exec"), names)  # noqa: S102 - our own text, from no input
        real = names[_name_of(op)]
        function.__code__, function.__defaults__ = real.__code__, real.__defaults__
        function.__kwdefaults__ = real.__kwdefaults__

    names["write"] = write
    return cast("Callable[..., Any]", function)


def _general(op: Op) -> Callable[..., Any]:
    """`apply` under the signature of what is written."""
    count, settings = len(op.operands), op.settings

    def general(*arguments: Any, **named: Any) -> Any:
        if op.variadic:
            return apply(op, arguments, named)
        given = dict(zip(settings, arguments[count:], strict=False))
        return apply(op, arguments[:count], {**given, **named})

    return general


Op.writer = staticmethod(written)


def lift_unary(op: Op, careful: Callable[..., Any] | None = None) -> Callable[..., Any]:
    """A function of a tensor for an elementwise operation; `careful` serves unusual calls."""
    return _named(written(op, careful, operator=True, out=careful is not None), op)


def shorter(op: Op) -> Callable[[F], F]:
    """Let calls with a tensor of floats alone go from a function to the recorder of `op`.

    The function must do nothing else with them; it serves all other calls. A function more on the
    way costs a microsecond, most of it for the frame that is climbed over to the user's line.
    """

    def decorate(careful: F) -> F:
        return cast("F", named_like(written(op, careful, alone=True), careful))

    return decorate


def named_like(call: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """What functools.wraps does for a plain function, in a quarter of the time: 400 times."""
    call.__name__, call.__qualname__ = function.__name__, function.__qualname__
    call.__module__, call.__doc__ = function.__module__, function.__doc__
    call.__wrapped__ = function
    return call  # type: ignore[no-any-return]


def lift_binary(
    op: Op, known: tuple[type, ...], refuse: Callable[[Any, Any], None] | None = None
) -> tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]:
    """Two operator methods of an operation of two operands: as written, and reflected.

    Both return NotImplemented for operands that are not of a `known` class; `refuse` raises for
    types that the operation does not take, and is asked only where something is unusual.
    """

    def general(x: Any, y: Any) -> Any:
        if not isinstance(y, known):
            return NotImplemented
        if refuse is not None:
            refuse(x, y)
        return apply(op, (x, y.item() if isinstance(y, np.generic) else y), {})

    def general_reflected(y: Any, x: Any) -> Any:
        if not isinstance(x, known):
            return NotImplemented
        if refuse is not None:
            refuse(x, y)
        return apply(op, (x.item() if isinstance(x, np.generic) else x, y), {})

    return (
        _named(written(op, general, operator=True), op),
        _named(written(op, general_reflected, operator=True, reflected=True), op, "r"),
    )


def _named(method: Callable[..., Any], op: Op, prefix: str = "") -> Callable[..., Any]:
    """Give a method the name and docstring of its operation."""
    method.__name__ = method.__qualname__ = prefix + op.name
    method.__doc__ = op.__doc__
    return method
