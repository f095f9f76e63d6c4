"""The part of a table that a query reads: columns, and the rows that its conditions leave.

The result may include too much and never too little: the query's own conditions decide.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyiceberg.expressions import (
    AlwaysFalse,
    AlwaysTrue,
    And,
    EqualTo,
    GreaterThan,
    GreaterThanOrEqual,
    LessThan,
    LessThanOrEqual,
)
from pyiceberg.types import IntegerType, LongType, StringType, TimestampType
from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyiceberg.expressions import BooleanExpression
    from pyiceberg.types import IcebergType, NestedField

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d{1,6})?)?")
_FORMS: Mapping[type[exp.Expr], tuple[Any, Any]] = {
    # each comparison, and the same with its sides exchanged
    exp.EQ: (EqualTo, EqualTo),
    exp.LT: (LessThan, GreaterThan),
    exp.LTE: (LessThanOrEqual, GreaterThanOrEqual),
    exp.GT: (GreaterThan, LessThan),
    exp.GTE: (GreaterThanOrEqual, LessThanOrEqual),
}
_KINDS: tuple[tuple[type[IcebergType], type], ...] = (
    (TimestampType, datetime),
    (IntegerType, int),
    (LongType, int),
    (StringType, str),
)


@dataclass(frozen=True, slots=True)
class Condition:
    """A comparison of a column with a constant, which every row that counts fulfils."""

    column: str
    form: Any
    value: Any

    def on(self, field: NestedField) -> BooleanExpression:
        """The condition on an Iceberg column; where the types do not fit, every row fulfils it."""
        for kind, python in _KINDS:
            if isinstance(field.field_type, kind) and type(self.value) is python:
                value = self.value
                if isinstance(value, datetime):
                    value = (value - _EPOCH) // timedelta(microseconds=1)
                found: BooleanExpression = self.form(field.name, value)
                return found
        return AlwaysTrue()


@dataclass(frozen=True, slots=True)
class Scan:
    """The way in which a query reads a table.

    Attributes:
        columns: the names that it mentions, in lower case; None takes all columns.
        conditions: what the rows that count fulfil, all of them.
        times: how often it is read: Trino computes a step of a WITH clause for each of its readers.
    """

    columns: frozenset[str] | None = None
    conditions: tuple[Condition, ...] = ()
    times: int = 1

    def filter_of(self, fields: Iterable[NestedField]) -> BooleanExpression:
        """The conditions on the columns of a table."""
        if not self.times:
            return AlwaysFalse()
        known = {field.name.lower(): field for field in fields}
        found: BooleanExpression = AlwaysTrue()
        for one in self.conditions:
            if one.column in known:
                found = And(found, one.on(known[one.column]))
        return found


def scan_of(table: exp.Table) -> Scan:
    """Return how the query around a table reads it."""
    select = table.find_ancestor(exp.Select, exp.SetOperation, exp.DML)
    source = table.parent
    plain = isinstance(source, exp.From | exp.Join) and source.parent is select
    times = _times(table)
    if not isinstance(select, exp.Select) or not plain:
        return Scan(times=max(times, 1))
    return Scan(_columns(select, table), tuple(_conditions(select, table)), times)


def _columns(select: exp.Select, table: exp.Table) -> frozenset[str] | None:
    alias = table.args.get("alias")
    joins = select.args.get("joins") or ()
    is_renamed = alias is not None and alias.args.get("columns")
    if is_renamed or any((join.args.get("method") or "").upper() == "NATURAL" for join in joins):
        return None
    for star in select.find_all(exp.Star):
        parent = star.parent
        is_of_another = (
            isinstance(parent, exp.Column)
            and parent.table
            and parent.table.lower() != table.alias_or_name.lower()
        )
        if not isinstance(parent, exp.Count) and not is_of_another:
            return None
    return frozenset(name.name.lower() for name in select.find_all(exp.Identifier))


def _conditions(select: exp.Select, table: exp.Table) -> Iterator[Condition]:
    where = select.args.get("where")
    is_alone = not select.args.get("joins") and not select.args.get("laterals")
    for one in _conjuncts(where.this) if where is not None else ():
        forms = _FORMS.get(type(one))
        if forms is None:
            continue
        for form, column, constant in zip(
            forms, (one.this, one.expression), (one.expression, one.this), strict=True
        ):
            named = column.unnest()
            value = _constant(constant.unnest())
            if value is None or not isinstance(named, exp.Column) or named.args.get("db"):
                continue
            owner = named.table.lower()
            if owner == table.alias_or_name.lower() or (not owner and is_alone):
                yield Condition(named.name.lower(), form, value)


def _conjuncts(condition: exp.Expr) -> Iterator[exp.Expr]:
    condition = condition.unnest()
    if isinstance(condition, exp.And):
        yield from _conjuncts(condition.this)
        yield from _conjuncts(condition.expression)
    else:
        yield condition


def _constant(value: exp.Expr) -> Any:
    """The constant, None where it is none that compares alike in Trino and in Iceberg."""
    if isinstance(value, exp.Literal):
        if value.is_string:
            return value.name
        return int(value.name) if value.name.isdigit() else None
    is_instant = isinstance(value, exp.Cast) and value.to.this in (
        exp.DataType.Type.TIMESTAMP,
        exp.DataType.Type.TIMESTAMPNTZ,
    )
    text = value.this.name if is_instant and value.this.is_string else ""
    if not _INSTANT.fullmatch(text):
        return None
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _times(table: exp.Table) -> int:
    """Return how often a table is read; 0 in a step that nothing reads."""
    found = 1
    step = table.find_ancestor(exp.CTE)
    while step is not None:
        found *= _computed(step.find_ancestor(exp.With))[step.alias.lower()]
        step = step.find_ancestor(exp.CTE)
    return found


def _computed(clause: exp.With | None) -> Counter[str]:
    """Count how often each step of a WITH clause is computed for what stands behind the clause."""
    found: Counter[str] = Counter()
    if clause is None or clause.parent is None:
        return found
    rest = clause.parent.walk(prune=lambda node: node is clause)
    found.update(node.name.lower() for node in rest if isinstance(node, exp.Table))
    # A step reads earlier ones only.
    for step in reversed(clause.expressions):
        own = step.alias.lower()
        for read in step.this.find_all(exp.Table):
            if read.name.lower() != own:
                found[read.name.lower()] += found[own]
    return found
