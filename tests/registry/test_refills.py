from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from skewless import agg, col
from skewless.definitions.collection import Definitions
from skewless.errors import InputError, PublishError
from skewless.registry.fill import GUARDED_DOLLARS, Fill
from skewless.registry.fill_table import fill_notes, fill_rows, short, short_bytes
from skewless.registry.refills import check_promoted, check_refills, filled_again, with_guards
from tests.registry.builders import a_service, a_view, change_of, plan_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.registry.plan import Plan

MEAN = agg.mean("delay", window="1d")
COUNT = agg.count(window="1h")
LARGE = Fill(
    source="flights",
    log_rows=90_000_000,
    log_bytes=2_000_000_000,
    features=2,
    items=90_000_000,
    item_bytes=120,
    write_units=90_000_000,
    scanned_bytes=1_000_000_000,
    dollars=56.26,
    again="delays@1",
)


def again(wanted: Any, published: Any = None) -> str:
    there = a_view() if published is None else published
    plan = plan_of(there, wanted)
    (view,) = plan.definitions.views
    views = Definitions.collect(there).views
    return filled_again(change_of(plan, view.name), view, views)


def filled(fill: Fill) -> Plan:
    plan = plan_of(a_service(a_view()), a_view(version=2, features={"mean_1d": COUNT}))
    return several(plan, {"delays": fill})


def several(plan: Plan, fills: Mapping[str, Fill]) -> Plan:
    changes = [replace(one, fill=fills.get(one.name)) for one in plan.changes]
    return replace(plan, changes=with_guards(changes))


@pytest.mark.parametrize(
    "view",
    [
        a_view(version=2),
        a_view(version=2, where=col("distance") > 5),
        a_view(version=2, features={"mean_1d": agg.mean("distance", window="2d", hop="1h")}),
        a_view(version=2, features={"mean_1d": MEAN, "n": COUNT}),
        a_view(version=5, refresh="stream", features={"flights_1h": COUNT, "a": MEAN}),
    ],
)
def test_a_new_major_with_most_features_of_the_last_fills_them_again(view: Any) -> None:
    assert again(view) == "delays@1"


@pytest.mark.parametrize(
    "view",
    [
        a_view(name="other"),
        a_view(version=2, features={"a": MEAN, "b": COUNT}),
        a_view(version=2, features={"mean_1d": MEAN, "b": COUNT, "c": COUNT}),
        a_view(version="1.1", features={"mean_1d": MEAN, "flights_1h": COUNT, "c": COUNT}),
        a_view(),
    ],
)
def test_other_names_new_features_and_additions_fill_nothing_again(view: Any) -> None:
    plan = plan_of(a_view(), view)
    views = plan.definitions.views
    assert [filled_again(change_of_view(plan, item), item, [a_view()]) for item in views] == [
        "" for _ in views
    ]


def change_of_view(plan: Plan, view: Any) -> Any:
    (found,) = [one for one in plan.changes if (one.name, one.version) == (view.name, view.version)]
    return found


def test_what_fills_much_again_must_be_named() -> None:
    plan = filled(LARGE)
    with pytest.raises(PublishError, match="nothing was published") as found:
        check_refills(plan.changes, [])
    assert "delays@2 after delays@1, 90,000,000 rows, up to 56.26 dollars" in str(found.value)
    assert "refill='delays@2' (--refill delays@2)" in str(found.value)
    for text in ("delays@2", "delays@2.0", "delays@2.0.7"):
        check_refills(plan.changes, [text])


@pytest.mark.parametrize("refill", [None, 2, True])
def test_a_refill_that_is_no_text_is_told(refill: Any) -> None:
    with pytest.raises(InputError, match="write a view as name@version, or a list"):
        check_refills(filled(LARGE).changes, refill)


def test_a_promoted_service_does_not_answer_for_its_views() -> None:
    changes = filled(LARGE).changes
    with pytest.raises(PublishError, match="promote delays@2 as well"):
        check_promoted(changes, ["arrival_model@2"])
    for text in ("delays", "delays@2", "delays@2.1"):
        check_promoted(changes, ["arrival_model@2", text])


def test_a_size_that_nobody_knows_counts_as_large() -> None:
    unknown = Fill(source="t", log_rows=None, log_bytes=None, why_unknown="no", features=1)
    check_refills(filled(unknown).changes, [])
    with pytest.raises(PublishError, match=r"nobody knows at what cost \(no\)"):
        check_refills(filled(replace(unknown, again="delays@1")).changes, [])


def test_many_small_refills_are_large_together() -> None:
    dollars = {"a": 6.0, "b": 3.0, "c": 0.5, "d": 7.0}
    views = [a_view(name=name) for name in dollars]
    plan = plan_of(views, [a_view(name=name, version=2) for name in dollars])
    plan = several(plan, {name: replace(LARGE, dollars=cost) for name, cost in dollars.items()})
    with pytest.raises(PublishError, match=r"refill='d@2' \(--refill d@2\)"):
        check_refills(plan.changes, [])
    check_refills(plan.changes, ["d@2"])
    plan = several(plan, {name: replace(LARGE, dollars=9 * cost) for name, cost in dollars.items()})
    with pytest.raises(PublishError, match=r"refill=\['a@2', 'b@2', 'd@2'\]"):
        check_refills(plan.changes, "c@2")


def test_small_logs_and_new_features_are_not_asked_about() -> None:
    check_refills(filled(replace(LARGE, dollars=GUARDED_DOLLARS)).changes, [])
    check_refills(filled(replace(LARGE, again="")).changes, [])


@pytest.mark.parametrize(
    "text", ["delays", "delays@", "delays@3", "delays@x", "@2", "", "arrival_model@1", 7]
)
def test_naming_what_is_no_view_of_the_plan_is_an_error(text: Any) -> None:
    with pytest.raises(InputError, match="is no view to publish; there are: delays@2"):
        check_refills(filled(LARGE).changes, [text])


def test_the_table_tells_bounds_from_numbers() -> None:
    told = replace(LARGE, is_told=True, items=1_200_000, write_units=1_200_000, dollars=0.75)
    assert fill_rows(filled(told).changes) == [
        ("delays@2", "90 M", "2.0 GB", "1.2 M", "120 B", "1.2 M", "1.0 GB", "0.75")
    ]
    assert fill_rows(filled(LARGE).changes)[0][3] == "≤90 M"
    assert any("--refill delays@2" in note for note in fill_notes(filled(LARGE).changes))
    assert not any("at most" in note for note in fill_notes(filled(told).changes))


def test_a_plan_says_nothing_where_nothing_is_filled() -> None:
    empty = Fill(source="flights", log_rows=0, log_bytes=0, features=1, items=0, dollars=0.0)
    assert fill_rows(filled(empty).changes) == []
    assert [*fill_notes(filled(empty).changes)] == ["Nothing is filled: the logs are empty."]
    described = plan_of(a_view(), a_view(owner="ml"))
    assert [*fill_notes(described.changes)] == ["Nothing is filled."]
    assert [*fill_notes(plan_of(a_view(), a_view()).changes)] == []
    unseen = plan_of(a_view(), a_view(version=2))
    assert [*fill_notes(unseen.changes)] == []


def test_numbers_are_short() -> None:
    numbers = [0, 999, 99_999, 100_000, 999_499, 999_999, 1_234_567, 12_345_678, 3e12, 4e15]
    assert [*map(short, numbers)] == [
        "0",
        "999",
        "99,999",
        "100 K",
        "999 K",
        "1.0 M",
        "1.2 M",
        "12 M",
        "3.0 T",
        "4,000 T",
    ]
    assert [*map(short_bytes, [0, 345, 1_000, 12_345, 5e9])] == [
        "0 B",
        "345 B",
        "1.0 KB",
        "12 KB",
        "5.0 GB",
    ]
