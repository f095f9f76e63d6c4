"""Users' names never stand beside ours in a statement: every one of them is marked, and looked for.

A user's name is in a statement as `identifiers` makes it, or as the scanned table calls it, with
that table before it. Whatever is left is ours, and holds no `__`.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
import sqlglot
from sqlglot import exp

from skewless import Entity, Every, FeatureView, OnDemandView, Source, agg, col, request
from skewless.compiler.plan import plan_selection, plan_view
from skewless.offline.engines.keys import logged_keys
from skewless.offline.query import identifiers, sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.events import Relation
from skewless.offline.query.export import events_statement, states_statement
from skewless.offline.query.history import History, Spine
from skewless.offline.query.mode import Mode
from skewless.offline.query.states import States
from skewless.types import Bool, Float64, Int64, String, Timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from skewless.offline.query.events import Span
    from skewless.offline.query.script import Script

DAY = 86_400_000_000
MARK = "zq"  # in every user's name, and in none of ours
ROLES = ("column", "given", "entity", "feature", "view", "source", "overflow")

USER = Entity("user_zq", keys={"Key_zq": String, "other_zq": Int64})
LOGGED = Source(
    "events_zq",
    schema={
        **USER.keys,
        "Amount_zq": Float64,
        "flag_zq": Bool,
        "id_zq": String,
        "tie_zq": Int64,
    },
    event_time="at_zq",
    event_id="id_zq",
    tiebreak="tie_zq",
)
OWNED = Source(
    "owned_zq",
    schema={**USER.keys, "Limit_zq": Float64, "is_deleted": Bool, "id_zq": String},
    event_time="at_zq",
    ingest_time="known_zq",
    event_id="id_zq",
    table="lake_zq.owned_zq",
)
SUMS = FeatureView(
    "sums_zq",
    entity=USER,
    source=LOGGED,
    refresh="stream",
    where=col("flag_zq"),
    features={
        "mean_zq": agg.mean("Amount_zq", window="1h"),
        "Deviation_zq": agg.stddev_samp("Amount_zq", window="7d"),
        "least_zq": agg.min("Amount_zq", window="7d"),
        "first_zq": agg.first("Amount_zq", window="7d"),
        "last_zq": agg.last("Amount_zq", window="7d"),
        "ever_zq": agg.max("Amount_zq", window=None),
        "late_zq": agg.sum(col("Amount_zq") * 2, window="1h", where=col("tie_zq") > 1),
    },
)
LATEST = FeatureView(
    "latest_zq",
    entity=USER,
    source=OWNED,
    refresh=Every("1d"),
    ttl="7d",
    features=["Limit_zq", "at_zq"],
)
SHARE = OnDemandView(
    "share_zq",
    request={"Asked_zq": Float64},
    features={"Share_zq": request("Asked_zq") / LATEST["Limit_zq"] + SUMS["mean_zq"]},
)
TWICE = OnDemandView("twice_zq", features={"twice_zq": SHARE["Share_zq"] * 2})
VIEWS = (SUMS, LATEST, SHARE, TWICE)


def relation(source: Source, engine: EngineName) -> Relation:
    """As the engines name it: DuckDB reads a copy, Athena the log or the user's own table."""
    if engine is EngineName.DUCKDB:
        return Relation(sql.table(identifiers.rows_of(source)), True, source.table is None)  # noqa: FBT003
    table = sql.table(source.name, "database_zq")
    return Relation(table, is_physical=False, is_log=source.table is None)


def history(engine: EngineName, mode: Mode) -> str:
    plan = plan_selection([(view, name) for view in VIEWS for name in view.feature_types])
    spine = Spine(sql.table("skewless_labels", "database_zq"), 0, DAY)
    relations = {source.name: relation(source, engine) for source in (LOGGED, OWNED)}
    dialect = Dialect(engine)
    request_ = History(plan, mode, dialect, spine, relations, {})
    return dialect.render(request_.script().query())


def states(engine: EngineName, view: FeatureView) -> str:
    dialect = Dialect(engine)
    found = States(plan_view(view), dialect, relation(view.source, engine), DAY, 0, ("backfill",))
    return dialect.render(found.script().query())


class Recorder:
    """An engine and a session of it: it keeps what it is asked to run."""

    def __init__(self, engine: EngineName) -> None:
        self.dialect = Dialect(engine)
        self.asked: list[str] = []

    @contextmanager
    def session(self) -> Iterator[Recorder]:
        yield self

    def relation(
        self,
        source: Source,
        columns: Sequence[str],  # noqa: ARG002 - the protocol's
        span: Span,  # noqa: ARG002
        snapshot: int | None,  # noqa: ARG002
    ) -> Relation:
        return relation(source, self.dialect.engine)

    def lateness(self, source: Source) -> int | None:  # noqa: ARG002
        return None

    def labels(self, table: pa.Table) -> exp.Table:  # noqa: ARG002
        return sql.table("skewless_labels")

    def run(self, script: Script) -> pa.Table:
        self.asked.append(self.dialect.render(script.query()))
        return pa.table({})


def keys(engine: EngineName, view: FeatureView) -> str:
    recorder = Recorder(engine)
    logged_keys(view, recorder, sample=3)
    return recorder.asked[0]


def unloaded(statement: str) -> str:
    found = re.fullmatch(r"UNLOAD \((.*)\)\nTO '.*'\nWITH \(.*\)", statement, re.DOTALL)
    assert found is not None
    return found[1]


def exported_states() -> str:
    source = relation(LOGGED, EngineName.ATHENA)
    found = States(plan_view(SUMS), Dialect(EngineName.ATHENA), source, DAY, 0)
    return unloaded(states_statement(found, "s3://there/"))


def exported_events() -> str:
    source = relation(LOGGED, EngineName.ATHENA)
    dialect = Dialect(EngineName.ATHENA)
    return unloaded(events_statement(plan_view(SUMS), dialect, source, 0, "s3://there/"))


STATEMENTS: dict[str, tuple[EngineName, Callable[[], str]]] = {
    "exported states": (EngineName.ATHENA, exported_states),
    "exported events": (EngineName.ATHENA, exported_events),
}
for one in EngineName:
    for asked in Mode:
        STATEMENTS[f"{one.value} history {asked.value}"] = (
            one,
            lambda one=one, asked=asked: history(one, asked),  # type: ignore[misc]
        )
    for view_ in (SUMS, LATEST):
        STATEMENTS[f"{one.value} states of {view_.name}"] = (
            one,
            lambda one=one, view=view_: states(one, view),  # type: ignore[misc]
        )
        STATEMENTS[f"{one.value} keys of {view_.name}"] = (
            one,
            lambda one=one, view=view_: keys(one, view),  # type: ignore[misc]
        )


def is_ours(identifier: exp.Identifier) -> bool:
    return "__" not in identifier.name and MARK not in identifier.name.lower()


def is_made(identifier: exp.Identifier) -> bool:
    role, _, name = identifier.name.partition("__")
    is_theirs = name == "is_deleted" or (MARK in name and name == name.lower())
    return role in ROLES and is_theirs and bool(identifier.quoted)


def is_scanned(identifier: exp.Identifier) -> bool:
    """As its owner calls it: the table itself, or a column with the scanned table before it."""
    parent = identifier.parent
    if not identifier.quoted:
        return False
    if isinstance(parent, exp.Table):
        return bool(parent.db)
    return isinstance(parent, exp.Column) and parent.table == "scanned"


@pytest.mark.parametrize("name", STATEMENTS)
def test_a_users_name_has_its_role_before_it_or_the_table_that_is_scanned(name: str) -> None:
    engine, statement = STATEMENTS[name]
    tree = sqlglot.parse_one(statement(), read=engine.value)
    found = list(tree.find_all(exp.Identifier))
    strays = {
        item.sql(dialect="duckdb")
        for item in found
        if not (is_ours(item) or is_made(item) or is_scanned(item))
    }
    assert not strays
    assert any(map(is_made, found))


def test_names_of_one_role_or_of_several_are_different() -> None:
    names = ["x", "X_y", "x__y", "v_v1", "x_v1__y", "events", "x_v1_events", "column__x"]
    makers = (identifiers.column, identifiers.given, identifiers.feature, identifiers.overflow)
    made = [make(name) for make in makers for name in names]
    assert len({*made}) == len(made)


def test_a_feature_beside_others_is_told_apart_by_view_and_version() -> None:
    def view(name: str, version: int) -> FeatureView:
        return FeatureView(
            name,
            entity=USER,
            source=LOGGED,
            refresh="stream",
            features=dict.fromkeys(["x", "_x", "v2__x", "_v2__x"], agg.count(window="1h")),
            version=version,
        )

    named = [("a", 1), ("a", 2), ("a_", 1), ("a_v1", 2), ("a_v1_", 2), ("a_v1_v2", 1)]
    views = [view(*one) for one in named]
    made = [identifiers.selected(one, name) for one in views for name in one.feature_types]
    assert len({*made}) == len(made)


def test_the_steps_of_a_source_and_an_entity_are_told_apart_from_those_of_others() -> None:
    def steps(source: str, entity: str) -> str:
        schema = {"k": String}
        made = Source(source, schema=schema, event_time="at")
        return identifiers.rows_of_entity(made, Entity(entity, keys=schema))

    names = ["a", "a_", "b", "a_b", "asked", "scanned_"]
    made = [steps(source, entity) for source in names for entity in names]
    assert len({*made}) == len(made)


def test_an_identifier_is_lower_case_as_glue_keeps_it_and_no_longer_than_glue_allows() -> None:
    long = FeatureView(
        "v" * 100,
        entity=Entity("e" * 100, keys={"Key_zq": String}),
        source=Source("s" * 100, schema={"Key_zq": String, "F" * 100: Timestamp}, event_time="at"),
        refresh="stream",
        features=["F" * 100],
        version=10**6,
    )
    made = identifiers.selected(long, "F" * 100)
    assert made == made.lower()
    assert len(made) <= 255
