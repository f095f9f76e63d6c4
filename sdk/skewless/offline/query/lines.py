"""A function of `compiler.elementary` as a list of values, read from its source."""

from __future__ import annotations

import ast
import copy
import inspect
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

Value: TypeAlias = "ast.expr | tuple[ast.expr, ...]"
PRIMITIVES = frozenset({"two", "exponent"})  # an engine has its own of these
_SHORT_USES = 3


@dataclass(frozen=True, slots=True)
class Straight:
    """A function without calls.

    Attributes:
        parameters: the names of its parameters.
        conditions: without one of them the result is null.
        values: by name, each over parameters and values before it.
        result: an expression over them.
    """

    parameters: tuple[str, ...]
    conditions: tuple[ast.expr, ...]
    values: Mapping[str, ast.expr]
    result: ast.expr

    def with_short_values_written_out(self) -> Straight:
        """Return the same without names for what is read once, or is as short as its name."""
        uses = Counter(
            name for value in (*self.values.values(), self.result) for name in names_in(value)
        )
        kept: dict[str, ast.expr] = {}
        written: dict[str, ast.expr] = {}
        for name, given in self.values.items():
            value = _replaced(given, written)
            is_short = sum(1 for _ in names_in(value)) <= 1 and not _has_call(value)
            if uses[name] <= 1 or (is_short and uses[name] <= _SHORT_USES):
                written[name] = value
            else:
                kept[name] = value
        return Straight(self.parameters, self.conditions, kept, _replaced(self.result, written))


def straight(function: Callable[..., float | None]) -> Straight:
    """Read a function.

    Raises:
        ValueError: it holds what is no straight line.
    """
    source = _Source.of(function)
    parameters = tuple(one.arg for one in source.tree.args.args)
    lines = _Lines()
    result = lines.read(source, [ast.Name(id=each) for each in parameters], is_outermost=True)
    if isinstance(result, tuple):
        raise _refused(source.tree)
    found = Straight(parameters, tuple(lines.conditions), lines.values, result)
    return found.with_short_values_written_out()


@dataclass(frozen=True, slots=True)
class _Source:
    """A function's tree, and what the names in it stand for that are not its own."""

    tree: ast.FunctionDef
    names: Mapping[str, Any]

    @classmethod
    def of(cls, function: Callable[..., Any]) -> _Source:
        (tree,) = ast.parse(inspect.getsource(function)).body
        if not isinstance(tree, ast.FunctionDef):
            raise _refused(tree)
        return cls(tree, inspect.unwrap(function).__globals__)


@dataclass(slots=True)
class _Lines:
    """A function in values that are computed once each; what it calls is written out."""

    conditions: list[ast.expr] = field(default_factory=list)
    values: dict[str, ast.expr] = field(default_factory=dict)

    def read(
        self, source: _Source, arguments: Sequence[ast.expr], *, is_outermost: bool = False
    ) -> Value:
        """Add the lines of a function, and return its result."""
        known = {
            parameter.arg: self._kept(argument)
            for parameter, argument in zip(source.tree.args.args, arguments, strict=True)
        }
        frame = _Frame(self, source, known)
        for line in source.tree.body:
            match line:
                case ast.Expr(value=ast.Constant()):
                    pass  # the docstring
                case ast.If(test=ast.UnaryOp(op=ast.Not(), operand=test)) if is_outermost:
                    self.conditions.append(frame.one(test))
                case ast.Assign(targets=[target], value=value):
                    found = frame.read(value)
                    values = found if isinstance(found, tuple) else (found,)
                    for name, part in zip(names_in(target), values, strict=True):
                        known[name] = self._kept(part)
                case ast.Return(value=ast.expr() as value):
                    return frame.read(value)
                case _:
                    raise _refused(line)
        raise _refused(source.tree)

    def _kept(self, value: ast.expr) -> ast.expr:
        """Give a value a name, unless it is one, or a constant."""
        if isinstance(value, ast.Name | ast.Constant):
            return value
        name = f"v{len(self.values)}"
        self.values[name] = value
        return ast.Name(id=name)


@dataclass(frozen=True, slots=True)
class _Frame:
    """A function that is being read, and the values of its names so far."""

    lines: _Lines
    source: _Source
    known: Mapping[str, ast.expr]

    def one(self, value: ast.expr) -> ast.expr:
        """Return an expression over the values of all lines."""
        found = self.read(value)
        if isinstance(found, tuple):
            raise _refused(value)
        return found

    def read(self, value: ast.expr) -> Value:
        """Return the same, or several."""
        match value:
            case ast.Tuple(elts=parts):
                return tuple(map(self.one, parts))
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name), args=arguments):
                return self._called(name, list(map(self.one, arguments)))
            case ast.Name(id=name) if name in self.known:
                return self.known[name]
            case ast.Name(id=name) if isinstance(self.source.names.get(name), float):
                return ast.Constant(value=self.source.names[name])
            case ast.Constant():
                return value
            case ast.BinOp(left=left, op=op, right=right):
                return ast.BinOp(left=self.one(left), op=op, right=self.one(right))
            case ast.UnaryOp(op=ast.USub() as sign, operand=operand):
                return ast.UnaryOp(op=sign, operand=self.one(operand))
            case _:
                return self._chosen(value)

    def _chosen(self, value: ast.expr) -> ast.expr:
        match value:
            case ast.BoolOp(op=op, values=values):
                return ast.BoolOp(op=op, values=list(map(self.one, values)))
            case ast.Compare(left=left, ops=ops, comparators=rest):
                first, *others = map(self.one, (left, *rest))
                return ast.Compare(left=first, ops=ops, comparators=others)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return ast.IfExp(*map(self.one, (test, body, orelse)))
            case _:
                raise _refused(value)

    def _called(self, name: str, arguments: list[ast.expr]) -> Value:
        function = self.source.names.get(name)
        if inspect.isfunction(function) and name not in PRIMITIVES:
            return self.lines.read(_Source.of(function), arguments)
        return ast.Call(func=ast.Name(id=name), args=arguments, keywords=[])


def names_in(value: ast.expr) -> Iterator[str]:
    """Yield the names that are read, as often as they are."""
    called = {id(node.func) for node in ast.walk(value) if isinstance(node, ast.Call)}
    for node in ast.walk(value):
        if isinstance(node, ast.Name) and id(node) not in called:
            yield node.id


class _Replacer(ast.NodeTransformer):
    def __init__(self, values: Mapping[str, ast.expr]) -> None:
        self._values = values

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return self._values.get(node.id, node)


def _replaced(value: ast.expr, values: Mapping[str, ast.expr]) -> ast.expr:
    found: ast.expr = _Replacer(values).visit(copy.deepcopy(value))
    return found


def _has_call(value: ast.expr) -> bool:
    return any(isinstance(node, ast.Call | ast.IfExp) for node in ast.walk(value))


def _refused(node: ast.AST) -> ValueError:
    return ValueError(f"this is no part of a straight line: {ast.unparse(node)}")
