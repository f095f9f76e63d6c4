"""Plans: which measures, tiles and partials a view's features need."""

from __future__ import annotations

import decimal
from typing import TYPE_CHECKING

import pytest

from skewless import Entity, FeatureView, OnDemandView, Source, agg, col
from skewless.compiler.instants import DAY
from skewless.compiler.partials import Partial
from skewless.compiler.plan import ViewPlan, plan_selection, plan_view
from skewless.errors import DefinitionError
from skewless.types import Decimal, Float64, Int64, String

if TYPE_CHECKING:
    from skewless.definitions.aggregation import Aggregation

HOUR = DAY // 24
ORDERS = Source(
    "orders",
    schema={"shop": String, "amount": Float64, "price": Decimal(9, 2), "items": Int64},
    event_time="at",
)
SHOP = Entity("shop", keys={"shop": String})


def a_view(name: str = "sales", version: int = 1, **features: Aggregation) -> FeatureView:
    features = features or {"n": agg.count(window="1d")}
    return FeatureView(
        name,
        entity=SHOP,
        source=ORDERS,
        features=features,
        refresh="stream",
        version=version,
    )


def partials(plan: ViewPlan) -> list[list[Partial]]:
    return [[column.partial for column in tiles.columns] for tiles in plan.tile_sets]


def test_features_of_one_input_share_a_measure() -> None:
    plan = plan_view(
        a_view(
            total=agg.sum("amount", window="1d"),
            mean=agg.mean("amount", window="7d"),
            other=agg.sum("items", window="1d"),
        )
    )
    measures = {one.name: one.measure for one in plan.aggregates}
    assert measures["total"] == measures["mean"] != measures["other"]
    assert len(plan.measures) == 2


def test_a_condition_makes_a_measure_of_its_own() -> None:
    some = agg.sum("amount", window="1d", where=col("items") > 1)
    plan = plan_view(a_view(all=agg.sum("amount", window="1d"), some=some))
    assert len(plan.measures) == 2


def test_windows_of_one_hop_share_tiles_which_are_kept_for_the_longest() -> None:
    plan = plan_view(
        a_view(
            day=agg.count(window="1d", hop="1h"),
            week=agg.count(window="7d", hop="1h"),
            ever=agg.count(window=None),
        )
    )
    assert [(tiles.hop, tiles.retention) for tiles in plan.tile_sets] == [
        (HOUR, 7 * DAY),
        (None, None),
    ]
    assert {one.name: one.tile_set for one in plan.aggregates} == {"day": 0, "week": 0, "ever": 1}


@pytest.mark.parametrize(
    ("aggregation", "expected"),
    [
        (agg.count(window="1d"), [Partial.COUNT]),
        (agg.sum("items", window="1d"), [Partial.COUNT, Partial.SUM]),
        (agg.mean("items", window="1d"), [Partial.COUNT, Partial.SUM]),
        (agg.stddev_samp("items", window="1d"), [Partial.COUNT, Partial.SUM, Partial.SQUARES]),
        (agg.min("items", window="1d"), [Partial.COUNT, Partial.MIN]),
        (agg.last("shop", window="1d"), [Partial.COUNT, Partial.LAST]),
    ],
)
def test_tiles_keep_the_partials_that_the_value_is_made_of(
    aggregation: Aggregation, expected: list[Partial]
) -> None:
    assert partials(plan_view(a_view(one=aggregation))) == [expected]


def test_a_view_reaches_back_its_longest_window_and_a_hop() -> None:
    day, ever = agg.count(window="1d", hop="1h"), agg.count(window=None)
    assert plan_view(a_view(day=day)).longest_window == DAY + HOUR
    assert plan_view(a_view(day=day, ever=ever)).longest_window is None


def test_the_order_of_features_changes_neither_tiles_nor_fingerprint() -> None:
    one, two = agg.sum("amount", window="1d"), agg.max("items", window="7d")
    first, second = plan_view(a_view(a=one, b=two)), plan_view(a_view(b=two, a=one))
    assert first.tile_sets == second.tile_sets
    assert first.measures == second.measures
    assert first.fingerprint == second.fingerprint


def test_a_default_is_in_the_units_of_its_feature() -> None:
    plan = plan_view(
        a_view(
            price=agg.max("price", window="1d", default=3),
            exact=agg.max("price", window="1d", default=decimal.Decimal("0.50")),
            amount=agg.max("amount", window="1d", default=3),
            none=agg.max("amount", window="1d"),
        )
    )
    defaults = {one.name: one.default for one in plan.aggregates}
    assert defaults == {"price": 300, "exact": 50, "amount": 3.0, "none": None}
    assert isinstance(defaults["amount"], float)


@pytest.mark.parametrize(
    ("aggregation", "may"),
    [
        (agg.count(window="1d"), False),
        (agg.max("items", window="1d"), False),
        (agg.sum("items", window="1d"), True),
        (agg.mean("items", window="1d"), False),
        (agg.mean("amount", window="1d"), True),
        (agg.stddev_samp("items", window="1d"), True),
    ],
)
def test_what_may_leave_the_exact_integers_is_known_before_any_event(
    aggregation: Aggregation, *, may: bool
) -> None:
    plan = plan_view(a_view(one=aggregation))
    assert plan.may_overflow(plan.aggregates[0]) is may


def test_latest_values_have_columns_and_no_tiles() -> None:
    view = FeatureView(
        "last", entity=SHOP, source=ORDERS, features=["price", "items"], refresh="stream"
    )
    plan = plan_view(view)
    assert plan.columns == (("price", Decimal(9, 2)), ("items", Int64))
    assert (plan.aggregates, plan.measures, plan.tile_sets) == ((), (), ())
    assert plan.longest_window is None


def test_a_view_that_is_read_in_two_versions_is_labelled_by_them() -> None:
    old, new = a_view(), a_view(version=2, total=agg.count(window="1d"))
    other = a_view("visits", visits=agg.count(window="1d"))
    assert plan_selection([(old, "n"), (other, "visits")]).labels == ("sales", "visits")
    plan = plan_selection([(old, "n"), (new, "total"), (other, "visits")])
    assert plan.labels == ("sales@1", "sales@2", "visits")


def test_views_are_read_once_and_on_demand_views_follow_what_they_read() -> None:
    view = a_view()
    first = OnDemandView("first", request={"weight": Float64}, features={"x": view["n"] * 2})
    second = OnDemandView("second", features={"y": first["x"] + view["n"]})
    planned: list[str] = []

    def remembered(found: FeatureView) -> ViewPlan:
        planned.append(found.name)
        return plan_view(found)

    plan = plan_selection([(second, "y"), (view, "n")], planned=remembered)
    assert planned == ["sales"]
    assert [one.view.name for one in plan.on_demand] == ["first", "second"]
    assert [item.output for item in plan.selected] == ["y", "n"]
    assert plan.request == (("weight", Float64),)
    assert plan.keys == {"shop": String}


def test_features_of_one_name_are_called_by_their_views_too() -> None:
    selection = [(a_view(), "n"), (a_view("visits"), "n")]
    assert [item.output for item in plan_selection(selection).selected] == ["sales__n", "visits__n"]
    plan = plan_selection(selection[:1], full_names=True)
    assert [item.output for item in plan.selected] == ["sales__n"]


def test_a_feature_that_is_selected_twice_is_refused() -> None:
    with pytest.raises(DefinitionError, match="two features would be called 'sales__n'"):
        plan_selection([(a_view(), "n"), (a_view(), "n")])
