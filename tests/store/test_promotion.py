"""Promotion: what is published in one store, in another."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Every, FeatureService, FeatureStore, FeatureView, Source, on_demand_view
from skewless.errors import InputError, PublishError, UnknownNameError
from skewless.registry.identity import Identity, meaning
from skewless.types import Float64, String, Timestamp
from tests.store.builders import card, label, model, payment, profile

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.definitions.types import ValueType


@pytest.fixture
def prod(new_store: Callable[[], FeatureStore]) -> FeatureStore:
    return new_store()


def meanings(store: FeatureStore) -> dict[str, str]:
    store.refresh()
    return {str(Identity.of(item)): meaning(item) for item in store.published.definitions}


def test_a_service_is_served_alike_where_it_was_promoted(
    store: FeatureStore, prod: FeatureStore
) -> None:
    store.apply(model)
    plan = store.promote("model", to=prod)
    assert plan.has_changes
    assert meanings(prod) == meanings(store)
    for each in (store, prod):
        each.backfill("payments", [payment(-3000)])
        each.materialize("spending")
    ours, theirs = (each.get_historical_features([label()], "model") for each in (store, prod))
    assert ours.to_arrow().equals(theirs.to_arrow())
    (entry,) = prod.log()
    assert entry.message == f"promoted from store {store.name!r}"
    assert not store.promote("model@1", to=prod).has_changes
    assert len(prod.log()) == 1


def test_the_log_there_names_the_commit_of_what_was_promoted(
    store: FeatureStore, prod: FeatureStore
) -> None:
    store.apply(profile, commit="a" * 40)
    store.promote("profile", to=prod)
    assert prod.log()[0].commit == "a" * 40
    store.apply(model, commit="b" * 40)
    store.promote("model", to=prod, message="it is time")
    assert (prod.log()[0].commit, prod.log()[0].message) == ("b" * 40, "it is time")


def test_the_plan_changes_nothing(store: FeatureStore, prod: FeatureStore) -> None:
    store.apply(model)
    assert store.plan_promotion(["spending"], to=prod).has_changes
    assert meanings(prod) == {}


def test_a_target_that_changed_since_the_plan_is_told(
    store: FeatureStore, prod: FeatureStore
) -> None:
    store.apply(model)
    planned = store.plan_promotion("spending@1", to=prod)
    prod.apply(profile)
    with pytest.raises(PublishError, match=r"changed since the plan was made, by arn:aws:"):
        store.promote("spending@1", to=prod, planned=planned)
    assert "view 'spending' version 1" not in meanings(prod)


def test_another_meaning_there_is_refused_and_its_publisher_named(
    store: FeatureStore, prod: FeatureStore
) -> None:
    store.apply(model)
    prod.apply(FeatureService("model", features=[profile]))
    with pytest.raises(PublishError, match=r"arn:aws:\S+ published what is there, at 2024-03-05"):
        store.promote("model", to=prod)


def test_a_yanked_version_stays_and_a_deprecated_one_is_told(
    store: FeatureStore, prod: FeatureStore
) -> None:
    store.apply(model)
    store.deprecate("spending@1", reason="too fast")
    (warned,) = [
        change
        for change in store.plan_promotion("model", to=prod).changes
        if "too fast" in str(change)
    ]
    assert warned.warnings == ("where it comes from, it is deprecated: too fast",)
    store.yank("spending@1", reason="wrong")
    with pytest.raises(
        InputError, match="'spending' version 1 is yanked: wrong: it is not promoted"
    ):
        store.promote("model", to=prod)


def test_a_python_function_travels_as_its_published_text(
    store: FeatureStore, prod: FeatureStore
) -> None:
    @on_demand_view(request={"amount": Float64}, features={"half": Float64})
    def halved(amount: float | None) -> dict[str, float | None]:
        return {"half": None if amount is None else amount / 2}

    store.apply([model, halved])
    store.promote("halved", to=prod)
    assert prod.get_online_features("halved", {"amount": 3.0}).rows[0]["half"] == 1.5


def test_a_table_that_the_target_does_not_have_is_told(
    store: FeatureStore, prod: FeatureStore
) -> None:
    columns: dict[str, ValueType] = {"card": String, "rate": Float64, "loaded_at": Timestamp}
    rates = Source(
        "rates", schema=columns, event_time="at", ingest_time="loaded_at", table="finance.rates"
    )
    view = FeatureView("rate", entity=card, source=rates, features=["rate"], refresh=Every("1d"))
    store.apply(view)
    plan = store.plan_promotion("rate", to=prod)
    told = [text for change in plan.changes for text in change.warnings]
    assert [text for text in told if "its table 'finance.rates' was not found" in text]


def test_what_is_no_name_and_no_store_is_told(store: FeatureStore, prod: FeatureStore) -> None:
    store.apply(profile)
    wrong: list[Any] = ["", "spending:mean", [], [7], 7, None, {}, b"model"]
    for names in wrong:
        with pytest.raises((InputError, UnknownNameError)):
            store.promote(names, to=prod)
    for to in ("prod", 7):
        with pytest.raises(InputError, match=r"no store; open it"):
            store.promote("profile", to=to)  # type: ignore[arg-type]


def test_a_store_is_not_promoted_to_itself(store: FeatureStore) -> None:
    again = FeatureStore(store.aws, replace(store.resources))
    with pytest.raises(InputError, match="cannot be promoted to itself"):
        store.promote("model", to=again)
