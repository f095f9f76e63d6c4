"""Views of other entities agree with history after an erasure."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from skewless import Every, FeatureStore, agg
from skewless.erasure.removal import Removal
from skewless.registry.rewrites import RewriteLog
from tests.ops.builders import ERASED, NOON, payment, payments_view, shop
from tests.ops.test_forget import items
from tests.ops.test_forget_again import DeathError, _die

if TYPE_CHECKING:
    from tests.ops.builders import MovableClock

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

FEATURES = {"sold_7d": agg.count(window="7d")}
live = payments_view("live", entity=shop, features=FEATURES)
daily = payments_view("daily", entity=shop, features=FEATURES, refresh=Every("1d"))


@pytest.fixture
def sold(store: FeatureStore, clock: MovableClock) -> FeatureStore:
    """Shops with payments by the erased card and by others, in the past and today."""
    store.apply([payments_view(), live, daily])
    history = [payment(-3000 + n, card=ERASED, shop="book") for n in range(3)]
    history += [payment(-3000, card="c1", shop="book"), payment(-2000, card="c2", shop="far")]
    store.backfill("payments", [*history, payment(-2500, card=ERASED, shop="only")])
    for view in ("spending", "live", "daily"):
        store.materialize(view)
    # The erased card's is the last of its shard: an item that has applied it tells so.
    store.ingest("payments", [payment(0, card="c1", shop="book")])
    store.ingest("payments", [payment(0, card=ERASED, shop="book")])
    clock.now = NOON + timedelta(minutes=5)
    return store


def test_a_streams_items_of_today_agree_at_once_and_can_be_rebuilt(sold: FeatureStore) -> None:
    sold.forget("card", ERASED)
    sold.repair("live")
    served = sold.get_online_features("live", [{"shop": "book"}, {"shop": "far"}])
    assert [row["sold_7d"] for row in served.rows] == [1 + 1, 1]


def test_all_agree_from_the_next_cut_on(sold: FeatureStore, clock: MovableClock) -> None:
    sold.forget("card", ERASED)
    clock.now = NOON + timedelta(hours=13)
    for view in ("live", "daily"):
        sold.materialize(view)
        report = sold.verify(
            view, entity_rows=[{"shop": name} for name in ("book", "far", "only", "never")]
        )
        report.raise_if_different()
        assert report.stale == 0
        assert sold.get_online_features(view, {"shop": "book"}).rows == [{"sold_7d": 2}]


def test_an_entity_that_is_known_by_erased_events_alone_is_forgotten(sold: FeatureStore) -> None:
    assert items(sold, "#only") != []
    sold.forget("card", ERASED)
    assert items(sold, "#only") == []


def test_the_report_says_how_many_are_to_be_built_anew(sold: FeatureStore) -> None:
    found = {(item.place, item.what): item.count for item in sold.forget("card", ERASED).removed}
    assert found["view live@1", "entities to build anew"] == 2
    assert found["view daily@1", "entities to build anew"] == 2


def test_a_run_that_died_in_between_is_finished(
    sold: FeatureStore, clock: MovableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Removal, "_delete", _die)
        with pytest.raises(DeathError):
            sold.forget("card", ERASED)
    sold.forget("card", ERASED)
    served = sold.get_online_features("live", {"shop": "book"})
    assert served.rows == [{"sold_7d": 2}]
    clock.now = NOON + timedelta(hours=13)
    for view in ("live", "daily"):
        sold.materialize(view)
        assert sold.get_online_features(view, {"shop": "book"}).rows == [{"sold_7d": 2}]


def test_a_source_without_other_entities_leaves_no_rewrites(store: FeatureStore) -> None:
    store.apply(payments_view())
    store.backfill("payments", [payment(-3000, card=ERASED), payment(-3000, card="c1")])
    store.materialize("spending")
    store.forget("card", ERASED)
    pages = (
        store.aws.client("dynamodb")
        .get_paginator("scan")
        .paginate(TableName=store.resources.registry_table)
    )
    keys = [item["pk"]["S"] for page in pages for item in page["Items"]]
    assert not [key for key in keys if key.startswith("rewrites#")]
    assert RewriteLog(store.aws, store.resources.registry_table).pending("spending") == ()
