"""Queries over drawn events in Trino, in Athena's dialect: Parquet files, logical types."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from skewless.compiler.plan import SelectionPlan, ViewPlan, plan_selection
from skewless.definitions import types
from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from skewless.offline.frames import columns
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.events import Relation
from skewless.offline.query.history import ROW, History, Spine
from skewless.offline.query.mode import Mode
from skewless.offline.query.states import States
from tests.parity.in_duckdb import named, spine_table
from tests.parity.test_states import encoded_states
from tests.reference import normalise

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sqlglot import exp

    from skewless.definitions.source import Source
    from skewless.offline.query.script import Script
    from tests.conformance.trino_client import Trino
    from tests.reference import Event

ATHENA = Dialect(EngineName.ATHENA)
_NUMBERS = itertools.count()
_DDL = {
    pa.bool_(): "boolean",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.string(): "varchar",
    pa.binary(): "varbinary",
    pa.timestamp("us", "UTC"): "timestamp(6)",
    pa.date32(): "date",
}


@dataclass(frozen=True, slots=True)
class Files:
    """Trino, and tables made of Parquet files in its folder."""

    trino: Trino
    folder: Path

    def prepare(self) -> None:
        """Make the schemas of the tables."""
        for name in ("drawn", "results"):
            self.trino.run(f"create schema files.{name}")

    def table(self, content: pa.Table) -> exp.Table:
        """Write a file and make a table of it."""
        name = f"t{next(_NUMBERS)}"
        (self.folder / name).mkdir()
        pq.write_table(content, self.folder / name / "rows.parquet")
        described = ", ".join(f'"{field.name}" {_ddl(field.type)}' for field in content.schema)
        options = f"format = 'PARQUET', external_location = 'local:///{name}'"
        self.trino.run(f"create table files.drawn.{name} ({described}) with ({options})")
        return _table(name, "drawn")

    def history(
        self,
        selection: Sequence[tuple[Any, str]],
        events: Mapping[str, Sequence[Event]],
        labels: Sequence[tuple[Mapping[str, Any], int]],
        *,
        mode: Mode = Mode.AS_SERVED,
        horizon: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return the physical features of each label, in order."""
        plan = plan_selection(selection)
        spine = self._spine(plan, labels, horizon)
        relations = {
            item.view.source.name: self._relation(item.view.source, events[item.view.source.name])
            for item in plan.views
        }
        found = self._run(History(plan, mode, ATHENA, spine, relations, {}).script()).sort_by(ROW)
        rows: list[dict[str, Any]] = found.drop_columns([ROW]).to_pylist()
        return [named(row, plan) for row in rows]

    def states_at(
        self, plan: ViewPlan, events: list[Event], cut: int, since: int | None = None
    ) -> dict[tuple[Any, ...], bytes]:
        """Return the encoded state of each entity that changed."""
        relation = self._relation(plan.view.source, events)
        script = States(plan, ATHENA, relation, cut, since).script()
        return encoded_states(plan, self._run(script))

    def _run(self, script: Script) -> pa.Table:
        """Store the steps that Athena stores: both allow a statement 150 stages."""
        stored: dict[str, exp.Table] = {}
        for name, step in script.stages():
            text = ATHENA.render(sql.reading(step, stored))
            stored[name] = self._stored(text)
        return self.trino.run(ATHENA.render(sql.reading(script.last(), stored)))

    def _stored(self, text: str) -> exp.Table:
        name = f"t{next(_NUMBERS)}"
        self.trino.run(f"create table files.results.{name} with (format = 'PARQUET') as {text}")
        return _table(name, "results")

    def _spine(
        self,
        plan: SelectionPlan,
        labels: Sequence[tuple[Mapping[str, Any], int]],
        horizon: int | None,
    ) -> Spine:
        instants = [instant for _, instant in labels]
        table = self.table(spine_table(plan, labels, horizon))
        return Spine(table, min(instants), max(instants))

    def _relation(self, source: Source, events: Sequence[Event]) -> Relation:
        table = self.table(logged(source, events))
        return Relation(table, is_physical=False, is_log=True)


def logged(source: Source, events: Sequence[Event]) -> pa.Table:
    """Return the events as the store's log holds them."""
    found: dict[str, pa.Array] = {}
    for name, type_ in source.columns.items():
        values = [
            min(event.event_time, event.ingest_time)
            if name == source.event_time
            else normalise(type_, event.values.get(name))
            for event in events
        ]
        found[name] = pa.array(values, columns.arrow_type(type_))
    known = [event.ingest_time for event in events]
    found[INGEST_TIME] = pa.array(known, columns.arrow_type(types.Timestamp))
    found[INGEST_SHARD] = pa.array(["s"] * len(events), pa.string())
    found[INGEST_SEQUENCE] = pa.array([event.sequence for event in events], pa.int64())
    return pa.table(found)


def _table(name: str, schema: str) -> exp.Table:
    found = sql.table(name, schema)
    found.set("catalog", sql.name("files"))
    return found


def _ddl(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"array({_ddl(kind.value_type)})"
    if pa.types.is_map(kind):
        return f"map({_ddl(kind.key_type)}, {_ddl(kind.item_type)})"
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision}, {kind.scale})"
    return _DDL[kind]
