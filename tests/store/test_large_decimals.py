"""Decimals of 18 digits and their sums, which need more than a double has, in expressions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as Number

import pytest

from skewless import Entity, Every, FeatureStore, FeatureView, OnDemandView, Source, agg, if_else
from skewless.types import Decimal, Int64, String
from tests.store.builders import NOON

payer = Entity("payer", keys={"payer": String})
paid = Source("paid", schema={"payer": String, "price": Decimal(18, 2)}, event_time="at")
totals = FeatureView(
    "totals",
    entity=payer,
    source=paid,
    refresh=Every("1d"),
    features={"total": agg.sum("price", window=None)},
)
total = totals["total"]
computed = OnDemandView(
    "computed",
    features={
        "double": total * 1,
        "rounded": total.round(1),
        "whole": total.cast(Int64),
        "shorter": total.cast(Decimal(18, 1)),
        "chosen": if_else(total > 0, total, 0.5),
        "same": if_else(total > 0, total, total),
    },
)
PRICES = [72848812391410537, 58934617251284099, 999_999_999_999_999_999, -999_999_999_999_999_999]


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_expressions_over_large_decimals_are_the_same_in_training_and_serving(engine: str) -> None:
    store = FeatureStore.local(clock=NOON)
    store.apply([totals, computed])
    events = [
        {"payer": str(name), "price": Number(units).scaleb(-2), "at": NOON - timedelta(days=3)}
        for name, units in enumerate([*PRICES, *PRICES])
        for _ in range(1 + name // len(PRICES))
    ]
    assert store.backfill("paid", events).accepted == len(events)
    store.materialize(totals)
    rows = [{"payer": str(name)} for name in range(2 * len(PRICES))]
    labels = [{**row, "event_timestamp": NOON} for row in rows]
    served = store.get_online_features(computed, rows).to_arrow()
    trained = store.get_historical_features(labels, computed, engine=engine).to_arrow()
    names = list(computed.feature_types)
    assert trained.select(names).to_pylist() == served.select(names).to_pylist()
    assert served["rounded"][0].as_py() == 728488123914105.4
    assert served["whole"][1].as_py() == 589346172512840
