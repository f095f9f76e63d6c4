"""A cut with an entity that cannot be written commits for all others, and looks at it again."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Every, FeatureView, agg
from skewless.compiler import again
from skewless.compiler.plan import plan_view
from skewless.online.address import view_partition
from tests.store.conftest import NOON
from tests.store.test_failures import GREATEST, HUGE, a_note, named, notes, served, status, user

if TYPE_CHECKING:
    from skewless import FeatureStore
    from tests.store.conftest import MovableClock

DAY = timedelta(days=1)
ENGINES = ["duckdb", "athena"]
texts = FeatureView("texts", entity=user, source=notes, refresh=Every("1d"), features=["text", "x"])
sums = FeatureView(
    "sums",
    entity=user,
    source=notes,
    refresh=Every("1d"),
    features={
        "var": agg.var_pop("x", window="2d", default=-1.0),
        "last": agg.last("text", window="2d"),
        "n": agg.count(window="5d"),
    },
)
stream_sums = FeatureView(
    "stream_sums",
    entity=user,
    source=notes,
    refresh="stream",
    features={"var": agg.var_pop("x", window="2d"), "last": agg.last("text", window="2d")},
)


def old(who: str, days: float = 1, **values: Any) -> dict[str, Any]:
    return a_note(who, -days * 24 * 60, **values)


def failed_keys(store: FeatureStore, view: FeatureView) -> set[str]:
    partition = view_partition(plan_view(view))
    return {entity.key for entity in store._workbench.table.failed.first(partition, 100)}


@pytest.mark.parametrize("engine", ENGINES)
def test_a_cut_commits_for_all_others_and_the_entity_recovers_by_itself(
    store: FeatureStore, clock: MovableClock, engine: str
) -> None:
    store.apply([texts, sums])
    store.backfill(
        "notes",
        [
            old("bad", text=HUGE),
            old("good", x=2),
            old("good", x=4),
            old("sum", x=GREATEST),
            old("sum", x=-GREATEST),
        ],
    )
    assert named(store.materialize(texts, engine=engine)) == {("texts@1", "bad")}
    done = store.materialize(sums, engine=engine)
    assert named(done) == {("sums@1", "bad"), ("sums@1", "sum")}
    assert (done.entities, done.written) == (3, 1)
    assert failed_keys(store, sums) == {"bad", "sum"}
    assert served(store, sums, "good") == {"var": 1.0, "last": "t", "n": 2}
    assert served(store, sums, "bad") == {"var": None, "last": None, "n": None}
    assert served(store, sums, "sum") == {"var": None, "last": "t", "n": 2}
    assert status(store, sums, "sum").reason == "var overflows: its sums do not fit in 38 digits"
    assert status(store, texts, "bad").status == "failed"
    assert status(store, texts, "good").status == "ok"
    report = store.verify([texts["text"], *(sums[name] for name in ("var", "last", "n"))])
    report.raise_if_different()
    assert report.failed >= 2
    assert {failure.row["user"] for failure in report.failures} == {"bad", "sum"}
    # Nobody has new events. The windows of two days move on, and the cut looks at both again.
    clock.now += 3 * DAY
    done = store.materialize(sums, engine=engine)
    assert named(done) == set()
    assert served(store, sums, "bad") == {"var": -1.0, "last": None, "n": 1}
    assert served(store, sums, "sum") == {"var": -1.0, "last": None, "n": 2}
    assert status(store, sums, "bad").status == "ok"
    assert failed_keys(store, sums) == set()
    # A latest value has no window. It stays as it is, and every cut says so.
    assert named(store.materialize(texts, engine=engine)) == {("texts@1", "bad")}
    store.verify("sums").raise_if_different()


def test_a_failed_entity_whose_rows_left_all_windows_is_known_all_the_same(
    store: FeatureStore, clock: MovableClock
) -> None:
    store.apply(sums)
    store.backfill("notes", [old("bad", text=HUGE), old("good")])
    store.materialize(sums)
    clock.now += 20 * DAY
    store.materialize(sums)
    assert served(store, sums, "bad") == {"var": -1.0, "last": None, "n": 0}
    assert status(store, sums, "bad").status == "ok"
    assert failed_keys(store, sums) == set()


def test_the_state_before_a_failure_is_served_until_its_cut_is(
    store: FeatureStore, clock: MovableClock
) -> None:
    delayed = FeatureView(
        "delayed", entity=user, source=notes, refresh=Every("1d", delay="2h"), features=["text"]
    )
    store.apply(delayed)
    store.backfill("notes", [old("bad", text="short")])
    store.materialize(delayed)
    store.ingest("notes", [a_note("bad", text=HUGE)])
    clock.now = NOON + timedelta(hours=12, minutes=30)
    store.materialize(delayed)
    assert served(store, delayed, "bad") == {"text": "short"}
    clock.now += timedelta(hours=2)
    assert status(store, delayed, "bad").status == "failed"
    store.ingest("notes", [a_note("bad", 15 * 60, text="again")])
    clock.now += DAY
    store.materialize(delayed)
    assert served(store, delayed, "bad") == {"text": "again"}


def test_more_failures_than_a_statement_names_are_looked_at_with_all_entities(
    store: FeatureStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "MOST_NAMED", 1)
    store.apply(sums)
    store.backfill("notes", [old(f"bad{n}", x=GREATEST) for n in (0, 1, 2) for _ in "ab"])
    assert store.materialize(sums).failed_count == 3
    clock.now += 20 * DAY
    done = store.materialize(sums)
    assert (done.entities, done.failed_count) == (3, 0)
    assert served(store, sums, "bad1") == {"var": -1.0, "last": None, "n": 0}
    assert failed_keys(store, sums) == set()


def test_a_rewrite_mends_a_failed_entity_or_fails_it(
    store: FeatureStore, clock: MovableClock
) -> None:
    store.apply([texts, stream_sums])
    store.backfill("notes", [old("bad", 3, text=HUGE), old("good", 3)])
    store.materialize(texts)
    store.materialize(stream_sums)
    found = store.backfill("notes", [old("bad", 2), old("good", 2, text=HUGE)], rewrite=True)
    assert found.failed == ()  # of no day whose items a stream reads
    clock.now += DAY
    assert named(store.materialize(texts)) == {("texts@1", "good")}
    assert served(store, texts, "bad") == {"text": "t", "x": 1}
    assert status(store, texts, "good").status == "failed"


def test_a_day_that_failed_is_covered_by_the_next_cut(
    store: FeatureStore, clock: MovableClock
) -> None:
    store.apply(stream_sums)
    store.materialize(stream_sums)
    found = store.ingest("notes", [a_note("bad", -2, text=HUGE), a_note("both", x=GREATEST)])
    assert named(found) == {("stream_sums@1", "bad")}
    found = store.ingest("notes", [a_note("bad", -1), a_note("both", x=GREATEST)])
    assert named(found) == {("stream_sums@1", "bad"), ("stream_sums@1", "both")}
    clock.now += timedelta(seconds=1)
    assert status(store, stream_sums, "bad").status == "failed"
    clock.now += DAY
    assert named(store.materialize(stream_sums)) == {("stream_sums@1", "both")}
    assert served(store, stream_sums, "bad")["last"] == "t"
    assert failed_keys(store, stream_sums) == {"both"}
    store.verify("stream_sums").raise_if_different()


def test_a_cut_that_died_after_a_failure_is_finished_and_forgets_nobody(
    store: FeatureStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.apply(texts)
    store.backfill("notes", [old("bad", text=HUGE), old("good")])
    with monkeypatch.context() as patch:
        patch.setattr(
            "skewless.materialize.cut.commit", lambda *_: (_ for _ in ()).throw(OSError("died"))
        )
        with pytest.raises(OSError, match="died"):
            store.materialize(texts)
    assert failed_keys(store, texts) == {"bad"}
    done = store.materialize(texts)
    assert named(done) == {("texts@1", "bad")}
    assert failed_keys(store, texts) == {"bad"}
    assert status(store, texts, "bad").status == "failed"
    assert status(store, texts, "good").status == "ok"


def test_doctor_tells_and_an_erasure_forgets_a_failed_entity(
    store: FeatureStore, clock: MovableClock
) -> None:
    store.apply(texts)
    store.backfill("notes", [old("bad", text=HUGE), old("good")])
    store.materialize(texts)
    (finding,) = (item for item in store.doctor().findings if "served as failed" in item.what)
    assert finding.subject == "view texts@1"
    assert "1 entity is served as failed: the online item would take 1,8" in finding.what
    report = store.forget("user", "bad")
    assert ("notes of a failure", 1) in {(item.what, item.count) for item in report.removed}
    assert failed_keys(store, texts) == set()
    assert status(store, texts, "bad").status == "missing"
    assert not any("served as failed" in item.what for item in store.doctor().findings)


def test_a_key_that_no_item_can_have_holds_up_no_cut(
    store: FeatureStore, clock: MovableClock
) -> None:
    store.apply(notes)
    store.backfill("notes", [old("k" * 2000), old("good")])
    store.apply(texts)
    done = store.materialize(texts)
    ((entity),) = done.failed
    assert entity.key == {"user": "k" * 2000}
    assert "longer than 1800 bytes" in entity.reason
    assert status(store, texts, "good").status == "ok"
    store.verify("texts").raise_if_different()
