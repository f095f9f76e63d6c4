from __future__ import annotations

from typing import Any

import pytest

from skewless import Entity, Every, FeatureService, FeatureView, OnDemandView, Source, agg, col
from skewless import request as field
from skewless.compiler.fingerprint import LENGTH, fingerprint, used_columns
from skewless.compiler.plan import plan_view
from skewless.definitions.expression import CallNode, Expr
from skewless.definitions.operators import Operator
from skewless.types import Bool, Float64, Int64, String, Timestamp

SCHEMA: dict[str, Any] = {"k": String, "x": Float64, "n": Int64, "id": String}


def a_source(**changes: Any) -> Source:
    given = {"schema": SCHEMA, "event_time": "at", **changes}
    return Source(given.pop("name", "events"), **given)


def a_view(**changes: Any) -> FeatureView:
    given = {
        "entity": Entity("thing", keys={"k": String}),
        "source": a_source(),
        "refresh": "stream",
        "features": {"mean": agg.mean("x", window="1d")},
        **changes,
    }
    return FeatureView(given.pop("name", "view"), **given)


def a_latest_view(**changes: Any) -> FeatureView:
    return a_view(**{"features": ["x", "n"], **changes})


def an_on_demand_view(view: FeatureView | None = None, **changes: Any) -> OnDemandView:
    read = view or a_view()
    given = {"features": {"twice": read["mean"] * field("by")}, "request": {"by": Float64}}
    given.update(changes)
    return OnDemandView(given.pop("name", "on_demand"), **given)  # type: ignore[arg-type]


def test_fingerprints_never_change_by_accident() -> None:
    # A new value here orphans every online item and lock file: raise FORMAT if it must be.
    view = a_view()
    assert {
        "aggregated": fingerprint(view),
        "latest": fingerprint(a_latest_view()),
        "on demand": fingerprint(an_on_demand_view(view)),
        "service": fingerprint(FeatureService("model", features=[view["mean"]])),
    } == {
        "aggregated": "1883c01f4f04f625",
        "latest": "b1d0fba780fa84be",
        "on demand": "2393419f75e7ba36",
        "service": "105987ec337f496f",
    }


def test_a_fingerprint_is_hexadecimal_digits() -> None:
    assert len(fingerprint(a_view())) == LENGTH
    int(fingerprint(a_view()), 16)


MEANING: dict[str, dict[str, Any]] = {
    "name": {"name": "other"},
    "keys": {"entity": Entity("thing", keys={"k": String, "id": String})},
    "refresh": {"refresh": Every("1d")},
    "delay of the refresh": {"refresh": Every("1d", delay="1h")},
    "where": {"where": col("x") > 1},
    "where's constant": {"where": col("x") > 2},
    "where's type": {"where": col("x") > 2.0},
    "feature's name": {"features": {"average": agg.mean("x", window="1d")}},
    "function": {"features": {"mean": agg.sum("x", window="1d")}},
    "input": {"features": {"mean": agg.mean("n", window="1d")}},
    "window": {"features": {"mean": agg.mean("x", window="2d")}},
    "all history": {"features": {"mean": agg.mean("x", window=None)}},
    "hop": {"features": {"mean": agg.mean("x", window="1d", hop="5m")}},
    "feature's where": {"features": {"mean": agg.mean("x", window="1d", where=col("n") > 0)}},
    "scale": {"features": {"mean": agg.mean("x", window="1d", scale=2)}},
    "default": {"features": {"mean": agg.mean("x", window="1d", default=0)}},
    "one more feature": {
        "features": {"mean": agg.mean("x", window="1d"), "rows": agg.count(window="1d")}
    },
    "source's name": {"source": a_source(name="others")},
    "type of a column that is read": {"source": a_source(schema={**SCHEMA, "x": Int64})},
    "event time": {"source": a_source(event_time="then")},
    "event id": {"source": a_source(event_id="id")},
    "tiebreak": {"source": a_source(tiebreak="n")},
    # A table is cut, never streamed; "refresh" above is the same view over the log.
    "table": {"source": a_source(table="lake.events"), "refresh": Every("1d")},
    "delay of a table": {
        "source": a_source(table="lake.events", delay="1h"),
        "refresh": Every("1d"),
    },
    "ingest time": {
        "source": a_source(table="lake.events", ingest_time="known_at"),
        "refresh": Every("1d"),
    },
}


def test_all_that_changes_a_value_changes_the_fingerprint() -> None:
    found = {label: fingerprint(a_view(**changes)) for label, changes in MEANING.items()}
    found["as it is"] = fingerprint(a_view())
    assert len(set(found.values())) == len(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"description": "words"},
        {"owner": "someone"},
        {"tags": {"tier": "gold"}},
        {"version": 2},
        {"entity": Entity("renamed", keys={"k": String}, description="words")},
        {"source": a_source(description="words", owner="someone", tags={"a": "b"})},
        {"source": a_source(delay="1h")},
        {"source": a_source(ingest_time="known_at")},
        {"source": a_source(schema={"new": Bool, **SCHEMA})},
        {"source": a_source(schema={**SCHEMA, "is_deleted": Bool})},
        {"source": a_source(schema={**SCHEMA, "n": Float64})},
        {"source": a_source(schema={**SCHEMA, "at": Timestamp})},
        {"features": {"mean": agg.mean(col("x"), window="24h", hop="1h")}},
    ],
    ids=str,
)
def test_what_changes_no_value_does_not_change_the_fingerprint(changes: dict[str, Any]) -> None:
    assert fingerprint(a_view(**changes)) == fingerprint(a_view())


LATEST: dict[str, dict[str, Any]] = {
    "ttl": {"ttl": "1d"},
    "order of features": {"features": ["n", "x"]},
    "tombstones": {"source": a_source(schema={**SCHEMA, "is_deleted": Bool})},
    "order of columns": {"source": a_source(schema=dict(reversed(SCHEMA.items())))},
}


def test_all_that_changes_a_latest_value_changes_the_fingerprint() -> None:
    found = {fingerprint(a_latest_view(**changes)) for changes in LATEST.values()}
    assert len(found | {fingerprint(a_latest_view())}) == len(LATEST) + 1


def test_an_on_demand_view_follows_what_it_reads() -> None:
    other = a_view(features={"mean": agg.mean("x", window="2d")})
    found = {
        fingerprint(view)
        for view in (
            an_on_demand_view(),
            an_on_demand_view(other),
            an_on_demand_view(a_view(version=2)),
            an_on_demand_view(request={"by": Int64}),
            an_on_demand_view(features={"twice": a_view()["mean"] * 2.0}, request={}),
        )
    }
    assert len(found) == 5
    assert fingerprint(an_on_demand_view(description="words")) == fingerprint(an_on_demand_view())


def test_a_service_follows_its_features_and_their_order() -> None:
    view = a_view(features={"mean": agg.mean("x", window="1d"), "rows": agg.count(window="1d")})
    other = a_view(features={"mean": agg.mean("x", window="2d"), "rows": agg.count(window="1d")})
    found = {
        fingerprint(FeatureService("model", features=features))
        for features in (
            [view["mean"], view["rows"]],
            [view["rows"], view["mean"]],
            [view["rows"]],
            [other["rows"]],
        )
    }
    assert len(found) == 4


def test_the_columns_that_a_view_reads_are_in_the_order_of_the_schema() -> None:
    view = a_view(
        source=a_source(event_id="id"),
        where=col("at").is_not_null(),
        features={"rows": agg.count(window="1d", where=col("n") > 1)},
    )
    assert used_columns(view) == ("k", "n", "id", "at")
    tombstones = a_source(schema={"is_deleted": Bool, **SCHEMA})
    assert used_columns(a_latest_view(source=tombstones)) == ("is_deleted", "k", "x", "n")
    assert used_columns(a_view(source=tombstones)) == ("k", "x")


def test_views_of_one_fingerprint_pack_their_tiles_alike() -> None:
    features = {"a": agg.sum("x", window="1d"), "b": agg.sum("n", window="1d")}
    views = [a_view(features=features), a_view(features=dict(reversed(features.items())))]
    packings = {(plan.fingerprint, plan.measures, plan.tile_sets) for plan in map(plan_view, views)}
    fingerprints = {fingerprint(view) for view in views}
    assert len(packings) == len(fingerprints)


def test_functions_of_the_engine_keep_their_fingerprints_and_stay_other_than_those_of_today() -> (
    None
):
    before = {
        "ln": CallNode(Operator.LOGARITHM, (col("x").node,)),
        "exp": CallNode(Operator.EXPONENTIAL, (col("x").node,)),
        "power": CallNode(Operator.POWER, (col("x").node, col("x").node)),
    }
    today = {"ln": col("x").ln(), "exp": col("x").exp(), "power": col("x") ** col("x")}
    old, new = (
        [
            fingerprint(a_view(features={"mean": agg.mean(each, window="1d")}))
            for each in expressions.values()
        ]
        for expressions in ({name: Expr(node) for name, node in before.items()}, today)
    )
    assert old == ["af663325860c4708", "b17f566ffe55bfe0", "075b377a938e8ac1"]
    assert not set(old) & set(new)
