"""After an erasure, a search of all bytes finds the key nowhere but where the report says."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, Every, FeatureStore, FeatureView, Source, agg
from skewless.materialize.source_line import SourceLine
from skewless.types import Bytes, Int64, String
from tests.ops.builders import NOON, MovableClock
from tests.ops.raw import places_with

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

KEYS: dict[str, tuple[ValueType, list[Any]]] = {
    "texts": (
        String,
        [
            "card-4242-4242-4242-to-be-forgotten",
            "Zq7~x",
            "Ünïcødé-鍵-🔑-zu-vergessen",
            "\ud7ff\ud7ff-after-which-no-letter-comes",
            "a|b\\c'd\"e\n|zq7",
            "k2kb" + "x" * 1_700,
        ],
    ),
    "numbers": (Int64, [987_654_321_987_654_321, -876_543_210_876_543_210]),
    "bytes": (Bytes, [bytes(range(200, 232))]),
}
TOO_LONG = ["two-kilobytes-" + "y" * 2_000, "ten-kilobytes-" + "z" * 10_000]
SET = "training/set.parquet"
VIEWS = ("users", "users_daily", "shops", "shops_daily", "noted")


def _store(name: str) -> FeatureStore:
    store = FeatureStore.local(f"ops-{name}-{uuid.uuid4().hex[:8]}", clock=MovableClock())
    store.aws.client("s3").put_bucket_versioning(
        Bucket=store.resources.bucket, VersioningConfiguration={"Status": "Enabled"}
    )
    return store


def _views(type_: ValueType) -> list[FeatureView]:
    """A stream and a daily view of users, and of shops, which keep who came last."""
    user, shop = Entity("user", keys={"u": type_}), Entity("shop", keys={"shop": String})
    schema = {"u": type_, "shop": String, "amount": Int64}
    visits = Source("visits", schema=schema, event_time="at")
    notes = Source("notes", schema=schema, event_time="at")
    last = {"last_u": agg.last("u", window="7d"), "visits": agg.count(window="7d")}
    count = {"n": agg.count(window="7d")}
    daily = Every("1d", delay="1h")
    return [
        FeatureView("users", entity=user, source=visits, refresh="stream", features=count),
        FeatureView("users_daily", entity=user, source=visits, refresh=daily, features=["shop"]),
        FeatureView("shops", entity=shop, source=visits, refresh="stream", features=last),
        FeatureView("shops_daily", entity=shop, source=visits, refresh=daily, features=last),
        FeatureView("noted", entity=shop, source=notes, refresh=daily, features=last),
    ]


def _visit(minutes: float, u: Any, shop: str = "book", **values: Any) -> dict[str, Any]:
    return {"u": u, "shop": shop, "amount": 1, "at": NOON + timedelta(minutes=minutes), **values}


def _other(key: Any) -> Any:
    return {str: "other", int: 1, bytes: b"other"}[type(key)]


def _fill(store: FeatureStore, type_: ValueType, keys: list[Any]) -> None:
    """Leave keys in every place that a store has."""
    other = _other(keys[0])
    clock: Any = store.clock
    store.apply(_views(type_))
    rows = [_visit(-4000, other)]
    rows += [_visit(-3000, key, shop) for key in keys for shop in ("book", "only")]
    for source in ("visits", "notes"):
        store.backfill(source, rows)
    for view in VIEWS:
        store.materialize(view)
    store.ingest("visits", [_visit(-2, other), *(_visit(-1, key) for key in keys)])
    clock.now = NOON + timedelta(days=1)
    for view in VIEWS:
        store.materialize(view)
    refused = [_visit(1440, key, amount="much") for key in keys]
    store.ingest("visits", [_visit(1440, key, "new") for key in keys])
    store.ingest("visits", [*(_visit(1440, key) for key in keys), _visit(1440, other), *refused])
    store.ingest("notes", [_visit(1440, key, amount=None) for key in keys])
    labels = [{"u": one, "event_timestamp": clock.now} for one in (*keys, other, *keys)]
    made = store.get_historical_features(labels, ["users", "users_daily"])
    for _ in range(2):
        made.write_parquet(f"s3://{store.resources.bucket}/{SET}")


def _later(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what lies in the bucket be older than what anybody may be about to use.

    Producers that were on their way then are dead by now.
    """
    from skewless.erasure import forget  # noqa: PLC0415 - as the tests beside do

    now = forget._now
    monkeypatch.setattr(forget, "_now", lambda: now() + timedelta(hours=2))
    monkeypatch.setattr(SourceLine, "is_dead", lambda *_: True)


@pytest.mark.parametrize(("type_", "keys"), KEYS.values(), ids=KEYS)
def test_a_key_of_any_kind_is_found_nowhere(
    monkeypatch: pytest.MonkeyPatch, type_: ValueType, keys: list[Any]
) -> None:
    store = _store("left")
    _fill(store, type_, keys)
    for key in keys:
        before = places_with(store, key)
        bounded = {"avro"} if type_ != String else set()  # several texts share one file's bounds
        assert {"parquet", *bounded} <= {place.rpartition(".")[2] for place in before}
        assert any(place.startswith(store.resources.online_table) for place in before)
        assert any(place.startswith("log/notes") for place in before)
        assert any("quarantine" in place for place in before)
        assert SET in before
    _later(monkeypatch)
    for key in keys:
        report = store.forget("user", key)
        assert (report.again, report.not_reached) == ((), ())
        assert places_with(store, key) == []
    _check_agreement(store)


def _check_agreement(store: FeatureStore) -> None:
    """Check that all serve what history says of what is left, as of each cut that is kept."""
    clock: Any = store.clock
    of_yesterday = NOON + timedelta(hours=12, minutes=30)
    rows = [{"shop": name} for name in ("book", "only", "new")]
    for view in ("shops", "shops_daily", "noted"):
        instants = [clock.now] if view == "shops" else [clock.now, of_yesterday]
        report = store.verify(view, entity_rows=rows, instants=instants)
        report.raise_if_different()
        assert report.stale == 0
