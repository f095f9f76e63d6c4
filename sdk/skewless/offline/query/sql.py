"""Writing SQL as sqlglot trees: names are always quoted, operators always in parentheses.

No other module makes SQL text, so a name or value that looks like SQL is never executed.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeAlias

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Container, Iterable, Mapping, Sequence

Sql: TypeAlias = exp.Expr
_SAFE_INTEGER = 2**63 - 1


def name(text: str) -> exp.Identifier:
    """Quote an identifier."""
    return exp.to_identifier(text, quoted=True)


def column(text: str, table: str | None = None) -> exp.Column:
    """Name a column."""
    # Not exp.column, which copies both identifiers.
    found = exp.Column(this=name(text))
    if table is not None:
        found.set("table", name(table))
    return found


def table(text: str, database: str | None = None, alias: str | None = None) -> exp.Table:
    """Name a table, or a step of the query."""
    found = exp.Table(this=name(text), db=None if database is None else name(database))
    if alias is not None:
        found.set("alias", exp.TableAlias(this=name(alias)))
    return found


def reading(query: exp.Query, tables: Mapping[str, exp.Table]) -> exp.Query:
    """Return the query with tables in place of the steps that they hold."""
    found = query.copy()
    for step in list(found.find_all(exp.Table)):
        if not step.db and step.name in tables:
            table_ = tables[step.name].copy()
            table_.set("alias", exp.TableAlias(this=name(step.alias_or_name)))
            step.replace(table_)
    return found


def _parts(*values: Sql) -> list[Sql]:
    """Return the expressions to put into another one: each itself the first time, then copies.

    A tree holds each of its nodes once. To copy all parts at every level of a deep expression would
    take half the time of writing a long query.
    """
    found: list[Sql] = []
    taken: set[int] = set()
    for value in values:
        is_taken = value.parent is not None or id(value) in taken
        taken.add(id(value))
        found.append(value.copy() if is_taken else value)
    return found


def aliased(value: Sql, text: str) -> Sql:
    """Give an expression a name."""
    if "alias" in value.arg_types:  # a table or a query holds its name itself
        return exp.alias_(value, name(text))
    (this,) = _parts(value)
    return exp.Alias(this=this, alias=name(text))


def renamed(before: str, after: str) -> Sql:
    """Select a column under a name, which may be its own."""
    return column(before) if before == after else aliased(column(before), after)


def union(queries: Iterable[exp.Select]) -> exp.Query:
    """Write the distinct rows of queries; a single one is left as it is."""
    first, *rest = queries
    found: exp.Query = first
    for query in rest:
        found = found.union(query, copy=False)
    return found


def binary(kind: type[exp.Binary], left: Sql, right: Sql) -> exp.Paren:
    """Write `(left op right)`."""
    this, expression = _parts(left, right)
    return exp.Paren(this=kind(this=this, expression=expression))


def add(left: Sql, right: Sql) -> Sql:
    """Write a sum."""
    return binary(exp.Add, left, right)


def subtract(left: Sql, right: Sql) -> Sql:
    """Write a difference."""
    return binary(exp.Sub, left, right)


def multiply(left: Sql, right: Sql) -> Sql:
    """Write a product."""
    return binary(exp.Mul, left, right)


def equal(left: Sql, right: Sql) -> Sql:
    """Write `left = right`."""
    return binary(exp.EQ, left, right)


def less(left: Sql, right: Sql) -> Sql:
    """Write `left < right`."""
    return binary(exp.LT, left, right)


def less_equal(left: Sql, right: Sql) -> Sql:
    """Write `left <= right`."""
    return binary(exp.LTE, left, right)


def both(*conditions: Sql) -> Sql:
    """Write a conjunction."""
    return exp.and_(*_parts(*conditions), copy=False)


def is_null(value: Sql) -> Sql:
    """Write `value IS NULL`."""
    (this,) = _parts(value)
    return exp.Paren(this=exp.Is(this=this, expression=exp.Null()))


def is_not_null(value: Sql) -> Sql:
    """Write `value IS NOT NULL`."""
    (this,) = _parts(value)
    return exp.Paren(this=exp.Not(this=exp.Is(this=this, expression=exp.Null())))


def integer(value: int) -> Sql:
    """Write a BIGINT; the least has no literal of its own."""
    if abs(value) > _SAFE_INTEGER:
        return cast(exp.Literal.string(str(value)), "BIGINT")
    literal = exp.Literal.number(str(abs(value)))
    return exp.Paren(this=exp.Neg(this=literal)) if value < 0 else literal


def double(value: float) -> Sql:
    """Write a DOUBLE exactly: a number without an exponent would be a DECIMAL."""
    text = repr(abs(value))
    literal = exp.Literal.number(text if "e" in text else f"{text}e0")
    return exp.Paren(this=exp.Neg(this=literal)) if value < 0 else literal


def text(value: str) -> Sql:
    """Write a string constant."""
    return exp.Literal.string(value)


def null() -> Sql:
    """Write NULL."""
    return exp.Null()


def cast(value: Sql, kind: str) -> Sql:
    """Write a CAST."""
    (this,) = _parts(value)
    return exp.Cast(this=this, to=_type(kind).copy())


@functools.cache
def _type(kind: str) -> exp.DataType:
    return exp.DataType.build(kind)


def call(function: str, *arguments: Sql) -> Sql:
    """Write a call of a function that sqlglot shall not rewrite."""
    return exp.Anonymous(this=function, expressions=_parts(*arguments))


def coalesce(value: Sql, otherwise: Sql) -> Sql:
    """Write COALESCE."""
    this, *others = _parts(value, otherwise)
    return exp.Coalesce(this=this, expressions=others)


def when(condition: Sql, then: Sql, otherwise: Sql | None = None) -> Sql:
    """Write CASE WHEN condition THEN then ELSE otherwise END."""
    this, true, *default = _parts(condition, then, *([] if otherwise is None else [otherwise]))
    case = exp.Case(ifs=[exp.If(this=this, true=true)])
    if default:
        case.set("default", default[0])
    return case


def aggregate(function: type[exp.AggFunc], value: Sql) -> Sql:
    """Write an aggregate call."""
    (this,) = _parts(value)
    return function(this=this)


def gathered(value: Sql, order: Sql) -> exp.ArrayAgg:
    """Write an array of the group's values, nulls among them, in ascending order of another."""
    this, by = _parts(value, order)
    return exp.ArrayAgg(this=exp.Order(this=this, expressions=[exp.Ordered(this=by, desc=False)]))


def floor_to(value: Sql, step: int) -> Sql:
    """Write the greatest multiple of `step` at or before an instant, also before 1970."""
    remainder = call("mod", value, integer(step))
    positive = call("mod", add(remainder, integer(step)), integer(step))
    return subtract(value, positive)


def over(
    function: Sql, partition: Iterable[Sql], order: Sequence[Sql], *, running: bool = False
) -> Sql:
    """Write a window function; `running` sums from the first row to the current one."""
    by = list(partition)
    this, *rest = _parts(function, *by, *order)
    window = exp.Window(this=this, partition_by=rest[: len(by)])
    if order:
        window.set("order", exp.Order(expressions=rest[len(by) :]))
    if running:
        window.set(
            "spec",
            exp.WindowSpec(
                kind="ROWS",
                start="UNBOUNDED",
                start_side="PRECEDING",
                end="CURRENT ROW",
            ),
        )
    return window


def ascending(value: Sql) -> Sql:
    """Order by a value, nulls first."""
    (this,) = _parts(value)
    return exp.Ordered(this=this, desc=False, nulls_first=True)


def descending(value: Sql) -> Sql:
    """Order by a value from the greatest on, nulls last: nulls are the least."""
    (this,) = _parts(value)
    return exp.Ordered(this=this, desc=True, nulls_first=False)


def select(*columns: Sql) -> exp.Select:
    """Start a SELECT."""
    return exp.select(*_parts(*columns))


def star() -> Sql:
    """Write `*`."""
    return exp.Star()


def nested(query: exp.Query, alias: str) -> exp.Subquery:
    """Read a query in place of a table."""
    return exp.Subquery(this=query, alias=exp.TableAlias(this=name(alias)))


def union_all(parts: Sequence[exp.Select]) -> exp.Query:
    """Write UNION ALL over the parts."""
    result: exp.Query = parts[0]
    for part in parts[1:]:
        result = exp.Union(this=result, expression=part, distinct=False)
    return result


class Steps:
    """The WITH clause of a query: named steps in the order they were added, each name once."""

    def __init__(self) -> None:
        self._steps: dict[str, exp.Query] = {}
        self._cheap: set[str] = set()

    def add(self, text_: str, query: exp.Query, *, is_cheap: bool = False) -> str:
        """Add a step, and return its name for those that read it.

        Args:
            text_: its name.
            query: the step.
            is_cheap: tell DuckDB to compute it at each read, which then takes only the columns and
                rows that it needs. Else DuckDB keeps all of a step that is read twice in memory.
        """
        self._steps[text_] = query
        if is_cheap:
            self._cheap.add(text_)
        return text_

    def __contains__(self, text_: object) -> bool:
        return text_ in self._steps

    def __getitem__(self, text_: str) -> exp.Query:
        return self._steps[text_]

    @property
    def names(self) -> Iterable[str]:
        """The steps' names, in their order."""
        return self._steps.keys()

    def is_cheap(self, text_: str) -> bool:
        """Say whether a step is computed at each read."""
        return text_ in self._cheap

    def finish(self, query: exp.Query, *, without: Container[str] = ()) -> exp.Query:
        """Put the steps that a query reads before a copy of it, but those stored as tables."""
        found: exp.Query = query.copy()
        for text_, step in self.read_by(query, without=without).items():
            kept = False if text_ in self._cheap else None
            found = found.with_(name(text_), as_=step.copy(), materialized=kept, copy=False)
        return found

    def upto(self, text_: str, *, without: Container[str] = ()) -> exp.Query:
        """Return a step as a query of its own, with the steps that it reads."""
        return self.finish(self._steps[text_], without=without)

    def read_by(self, query: exp.Query, *, without: Container[str] = ()) -> dict[str, exp.Query]:
        """Return the steps that a query reads, itself or through others, in their order."""
        found: set[str] = set()
        unread = [query]
        while unread:
            for read in unread.pop().find_all(exp.Table):
                text_ = read.name
                is_step = not read.db and text_ in self._steps and text_ not in without
                if is_step and text_ not in found:
                    found.add(text_)
                    unread.append(self._steps[text_])
        return {text_: step for text_, step in self._steps.items() if text_ in found}
