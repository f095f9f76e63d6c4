"""History that brings its own arrival times: a row counts from when it really came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skewless import Every, FeatureStore, FeatureView, Source, agg
from skewless.errors import InputError, PublishError, RewriteError
from skewless.types import Float64, String, Timestamp
from tests import reference
from tests.store.builders import NOON, card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.store.conftest import MovableClock

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
Row = tuple[int, int | None]  # minutes before noon: when it happened, when it came in


def a_source(**options: Any) -> Source:
    schema = {"card": String, "amount": Float64}
    given = {"schema": schema, "event_time": "paid_at", "delay": "5m", "ingest_time": "created"}
    return Source("payments", **{**given, **options})


def a_view(source: Source, refresh: Any = "stream") -> FeatureView:
    features = {"n": agg.count(window="7d"), "last": agg.last("amount", window="1d")}
    return FeatureView("spending", entity=card, source=source, refresh=refresh, features=features)


def an_event(happened: int, created: int | None = None, **values: Any) -> dict[str, Any]:
    row = {"card": "a", "amount": float(happened), "paid_at": NOON - happened * MINUTE}
    return {**row, "created": None if created is None else NOON - created * MINUTE, **values}


def counts(store: FeatureStore, *minutes: int, engine: str = "duckdb") -> list[int]:
    labels = [{"card": "a", "event_timestamp": NOON - m * MINUTE} for m in minutes]
    found = store.get_historical_features(labels, "spending", engine=engine).to_arrow()
    return list(found["n"].to_pylist())


def test_an_event_counts_from_when_it_came_in_and_without_that_after_the_delay(
    store: FeatureStore,
) -> None:
    store.apply(a_view(a_source()))
    result = store.backfill("payments", [an_event(100, 40), an_event(100)])
    assert (result.accepted, result.clamped) == (2, 0)
    assert counts(store, 96, 94, 41, 39) == [0, 1, 1, 2]


def test_an_event_that_came_in_before_it_happened_is_clamped_and_counted(
    store: FeatureStore,
) -> None:
    store.apply(a_view(a_source()))
    assert store.backfill("payments", [an_event(50, 60)]).clamped == 1
    assert counts(store, 60, 59) == [0, 1]


def test_arrivals_in_the_future_are_refused_by_row(store: FeatureStore) -> None:
    store.apply(a_view(a_source()))
    result = store.backfill("payments", [an_event(50, 40), an_event(50, -1), an_event(50, 0)])
    assert result.accepted == 2
    (refused,) = result.rejected
    assert refused["row_number"] == 1
    assert "column 'created' is 2024-03-05 12:01:00+00:00: history ends at" in refused["reason"]


@pytest.mark.parametrize("created", ["2024-03-05T10:00:00Z", 1709632800, "naive"])
def test_arrivals_of_a_wrong_type_refuse_the_frame(store: FeatureStore, created: Any) -> None:
    store.apply(a_view(a_source()))
    value = NOON.replace(tzinfo=None) if created == "naive" else created
    with pytest.raises(InputError, match="column 'created'"):
        store.backfill("payments", [{**an_event(50), "created": value}])
    without = an_event(50)
    del without["created"]
    with pytest.raises(InputError, match=r"lacks the column 'created' \(Timestamp\)"):
        store.backfill("payments", [without])


def test_new_events_are_stamped_now_whatever_they_say(
    store: FeatureStore, clock: MovableClock
) -> None:
    store.apply(a_view(a_source()))
    store.materialize("spending")
    result = store.ingest("payments", [an_event(50, 40), {**an_event(50), "created": "soon"}])
    assert result.accepted == 2
    assert result.ingest_time == NOON
    clock.now = NOON + MINUTE
    assert store.get_online_features("spending", {"card": "a"}).rows[0]["n"] == 2
    assert counts(store, 0, -1) == [0, 2]


@pytest.mark.parametrize("name", ["created", "ingest_time", "paid_at"])
def test_the_column_may_be_in_the_schema_or_be_called_as_the_store_calls_its_own(
    store: FeatureStore, name: str
) -> None:
    schema = {"card": String, "amount": Float64}
    if name == "created":
        schema["created"] = Timestamp
    store.apply(a_view(a_source(schema=schema, ingest_time=name)))
    row = an_event(100, 40)
    arrived = {"created": 40, "ingest_time": 40, "paid_at": 100}[name]
    if name == "ingest_time":
        row["ingest_time"] = row.pop("created")
    store.backfill("payments", [row])
    assert counts(store, arrived, arrived - 1) == [0, 1]


def test_what_came_in_before_a_cut_is_a_rewrite_whenever_it_happened(store: FeatureStore) -> None:
    store.apply(a_view(a_source(), Every("1d")))
    store.materialize("spending")  # the cut of 00:00, 720 minutes before noon
    assert store.backfill("payments", [an_event(800, 700)]).accepted == 1
    with pytest.raises(RewriteError):
        store.backfill("payments", [an_event(800, 750)])


def test_a_published_source_keeps_how_it_learns_of_arrivals(store: FeatureStore) -> None:
    store.apply(a_view(a_source(ingest_time=None)))
    with pytest.raises(PublishError, match="ingest_time: None became 'created'"):
        store.apply(a_view(a_source()))


def test_the_registry_and_a_lock_carry_it(store: FeatureStore, tmp_path: Any) -> None:
    view = a_view(a_source())
    store.apply(view)
    store.refresh()
    assert store.published.source("payments") == view.source
    store.lock("spending", tmp_path / "skewless.lock")
    locked = FeatureStore.from_lock(tmp_path / "skewless.lock", session=store.aws.session)
    assert locked.published.source("payments").ingest_time == "created"


ROWS: st.SearchStrategy[Sequence[Row]] = st.lists(
    st.tuples(st.integers(0, 90), st.none() | st.integers(0, 90)), min_size=1, max_size=8
)


@given(rows=ROWS, minutes=st.lists(st.integers(-2, 90), min_size=1, max_size=5))
@settings(max_examples=8)
@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_history_is_the_oracle_by_real_arrivals(
    engine: str, rows: Sequence[Row], minutes: list[int]
) -> None:
    store = FeatureStore.local(clock=NOON)
    source = a_source()
    view = a_view(source)
    store.apply(view)
    store.backfill("payments", [an_event(*row) for row in rows])

    def instant(before_noon: int) -> int:
        return (NOON - before_noon * MINUTE - EPOCH) // timedelta(microseconds=1)

    events = [
        reference.backfilled(
            source,
            {"card": "a", "amount": float(happened)},
            instant(happened),
            None if created is None else instant(created),
        )
        for happened, created in rows
    ]
    expected = [
        reference.view_value(view, events, {"card": "a"}, instant(m))[0]["n"] for m in minutes
    ]
    assert counts(store, *minutes, engine=engine) == expected
