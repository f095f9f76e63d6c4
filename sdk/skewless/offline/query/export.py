"""The export of a cut's query to S3 as JSON texts, for functions without SQL and Arrow.

UNLOAD writes gzipped JSON, one line for each entity, so an entity is never split over two objects.
`compiler.exported` says what a line holds, and reads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.compiler import instants
from skewless.compiler.exported import DAY, KEY, ROWS, event_fields
from skewless.compiler.state_rows import SEEN, key_fields, state_fields
from skewless.definitions import types
from skewless.definitions.names import (
    INGEST_SEQUENCE,
    INGEST_SHARD,
    INGEST_TIME,
    SYSTEM_COLUMNS,
)
from skewless.offline.query import identifiers, sql
from skewless.offline.query.events import KNOWN, SEQUENCE, SHARD, Log, Span

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skewless.compiler.plan import ViewPlan
    from skewless.compiler.state_rows import Field
    from skewless.definitions.types import ValueType
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.events import Relation
    from skewless.offline.query.sql import Sql
    from skewless.offline.query.states import States

# A logged row's own columns, and their names in the query.
_SYSTEM = {INGEST_SHARD: SHARD, INGEST_SEQUENCE: SEQUENCE, INGEST_TIME: KNOWN}


def states_statement(states: States, location: str) -> str:
    """Return the statement that exports states to `location`, an empty prefix `s3://…/`."""
    plan, script = states.plan, states.script()
    script.steps.add("states", script.final)
    lines = sql.select(
        sql.aliased(_texts(_columns(key_fields(plan))), KEY),
        sql.column(SEEN),
        sql.aliased(_texts(_columns(state_fields(plan))), ROWS),
    ).from_(sql.table("states"))
    return _unload(states.dialect, script.steps, lines, SEEN, location)


def events_statement(
    plan: ViewPlan, dialect: Dialect, relation: Relation, since: int, location: str
) -> str:
    """Return the statement that exports what was ingested since an instant, by entity and day.

    Args:
        plan: the view's.
        dialect: Athena's.
        relation: the source's log.
        since: the first ingest time, in microseconds.
        location: an empty prefix, `s3://…/`.
    """
    view = plan.view
    fields = event_fields(plan)
    keys = [sql.column(identifiers.column(name)) for name in view.entity.keys]
    columns = tuple(field.name for field in fields if field.name not in SYSTEM_COLUMNS)
    log = Log(view.source, relation, dialect, columns, Span(since, None))
    steps = sql.Steps()
    steps.add("logged", log.rows(with_origin=True))
    known = sql.column(KNOWN)
    values = [
        sql.column(_SYSTEM.get(field.name) or identifiers.column(field.name)) for field in fields
    ]
    has_key = [sql.is_not_null(key) for key in keys]
    lines = (
        sql.select(
            sql.aliased(_texts(zip(keys, plan.key_types, strict=True)), KEY),
            sql.aliased(sql.floor_to(known, instants.DAY), DAY),
            sql.aliased(_texts(zip(values, (type_ for _, type_ in fields), strict=True)), ROWS),
        )
        .from_(sql.table("logged"))
        .where(sql.both(sql.less_equal(sql.integer(since), known), *has_key))
    )
    return _unload(dialect, steps, lines, DAY, location)


def _columns(fields: Iterable[Field]) -> Iterator[tuple[Sql, ValueType]]:
    return ((sql.column(name), type_) for name, type_ in fields)


def _texts(values: Iterable[tuple[Sql, ValueType]]) -> Sql:
    texts = [_text(value, type_) for value, type_ in values]
    found = exp.Array(expressions=texts)
    # An empty array has no type of its own.
    return found if texts else sql.cast(found, "ARRAY(VARCHAR)")


def _text(value: Sql, type_: ValueType) -> Sql:
    match type_:
        case types.String:
            # A constant NULL has no type of its own.
            return sql.cast(value, "VARCHAR")
        case types.Bytes:
            return sql.call("to_hex", value)
        case types.Float64:
            bits = sql.call("from_big_endian_64", sql.call("to_ieee754_64", value))
            return sql.cast(bits, "VARCHAR")
        case types.Array(element=element):
            return _array(value, element)
        case types.Vector():
            return _array(value, types.Float64)
        case types.Map(key=key, value=kind):
            inside = [
                _each(sql.call("map_keys", value), key),
                _each(sql.call("map_values", value), kind),
            ]
            return sql.when(sql.is_not_null(value), _json(exp.Array(expressions=inside)))
        case _:
            return sql.cast(value, "VARCHAR")


def _array(value: Sql, element: ValueType) -> Sql:
    return _json(_each(value, element))


def _each(values: Sql, element: ValueType) -> Sql:
    item = sql.name("item")
    each = exp.Lambda(this=_text(exp.Column(this=item), element), expressions=[item.copy()])
    return exp.Anonymous(this="transform", expressions=[values.copy(), each])


def _json(texts: Sql) -> Sql:
    return sql.call("json_format", sql.cast(texts, "JSON"))


def _unload(
    dialect: Dialect, steps: sql.Steps, lines: exp.Select, beside: str, location: str
) -> str:
    """Gather the rows of each entity in one line; `beside` is its column beside key and rows."""
    steps.add("lines", lines)
    query = (
        sql.select(
            sql.column(KEY),
            sql.column(beside),
            sql.aliased(sql.call("array_agg", sql.column(ROWS)), ROWS),
        )
        .from_(sql.table("lines"))
        .group_by(sql.column(KEY), sql.column(beside))
    )
    # sqlglot has no tree for UNLOAD.
    options = "format = 'JSON', compression = 'gzip'"
    target = location.replace("'", "''")
    return f"UNLOAD (\n{dialect.render(steps.finish(query))}\n)\nTO '{target}'\nWITH ({options})"
