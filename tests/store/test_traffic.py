"""Traffic is measured in the log, and a plan says what a month of it costs."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Every, FeatureView, agg
from skewless.cost import predict
from skewless.errors import InputError
from tests.store.builders import card, model, payment, payments

if TYPE_CHECKING:
    from skewless import FeatureStore
    from tests.store.conftest import MovableClock

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.fixture
def filled(store: FeatureStore, clock: MovableClock) -> FeatureStore:
    """Return a store with 100 payments of two cards on each of two days, and some of today."""
    store.apply(model)
    for _ in range(2):
        store.ingest("payments", [payment(-number, card="ab"[number % 2]) for number in range(100)])
        clock.now += timedelta(days=1)
    store.ingest("payments", [payment(-number, card="new") for number in range(7)])
    return store


@pytest.mark.parametrize("engine", ["athena", "duckdb"])
def test_whole_days_before_today_are_counted(filled: FeatureStore, engine: str) -> None:
    found = filled.traffic(days=2, predictions={"model": 5}, readers=3, engine=engine)
    assert found.events["payments"] == 100
    assert found.entities["card"] == 2
    assert (found.predictions, found.readers) == ({"model": 5}, 3)
    assert filled.traffic(days=4, engine=engine).events["payments"] == 50


def test_events_of_a_view_of_no_entity_are_counted(filled: FeatureStore) -> None:
    world = FeatureView(
        "world",
        entity=None,
        source=payments,
        refresh="stream",
        features={"n": agg.count(window="1d")},
    )
    filled.apply([world])
    found = filled.traffic(days=2, predictions={"world": 5})
    assert found.events == {"payments": 100}
    assert found.entities == {"card": 2}
    assert filled.plan([world], traffic=found).month is not None


@pytest.mark.parametrize("days", [0, -1, 1.5, True, "30"])
def test_days_are_a_whole_number(filled: FeatureStore, days: Any) -> None:
    with pytest.raises(InputError, match="days is"):
        filled.traffic(days=days)


def test_a_plan_says_what_a_month_costs_before_and_after(filled: FeatureStore) -> None:
    new = FeatureView(
        "hourly", entity=card, source=payments, refresh=Every("1h"), features=["amount"]
    )
    found = filled.traffic(days=2, predictions={"model": 1_000_000})
    expected = replace(found, events=dict.fromkeys(found.events, 1_000_000.0))
    expected = replace(expected, entities=dict.fromkeys(found.entities, 1_000.0))
    plan = filled.plan([new], traffic=expected)
    assert plan.month is not None
    assert plan.month.before == predict(filled.published, expected).to_dict()
    assert plan.month.after["dollars_a_month"] > plan.month.before["dollars_a_month"]
    assert "a month costs" in str(plan)
    assert filled.plan([new]).month is None
