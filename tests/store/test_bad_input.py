"""Wrong input gets one clear error that names the object, the value and the way out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from skewless import Every, FeatureStore, FeatureView, agg
from skewless.errors import (
    InputError,
    NaiveTimestampError,
    NotDueError,
    PublishError,
    RewriteError,
    UnknownNameError,
    ValueOverflowError,
)
from tests.store.builders import NOON, card, label, model, payment, payments, profile, spending

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.store.conftest import MovableClock


@pytest.fixture
def published(store: FeatureStore) -> FeatureStore:
    store.apply(model)
    return store


def test_a_row_that_does_not_fit_is_kept_in_quarantine_and_listed(published: FeatureStore) -> None:
    rows = [
        payment(-10),
        payment(-9, amount="ten"),
        payment(-8, paid_at=None),
        payment(-7, items=1.5),
        payment(-6, amount=float("inf")),
    ]
    result = published.ingest("payments", rows)
    assert result.accepted == 1
    assert [row["row_number"] for row in result.rejected] == [1, 2, 3, 4]
    assert all(row["reason"] for row in result.rejected)


@pytest.mark.parametrize("door", ["ingest", "backfill"])
def test_a_column_of_a_wrong_type_refuses_the_frame_and_nothing_is_written(
    published: FeatureStore, door: str
) -> None:
    rows = [payment(-10 - n, amount=str(n)) for n in range(3)]
    with pytest.raises(InputError, match="column 'amount' is text, and Float64 is declared"):
        getattr(published, door)("payments", rows)
    assert kept(published) == (0, 0)


@pytest.mark.parametrize("door", ["ingest", "backfill"])
def test_strict_refuses_a_frame_for_one_row_and_nothing_is_written(
    published: FeatureStore, door: str
) -> None:
    rows = [payment(-10), payment(-9, amount="ten"), payment(-8, amount="nine")]
    with pytest.raises(InputError) as caught:
        getattr(published, door)("payments", rows, strict=True)
    assert "2 of 3 rows do not fit" in str(caught.value)
    assert "2 rows, the first is row 1: column 'amount': Float64 is needed" in str(caught.value)
    assert kept(published) == (0, 0)
    assert getattr(published, door)("payments", rows).accepted == 1


def kept(store: FeatureStore) -> tuple[int, int]:
    """Count the rows in the log and in quarantine."""
    bench = store._workbench
    log = bench.log.scan(store.published.source("payments")).read_all().num_rows
    return log, bench.quarantine.list("payments").num_rows


def test_history_in_the_future_is_refused_row_by_row(published: FeatureStore) -> None:
    result = published.backfill("payments", [payment(-60), payment(60)])
    assert result.accepted == 1
    (refused,) = result.rejected
    assert "2024-03-05T12:00:00+00:00" in refused["reason"]


def test_history_that_was_served_is_rewritten_only_by_name(
    published: FeatureStore, clock: MovableClock
) -> None:
    published.backfill("payments", [payment(-3000)])
    published.materialize("profile")
    with pytest.raises(RewriteError, match="rewrite=True"):
        published.backfill("payments", [payment(-2900, shop="late")])
    published.backfill("payments", [payment(-2900, shop="late")], rewrite=True)
    clock.now = NOON + timedelta(days=1)
    published.materialize("profile")
    answer = published.get_online_features("profile", {"card": "a"})
    assert answer.rows[0]["shop"] == "late"


def test_a_naive_timestamp_is_refused_with_the_way_out(published: FeatureStore) -> None:
    frame = pd.DataFrame([label()])
    frame["event_timestamp"] = pd.to_datetime(["2024-03-05 12:00:00"])
    with pytest.raises(NaiveTimestampError, match="tz_localize"):
        published.get_historical_features(frame, "model")
    naive = datetime(2024, 3, 5)  # noqa: DTZ001 - what is being refused
    with pytest.raises(NaiveTimestampError, match="now"):
        published.get_online_features("spending", {"card": "a"}, now=naive)


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"event_timestamp": NOON, "amount": 1.0}, "entity_df lacks 'card' (String)"),
        ({"card": "a", "amount": 1.0}, "entity_df lacks 'event_timestamp' (Timestamp)"),
        ({"card": "a", "event_timestamp": NOON}, "entity_df lacks 'amount' (Float64)"),
        (label(card=7), "entity_df column 'card' is int64, which is not String"),
        (label(card=None), "entity_df column 'card' has 1 nulls, the first in row 0"),
        (label(amount="1"), "entity_df column 'amount' is string, which is not Float64"),
        (label(shop="x"), "entity_df has columns named like features: 'shop'"),
    ],
)
def test_a_frame_of_labels_that_does_not_fit_says_why(
    published: FeatureStore, row: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        published.get_historical_features([row], "model")
    assert message in str(caught.value)


def test_an_empty_frame_of_labels_is_refused(published: FeatureStore) -> None:
    empty = pd.DataFrame([label()]).iloc[:0]
    with pytest.raises(InputError, match="entity_df is empty"):
        published.get_historical_features(empty, "model")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"amount": 1.0}, "'card'"),
        ({"card": None, "amount": 1.0}, "null"),
        ({"card": 5, "amount": 1.0}, "is 5, which is not String"),
        ({"card": "a"}, "'amount'"),
        ({"card": "a", "amount": "much"}, "'much'"),
    ],
)
def test_a_row_to_serve_that_does_not_fit_says_why(
    published: FeatureStore, row: dict[str, Any], message: str
) -> None:
    with pytest.raises(InputError) as caught:
        published.get_online_features("model", [row])
    assert message in str(caught.value)


def test_an_unknown_name_comes_with_the_near_miss(published: FeatureStore) -> None:
    with pytest.raises(UnknownNameError, match="Did you mean 'spending'"):
        published.get_online_features("spendings:payments_7d", {"card": "a"})


def test_a_changed_meaning_under_a_published_name_is_refused(published: FeatureStore) -> None:
    changed = FeatureView(
        "spending",
        entity=card,
        source=payments,
        refresh="stream",
        features={"payments_7d": agg.count(window="1d")},
    )
    with pytest.raises(PublishError, match="version=2"):
        published.apply(changed)
    assert published.published.view("spending") == spending


def test_a_cut_that_is_not_due_is_refused(published: FeatureStore) -> None:
    with pytest.raises(NotDueError, match="2024-03-06"):
        published.materialize(profile, cut=datetime(2024, 3, 6, tzinfo=UTC))
    with pytest.raises(InputError, match="is not cut at"):
        published.materialize(profile, cut=NOON)


def test_identifiers_and_values_that_would_be_sql_stay_what_they_are(
    store: FeatureStore,
) -> None:
    view = FeatureView(
        "select_", entity=card, source=payments, refresh=Every("1h"), features=["shop"]
    )
    store.apply(view)
    evil = "'; DROP TABLE payments; --"
    store.backfill("payments", [payment(-90, card=evil, shop=evil)])
    store.materialize("select_")
    assert store.get_online_features("select_", {"card": evil}).rows == [{"shop": evil}]
    labels = [{"card": evil, "event_timestamp": NOON}]
    for engine in ("duckdb", "athena"):
        found = store.get_historical_features(labels, "select_", engine=engine)
        assert found.to_arrow()["shop"].to_pylist() == [evil]


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_a_sum_beyond_64_bits_is_an_error_that_names_the_feature(
    store: FeatureStore, clock: MovableClock, engine: str
) -> None:
    view = FeatureView(
        "totals",
        entity=card,
        source=payments,
        refresh="stream",
        features={"items_1h": agg.sum("items", window="1h")},
    )
    store.apply(view)
    store.materialize(view)
    store.ingest("payments", [payment(-1, items=2**63 - 1), payment(-2, items=1)])
    clock.now = NOON + timedelta(minutes=1)
    rows = [{"card": "a", "event_timestamp": clock.now}]
    with pytest.raises(ValueOverflowError, match=r"totals\.items_1h"):
        store.get_historical_features(rows, view, engine=engine)
    answer = store.get_online_features(view, {"card": "a"})
    assert answer.rows == [{"items_1h": None}]
    assert answer.status[0]["totals"].status == "failed"


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: FeatureStore.connect(5), "the store's name 5 must be up to 40"),  # type: ignore[arg-type]
        (lambda: FeatureStore.connect("A B"), "the store's name 'A B' must be up to 40"),
        (lambda: FeatureStore.local("A B"), "the store's name 'A B' must be up to 40"),
        (lambda: FeatureStore.local(clock="noon"), "clock is 'noon'; give a function"),  # type: ignore[arg-type]
        (lambda: FeatureStore.local(clock=datetime(2024, 3, 5)), "is a naive timestamp"),  # noqa: DTZ001
        (lambda: FeatureStore.from_lock(5), "5 is no path of a lock file"),  # type: ignore[arg-type]
    ],
)
def test_a_store_that_cannot_be_opened_says_what_is_wrong(
    ask: Callable[[], object], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        ask()


def test_a_clock_that_tells_no_time_is_named(published: FeatureStore) -> None:
    published.clock = lambda: 5  # type: ignore[assignment]
    with pytest.raises(InputError, match="the clock's answer 5 is no datetime"):
        published.get_online_features("spending", {"card": "a"})


def test_an_instant_that_is_assigned_stands_still(published: FeatureStore) -> None:
    published.clock = NOON
    assert published.clock() == NOON
    with pytest.raises(InputError, match="clock is 'noon'; give a function"):
        published.clock = "noon"  # type: ignore[assignment]


def test_keys_in_the_log_are_asked_for_by_a_view_s_name_as_well(published: FeatureStore) -> None:
    found = published.logged_keys("spending").num_rows
    assert published.logged_keys(published.published.view("spending")).num_rows == found
    with pytest.raises(UnknownNameError, match="no view 'spendings'"):
        published.logged_keys("spendings")
