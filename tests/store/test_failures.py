"""One entity that cannot be written fails by itself: everything else goes on."""

from __future__ import annotations

import copy
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, FeatureView, OnDemandView, Source, agg
from skewless.errors import OnlineStoreError, StoreError
from skewless.types import Float64, Int64, String
from tests.store.conftest import NOON

if TYPE_CHECKING:
    from skewless import FeatureStore
    from skewless.online.answer import ViewStatus
    from skewless.registry.published import Published
    from tests.store.conftest import MovableClock

HUGE = "x7Qa" * 225_000
GREATEST = 2**63 - 1
user = Entity("user", keys={"user": String})
notes = Source(
    "notes", schema={"user": String, "text": String, "x": Int64, "y": Float64}, event_time="at"
)
others = Source("others", schema={"user": String, "x": Float64}, event_time="at")
latest = FeatureView("latest", entity=user, source=notes, refresh="stream", features=["text"])
picked = FeatureView(
    "picked",
    entity=user,
    source=notes,
    refresh="stream",
    features={"first": agg.first("text", window="7d"), "n": agg.count(window="7d")},
)
numbers = FeatureView(
    "numbers",
    entity=user,
    source=notes,
    refresh="stream",
    features={
        "std": agg.stddev_pop("x", window="1h", default=-1.0),
        "sum": agg.sum("x", window="1h"),
        "std_y": agg.stddev_pop("y", window="1h"),
        "n": agg.count(window="7d"),
    },
)
other = FeatureView(
    "other",
    entity=user,
    source=others,
    refresh="stream",
    features={"n": agg.count(window="7d")},
)
ratio = OnDemandView(
    "ratio",
    features={"or_zero": numbers["std"].fill_null(0.0), "n_more": numbers["n"] + 1.0},
)


def a_note(who: str, minutes: float = 0, **values: Any) -> dict[str, Any]:
    row = {"user": who, "text": "t", "x": 1, "y": 1.0, "at": NOON + timedelta(minutes=minutes)}
    return {**row, **values}


def status(store: FeatureStore, view: FeatureView, who: str) -> ViewStatus:
    return store.get_online_features(view, {"user": who}).status[0][view.name]


def served(store: FeatureStore, view: FeatureView, who: str) -> dict[str, Any]:
    return store.get_online_features(view, {"user": who}).rows[0]


def named(found: Any) -> set[tuple[str, str]]:
    assert found.failed_count == len(found.failed)
    return {(entity.view, entity.key["user"]) for entity in found.failed}


@pytest.fixture
def notebook(store: FeatureStore, clock: MovableClock) -> FeatureStore:
    """A store with all views served."""
    views = [latest, picked, numbers, other]
    store.apply([*views, ratio])
    for view in views:
        store.materialize(view)
    clock.now = NOON + timedelta(seconds=1)
    return store


def later(clock: MovableClock, **by: float) -> datetime:
    clock.now += timedelta(**by)
    return clock.now


def test_an_event_that_fits_in_no_item_fails_its_entity_and_nothing_else(
    notebook: FeatureStore, clock: MovableClock
) -> None:
    found = notebook.ingest(
        "notes", [a_note("good"), a_note("bad", text=HUGE), a_note("fine"), a_note("good")]
    )
    assert found.accepted == 4
    assert named(found) == {("latest@1", "bad"), ("picked@1", "bad")}
    assert notebook.ingest("others", [{"user": "good", "x": 1.0, "at": NOON}]).failed == ()
    later(clock, seconds=1)
    failed = status(notebook, latest, "bad")
    assert failed.status == "failed"
    assert "more than the 390,000 that fit" in (failed.reason or "")
    assert "bad" not in (failed.reason or "")
    assert "failed as of" in str(failed)
    assert served(notebook, latest, "bad") == {"text": None}
    assert served(notebook, picked, "bad") == {"first": None, "n": None}
    assert served(notebook, numbers, "bad")["n"] == 1
    assert served(notebook, picked, "good") == {"first": "t", "n": 2}
    assert served(notebook, other, "good") == {"n": 1}
    assert status(notebook, latest, "good").status == "ok"


def test_one_bad_row_of_a_thousand_is_named_once_for_each_view_that_it_fails(
    notebook: FeatureStore, clock: MovableClock
) -> None:
    rows = [a_note(f"u{number % 400}") for number in range(1000)]
    rows[500] = a_note("bad", text=HUGE)
    found = notebook.ingest("notes", rows)
    assert named(found) == {("latest@1", "bad"), ("picked@1", "bad")}
    later(clock, seconds=1)
    asked = [{"user": f"u{number}"} for number in range(400)]
    answer = notebook.get_online_features([latest["text"], picked["n"]], asked)
    assert answer.rows == [
        {"text": "t", "n": 2 + (number < 200) - (number == 100)} for number in range(400)
    ]


def test_a_failed_entity_stays_failed_that_day_and_every_event_says_so(
    notebook: FeatureStore, clock: MovableClock
) -> None:
    notebook.ingest("notes", [a_note("bad", text=HUGE)])
    later(clock, seconds=1)
    assert named(notebook.ingest("notes", [a_note("bad"), a_note("good")])) == {
        ("latest@1", "bad"),
        ("picked@1", "bad"),
    }
    later(clock, seconds=1)
    assert status(notebook, picked, "bad").status == "failed"


def test_squares_that_overflow_fail_their_feature_and_its_followers_alone(
    notebook: FeatureStore, clock: MovableClock
) -> None:
    found = notebook.ingest("notes", [a_note("bad", x=x) for x in (GREATEST, -GREATEST)])
    assert named(found) == {("numbers@1", "bad")}
    later(clock, seconds=1)
    failed = status(notebook, numbers, "bad")
    assert failed.status == "failed"
    assert failed.reason == "std overflows: its sums do not fit in 38 digits"
    assert served(notebook, numbers, "bad") == {"std": None, "sum": 0, "std_y": 0.0, "n": 2}
    on_demand = notebook.get_online_features(ratio, {"user": "bad"})
    assert on_demand.rows == [{"or_zero": None, "n_more": 3.0}]
    assert on_demand.overflowed == [("or_zero",)]
    assert notebook.get_online_features(numbers, {"user": "bad"}).overflowed == [("std",)]
    later(clock, hours=2)  # out of the window
    assert status(notebook, numbers, "bad").status == "ok"
    assert served(notebook, numbers, "bad") == {"std": -1.0, "sum": None, "std_y": None, "n": 2}


def test_one_entity_that_overflows_does_not_fail_the_others_of_a_request(
    notebook: FeatureStore, clock: MovableClock
) -> None:
    notebook.ingest("notes", [a_note("bad", x=GREATEST)])
    notebook.ingest("notes", [a_note("bad", x=1), a_note("good", x=5)])
    later(clock, seconds=1)
    answer = notebook.get_online_features(numbers, [{"user": "bad"}, {"user": "good"}])
    assert answer.rows[0]["sum"] is None
    assert answer.rows[1] == {"std": 0.0, "sum": 5, "std_y": 0.0, "n": 1}
    assert [found["numbers"].status for found in answer.status] == ["failed", "ok"]
    assert answer.overflowed == [("sum",), ()]


def test_a_failed_day_is_repaired_once_its_event_is_not_there_any_more(
    notebook: FeatureStore, clock: MovableClock
) -> None:
    notebook.ingest("notes", [a_note("bad", -1, text=HUGE), a_note("bad")])
    later(clock, seconds=1)
    notebook.repair(picked)
    assert status(notebook, picked, "bad").status == "failed"
    notebook.forget("user", "bad")
    notebook.ingest("notes", [a_note("bad")])
    later(clock, seconds=1)
    assert served(notebook, picked, "bad") == {"first": "t", "n": 1}


def test_a_failure_in_a_view_that_is_learnt_of_late_is_reported_by_the_next_ingest(
    notebook: FeatureStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    notebook.ingest("others", [{"user": "good", "x": 1.0, "at": NOON}])  # the registry is read
    elsewhere = copy.copy(notebook)
    newcomer = FeatureView(
        "newcomer", entity=user, source=notes, refresh="stream", features=["text"]
    )
    elsewhere.apply([newcomer])
    elsewhere.materialize(newcomer)

    real, is_throttled = notebook._reloaded, [True]

    def reloaded() -> Published:
        if is_throttled.pop():
            raise StoreError("throttled")
        return real()

    monkeypatch.setattr(notebook, "_reloaded", reloaded)
    with pytest.raises(OnlineStoreError, match=r"newcomer@1 was cut"):
        notebook.ingest("notes", [a_note("bad", text=HUGE)])
    is_throttled[:] = [False]
    found = notebook.ingest("others", [{"user": "good", "x": 1.0, "at": NOON}])
    assert named(found) == {("newcomer@1", "bad")}
