"""The pages of a catalog, made of what is published alone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings

from skewless import Every, FeatureService, agg, col, on_demand_view
from skewless.catalog.document import Sampled
from skewless.catalog.naming import major_id
from skewless.catalog.pages import Facts, Looked
from skewless.catalog.sentences import sentence
from skewless.definitions.collection import Definitions
from skewless.registry.identity import Identity
from skewless.registry.lock import SELECTION
from skewless.registry.marks import Mark, State
from skewless.registry.model_lock import ModelLock
from skewless.registry.published import Published
from skewless.types import Float64
from tests import strategies
from tests.registry.builders import (
    a_service,
    a_source,
    a_view,
    everything,
    plan_of,
)

if TYPE_CHECKING:
    from skewless import FeatureView
    from skewless.catalog.document import Catalog, FeatureRow, ViewPage

EMPTY = Published.of([])


def catalog_of(published: Published, **known: Any) -> Catalog:
    return Facts(
        store="shop",
        region="eu-west-1",
        made_at="2026-01-01",
        release="1",
        published=published,
        **known,
    ).catalog()


ALL = catalog_of(Published.of(everything()))


def view_of(catalog: Catalog, own: str) -> ViewPage:
    (found,) = [view for view in catalog.views if view.id == own]
    return found


def feature_of(catalog: Catalog, own: str) -> FeatureRow:
    view, _, _ = own.partition(":")
    (found,) = [row for row in view_of(catalog, view).features if row.id == own]
    return found


def test_everything_has_its_page_and_is_plain_data() -> None:
    assert [page.name for page in ALL.entities] == ["carrier"]
    assert [page.name for page in ALL.sources] == ["flights"]
    assert [page.id for page in ALL.views] == ["delays@1", "last_seen@1", "trend@1"]
    assert [page.id for page in ALL.services] == ["arrival_model@1"]
    assert json.loads(json.dumps(ALL.to_dict()))["store"] == "shop"


def test_an_empty_store_has_an_empty_catalog() -> None:
    found = catalog_of(EMPTY)
    assert (found.views, found.nodes, found.edges, found.log) == ((), (), (), ())


def test_a_view_says_what_it_is_of_and_who_reads_it() -> None:
    page = view_of(ALL, "delays@1")
    assert (page.kind, page.entity, page.source, page.refresh) == (
        "feature view",
        "carrier",
        "flights",
        "stream",
    )
    assert page.services == ("arrival_model@1",)
    assert page.cost is not None
    assert page.cost.read_units > 0
    assert 'get_historical_features(labels, "delays@1")' in page.training
    assert '{"carrier": "..."}' in page.serving


@pytest.mark.parametrize(
    ("refresh", "said"),
    [("stream", "stream"), (Every("1d"), "every 1d"), (Every("1h", "5m"), "every 1h, 5m later")],
)
def test_a_view_says_how_often_it_is_cut(refresh: str | Every, said: str) -> None:
    view = a_view(refresh=refresh)
    found = catalog_of(Published.of([view.entity, view.source, view]))
    assert found.views[0].refresh == said


def test_a_feature_names_what_it_reads_and_what_reads_it() -> None:
    found = feature_of(ALL, "delays@1:mean_1d")
    assert found.reads == ("flights:arrived_at", "flights:carrier", "flights:delay")
    assert found.used_by == ("arrival_model@1", "trend@1:per_mile")
    assert (found.code, found.window) == ("agg.mean('delay', window='1d')", "1d")
    (source,) = ALL.sources
    (column,) = [each for each in source.columns if each.name == "distance"]
    assert column.readers == ("last_seen@1:distance",)


def test_an_on_demand_view_tells_its_request_and_its_expression() -> None:
    page = view_of(ALL, "trend@1")
    assert (page.kind, page.refresh, page.entity) == ("on-demand view", "on demand", "")
    assert [each.name for each in page.request] == ["miles"]
    assert feature_of(ALL, "trend@1:per_mile").meaning == (
        "Computed when it is asked for: mean_1d / miles."
    )


def test_a_python_function_is_shown_with_its_source() -> None:
    read = a_view()

    @on_demand_view(inputs=[read["mean_1d"]], features={"half": Float64})
    def halved(mean_1d: float | None) -> dict[str, float | None]:
        return {"half": mean_1d / 2 if mean_1d else None}

    page = view_of(catalog_of(Published.of([*everything(), halved])), "halved@1")
    assert "return {" in page.function
    assert "Python function" in page.features[0].meaning


def test_a_service_tells_its_columns_in_order_and_what_a_row_needs() -> None:
    (page,) = ALL.services
    assert [each.output for each in page.features] == [
        "mean_1d",
        "flights_1h",
        "distance",
        "per_mile",
    ]
    assert [(each.name, each.type) for each in page.inputs] == [
        ("carrier", "String"),
        ("miles", "Float64"),
    ]
    assert {each.role for each in page.features} == {""}


def test_a_role_of_a_view_is_named() -> None:
    view = a_view()
    sender = view.with_name("sender").with_join_key_map({"carrier": "sender_id"})
    service = a_service(view["mean_1d"], sender["mean_1d"], name="pairs")
    _, page = catalog_of(Published.of([*everything(), service])).services
    assert [each.role for each in page.features] == ["", "sender"]
    assert {each.feature for each in page.features} == {"delays@1:mean_1d"}


def grown() -> Published:
    """Return a view of two majors, of which the first was added to."""
    first = a_view()
    features = {**dict(first.aggregations), "max_1d": agg.max("delay", window="1d")}
    second = a_view(features=features, version="1.1")
    parts = plan_of([first], [second]).definitions.views
    other = a_view(features={"mean_1d": agg.mean("delay", window="2d")}, version=2)
    return Published.of([first.entity, first.source, first, *parts[-1:], other])


def test_the_parts_of_a_major_are_one_page() -> None:
    page = view_of(catalog_of(grown()), "delays@1")
    assert [(row.name, row.since) for row in page.features] == [
        ("mean_1d", "1"),
        ("flights_1h", "1"),
        ("max_1d", "1.1"),
    ]
    assert (page.latest, page.is_newest, page.other_majors) == ("1.1", False, ("delays@2",))
    assert [row.version for row in page.versions] == ["1.1", "1"]
    assert page.versions[0].changes == ("feature 'max_1d': Float64 is new",)


def test_a_major_tells_what_it_changed() -> None:
    page = view_of(catalog_of(grown()), "delays@2")
    assert (page.is_newest, page.other_majors) == (True, ("delays@1",))
    assert any("window='2d'" in each for each in page.upgrade)


def test_features_that_mean_the_same_know_of_each_other() -> None:
    twin = a_view(name="again", features={"other": agg.mean("delay", window="1d")})
    found = catalog_of(Published.of([*everything(), twin]))
    assert feature_of(found, "again@1:other").alike == ("delays@1:mean_1d",)
    assert feature_of(found, "delays@1:mean_1d").alike == ("again@1:other",)


def test_marks_are_told_of_the_version_that_has_them() -> None:
    published = Published.of(everything())
    view = published.view("delays")
    at = datetime(2026, 1, 1, tzinfo=UTC)
    mark = Mark(state=State.DEPRECATED, reason="old", successor="delays@2", by="me", at=at)
    found = catalog_of(Published(published.definitions, {Identity.of(view): mark}))
    (row,) = view_of(found, "delays@1").marks
    assert (row.version, row.state, row.successor) == ("1", "deprecated", "delays@2")
    assert view_of(found, "last_seen@1").marks == ()


def a_lock(model: str, service: FeatureService, **known: Any) -> ModelLock:
    pinned = {Identity.of(item).key: "digits" for item in Definitions.collect([service])}
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return ModelLock.of(service, pinned, "f" * 64, model=model, by="me", at=at, **known)


def test_a_model_stands_on_the_service_that_it_is_locked_to() -> None:
    published = Published.of(everything())
    lock = a_lock("churn", published.service("arrival_model"))
    found = catalog_of(published, locks=[lock])
    assert ("arrival_model@1", "model churn") in found.edges
    assert [node.owner for node in found.nodes if node.kind == "model"] == ["churn"]
    assert found.services[0].models == ("churn",)
    (page,) = found.models
    assert (page.name, page.locks[0].service) == ("churn", "arrival_model@1")
    assert page.features[0] == "delays@1:mean_1d"


def test_a_model_that_is_locked_to_loose_features_stands_on_them() -> None:
    published = Published.of(everything())
    loose = FeatureService(SELECTION, features=[published.view("delays")["mean_1d"]])
    found = catalog_of(published, locks=[a_lock("churn:home", loose)])
    assert [read for read, reader in found.edges if reader == "model churn:home"] == [
        "delays@1:mean_1d"
    ]


def test_locks_that_ended_are_no_models() -> None:
    published = Published.of(everything())
    lock = a_lock("churn", published.service("arrival_model"))
    ended = lock.ended(datetime(2026, 2, 1, tzinfo=UTC), "me")
    assert catalog_of(published, locks=[ended]).models == ()


def test_a_model_on_a_marked_version_has_a_remark() -> None:
    published = Published.of(everything())
    identity = Identity.of(published.view("delays"))
    at = datetime(2026, 1, 1, tzinfo=UTC)
    mark = Mark(state=State.YANKED, reason="wrong", successor="", by="me", at=at)
    lock = a_lock("churn", published.service("arrival_model"))
    found = catalog_of(Published(published.definitions, {identity: mark}), locks=[lock])
    assert found.models[0].locks[0].remarks == ("view 'delays' version 1 is yanked: wrong.",)


def test_what_was_looked_at_is_where_it_belongs() -> None:
    sampled = Sampled(at="now", rows=3, nulls=1)
    looked = Looked(
        as_of={"delays@1": "2026-01-01"},
        sampled={"delays@1:mean_1d": sampled},
        why_not_sampled={"trend@1:per_mile": "because"},
        monthly={"delays@1": 12.0, "arrival_model@1": 3.0, "flights": 1.0},
    )
    found = catalog_of(Published.of(everything()), looked=looked)
    assert view_of(found, "delays@1").as_of == "2026-01-01"
    assert feature_of(found, "delays@1:mean_1d").sampled == sampled
    assert feature_of(found, "trend@1:per_mile").why_not_sampled == "because"
    assert [view_of(found, "delays@1").cost.monthly, found.services[0].cost.monthly] == [12.0, 3.0]  # type: ignore[union-attr]
    assert found.sources[0].monthly == 1.0


@pytest.mark.parametrize(
    ("tags", "is_marked"),
    [
        ({}, False),
        ({"personal": ""}, True),
        ({"personal": "yes"}, True),
        ({"personal": "No"}, False),
    ],
)
def test_a_source_is_personal_by_its_tag(tags: dict[str, str], *, is_marked: bool) -> None:
    source = a_source(tags=tags)
    (page,) = catalog_of(Published.of([source])).sources
    assert page.is_personal is is_marked


@pytest.mark.parametrize(
    ("aggregate", "said"),
    [
        (agg.count(window="1d"), "The number of events over the last 1d."),
        (
            agg.mean("delay", window="7d", offset="7d"),
            "The mean of delay over the 7d before the last 7d.",
        ),
        (
            agg.sum("delay", window=None, by="carrier"),
            "The sum of delay, for each carrier, over all history.",
        ),
        (
            agg.last_n("delay", 3, window="1d", where=col("distance") > 5),
            "The last 3 values of delay over the last 1d, where distance > 5.",
        ),
        (agg.percentile("delay", 0.9, window="1d"), "The 0.9 quantile of delay over the last 1d."),
        (
            agg.max(col("delay") * 2, window="1d", default=0.0),
            "The greatest delay * 2 over the last 1d; 0.0 if there is none.",
        ),
    ],
)
def test_a_feature_is_told_in_a_sentence(aggregate: Any, said: str) -> None:
    assert sentence(a_view(features={"x": aggregate}), "x") == said


def test_the_condition_of_a_view_is_part_of_the_sentence() -> None:
    view = a_view(
        where=~(col("carrier") == "col('x')"),
        features={"x": agg.count(window="1d", where=col("distance") > 5)},
    )
    assert sentence(view, "x").startswith(
        "The number of events over the last 1d, where not (carrier"
    )


def test_a_latest_value_tells_how_long_it_holds() -> None:
    view = a_view(features=["delay"], refresh="stream", ttl="30d")
    assert sentence(view, "delay") == (
        "The delay of the latest event, unless the event is older than 30d."
    )


@settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(view=strategies.sources().flatmap(strategies.feature_views))
def test_any_view_has_a_page(view: FeatureView) -> None:
    service = FeatureService("model", features=[view])
    found = catalog_of(Published.of([view.entity, view.source, view, service]))
    page = view_of(found, major_id(view))
    assert [row.name for row in page.features] == [*view.feature_types]
    for row in page.features:
        assert row.meaning.endswith(".")
        assert "None" not in row.meaning
