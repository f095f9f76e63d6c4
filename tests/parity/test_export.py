"""What a cut exports for functions without SQL and Arrow makes the states that Arrow makes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from hypothesis import given

from localaws.core.athena import engine, transpile
from skewless.compiler import instants
from skewless.compiler.again import NOBODY, Again
from skewless.compiler.exported import LineReader
from skewless.compiler.fingerprint import used_columns
from skewless.compiler.plan import ViewPlan, plan_view
from skewless.materialize.states import encoded_state
from skewless.offline.query import identifiers, sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.events import KNOWN, SEQUENCE, Relation
from skewless.offline.query.export import events_statement, states_statement
from skewless.offline.query.states import States
from tests.parity.examples import up_to
from tests.parity.in_duckdb import log_table, physical
from tests.parity.test_history import cases
from tests.parity.test_states import states_at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.definitions.view import FeatureView
    from tests import reference

THOROUGH = up_to(30)
RELATION = Relation(sql.table("events"), is_physical=True, is_log=True)
DIALECT = Dialect(EngineName.ATHENA)


def exported(plan: ViewPlan, events: list[reference.Event], statement: str) -> Iterator[str]:
    """The lines that the statement would leave on S3."""
    found = re.fullmatch(r"UNLOAD \((.*)\)\nTO 's3://there/'\nWITH \(.*\)", statement, re.DOTALL)
    assert found is not None
    connection = engine.connect()
    connection.register("events", log_table(plan.view.source, events))
    try:
        query = transpile.to_duckdb(transpile.parse(found[1]))
        for row in connection.sql(query).to_arrow_table().to_pylist():
            yield json.dumps(row)
    finally:
        connection.unregister("events")
        connection.close()


@given(cases())
@THOROUGH
def test_exported_states_are_the_states(
    case: tuple[FeatureView, list[reference.Event], list[Any]],
) -> None:
    assert_exported_states(case)


def assert_exported_states(case: tuple[FeatureView, list[reference.Event], list[Any]]) -> None:
    view, events, labels = case
    plan = plan_view(view)
    cut = instants.due_cut(view.refresh, max(instant for _, instant in labels))
    reader = LineReader.of_states(plan)
    failed = {
        tuple(physical(key[name], type_) for name, type_ in view.entity.keys.items())
        for key, _ in labels
    }
    again = Again(tuple(failed), is_everyone=False)
    for since, tried in ((None, NOBODY), (cut - instants.DAY, NOBODY), (cut, again)):
        states = States(plan, DIALECT, RELATION, cut, since, again=tried)
        statement = states_statement(states, "s3://there/")
        lines = [reader.read(line) for line in exported(plan, events, statement)]
        found = {key: encoded_state(plan, rows) for key, rows, _ in lines}
        assert len(found) == len(lines)
        assert found == states_at(plan, events, cut, since, tried)


@given(cases())
@THOROUGH
def test_exported_events_are_the_events(
    case: tuple[FeatureView, list[reference.Event], list[Any]],
) -> None:
    assert_exported_events(case)


def assert_exported_events(case: tuple[FeatureView, list[reference.Event], list[Any]]) -> None:
    view, events, labels = case
    plan = plan_view(view)
    since = min(instant for _, instant in labels)
    reader = LineReader.of_events(plan)
    statement = events_statement(plan, DIALECT, RELATION, since, "s3://there/")
    found = sorted(
        (line.key, line.day, row["ingest_time"], row["ingest_sequence"], repr(_read(plan, row)))
        for line in map(reader.read, exported(plan, events, statement))
        for row in line.rows
    )
    called = {
        **{name: identifiers.column(name) for name in view.source.columns},
        "ingest_time": KNOWN,
        "ingest_sequence": SEQUENCE,
    }
    rows = [
        {name: row[column] for name, column in called.items()}
        for row in log_table(view.source, events).to_pylist(maps_as_pydicts="strict")
    ]
    wanted = sorted(
        (key, known - known % instants.DAY, known, row["ingest_sequence"], repr(_read(plan, row)))
        for row in rows
        if None not in (key := tuple(row[name] for name in view.entity.keys))
        and (known := row["ingest_time"]) >= since
    )
    assert found == wanted


def _read(plan: ViewPlan, row: dict[str, Any]) -> list[Any]:
    names = {*used_columns(plan.view), plan.view.source.event_time}
    return [_tuple(row[name]) for name in sorted(names)]


def _tuple(value: Any) -> Any:
    if isinstance(value, dict):
        return dict(sorted(value.items()))
    return tuple(value) if isinstance(value, list) else value
