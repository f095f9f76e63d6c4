"""Athena SQL to DuckDB SQL: sqlglot's translation, and rewrites where that would change a value.

It knows nothing of the catalog: the caller has replaced table names before (`catalog.py`).
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import ErrorLevel, exp
from sqlglot.dialects.trino import Trino

from localaws.core.athena.exemplar import exemplar
from localaws.core.athena.failure import QueryFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_INTEGERS = frozenset({exp.DType.BIGINT, exp.DType.INT, exp.DType.SMALLINT, exp.DType.TINYINT})
_TEXTS = frozenset({exp.DType.VARCHAR, exp.DType.TEXT})
# Functions in functions nest deep, and sqlglot goes down by calls: some thirty for each level.
sys.setrecursionlimit(max(sys.getrecursionlimit(), 20_000))
# Elements count from 1 in both languages. sqlglot would count from 0 between them. For that it asks
# the type of whatever has elements: most of the time of parsing elementary functions.
_FROM_ONE: Any = Trino()
_FROM_ONE.INDEX_OFFSET = 0
_PARSING: Any = {"read": "athena", "trino": _FROM_ONE}
_NAMED = (exp.Alias, exp.Aliases, exp.Column, exp.Dot)
_FOREIGN = frozenset({"current_setting", "getenv", "getvariable", "write_log"})
_DAY_OF_WEEK = frozenset({"DOW", "DAYOFWEEK", "DAY_OF_WEEK"})


def parse(sql: str) -> exp.Expr:
    """An Athena statement as a tree."""
    tree: exp.Expr = sqlglot.parse_one(sql, **_PARSING)
    for bracket in tree.find_all(exp.Bracket) if "[" in sql else ():
        bracket.set("offset", bracket.args.get("offset", 1))
    return tree


def to_duckdb(statement: exp.Expr) -> str:
    """The statement, its tables being DuckDB's already, as DuckDB SQL that means the same.

    Raises:
        QueryFailedError: A function exists in DuckDB only, and reads this machine.
        sqlglot.errors.UnsupportedError: A construct has no translation.
    """
    tree = statement.copy()
    _refuse_foreign(tree)
    # Children first, so that a rewrite sees operands that are rewritten already.
    for node in reversed(list(tree.walk())):
        rewrite = _REWRITES.get(type(node))
        new = rewrite(node) if rewrite is not None else None
        if new is not None:
            node.replace(new)
    return tree.sql("duckdb", unsupported_level=ErrorLevel.RAISE)


def _refuse_foreign(tree: exp.Expr) -> None:
    """Refuse functions of DuckDB alone that read files and settings."""
    for node in tree.find_all(exp.Func):
        name = (node.name if isinstance(node, exp.Anonymous) else node.sql_name()).lower()
        is_table = isinstance(node.parent, exp.Table | exp.Lateral) and node.arg_key == "this"
        if name in _FOREIGN or (is_table and not isinstance(node, exp.Unnest)):
            raise QueryFailedError(
                "FUNCTION_NOT_FOUND", f"line 1:1: Function '{name}' not registered"
            )


def with_parameters(statement: exp.Expr, parameters: Sequence[str]) -> exp.Expr:
    """The statement with each `?` replaced by its execution parameter, an SQL literal."""
    filled = statement.copy()
    marks = [node for node in filled.walk(bfs=False) if isinstance(node, exp.Placeholder)]
    for mark, parameter in zip(marks, parameters, strict=False):
        mark.replace(parse(parameter))
    return filled


def name_columns(query: exp.Expr) -> None:
    """Name the columns that have no name as Athena does: `_col0`, `_col1`, by position."""
    first = query
    while isinstance(first, exp.SetOperation | exp.Subquery):
        first = first.this
    if not isinstance(first, exp.Select):
        return
    for position, column in enumerate(first.expressions):
        if not is_named(column):
            column.replace(exp.alias_(column.copy(), f"_col{position}"))


def is_named(column: exp.Expr) -> bool:
    """Whether a column of a SELECT has a name in Trino, where `1` and `cast(a as b)` have none."""
    return column.is_star or isinstance(column, _NAMED)


def _call(name: str, *arguments: exp.Expr | str) -> exp.Anonymous:
    """A function call; text is a string literal."""
    expressions = [exp.Literal.string(one) if isinstance(one, str) else one for one in arguments]
    return exp.Anonymous(this=name, expressions=expressions)


def _divide(node: exp.Expr) -> exp.Expr:
    left, right = node.this, node.expression
    if _divides_exactly(left, right):
        if _is_whole_decimal(right):
            # DuckDB divides decimals as doubles, and whole numbers exactly.
            left, right = (exp.cast(side.copy(), "HUGEINT") for side in (left, right))
        return exp.IntDiv(this=exp.Paren(this=left), expression=exp.Paren(this=right))
    if _is_whole_decimal(left) and _is_whole_decimal(right):
        return _call("whole_decimal_quotient", left, right)
    return _call("trino_divide", exemplar(left), exemplar(right), left, right)


def _is_whole_decimal(node: exp.Expr) -> bool:
    cast = node.unnest()
    return isinstance(cast, exp.Cast) and cast.to.sql() == "DECIMAL(38, 0)"


def _divides_exactly(left: exp.Expr, right: exp.Expr) -> bool:
    """Whether it is `(x - mod(x, y)) / y`, which rounds in no engine and for no exact type."""
    difference = left.unnest()
    if not isinstance(difference, exp.Sub):
        return False
    remainder = difference.expression.unnest()
    return (
        isinstance(remainder, exp.Mod)
        and remainder.this.unnest() == difference.this.unnest()
        and remainder.expression.unnest() == right.unnest()
    )


def _sum(node: exp.Expr) -> exp.Expr | None:
    """`sum(x) filter (...) over (...)`, once its outermost part is reached, gets Trino's type."""
    continues = isinstance(node.parent, exp.Filter | exp.Window) and node.parent.this is node
    aggregate = node
    while isinstance(aggregate, exp.Filter | exp.Window):
        aggregate = aggregate.this
    if continues or not isinstance(aggregate, exp.Sum):
        return None
    summed = aggregate.this
    if isinstance(summed, exp.Distinct):
        summed = summed.expressions[0]
    return _call("trino_sum", exemplar(summed), node.copy())


def _cast(node: exp.Expr) -> exp.Expr | None:
    kind, value = node.args["to"], node.this
    _name_fields(kind)
    if kind.this in _INTEGERS:
        node.set("this", _call("trino_integer", exemplar(value), value))
    elif kind.this is exp.DType.DECIMAL and not kind.expressions:
        node.set("to", _decimal_type(value))
    elif kind.this in _TEXTS and not value.is_string:
        node.set("this", _call("trino_varchar", exemplar(value), value))
    return None


def _decimal_type(value: exp.Expr) -> exp.DataType:
    """`decimal '1.50'` has the precision that it is written with; a plain DECIMAL is (38, 0)."""
    whole, _, fraction = value.name.lstrip("+-").partition(".")
    if not value.is_string:
        return exp.DataType.build("decimal(38, 0)")
    return exp.DataType.build(f"decimal({max(len(whole + fraction), 1)}, {len(fraction)})")


def _name_fields(kind: exp.DataType) -> None:
    """ROW(bigint, varchar) has no names in Trino; DuckDB's STRUCT needs some."""
    for struct in kind.find_all(exp.DataType):
        if struct.this is not exp.DType.STRUCT:
            continue
        for position, field in enumerate(struct.expressions):
            if isinstance(field, exp.DataType):
                name = exp.to_identifier(f"field{position}")
                field.replace(exp.ColumnDef(this=name, kind=field.copy()))


def _row(node: exp.Expr) -> exp.Expr | None:
    """ROW(a, b) without sqlglot's guessed names, by which DuckDB would match fields."""
    if any(isinstance(field, exp.PropertyEQ | exp.Alias) for field in node.expressions):
        return None
    return _call("row", *node.expressions)


def _date_add(node: exp.Expr) -> exp.Expr:
    return _call("trino_same", exemplar(node.this), node.copy())


def _date_diff(node: exp.Expr) -> exp.Expr:
    """Trino counts whole units between; DuckDB's date_diff counts borders crossed."""
    return _call("date_sub", node.args["unit"].name.lower(), node.expression, node.this)


def _reduce(node: exp.Expr) -> exp.Expr:
    """DuckDB's list_reduce has no last step: it is applied to a list of the one result."""
    merged = _call("list_reduce", node.this, node.args["merge"], node.args["initial"])
    finish = node.args.get("finish")
    if finish is None or finish.this == finish.expressions[0]:
        return merged
    finished = _call("list_transform", exp.Array(expressions=[merged]), finish)
    return exp.Bracket(this=finished, expressions=[exp.Literal.number(1)], offset=1)


def _slice(node: exp.Expr) -> exp.Expr:
    """Trino's third argument is a length, DuckDB's an end."""
    start, length = node.args["start"], node.args["end"]
    last = exp.Sub(
        this=exp.Add(this=exp.Paren(this=start.copy()), expression=exp.Paren(this=length)),
        expression=exp.Literal.number(1),
    )
    return _call("list_slice", node.this, start, last)


def _substring(node: exp.Expr) -> exp.Expr:
    """Of bytes as well as of text, which DuckDB's substring refuses."""
    length = node.args.get("length") or exp.Null()
    return _call("trino_substr", exemplar(node.this), node.this, node.args["start"], length)


def _extract(node: exp.Expr) -> exp.Expr | None:
    return _call("isodow", node.expression) if node.name.upper() in _DAY_OF_WEEK else None


def _picked(node: exp.Expr) -> exp.Expr | None:
    """Pick rows whose value is null as well, which DuckDB's words of the same name leave out."""
    if node.args.get("count") is not None:
        return None
    name = "arg_max_null" if isinstance(node, exp.ArgMax) else "arg_min_null"
    return _call(name, node.this, node.expression)


_REWRITES: dict[type[exp.Expr], Callable[[exp.Expr], exp.Expr | None]] = {
    exp.ArgMax: _picked,
    exp.ArgMin: _picked,
    exp.Div: _divide,
    exp.Sum: _sum,
    exp.Filter: _sum,
    exp.Window: _sum,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Struct: _row,
    exp.DateAdd: _date_add,
    exp.DateTrunc: _date_add,
    exp.TimestampTrunc: _date_add,
    exp.DateDiff: _date_diff,
    exp.UnixToTime: lambda node: _call("trino_from_unixtime", node.this),
    exp.Reduce: _reduce,
    exp.ArraySlice: _slice,
    exp.Substring: _substring,
    exp.Extract: _extract,
    exp.DayOfWeekIso: lambda node: _call("isodow", node.this),
    exp.Format: lambda node: _call("printf", node.this, *node.expressions),
}
