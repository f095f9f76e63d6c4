"""A Python function as primitives, so that SQL computes it too; it stays Python where it cannot be.

The function is followed along each of its branches with what the branch tells of its values. Where
Python might raise, or mean anything else than the primitives, it is not written: then it is called.
"""

from __future__ import annotations

import ast
import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skewless.compiler import judged_steps as steps
from skewless.compiler.bound import Apply, Constant, Primitive, RequestTime, Typed, apply
from skewless.compiler.judged_value import (
    FALSE,
    NONE,
    TRUE,
    NotWrittenError,
    Truth,
    Value,
    always,
    as_float,
    chosen,
    counted,
    is_exact,
    joined,
    null_of,
    number,
    there,
    whole,
)
from skewless.compiler.vocabulary import of_instant
from skewless.definitions import types
from skewless.definitions.operators import Operator

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless.compiler.bound import Bound
    from skewless.compiler.judged_value import Facts
    from skewless.definitions.types import ValueType

    Names = Mapping[str, Value]
    Returned = Callable[[ast.expr, Names, Facts], Mapping[str, Value]]

_MOST_STEPS = 2_000  # of the function
_MOST_PARTS = 1_500  # of a feature's tree, which SQL writes out
_MOST_DEEP = 60
_WRITABLE = (types.Bool, types.Int64, types.Float64, types.String, types.Timestamp)
_LOGARITHMS = {
    "log": Primitive.LN,
    "log2": Primitive.LOG2,
    "log10": Primitive.LOG10,
    "log1p": Primitive.LOG1P,
}
_NUMBERS = {"pi": math.pi, "e": math.e, "tau": math.tau}
_PARTS: Mapping[str, tuple[Operator, int, int]] = {
    "year": (Operator.YEAR, 1, 9999),
    "month": (Operator.MONTH, 1, 12),
    "day": (Operator.DAY, 1, 31),
    "hour": (Operator.HOUR, 0, 23),
    "minute": (Operator.MINUTE, 0, 59),
    "second": (Operator.SECOND, 0, 59),
}


def written(
    source: str,
    name: str,
    arguments: Sequence[tuple[str, Typed]],
    features: Mapping[str, ValueType],
) -> tuple[tuple[str, Typed], ...] | str:
    """Return the features of a function in primitives, or why it stays Python.

    Args:
        source: the judged source.
        name: of the function.
        arguments: what its parameters are.
        features: what it returns.
    """
    functions = {
        node.name: node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)
    }
    writer = _Writer(functions, ast.parse(source).body)
    names = {
        parameter: Value(typed.bound, typed.type, may_be_none=not _is_instant(typed))
        for parameter, typed in arguments
        if typed.type in _WRITABLE
    }
    try:
        found = writer.block(functions[name].body, names, {}, writer.features)
        if found.keys() != features.keys():
            return "it returns other features"
        return tuple((key, _finished(found[key], type_)) for key, type_ in features.items())
    except NotWrittenError as error:
        return str(error)
    except RecursionError:
        return "it nests too deep"


def _is_instant(typed: Typed) -> bool:
    return isinstance(typed.bound, RequestTime)


@dataclass(slots=True)
class _Writer:
    functions: Mapping[str, ast.FunctionDef]
    top: Sequence[ast.stmt]
    count: int = 0
    members: dict[str, str] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        for node in self.top:
            match node:
                case ast.Import(names=[ast.alias(name="math", asname=alias)]):
                    self.modules.add(alias or "math")
                case ast.ImportFrom(module="math", names=names):
                    self.members |= {each.asname or each.name: each.name for each in names}

    # Statements

    def block(
        self, body: Sequence[ast.stmt], names: Names, facts: Facts, returned: Returned
    ) -> Mapping[str, Value]:
        """Return what the statements return."""
        if not body:
            raise NotWrittenError("it may end without return")
        self._step()
        node, rest = body[0], body[1:]
        match node:
            case ast.Return(value=ast.expr() as value):
                return returned(value, names, facts)
            case ast.Return():
                return returned(ast.Constant(None), names, facts)
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                found = {**names, name: self.value(value, names, facts)}
                return self.block(rest, found, facts, returned)
            case ast.AugAssign(target=ast.Name(id=name), op=operator, value=value):
                before, by = self._read(name, names, facts), self.value(value, names, facts)
                found = {**names, name: steps.arithmetic(operator, before, by)}
                return self.block(rest, found, facts, returned)
            case ast.If(test=test, body=then, orelse=otherwise):
                truth = self.truth(test, names, facts)
                both = [*then, *rest], [*otherwise, *rest]
                return self._branches(truth, *both, names, facts, returned)
            case ast.Pass():
                return self.block(rest, names, facts, returned)
        raise NotWrittenError(f"the statement `{ast.unparse(node).splitlines()[0]}`")

    def _branches(
        self,
        truth: Truth,
        then: Sequence[ast.stmt],
        otherwise: Sequence[ast.stmt],
        names: Names,
        facts: Facts,
        returned: Returned,
    ) -> Mapping[str, Value]:
        if isinstance(truth.bound, Constant):
            return self.block(then if truth.bound.value else otherwise, names, facts, returned)
        left = self.block(then, names, joined(facts, truth.when_true), returned)
        right = self.block(otherwise, names, joined(facts, truth.when_false), returned)
        if left.keys() != right.keys():
            raise NotWrittenError("it returns other features in each branch")
        return {key: chosen(truth, left[key], right[key]) for key in left}

    def features(self, node: ast.expr, names: Names, facts: Facts) -> Mapping[str, Value]:
        """Return the features of a dict that is returned."""
        match node:
            case ast.Dict(keys=keys, values=values):
                plain = [key.value for key in keys if isinstance(key, ast.Constant)]
                if len(plain) == len(keys) == len(set(plain)):
                    found = [self.value(value, names, facts) for value in values]
                    return dict(zip(map(str, plain), found, strict=True))
        raise NotWrittenError("it returns what is no dict of plain keys")

    # Expressions

    def value(self, node: ast.expr, names: Names, facts: Facts) -> Value:  # noqa: C901, PLR0911 - by kind
        """Return the value of an expression."""
        self._step()
        match node:
            case ast.Constant(value=constant):
                return _constant(constant)
            case ast.Name(id=name):
                return self._read(name, names, facts)
            case ast.BinOp(left=left, op=operator, right=right):
                both = self.value(left, names, facts), self.value(right, names, facts)
                return steps.arithmetic(operator, *both).known(facts)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return steps.negative(self.value(operand, names, facts)).known(facts)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return self._choice(self.truth(test, names, facts), body, orelse, names, facts)
            case ast.BoolOp(op=operator, values=values):
                return self._first(operator, values, names, facts)
            case ast.Compare() | ast.UnaryOp(op=ast.Not()):
                return Value(self.truth(node, names, facts).bound, types.Bool)
            case ast.Attribute(value=inner, attr=name) if name in _PARTS:
                return self._part(*_PARTS[name], self.value(inner, names, facts))
            case ast.Attribute(value=ast.Name(id=name), attr=attr) if (
                name in self.modules and attr in _NUMBERS
            ):
                return number(_NUMBERS[attr], types.Float64)
            case ast.Call():
                return self._call(node, names, facts).known(facts)
            case ast.JoinedStr(values=parts):
                return self._text(parts, names, facts)
        raise NotWrittenError(f"`{ast.unparse(node)}`")

    def _read(self, name: str, names: Names, facts: Facts) -> Value:
        if name not in names:
            raise NotWrittenError(f"{name} is of a type that has no expressions, or not set")
        return names[name].known(facts)

    def _choice(
        self, truth: Truth, then: ast.expr, otherwise: ast.expr, names: Names, facts: Facts
    ) -> Value:
        if isinstance(truth.bound, Constant):
            return self.value(then if truth.bound.value else otherwise, names, facts)
        left = self.value(then, names, joined(facts, truth.when_true))
        right = self.value(otherwise, names, joined(facts, truth.when_false))
        return chosen(truth, left, right)

    def _first(
        self, operator: ast.boolop, values: Sequence[ast.expr], names: Names, facts: Facts
    ) -> Value:
        """Return x or y, x and y: one of them, not a truth value."""
        found = self.value(values[0], names, facts)
        if len(values) == 1:
            return found
        truth = self.truth(values[0], names, facts)
        is_or = isinstance(operator, ast.Or)
        known = joined(facts, truth.when_false if is_or else truth.when_true)
        if isinstance(truth.bound, Constant):
            is_found = bool(truth.bound.value) == is_or
            return found if is_found else self._first(operator, values[1:], names, known)
        rest = self._first(operator, values[1:], names, known)
        mine = found.known(truth.when_true if is_or else truth.when_false)
        return chosen(truth, mine, rest) if is_or else chosen(truth, rest, mine)

    def truth(self, node: ast.expr, names: Names, facts: Facts) -> Truth:
        """Return whether Python takes an expression for true."""
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.truth(operand, names, facts).opposite()
            case ast.BoolOp(op=operator, values=[first, *rest]):
                return self._logic(operator, first, rest, names, facts)
            case ast.Compare(left=left, ops=[operator], comparators=[right]):
                return self._comparison(left, operator, right, names, facts)
            case ast.Compare(left=left, ops=[operator, *more], comparators=[right, *others]):
                first = ast.Compare(left, [operator], [right])
                second = ast.Compare(right, more, others)
                return self._logic(ast.And(), first, [second], names, facts)
            case ast.Call(func=ast.Name(id="bool"), args=[inner], keywords=[]):
                return self.truth(inner, names, facts)
        return steps.is_true(self.value(node, names, facts))

    def _logic(
        self,
        operator: ast.boolop,
        first: ast.expr,
        rest: Sequence[ast.expr],
        names: Names,
        facts: Facts,
    ) -> Truth:
        left = self.truth(first, names, facts)
        if not rest:
            return left
        is_or = isinstance(operator, ast.Or)
        if isinstance(left.bound, Constant) and bool(left.bound.value) == is_or:
            return left
        known = joined(facts, left.when_false if is_or else left.when_true)
        right = self._logic(operator, rest[0], rest[1:], names, known)
        if is_or:
            told = joined(left.when_false, right.when_false)
            return Truth(steps.any_of(left, right), {}, told)
        told = joined(left.when_true, right.when_true)
        return Truth(steps.all_of(left, right), told, {})

    def _comparison(
        self, left: ast.expr, operator: ast.cmpop, right: ast.expr, names: Names, facts: Facts
    ) -> Truth:
        first = self.value(left, names, facts)
        match operator, right:
            case ast.Is() | ast.IsNot(), ast.Constant(value=None):
                truth = steps.is_none(first)
                return truth.opposite() if isinstance(operator, ast.IsNot) else truth
            case ast.Is() | ast.IsNot(), ast.Constant(value=bool()) if first.type == types.Bool:
                truth = steps.compared(ast.Eq(), first, self.value(right, names, facts))
                return truth.opposite() if isinstance(operator, ast.IsNot) else truth
            case ast.In() | ast.NotIn(), ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(
                elts=items
            ):
                truth = always(value=False)
                for item in items:
                    one = steps.compared(ast.Eq(), first, self.value(item, names, facts))
                    truth = Truth(
                        steps.any_of(truth, one), {}, joined(truth.when_false, one.when_false)
                    )
                return truth.opposite() if isinstance(operator, ast.NotIn) else truth
            case ast.In() | ast.NotIn(), _:
                text = there(self.value(right, names, facts))
                truth = _text_test(Primitive.CONTAINS, text, first)
                return truth.opposite() if isinstance(operator, ast.NotIn) else truth
        return steps.compared(operator, first, self.value(right, names, facts))

    def _part(self, operator: Operator, low: int, high: int, value: Value) -> Value:
        if there(value).type != types.Timestamp:
            raise NotWrittenError("a part of what is no Timestamp")
        return whole(of_instant(operator, value.bound), low, high)

    def _call(self, node: ast.Call, names: Names, facts: Facts) -> Value:
        if node.keywords:
            raise NotWrittenError("a call with names of arguments")
        values = [self.value(each, names, facts) for each in node.args]
        match node.func, values:
            case ast.Name(id=name), _ if name in self.functions:
                return self._inlined(self.functions[name], values, facts)
            case ast.Name(id=name), [value] if name in self.members:
                return _of_math(self.members[name], value)
            case ast.Attribute(value=ast.Name(id=name), attr=member), [value] if (
                name in self.modules
            ):
                return _of_math(member, value)
            case ast.Name(id="min" | "max" as name), [_, _, *_]:
                return steps.extreme(ast.Lt() if name == "min" else ast.Gt(), values)
            case ast.Name(id=name), [value]:
                return _builtin(name, value)
            case ast.Attribute(value=inner, attr=name), _:
                return self._method(name, there(self.value(inner, names, facts)), values)
        raise NotWrittenError(f"`{ast.unparse(node)}`")

    def _method(self, name: str, value: Value, arguments: Sequence[Value]) -> Value:
        match name, arguments:
            case "weekday", [] if value.type == types.Timestamp:
                day = whole(of_instant(Operator.WEEKDAY, value.bound), 1, 7)
                return steps.arithmetic(ast.Sub(), day, number(1, types.Int64))
            case "isoweekday", [] if value.type == types.Timestamp:
                return whole(of_instant(Operator.WEEKDAY, value.bound), 1, 7)
            case "startswith", [start]:
                return Value(_text_test(Primitive.STARTS_WITH, value, start).bound, types.Bool)
            case "endswith", [end]:
                return Value(_text_test(Primitive.ENDS_WITH, value, end).bound, types.Bool)
        raise NotWrittenError(f"the method .{name}")

    def _inlined(self, function: ast.FunctionDef, values: Sequence[Value], known: Facts) -> Value:
        parameters = [each.arg for each in function.args.args]
        if len(parameters) != len(values) or function.args.kwonlyargs or function.args.posonlyargs:
            raise NotWrittenError(f"the call of {function.name}")

        def returned(node: ast.expr, names: Names, facts: Facts) -> Mapping[str, Value]:
            return {"": self.value(node, names, facts)}

        body = [*function.body, ast.Return(ast.Constant(None))]
        return self.block(body, dict(zip(parameters, values, strict=True)), known, returned)[""]

    def _text(self, parts: Sequence[ast.expr], names: Names, facts: Facts) -> Value:
        found = Value(Constant("", types.String), types.String)
        for part in parts:
            match part:
                case ast.Constant(value=str(text)):
                    piece = _constant(text)
                case ast.FormattedValue(value=inner, conversion=-1, format_spec=None):
                    piece = _builtin("str", self.value(inner, names, facts))
                case _:
                    raise NotWrittenError("a format of an f-string")
            found = (
                piece
                if found.bound == Constant("", types.String)
                else steps.arithmetic(ast.Add(), found, piece)
            )
        return found

    def _step(self) -> None:
        self.count += 1
        if self.count > _MOST_STEPS:
            raise NotWrittenError("it has too many branches")


def _constant(value: object) -> Value:
    match value:
        case None:
            return NONE
        case bool():
            return Value(TRUE if value else FALSE, types.Bool)
        case int():
            return whole(Constant(value, types.Int64), value, value)
        case float():
            return number(value, types.Float64)
        case str() if "\x00" not in value:
            return Value(Constant(value, types.String), types.String)
    raise NotWrittenError(f"the constant {value!r}")


def _builtin(name: str, value: Value) -> Value:
    if name == "bool":
        return Value(steps.is_true(value).bound, types.Bool)
    value = there(value)
    match name, value.type:
        case "abs", _:
            return steps.absolute(value)
        case "float", types.Int64 | types.Float64 | types.Bool:
            return as_float(value)
        case "int", types.Int64 | types.Bool:
            return counted(value)
        case "len", types.String:
            return whole(apply(Primitive.LENGTH, value.bound), 0, 2**31)
        case "str", types.String:
            return value
        case "str", types.Int64:
            return Value(apply(Primitive.TO_TEXT, value.bound), types.String)
    raise NotWrittenError(f"{name} of {value.type}")


def _of_math(name: str, value: Value) -> Value:
    match name:
        case "sqrt":
            return steps.square_root(value)
        case "fabs":
            return steps.absolute(as_float(there(value)))
        case "exp":
            return steps.exponential(value)
        case "log" | "log2" | "log10" | "log1p":
            return steps.logarithm(_LOGARITHMS[name], value)
        case "atan" | "tanh":
            return steps.total(Primitive[name.upper()], value)
    raise NotWrittenError(f"math.{name}")


def _text_test(primitive: Primitive, text: Value, part: Value) -> Truth:
    if (
        text.type != types.String
        or part.type != types.String
        or not isinstance(part.bound, Constant)
    ):
        raise NotWrittenError("a test of a text for what is no constant")
    if not part.bound.value:
        raise NotWrittenError("a test of a text for an empty one")
    return Truth(apply(primitive, text.bound, part.bound), {}, {})


def _finished(value: Value, type_: ValueType) -> Typed:
    """Return a feature, in normal form."""
    if value.type is None:
        return Typed(null_of(type_), type_)
    bound = value.bound
    if type_ == types.Float64 and value.type in (types.Int64, types.Float64):
        if value.type == types.Int64 and not is_exact(value):
            raise NotWrittenError("a whole number beyond 2^53 for a Float64")
        bound = as_float(value).bound
        if not value.is_finite:
            bound = apply(Primitive.FINITE, bound)
        if isinstance(bound, Apply):
            bound = apply(Primitive.POSITIVE_ZERO, bound)
    elif value.type != type_:
        raise NotWrittenError(f"it returns {value.type} for {type_}")
    size, depth = _extent(bound)
    if size > _MOST_PARTS or depth > _MOST_DEEP:
        raise NotWrittenError("its expression would be too long")
    return Typed(bound, type_)


def _extent(bound: Bound) -> tuple[int, int]:
    """Return how many parts a tree has when it is written out, and how deep it nests."""
    known: dict[Bound, tuple[int, int]] = {}

    def extent(part: Bound) -> tuple[int, int]:
        if part not in known:
            inner = [extent(each) for each in part.arguments] if isinstance(part, Apply) else []
            parts, depth = (
                sum(each[0] for each in inner),
                max((each[1] for each in inner), default=0),
            )
            known[part] = 1 + parts, 1 + depth
        return known[part]

    return extent(bound)
