"""The catalog of a store on the local AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, FeatureService, FeatureStore, FeatureView, OnDemandView, Source, agg
from skewless.cost import Traffic
from skewless.errors import InputError
from skewless.types import Float64, String

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.catalog.document import Catalog, FeatureRow

NOW = datetime(2026, 3, 10, tzinfo=UTC)
USER = Entity("user", keys={"user": String})


def a_source(name: str, **changes: Any) -> Source:
    schema = {"user": String, "amount": Float64}
    return Source(name, schema=schema, event_time="at", **changes)


def a_view(name: str, source: Source, **changes: Any) -> FeatureView:
    features = {"total": agg.sum("amount", window="30d")}
    given = {"entity": USER, "features": features, "refresh": "stream", **changes}
    return FeatureView(name, source=source, **given)


PAYMENTS, SALARIES, EMPTY = (
    a_source("payments"),
    a_source("salaries", tags={"personal": "true"}),
    a_source("visits"),
)
SPENDING = a_view("spending", PAYMENTS)
NEWER = a_view("spending", PAYMENTS, version=2, features={"n": agg.count(window="1d")})
WORLD = a_view("world", PAYMENTS, entity=None)
EARNING, VISITING = a_view("earning", SALARIES), a_view("visiting", EMPTY)
TWICE = OnDemandView("twice", features={"x": NEWER["n"] * 2})
SECRET = OnDemandView("secret", features={"x": EARNING["total"] * 2})
# Each reads the other one, which alone is marked.
GUARDED = OnDemandView("guarded", features={"x": NEWER["n"] * 3}, tags={"personal": "yes"})
BEHIND = OnDemandView("behind", features={"x": GUARDED["x"] * 3})
ABOVE = OnDemandView("above", features={"x": BEHIND["x"] * 3})
FREE = ("twice@1", "secret@1", "guarded@1", "behind@1", "above@1")
MODEL = FeatureService("model", features=[NEWER, TWICE])


@pytest.fixture(scope="module")
def store() -> Iterator[FeatureStore]:
    store = FeatureStore.local(clock=NOW)
    store.apply([SPENDING, NEWER, WORLD, EARNING, VISITING, TWICE, SECRET, ABOVE, MODEL])
    rows = [
        {"user": name, "amount": amount, "at": datetime(2026, 3, 9, 12, tzinfo=UTC)}
        for name, amount in (("a", 1.0), ("b", 2.0), ("c", None))
    ]
    for source in (PAYMENTS, SALARIES):
        store.backfill(source, rows)
    store.materialize(NEWER)
    return store


@pytest.fixture(scope="module")
def catalog(store: FeatureStore) -> Catalog:
    return store.catalog()


def feature(catalog: Catalog, own: str) -> FeatureRow:
    (found,) = [row for view in catalog.views for row in view.features if row.id == own]
    return found


def test_values_are_those_that_training_has_at_this_instant(catalog: Catalog) -> None:
    found = feature(catalog, "spending@2:n").sampled
    assert found is not None
    assert (found.rows, found.nulls, found.examples) == (3, 0, ("1",))
    assert found.at == NOW.isoformat()


def test_on_demand_features_that_need_keys_alone_are_looked_at(catalog: Catalog) -> None:
    found = feature(catalog, "twice@1:x").sampled
    assert found is not None
    assert found.examples == ("2.0",)


def test_features_of_no_entity_have_one_value(catalog: Catalog) -> None:
    found = feature(catalog, "world@1:total").sampled
    assert found is not None
    assert (found.rows, found.examples) == (1, ("3.0",))


def test_nothing_of_personal_sources_is_shown(catalog: Catalog) -> None:
    for own in ("earning@1:total", "secret@1:x", "behind@1:x", "above@1:x"):
        row = feature(catalog, own)
        assert (row.sampled, row.why_not_sampled) == (None, "it is marked as personal data")


def test_what_has_no_events_or_a_newer_major_says_so(catalog: Catalog) -> None:
    assert feature(catalog, "visiting@1:total").why_not_sampled == "its source has no events yet"
    assert "newest major" in feature(catalog, "spending@1:total").why_not_sampled


def test_tables_and_cuts_are_told(catalog: Catalog) -> None:
    sources = {page.name: page.log for page in catalog.sources}
    assert sources["payments"] is not None
    assert sources["payments"].rows == 3
    assert sources["visits"] is None
    until = {page.id: page.as_of for page in catalog.views}
    assert until["spending@2"] == NOW.isoformat()
    assert until["spending@1"] == ""


def test_who_published_is_told(catalog: Catalog) -> None:
    assert catalog.log[0].by.startswith("arn:aws:")
    assert catalog.views[0].versions[0].at == NOW.isoformat()


def test_nothing_is_looked_at_if_no_samples_are_wanted(store: FeatureStore) -> None:
    found = store.catalog(samples=0)
    rows = [row for view in found.views for row in view.features]
    assert {(row.sampled, row.why_not_sampled) for row in rows} == {(None, "")}


def test_traffic_says_what_a_month_costs(store: FeatureStore) -> None:
    events = dict.fromkeys(("payments", "salaries", "visits"), 1e6)
    traffic = Traffic({"user": 1e6}, events, {"model": 1e6, "earning@1": 1e3})
    found = store.catalog(samples=0, traffic=traffic)
    monthly = {page.id: page.cost.monthly for page in found.views if page.cost}
    monthly |= {page.id: page.cost.monthly for page in found.services if page.cost}
    assert all(value for name, value in monthly.items() if name not in FREE)
    assert [page.monthly is None for page in found.sources] == [False] * 3


@pytest.mark.parametrize("samples", [-1, 1.5, True, "10"])
def test_samples_are_a_whole_number(store: FeatureStore, samples: Any) -> None:
    with pytest.raises(InputError, match="samples is"):
        store.catalog(samples=samples)


def test_an_empty_store_has_a_catalog() -> None:
    assert FeatureStore.local(clock=NOW).catalog().views == ()


def test_a_marked_version_is_looked_at_without_a_warning() -> None:
    store = FeatureStore.local(clock=NOW)
    store.apply(WORLD)
    store.backfill(PAYMENTS, [{"user": "a", "amount": 1.0, "at": datetime(2026, 3, 9, tzinfo=UTC)}])
    store.deprecate("world@1", reason="old")
    assert feature(store.catalog(), "world@1:total").sampled is not None
