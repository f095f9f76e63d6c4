"""History of drawn events in DuckDB alone: the compiled query over tables made from the events."""

from __future__ import annotations

import atexit
import decimal
import functools
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb
import pyarrow as pa

from localaws.core.athena import engine, transpile
from skewless.compiler.plan import SelectionPlan, plan_selection
from skewless.definitions import types
from skewless.offline.engines.duckdb_engine import DuckDbSession
from skewless.offline.query import identifiers, sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.events import HAPPENED, KNOWN, SEQUENCE, SHARD, Relation
from skewless.offline.query.history import INSTANT, ROW, WATERMARK, History, Spine
from skewless.offline.query.mode import Mode
from tests.reference import normalise

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from skewless.definitions.source import Source
    from skewless.definitions.view import FeatureView
    from skewless.offline.lake.log import EventLog
    from skewless.offline.query.script import Script
    from skewless.types import ValueType
    from tests.reference import Event

DIALECT = Dialect(EngineName.DUCKDB)
ARROW: dict[ValueType, pa.DataType] = {
    types.Bool: pa.bool_(),
    types.Int64: pa.int64(),
    types.Float64: pa.float64(),
    types.String: pa.string(),
    types.Timestamp: pa.int64(),
    types.Date: pa.int64(),
    types.Bytes: pa.binary(),
}


@contextmanager
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection whose tables are its own; to make a database for each would take 20 ms."""
    cursor = _database().cursor()
    try:
        yield cursor
    finally:
        cursor.close()


@functools.cache
def _database() -> duckdb.DuckDBPyConnection:
    database = duckdb.connect(config={"threads": 1})
    # DuckDB complains of a database that is open when the interpreter ends.
    atexit.register(database.close)
    return database


def arrow_type(type_: ValueType) -> pa.DataType:
    match type_:
        case types.Decimal():
            return pa.int64()
        case types.Array(element=element):
            return pa.list_(arrow_type(element))
        case types.Vector():
            return pa.list_(pa.float64())
        case types.Map(key=key, value=value):
            return pa.map_(arrow_type(key), arrow_type(value))
        case _:
            return ARROW[type_]


def physical(value: Any, type_: ValueType) -> Any:
    if isinstance(value, decimal.Decimal) and isinstance(type_, types.Decimal):
        return int(value.scaleb(type_.scale, decimal.Context(prec=60)))
    if isinstance(value, tuple) and isinstance(type_, types.Array):
        return [physical(item, type_.element) for item in value]
    if isinstance(value, dict) and isinstance(type_, types.Map):
        return {physical(k, type_.key): physical(v, type_.value) for k, v in value.items()}
    return list(value) if isinstance(value, tuple) else value


def log_table(source: Source, events: Sequence[Event]) -> pa.Table:
    columns: dict[str, pa.Array] = {}
    for name, type_ in source.columns.items():
        values: list[Any] = [
            min(event.event_time, event.ingest_time)
            if name == source.event_time
            else physical(normalise(type_, event.values.get(name)), type_)
            for event in events
        ]
        if isinstance(type_, types.Map):  # whose entries may have any order in a table
            values = [x if x is None else dict(reversed(x.items())) for x in values]
        columns[identifiers.column(name)] = pa.array(values, arrow_type(type_))
    times = [min(event.event_time, event.ingest_time) for event in events]
    columns[HAPPENED] = pa.array(times, pa.int64())
    columns[KNOWN] = pa.array([event.ingest_time for event in events], pa.int64())
    columns[SHARD] = pa.array(["s"] * len(events), pa.string())
    columns[SEQUENCE] = pa.array([event.sequence for event in events], pa.int64())
    return pa.table(columns)


def spine_table(
    plan: SelectionPlan, labels: Sequence[tuple[Mapping[str, Any], int]], horizon: int | None
) -> pa.Table:
    columns: dict[str, list[Any]] = {ROW: [], INSTANT: [], WATERMARK: []}
    numbers: dict[str, dict[Any, int]] = {}
    kinds = dict(plan.keys) | dict(plan.request)
    for row, (values, instant) in enumerate(labels):
        columns[ROW].append(row)
        columns[INSTANT].append(instant)
        columns[WATERMARK].append(horizon)
        for name, type_ in kinds.items():
            given = identifiers.given(name)
            columns.setdefault(given, []).append(physical(values[name], type_))
        for number, role in {identifiers.number_of(role): role for role in plan.roles}.items():
            key = tuple(values[name] for name in role.columns.values())
            seen = numbers.setdefault(role.plan.view.entity.name, {})
            columns.setdefault(number, []).append(seen.setdefault(key, len(seen)))
    arrow = {identifiers.given(name): arrow_type(type_) for name, type_ in kinds.items()}
    arrays = {
        name: pa.array(values, arrow.get(name, pa.int64())) for name, values in columns.items()
    }
    return pa.table(arrays)


def history(
    selection: Sequence[tuple[Any, str]],
    events: Mapping[str, Sequence[Event]],
    labels: Sequence[tuple[Mapping[str, Any], int]],
    *,
    mode: Mode = Mode.AS_SERVED,
    horizon: int | None = None,
) -> list[dict[str, Any]]:
    """Return the physical features of each label, in order."""
    plan, script, tables = _asked(DIALECT, selection, events, labels, mode, horizon)
    by_sql = [named(row, plan) for row in _sorted(_rows_of(script.texts(DIALECT).final(), tables))]
    by_session = [named(row, plan) for row in _sorted(_session(script, tables))]
    assert by_session == by_sql, "windows beside DuckDB differ from its own"
    return by_session


def history_in_athenas_words(
    selection: Sequence[tuple[Any, str]],
    events: Mapping[str, Sequence[Event]],
    labels: Sequence[tuple[Mapping[str, Any], int]],
    *,
    mode: Mode = Mode.AS_SERVED,
    horizon: int | None = None,
) -> list[dict[str, Any]]:
    """Return what `history` does, of the statement for Athena, as the local Athena runs it."""
    dialect = Dialect(EngineName.ATHENA)
    plan, script, tables = _asked(dialect, selection, events, labels, mode, horizon)
    text = transpile.to_duckdb(transpile.parse(dialect.render(script.query())))
    duck = engine.connect()
    try:
        for name, table in tables.items():
            duck.register(name, table)
        return [named(row, plan) for row in _sorted(duck.sql(text).to_arrow_table())]
    finally:
        for name in tables:
            duck.unregister(name)
        duck.close()


def _asked(
    dialect: Dialect,
    selection: Sequence[tuple[Any, str]],
    events: Mapping[str, Sequence[Event]],
    labels: Sequence[tuple[Mapping[str, Any], int]],
    mode: Mode,
    horizon: int | None,
) -> tuple[SelectionPlan, Script, dict[str, pa.Table]]:
    """Return the plan, the query, and the tables that it reads."""
    # Athena's steps have no database, and its tables do. Registered tables are temporary ones.
    database = "temp" if dialect.computes_steps_anew else None
    plan = plan_selection(selection)
    tables = {"labels": spine_table(plan, labels, horizon)}
    relations = {}
    for item in plan.views:
        source = item.view.source
        name = identifiers.rows_of(source)
        tables[name] = log_table(source, events[source.name])
        relations[source.name] = Relation(sql.table(name, database), is_physical=True, is_log=True)
    instants = [instant for _, instant in labels]
    spine = Spine(sql.table("labels", database), min(instants), max(instants))
    return plan, History(plan, mode, dialect, spine, relations, {}).script(), tables


def _sorted(found: pa.Table) -> list[dict[str, Any]]:
    return sorted(found.to_pylist(), key=lambda row: int(row[ROW]))


def _session(script: Script, tables: Mapping[str, pa.Table]) -> pa.Table:
    """Run a script as history does, where an engine may compute windows by itself."""
    with connection() as duck, _schema(duck):
        for name, table in tables.items():
            duck.register(name, table)
        return DuckDbSession(duck, cast("EventLog", None), Path()).run(script)


@contextmanager
def _schema(duck: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Let a session make its tables where no other one has any."""
    duck.execute("CREATE SCHEMA alone")
    duck.execute("USE alone")
    try:
        yield
    finally:
        duck.execute("USE main")
        duck.execute("DROP SCHEMA alone CASCADE")


def rows_of(query: sql.Sql, tables: Mapping[str, pa.Table]) -> pa.Table:
    """Run a query over tables that have names in it; it is used up."""
    return _rows_of(DIALECT.render(query, copy=False), tables)


def _rows_of(text: str, tables: Mapping[str, pa.Table]) -> pa.Table:
    with connection() as duck:
        for name, table in tables.items():
            duck.register(name, table)
        return duck.sql(text).to_arrow_table()


def named(row: Mapping[str, Any], plan: SelectionPlan) -> dict[str, Any]:
    """Return a row of the query under the names of the output."""
    return {
        item.output: row[identifiers.selected(item.view, item.feature)] for item in plan.selected
    }


def every_feature(view: FeatureView) -> list[tuple[Any, str]]:
    return [(view, name) for name in view.feature_types]
