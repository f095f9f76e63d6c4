from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import (
    Entity,
    Every,
    FeatureService,
    FeatureView,
    OnDemandView,
    Source,
    agg,
    col,
    if_else,
    lit,
    request,
)
from skewless.compiler.document import Decoder, encode
from skewless.compiler.plan import plan_view
from skewless.definitions import types
from skewless.definitions.collection import Definitions
from skewless.types import Array, Bool, Bytes, Decimal, Float64, Int64, String, Timestamp, Vector

if TYPE_CHECKING:
    from skewless.definitions.collection import Definition
    from skewless.types import ValueType

TYPES: list[ValueType] = [
    Bool,
    Int64,
    Float64,
    String,
    Timestamp,
    Bytes,
    Decimal(1),
    Decimal(18, 18),
    Array(Bytes),
    Vector(1536),
]
PROSE: dict[str, Any] = {"description": "d\u00e9", "owner": "ops", "tags": {"b": "1", "a": "2"}}
ENTITY = Entity("thing", keys={"z": String, "a": Int64, "at": Timestamp}, **PROSE)
SOURCE = Source(
    "events",
    schema={
        "z": String,
        "a": Int64,
        "at": Timestamp,
        "x": Float64,
        "money": Decimal(10, 2),
        "flag": Bool,
        "raw": Bytes,
        "words": Array(String),
        "embedding": Vector(8),
        "id": String,
        "is_deleted": Bool,
    },
    event_time="happened_at",
    delay="15m",
    event_id="id",
    tiebreak="a",
    table="lake.events",
    ingest_time="known_at",
    **PROSE,
)
AGGREGATED = FeatureView(
    "aggregated",
    entity=ENTITY,
    source=SOURCE,
    refresh=Every("1h"),
    where=~col("flag") & (col("x").sqrt() ** 2 > abs(col("money")) / 3 - 1),
    features={
        "rows": agg.count(window="1h"),
        "all_rows": agg.count(window=None),
        "values": agg.count("x", window="1d", where=col("z").isin(["p", "q"])),
        "total": agg.sum("money", window="7d", default=0),
        "mean": agg.mean(col("x") * 2 + col("a"), window="90d", hop="1h", scale=3, default=-1.5),
        "var_samp": agg.var_samp("x", window="1d"),
        "var_pop": agg.var_pop("x", window="1d"),
        "stddev_samp": agg.stddev_samp("x", window="1d"),
        "stddev_pop": agg.stddev_pop("x", window="1d"),
        "least": agg.min("z", window="1d", default="none"),
        "greatest": agg.max(
            "happened_at", window="1d", default=datetime(1960, 5, 6, 7, 8, 9, 10, tzinfo=UTC)
        ),
        "first": agg.first("raw", window="1d", default=b"\x00\xff"),
        "last": agg.last("flag", window="1d", default=False),
        "before": agg.share("flag", window="1d", offset="7d"),
        "decayed": agg.decayed_sum("x", half_life="3d", window="30d", offset="1d"),
        "since": agg.seconds_since_last(where=col("flag")),
    },
    version=3,
    **PROSE,
)
LATEST = FeatureView(
    "latest",
    entity=ENTITY,
    source=SOURCE,
    refresh=Every("1d", delay="2h"),
    ttl="365d",
    features=["words", "embedding", "x"],
)
NUMBER = AGGREGATED["mean"]
ON_DEMAND = OnDemandView(
    "on_demand",
    request={"field": Float64, "day": Timestamp},
    features={
        "z": NUMBER.floor() + request("field").ceil().ln() - NUMBER.exp(),
        "a": if_else(request("day") >= datetime(2026, 1, 1, tzinfo=UTC), -NUMBER, 0.0),
        "m": NUMBER.fill_null(0).is_not_null() | (AGGREGATED["least"] != "x") | lit(value=True),
        "low": (NUMBER < 1) & (NUMBER <= 2) & (NUMBER == 3),
    },
    **PROSE,
)
ABOVE = OnDemandView("above", features={"top": ON_DEMAND["z"] * 2}, version=2)
SERVICE = FeatureService(
    "model", features=[LATEST["x"], ABOVE, AGGREGATED["total"]], version=4, **PROSE
)


def through_json(item: Definition) -> Definition:
    decoder = Decoder()
    found = item
    for part in Definitions.collect(item):
        found = decoder.decode(json.loads(json.dumps(encode(part))))
    return found


@pytest.mark.parametrize(
    "item", [ENTITY, SOURCE, AGGREGATED, LATEST, ON_DEMAND, ABOVE, SERVICE], ids=str
)
def test_a_definition_comes_back_from_json_as_it_was(item: Definition) -> None:
    back = through_json(item)
    assert back == item
    assert encode(back) == encode(item)
    assert (back.description, back.owner, back.tags) == (item.description, item.owner, item.tags)


@pytest.mark.parametrize("type_", TYPES, ids=str)
def test_a_type_is_read_as_it_prints(type_: ValueType) -> None:
    assert types.parsed(str(type_)) == type_


def test_a_document_refers_to_others_by_name_and_version() -> None:
    document = encode(SERVICE)
    assert document["features"] == [
        ["latest", 1, "x"],
        ["above", 2, "top"],
        ["aggregated", 3, "total"],
    ]
    assert encode(AGGREGATED)["entity"] == "thing"
    assert encode(AGGREGATED)["source"] == "events"


@given(
    st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"))
    | st.binary()
    | st.datetimes(timezones=st.just(UTC))
    | st.integers(-(10**18) + 1, 10**18 - 1).map(lambda unscaled: Number(unscaled).scaleb(-9))
)
def test_every_constant_comes_back_with_its_type(value: Any) -> None:
    view = OnDemandView("v", features={"constant": lit(value)})
    back = through_json(view)
    assert isinstance(back, OnDemandView)
    assert back == view
    assert repr(back.expressions) == repr(view.expressions)
    assert back.feature_types == view.feature_types


def test_the_default_of_a_decimal_comes_back_and_is_planned_in_its_own_units() -> None:
    view = FeatureView(
        "v",
        entity=ENTITY,
        source=SOURCE,
        refresh=Every("1h"),
        features={
            "most": agg.max("money", window="1d", default=Number("-7.00")),
            "least": agg.min("money", window="1d", default=Number("0.5")),
            "total": agg.sum("money", window="1d", default=Number("-0.25")),
        },
    )
    back = through_json(view)
    assert isinstance(back, FeatureView)
    assert back == view
    assert [item.default for item in plan_view(back).aggregates] == [-700, 50, -25]


def test_whole_doubles_stay_doubles_where_json_has_one_kind_of_number() -> None:
    view = OnDemandView("v", features={"constant": lit(1.0)})
    document = encode(view)
    document["features"]["constant"]["literal"] = 1
    back = Decoder().decode(document)
    assert isinstance(back, OnDemandView)
    assert repr(back.expressions["constant"]) == repr(view.expressions["constant"])
