"""The functions of `compiler.elementary` as SQL: their own lines, read from their source.

SQL has no place for a value that is used twice but a parameter of a lambda. So a list of one row
goes through a chain of lambdas. Each makes the next row: the values that can be computed by now,
and those of before that are still needed. A row that does not meet the conditions is taken out of
the list, and so the result is null.
"""

from __future__ import annotations

import ast
import functools
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import exp

from skewless.offline.query import sql
from skewless.offline.query.dialect import EngineName
from skewless.offline.query.lines import names_in, straight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.lines import Straight
    from skewless.offline.query.sql import Sql

Places: TypeAlias = "Mapping[str, int]"

_CALLS = {"abs": "ABS", "max": "GREATEST", "min": "LEAST", "sqrt": "SQRT", "floor": "FLOOR"}
_OPERATORS: Mapping[type[ast.AST], tuple[str, int]] = {
    ast.Or: ("OR", 1),
    ast.And: ("AND", 2),
    ast.Lt: ("<", 3),
    ast.LtE: ("<=", 3),
    ast.Gt: (">", 3),
    ast.GtE: (">=", 3),
    ast.Eq: ("=", 3),
    ast.NotEq: ("<>", 3),
    ast.Add: (" + ", 4),  # the local Athena would read 1e0-1e0 as one number
    ast.Sub: (" - ", 4),
    ast.Mult: ("*", 5),
    ast.Div: ("/", 5),
}
_TIGHTEST = 6


def call(dialect: Dialect, function: Callable[..., float | None], *arguments: Sql) -> Sql:
    """Write a function of `compiler.elementary` over doubles."""
    before, after = _around(dialect.engine, function)
    return exp.Tag(this=sql.call("row", *arguments), prefix=before, postfix=after)


def is_in(value: Sql) -> bool:
    """Say whether an expression holds a function that is written so, or another lambda."""
    return value.find(exp.Tag, exp.Lambda) is not None


@functools.cache
def _around(engine: EngineName, source: Callable[..., float | None]) -> tuple[str, str]:
    """Return the text before and after the row of arguments."""
    function = straight(source)
    rows = _rows(function)
    places = _places(rows[0])
    conditions = " AND ".join(_text(one, places, 2) for one in function.conditions)
    steps = [("FILTER", conditions)]
    for row in rows[1:]:
        values = (
            _text(function.values[each] if each not in places else ast.Name(id=each), places)
            for each in row
        )
        steps.append(("TRANSFORM", f"ROW({','.join(values)})"))
        places = _places(row)
    steps.append(("TRANSFORM", _text(function.result, places)))
    return _chain(engine, steps)


def _chain(engine: EngineName, steps: Sequence[tuple[str, str]]) -> tuple[str, str]:
    is_duckdb = engine is EngineName.DUCKDB
    prefix, parameter = ("LIST_", "LAMBDA v: ") if is_duckdb else ("", "v->")
    functions = "".join(f"{prefix}{name}(" for name, _ in reversed(steps))
    bodies = "".join(f",{parameter}{body})" for _, body in steps)
    if is_duckdb:
        return f"LIST_EXTRACT({functions}[", f"]{bodies}, 1)"
    return f"ELEMENT_AT({functions}ARRAY[", f"]{bodies}, 1)"


def _places(row: Sequence[str]) -> Places:
    return {name: place for place, name in enumerate(row, 1)}


def _rows(function: Straight) -> list[list[str]]:
    """Return the names in each row: those of parameters, then of values, as they are needed."""
    early = _early(function)
    return min(_filled(function, early), _filled(function, _late(function, early)), key=_fields)


def _early(function: Straight) -> Mapping[str, int]:
    """Return the first row in which each name can be."""
    level = dict.fromkeys(function.parameters, 0)
    for name, value in function.values.items():
        level[name] = 1 + max((level[used] for used in names_in(value)), default=0)
    return level


def _late(function: Straight, early: Mapping[str, int]) -> Mapping[str, int]:
    """Return the last row in which each value can be new, for as many rows."""
    level = dict.fromkeys(function.values, max(early.values()))
    for name in reversed(list(function.values)):
        for used in names_in(function.values[name]):
            if used in level:
                level[used] = min(level[used], level[name] - 1)
    return {**dict.fromkeys(function.parameters, 0), **level}


def _fields(rows: list[list[str]]) -> int:
    return sum(map(len, rows))


def _filled(function: Straight, level: Mapping[str, int]) -> list[list[str]]:
    last = dict.fromkeys(level, 0)  # the row from which a value is read for the last time
    for name, value in function.values.items():
        for used in names_in(value):
            last[used] = max(last[used], level[name] - 1)
    most = max(level.values())
    for used in names_in(function.result):
        last[used] = most
    rows = [list(function.parameters)]
    rows += [
        [name for name in level if level[name] <= number <= last[name]]
        for number in range(1, most + 1)
    ]
    return rows


def _text(value: ast.expr, places: Places, least: int = 0) -> str:
    """Write an expression, in parentheses if it binds less tightly than `least`."""
    match value:
        case ast.Name(id=name):
            return f"v[{places[name]}]"
        case ast.Constant(value=float() as number):
            return _number(number)
        case ast.Call(func=ast.Name(id=name), args=arguments):
            return _called(name, [_text(each, places) for each in arguments])
        case ast.UnaryOp(operand=operand):
            return f"(-{_text(operand, places, _TIGHTEST)})"
        case ast.IfExp(test=test, body=body, orelse=orelse):
            is_null = isinstance(orelse, ast.Constant) and orelse.value is None
            other = "" if is_null else f" ELSE {_text(orelse, places)}"
            return f"CASE WHEN {_text(test, places)} THEN {_text(body, places)}{other} END"
        case _:
            text, strength = _joined(value, places)
            return f"({text})" if strength < least else text


def _number(value: float) -> str:
    text = repr(abs(value))
    text = text if "e" in text else f"{text.removesuffix('.0')}e0"  # without e it is a DECIMAL
    return f"(-{text})" if value < 0 else text


def _joined(value: ast.expr, places: Places) -> tuple[str, int]:
    match value:
        case ast.BinOp(left=left, op=op, right=right):
            symbol, strength = _OPERATORS[type(op)]
            # One more on the right: engines join operators of one kind from the left.
            first, second = _text(left, places, strength), _text(right, places, strength + 1)
            return f"{first}{symbol}{second}", strength
        case ast.BoolOp(op=op, values=values):
            symbol, strength = _OPERATORS[type(op)]
            return f" {symbol} ".join(_text(each, places, strength) for each in values), strength
        case ast.Compare(left=left, ops=ops, comparators=rest):
            parts = [_text(each, places, 4) for each in (left, *rest)]
            pairs = [
                f"{parts[number]}{_OPERATORS[type(op)][0]}{parts[number + 1]}"
                for number, op in enumerate(ops)
            ]
            return " AND ".join(pairs), 2 if len(pairs) > 1 else 3
        case _:
            raise ValueError(f"{ast.dump(value)} has no SQL")


def _called(name: str, arguments: Sequence[str]) -> str:
    match name:
        case "two":
            return f"POWER(2e0,{arguments[0]})"
        case "exponent":
            return f"FLOOR(LOG2({arguments[0]}))"
        case _:
            return f"{_CALLS[name]}({','.join(arguments)})"
