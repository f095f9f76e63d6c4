"""A feature that is added to a published view: what is served, cut, locked and learned from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from skewless import (
    FeatureService,
    FeatureStore,
    FeatureView,
    OnDemandView,
    agg,
    request,
)
from skewless.errors import InputError
from skewless.types import Float64
from tests.store.builders import card, label, payment, payments, profile, ratio, spending

if TYPE_CHECKING:
    from pathlib import Path

KEY = {"card": "a", "amount": 20.0}
FEATURES = {
    "amount_mean_1h": agg.mean("amount", window="1h"),
    "payments_7d": agg.count(window="7d"),
    "largest_1h": agg.max("amount", window="1h"),
}


def spending_with(version: str, **features: Any) -> FeatureView:
    return FeatureView(
        "spending",
        entity=card,
        source=payments,
        refresh="stream",
        version=version,
        features={**FEATURES, **features},
    )


def ratio_of(view: FeatureView) -> OnDemandView:
    return OnDemandView(
        "ratio",
        request={"amount": Float64},
        features={"amount_ratio": request("amount") / view["amount_mean_1h"]},
    )


STREAM = spending_with("1.1", items_7d=agg.sum("items", window="7d"))
OLD = FeatureService("model", features=[spending, profile, ratio])
NEW = FeatureService(
    "model",
    features=[
        *(STREAM[name] for name in FEATURES),
        profile,
        ratio_of(STREAM),
        STREAM["items_7d"],
    ],
    version="1.1",
)
OLD_ROW = {
    "amount_mean_1h": 10.0,
    "payments_7d": 2,
    "largest_1h": 10.0,
    "shop": "book",
    "items": 1,
    "amount_ratio": 2.0,
}
NEW_ROW = {**OLD_ROW, "items_7d": 2}


@pytest.fixture
def served(store: FeatureStore) -> FeatureStore:
    store.apply(OLD)
    store.backfill("payments", [payment(-3000)])
    for view in ("profile", "spending"):
        store.materialize(view)
    store.ingest("payments", [payment(-5)])
    return store


def read(store: FeatureStore, features: Any) -> dict[str, Any]:
    return store.get_online_features(features, KEY).rows[0]


def test_what_was_published_is_served_as_before_while_the_addition_waits(
    served: FeatureStore,
) -> None:
    plan = served.apply(NEW)
    assert [str(change.identity) for change in plan.changes if change.action == "create"] == [
        "view 'spending' version 1.1",
        "service 'model' version 1.1",
    ]
    assert read(served, "model") == OLD_ROW
    assert read(served, "model@1.1") == read(served, NEW) == {**OLD_ROW, "items_7d": None}
    answer = served.get_online_features(STREAM, KEY)
    assert {label: status.status for label, status in answer.status[0].items()} == {
        "spending": "ok",
        "spending@1.1": "stale",
    }


def test_one_cut_fills_the_addition_alone(served: FeatureStore) -> None:
    served.apply(NEW)
    done = served.materialize("spending")
    assert [(str(part.version), part.is_new, part.written) for part in done.parts] == [
        ("1", False, 0),
        ("1.1", True, 1),
    ]
    assert read(served, "model") == read(served, "model@1.1") == NEW_ROW
    assert read(served, "model@1.0") == read(served, OLD) == OLD_ROW
    served.ingest("payments", [payment(-1, items=5)])
    assert read(served, "model")["items_7d"] == 7
    assert read(served, "model")["payments_7d"] == 3


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_training_and_serving_agree_on_old_and_new(served: FeatureStore, engine: str) -> None:
    served.apply(NEW)
    served.materialize("spending")
    for features, row in (("model@1.0", OLD_ROW), ("model@1.1", NEW_ROW), (NEW, NEW_ROW)):
        made = served.get_historical_features([label(1)], features, engine=engine)
        (found,) = made.to_arrow().to_pylist()
        assert {name: found[name] for name in row} == row
    assert served.verify("model@1.1", sample=10).is_equal


def test_a_lock_serves_what_it_pinned(served: FeatureStore, tmp_path: Path) -> None:
    old, new = tmp_path / "old.lock", tmp_path / "new.lock"
    served.lock("model", old)
    served.apply(NEW)
    served.materialize("spending")
    served.lock("model@1.0", tmp_path / "again.lock")
    assert (tmp_path / "again.lock").read_bytes() == old.read_bytes()
    served.lock("model@1.1", new)
    for path, row in ((old, OLD_ROW), (new, NEW_ROW)):
        locked = FeatureStore.from_lock(path, session=served.aws.session, clock=served.clock)
        assert read(locked, None) == row


def test_a_view_of_latest_values_gains_a_column(served: FeatureStore) -> None:
    more = FeatureView(
        "profile",
        entity=card,
        source=payments,
        refresh=profile.refresh,
        version="1.1",
        features=["amount", "items", "shop"],
    )
    served.apply(more)
    served.materialize("profile@1.1")
    assert read(served, "profile") == {"shop": "book", "items": 1, "amount": 10.0}
    assert read(served, more.with_name("card_profile")["amount"]) == {"amount": 10.0}


def test_the_features_of_both_parts_have_one_form_of_name(served: FeatureStore) -> None:
    served.apply(NEW)
    other = FeatureView(
        "other",
        entity=card,
        source=payments,
        refresh="stream",
        features={"items_7d": agg.max("items", window="7d")},
    )
    served.apply(other)
    names = served.get_online_features([STREAM, other], KEY).rows[0].keys()
    assert [*names] == [
        "spending__amount_mean_1h",
        "spending__payments_7d",
        "spending__largest_1h",
        "spending__items_7d",
        "other__items_7d",
    ]


def test_what_is_not_published_yet_says_so(served: FeatureStore) -> None:
    with pytest.raises(InputError, match=r"is not published with 'items_7d'; run skewless apply"):
        read(served, STREAM)
    later = spending_with("1", items_7d=agg.sum("items", window="7d"))
    with pytest.raises(InputError, match="feature 'items_7d' was added"):
        read(served, later)
    served.apply(NEW)
    with pytest.raises(InputError, match=r"feature 'items_7d' came with 1\.1\.0"):
        read(served, later)


def test_history_of_an_addition_is_there_before_it_is_published(served: FeatureStore) -> None:
    made = served.get_historical_features([label(1)], STREAM).to_arrow().to_pylist()
    assert [row["items_7d"] for row in made] == [2]
    assert "spending@1.1" not in {str(view) for view in served.published.views}
