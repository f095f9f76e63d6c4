"""History of views that are not published: their source is, and nothing else need be."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from skewless import (
    Entity,
    Every,
    FeatureService,
    FeatureView,
    OnDemandView,
    Source,
    agg,
    compute,
)
from skewless.errors import DefinitionError, InputError, RebuildError
from skewless.types import Float64, Int64, String
from tests.store.builders import NOON, card, label, payment, payments, spending

if TYPE_CHECKING:
    from skewless import FeatureStore
    from skewless.offline.training.training_set import TrainingSet

ENGINES = ["duckdb", "athena"]
idea = FeatureView(
    "idea",
    entity=card,
    source=payments,
    refresh=Every("1d"),
    features={"total": agg.sum("amount", window="30d"), "largest": agg.max("items", window="1d")},
)
share = OnDemandView("share", features={"share": idea["total"] / spending["amount_mean_1h"]})
shop = Entity("shop", keys={"shop": String})
sales = FeatureView("sales", entity=shop, source=payments, refresh="stream", features="*")
LABELS = [label(-5), label(-60), label(-5, card="nobody"), label(-3 * 24 * 60)]


@pytest.fixture
def filled(store: FeatureStore) -> FeatureStore:
    store.apply([payments, spending])
    store.backfill("payments", [payment(-100 * n, amount=float(n)) for n in range(1, 90)])
    return store


def digest(training: TrainingSet) -> Any:
    return training.manifest["digest"]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "features",
    [[idea], idea["total"], [share, idea], FeatureService("model", features=[spending, share])],
    ids=["view", "feature", "on demand", "service"],
)
def test_what_is_not_published_has_the_values_that_it_has_once_published(
    filled: FeatureStore, engine: str, features: Any
) -> None:
    before = filled.get_historical_features(LABELS, features, engine=engine)
    filled.apply([share, FeatureService("model", features=[spending, share])])
    after = filled.get_historical_features(LABELS, features, engine=engine)
    assert digest(before) == digest(after)
    assert "unpublished" in before.manifest
    assert "unpublished" not in after.manifest


def test_its_source_alone_is_published(store: FeatureStore) -> None:
    store.apply(payments)
    store.backfill("payments", [payment(-10, amount=3.0), payment(-20, amount=4.0)])
    found = store.get_historical_features([label(24 * 60)], [idea]).to_arrow()
    assert found["total"].to_pylist() == [7.0]
    assert store.published.views == ()


def test_an_entity_of_its_own_comes_with_it(filled: FeatureStore) -> None:
    rows = [{"shop": "book", "event_timestamp": NOON}]
    made = filled.get_historical_features(rows, [sales])
    assert made.features == ["card", "amount", "items"]
    assert [item["name"] for item in made.manifest["unpublished"]] == ["shop", "sales"]
    assert digest(filled.rebuild(rows, made.manifest)) == digest(made)


def test_features_may_come_one_by_one(filled: FeatureStore) -> None:
    made = filled.get_historical_features(LABELS, iter([idea["total"], spending["largest_1h"]]))
    assert made.features == ["total", "largest_1h"]


@pytest.mark.parametrize("engine", ENGINES)
def test_the_set_is_made_again_of_its_manifest_alone(filled: FeatureStore, engine: str) -> None:
    made = filled.get_historical_features(LABELS, [share, "spending:largest_1h"], engine=engine)
    kept = json.loads(json.dumps(made.manifest))
    filled.backfill("payments", [payment(-17, amount=1e6)])
    now = filled.get_historical_features(LABELS, [share, "spending:largest_1h"])
    assert digest(now) != digest(made)
    again = filled.rebuild(LABELS, kept, engine=engine)
    assert digest(again) == digest(made)
    assert again.manifest["unpublished"] == kept["unpublished"]


def test_the_set_is_made_again_after_its_name_was_published_for_something_else(
    filled: FeatureStore,
) -> None:
    made = filled.get_historical_features(LABELS, [share])
    other = FeatureView(
        "idea",
        entity=card,
        source=payments,
        refresh="stream",
        features={"total": agg.count(window="1h")},
    )
    filled.apply(other)
    assert digest(filled.rebuild(LABELS, made.manifest)) == digest(made)


def test_a_manifest_whose_documents_were_changed_makes_no_set(filled: FeatureStore) -> None:
    made = json.loads(json.dumps(filled.get_historical_features(LABELS, [idea]).manifest))
    text = json.dumps(made["unpublished"])
    changed = json.loads(text.replace('"sum"', '"max"'))
    with pytest.raises(RebuildError, match="another meaning"):
        filled.rebuild(LABELS, {**made, "unpublished": changed})
    with pytest.raises(RebuildError, match="not what skewless wrote"):
        filled.rebuild(LABELS, {**made, "unpublished": [{"kind": "Idea"}]})


def test_its_source_must_be_published(store: FeatureStore) -> None:
    with pytest.raises(InputError, match=r"Source\('payments'\) is not published.*store.apply"):
        store.get_historical_features(LABELS, [idea])


def test_its_source_must_have_the_column_that_it_reads(filled: FeatureStore) -> None:
    wider = Source("payments", schema={**payments.schema, "tip": Float64}, event_time="paid_at")
    tips = FeatureView("tips", entity=card, source=wider, refresh="stream", features=["tip"])
    with pytest.raises(InputError, match=r"has no column 'tip'.*store.apply\(source\)"):
        filled.get_historical_features(LABELS, [tips])


@pytest.mark.parametrize(
    ("source", "why"),
    [
        (
            Source("payments", schema={**payments.schema, "items": Float64}, event_time="paid_at"),
            "column 'items': Int64 became Float64",
        ),
        (
            Source("payments", schema=payments.schema, event_time="at"),
            "event_time: 'paid_at' became 'at'",
        ),
        (
            Source("payments", schema=payments.schema, event_time="paid_at", table="lake.payments"),
            "table: None became 'lake.payments'",
        ),
    ],
)
def test_its_source_must_mean_what_the_published_one_means(
    filled: FeatureStore, source: Source, why: str
) -> None:
    view = FeatureView(
        "tried", entity=card, source=source, refresh=Every("1d"), features=["items", "shop"]
    )
    with pytest.raises(InputError, match=why):
        filled.get_historical_features(LABELS, [view])


def test_a_source_that_says_less_than_the_published_one_will_do(filled: FeatureStore) -> None:
    narrow = Source(
        "payments", schema={"card": String, "amount": Float64}, event_time="paid_at", delay="5m"
    )
    view = FeatureView(
        "tried",
        entity=card,
        source=narrow,
        refresh="stream",
        features={"mean": agg.mean("amount", window="1h")},
    )
    found = filled.get_historical_features(LABELS, [view, spending["amount_mean_1h"]]).to_arrow()
    assert found["mean"].to_pylist() == found["amount_mean_1h"].to_pylist()


def test_a_changed_view_needs_a_version_of_its_own(filled: FeatureStore) -> None:
    options: dict[str, Any] = {
        "entity": card,
        "source": payments,
        "refresh": "stream",
        "features": {"amount_mean_1h": agg.mean("amount", window="2h")},
    }
    changed = FeatureView("spending", **options)
    for features in (changed, OnDemandView("x", features={"y": changed["amount_mean_1h"] * 2.0})):
        with pytest.raises(InputError, match=r"differs from the published.*version"):
            filled.get_historical_features(LABELS, features)
    second = FeatureView("spending", **options, version=2)
    assert filled.get_historical_features(LABELS, [second]).features == ["amount_mean_1h"]


def test_another_entity_of_a_published_name_is_refused(filled: FeatureStore) -> None:
    other = Entity("card", keys={"shop": String})
    view = FeatureView("tried", entity=other, source=payments, refresh="stream", features=["items"])
    with pytest.raises(InputError, match=r"entity: .* became "):
        filled.get_historical_features(LABELS, [view])


def test_two_ideas_of_one_name_are_told_apart(filled: FeatureStore) -> None:
    other = FeatureView("idea", entity=card, source=payments, refresh="stream", features=["items"])
    with pytest.raises(DefinitionError, match="two different definitions are called 'idea'"):
        filled.get_historical_features(LABELS, [idea, other])


def test_what_is_not_published_is_not_served(filled: FeatureStore) -> None:
    filled.get_historical_features(LABELS, [idea])
    with pytest.raises(InputError, match="is not published"):
        filled.get_online_features([idea], [{"card": "a"}])


def test_a_view_over_a_table_of_ones_own_needs_its_source_published_too(
    store: FeatureStore,
) -> None:
    table = Source("t", schema={"card": String, "n": Int64}, event_time="at", table="lake.t")
    view = FeatureView("v", entity=card, source=table, refresh=Every("1d"), features=["n"])
    with pytest.raises(InputError, match=r"Source\('t'\) is not published"):
        store.get_historical_features(LABELS, [view])


@pytest.mark.parametrize("engine", ENGINES)
def test_a_view_that_is_not_published_may_have_roles(filled: FeatureStore, engine: str) -> None:
    payer = idea.with_name("payer").with_join_key_map({"card": "payer"})
    ratio = OnDemandView("ratio", features={"ratio": payer["total"] / spending["amount_mean_1h"]})
    rows = [{**row, "payer": "a"} for row in LABELS]
    for features in ([payer, idea], payer["total"], ratio):
        made = filled.get_historical_features(rows, features, engine=engine, full_names=True)
        assert digest(filled.rebuild(rows, made.manifest)) == digest(made)
        events = [payment(-100 * n, amount=float(n)) for n in range(1, 90)]
        assert digest(compute(features, events=events, labels=rows, full_names=True)) == digest(
            made
        )
