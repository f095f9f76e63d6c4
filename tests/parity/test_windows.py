"""Windows computed in parts, and by turns where memory is short, are the oracle's too."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import Entity, FeatureView, Source, agg
from skewless.compiler.plan import plan_selection
from skewless.errors import QueryError
from skewless.offline.engines import ranges, window_tables
from skewless.offline.engines.duckdb_engine import DuckDbSession
from skewless.offline.query import sql
from skewless.offline.query.events import HAPPENED, KNOWN, Relation
from skewless.offline.query.history import History, Spine
from skewless.offline.query.mode import Mode
from skewless.types import Int64, String
from tests import strategies
from tests.parity.examples import up_to
from tests.parity.in_duckdb import DIALECT, every_feature, history, spine_table
from tests.parity.test_history import assert_history_is_the_oracle
from tests.reference import Event

if TYPE_CHECKING:
    from skewless.offline.lake.log import EventLog

    Case = tuple[FeatureView, list[Event], list[Any]]


@st.composite
def windows(draw: st.DrawFn) -> Case:
    source = draw(strategies.sources())
    view = draw(strategies.feature_views(source, is_aggregated=True))
    events = draw(strategies.histories(source))
    pairs = st.tuples(strategies.entity_keys(view, events), strategies.instants(view, events))
    return view, events, draw(st.lists(pairs, min_size=2, max_size=6))


@given(windows(), st.sampled_from([(1, 100), (2, 4), (100, 2), (1, 1)]))
@up_to(40)
def test_history_in_parts_and_turns_is_the_oracle(case: Case, limits: tuple[int, int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window_tables, "PART_EVENTS", limits[0])
        patch.setattr(window_tables, "MOST_BYTES", limits[1] * 100)
        assert_history_is_the_oracle(history, case, Mode.AS_SERVED)


@given(windows(), st.sampled_from([Mode.AS_SERVED, Mode.EVENT_TIME]))
@up_to(60)
def test_windows_in_sql_alone_are_the_oracle(case: Case, mode: Mode) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "MOST_LANES", 0)
        assert_history_is_the_oracle(history, case, mode)


@st.composite
def lists(draw: st.DrawFn) -> Case:
    source = Source(
        "events", schema={"key_0": Int64, "one": Int64, "two": String}, event_time="at", delay="0s"
    )
    view = FeatureView(
        "view",
        entity=strategies.entity_of(source),
        source=source,
        refresh="stream",
        features={
            f"last_{count}_{column}_{window}": agg.last_n(column, count, window=window)
            for column, count in (("one", 1), ("one", 3), ("two", 2))
            for window in ("1h", None)
        },
    )
    events = draw(strategies.histories(source, max_events=20))
    pairs = st.tuples(strategies.entity_keys(view, events), strategies.instants(view, events))
    return view, events, draw(st.lists(pairs, min_size=2, max_size=6))


@given(lists(), st.sampled_from([Mode.AS_SERVED, Mode.EVENT_TIME]))
@up_to(30)
def test_the_last_events_are_the_oracle_s(case: Case, mode: Mode) -> None:
    assert_history_is_the_oracle(history, case, mode)


def test_the_last_values_of_two_columns_may_be_of_two_events() -> None:
    minute = strategies.MINUTE
    source = Source(
        "events", schema={"key": Int64, "one": Int64, "two": Int64}, event_time="at", delay="0s"
    )
    view = FeatureView(
        "view",
        entity=Entity("thing", keys={"key": Int64}),
        source=source,
        refresh="stream",
        features={
            f"{function.__name__}_{column}_{window}": function(column, window=window)
            for function in (agg.last, agg.first)
            for column in ("one", "two")
            for window in ("1h", None)
        },
    )
    events = [
        Event({"key": 1, "one": one, "two": two}, n * minute, n * minute, n)
        for n, (one, two) in enumerate([(1, None), (None, 2), (3, None), (None, None), (None, 6)])
    ]
    labels = [({"key": 1}, n * minute) for n in range(6)]
    assert_history_is_the_oracle(history, (view, events, labels), Mode.AS_SERVED)


def test_a_query_that_fails_while_its_events_are_read_says_so() -> None:
    source = Source("events", schema={"key": Int64, "clicks": Int64}, event_time="at", delay="0s")
    view = FeatureView(
        "view",
        entity=Entity("thing", keys={"key": Int64}),
        source=source,
        refresh="stream",
        features={"total": agg.sum("clicks", window="1h")},
    )
    plan = plan_selection(every_feature(view))
    with duckdb.connect() as duck:
        duck.execute(
            f"""CREATE VIEW failing AS SELECT i AS {HAPPENED}, i AS {KNOWN}, 1 AS column__key,
            CAST(CASE WHEN i < 900000 THEN '1' ELSE 'none' END AS BIGINT) AS column__clicks
            FROM range(1000000) numbers(i)"""
        )
        session = DuckDbSession(duck, cast("EventLog", None), Path())
        labels = session.labels(spine_table(plan, [({"key": 1}, 0)], None))
        relations = {"events": Relation(sql.table("failing"), is_physical=True, is_log=True)}
        spine = Spine(labels, 0, 0)
        script = History(plan, Mode.AS_SERVED, DIALECT, spine, relations, {}).script()
        with pytest.raises(QueryError, match="Could not convert string 'none'"):
            session.run(script)


@given(windows())
@up_to(20)
def test_history_that_falls_back_to_sql_is_the_oracle(case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "MOST_LANES", 1)
        assert_history_is_the_oracle(history, case, Mode.AS_SERVED)
