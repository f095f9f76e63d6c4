from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from skewless import agg
from skewless.compiler.interpret import compile_python
from skewless.compiler.partials import Partial
from skewless.compiler.plan import plan_view
from skewless.errors import ValueOverflowError
from skewless.online.fold import Folder
from skewless.online.state import ColumnValues, passes
from tests.online.builders import (
    DAY,
    HOUR,
    TODAY,
    a_latest_view,
    a_rich_plan,
    a_source,
    a_view,
    an_event,
    encoded,
)
from tests.online.strategies import events

if TYPE_CHECKING:
    from skewless.compiler.plan import AggregatePlan, ViewPlan
    from skewless.online.state import Event

PLANS = [a_rich_plan(), a_rich_plan(tiebreak=None)]
FOLDERS = [Folder(plan) for plan in PLANS]


def naive(plan: ViewPlan, item: AggregatePlan, drawn: list[Event], instant: int) -> Any:
    """Recompute one feature from all events."""
    measure, hop = plan.measures[item.measure], plan.tile_sets[item.tile_set].hop
    found = []
    for event in drawn:
        edge = (
            event["at"]
            if item.window is None
            else (instant - item.window) // (hop or 1) * (hop or 1)
        )
        values: Any = ColumnValues(event)
        where = measure.where is None or compile_python(measure.where)(values) is True
        if not passes(plan, event) or event["at"] < edge or not where:
            continue
        value = 1 if measure.value is None else compile_python(measure.value)(values)
        if value is not None:
            units = 0 if measure.units is None else compile_python(measure.units)(values)
            tie = event["rank"] if plan.view.source.tiebreak else None
            found.append(((event["at"], tie is not None, tie, value), value, units))
    if item.finish is not None:
        units = [part[2] for part in found]
        partials = {"n": len(found), "S": sum(units), "Q": sum(u * u for u in units)}

        class Partials:
            def __getitem__(self, column: Any) -> Any:
                return partials[column.name]

        return compile_python(item.finish)(Partials())  # type: ignore[arg-type]
    if not found:
        return None
    match item.picked:
        case Partial.MIN:
            return min(part[1] for part in found)
        case Partial.MAX:
            return max(part[1] for part in found)
        case Partial.FIRST:
            return min(part[0] for part in found)[-1]
        case _:
            return max(part[0] for part in found)[-1]


@given(
    drawn=events(),
    instant=st.sampled_from([TODAY, TODAY + 1, TODAY + HOUR, TODAY + DAY, TODAY + 30 * DAY]),
    cuts=st.lists(st.integers(0, 12), max_size=2),
)
def test_a_fold_of_any_split_is_the_value_recomputed_from_all_events(
    drawn: list[Event], instant: int, cuts: list[int]
) -> None:
    bounds = [0, *sorted(min(cut, len(drawn)) for cut in cuts), len(drawn)]
    for plan, folder in zip(PLANS, FOLDERS, strict=True):
        states = [encoded(plan, *drawn[begin:end]) for begin, end in pairwise(bounds)]
        wanted, overflowed = {}, set()
        for item in plan.aggregates:
            try:
                wanted[item.name] = naive(plan, item, drawn, instant)
            except ValueOverflowError:
                wanted[item.name] = None
                overflowed.add(item.name)
        found, is_known, failed = folder.fold(states, instant)
        assert set(failed) == overflowed
        assert found == wanted
        assert {k: type(v) for k, v in found.items()} == {k: type(v) for k, v in wanted.items()}
        assert is_known == any(passes(plan, event) for event in drawn)


def test_the_left_edge_is_inside_the_window() -> None:
    plan = plan_view(a_view(features={"n": agg.count(window="1h", hop="5m")}))
    data = encoded(plan, an_event(TODAY - HOUR - 1), an_event(TODAY - HOUR), an_event(TODAY - 1))
    folder = Folder(plan)
    assert folder.fold([data], TODAY)[:2] == ({"n": 2}, True)
    assert folder.fold([data], TODAY + 5 * 60_000_000 - 1)[:2] == ({"n": 2}, True)
    assert folder.fold([data], TODAY + 5 * 60_000_000)[:2] == ({"n": 1}, True)


def test_nothing_seen_is_zero_null_or_the_default_and_missing() -> None:
    folder = Folder(plan_view(a_view()))
    nothing = {"n_1h": 0, "sum_7d": None, "mean_1d": -1.0}
    assert folder.fold([], TODAY)[:2] == (nothing, False)
    assert folder.fold([b""], TODAY)[:2] == (nothing, False)


def test_an_entity_whose_windows_are_empty_is_known_all_the_same() -> None:
    plan = plan_view(a_view())
    values, is_known, _ = Folder(plan).fold(
        [encoded(plan, an_event(TODAY, seats=1))], TODAY + 99 * DAY
    )
    assert values == {"n_1h": 0, "sum_7d": None, "mean_1d": -1.0}
    assert is_known


def test_a_sum_that_leaves_its_type_is_null_and_named() -> None:
    plan = plan_view(a_view())
    big = encoded(plan, an_event(TODAY, seats=2**63 - 1))
    values, _, overflowed = Folder(plan).fold([big, big], TODAY + 1)
    assert values == {"n_1h": 2, "sum_7d": None, "mean_1d": -1.0}
    assert overflowed == {"sum_7d": "it does not fit in 64 bits"}


def test_a_default_does_not_stand_in_for_a_value_that_overflows() -> None:
    features = {"v": agg.var_pop("seats", window="1h", default=0.0)}
    plan = plan_view(a_view(features=features))
    events = [an_event(TODAY, seats=2**63 - 1)] * 2
    values, _, overflowed = Folder(plan).fold([encoded(plan, *events)], TODAY + 1)
    assert (values, set(overflowed)) == ({"v": None}, {"v"})


def test_a_value_without_units_spoils_the_sums_of_its_column_alone() -> None:
    features = {
        "sum": agg.sum("delay", window="1h"),
        "std": agg.stddev_samp("delay", window="1h"),
        "greatest": agg.max("delay", window="1h"),
        "seats": agg.sum("seats", window="1h"),
    }
    plan = plan_view(a_view(features=features))
    events = [an_event(TODAY, delay=delay, seats=1) for delay in (1e300, -1e300, 1.0)]
    for parts in ([encoded(plan, *events)], [encoded(plan, event) for event in events]):
        values, _, overflowed = Folder(plan).fold(parts, TODAY + 1)
        assert values == {"sum": None, "std": None, "greatest": 1e300, "seats": 3}
        assert set(overflowed) == {"sum", "std"}


def test_squares_that_overflow_spoil_only_the_windows_that_need_them() -> None:
    features = {
        "v": agg.var_pop("seats", window="1h", hop="5m"),
        "m": agg.mean("seats", window="1d", hop="5m"),
    }
    plan = plan_view(a_view(features=features))
    parts = [
        encoded(plan, an_event(TODAY - 5 * HOUR, seats=2**63 - 1)),
        encoded(plan, an_event(TODAY - 4 * HOUR, seats=2**63 - 1)),
    ]
    values, *_ = Folder(plan).fold(parts, TODAY)
    assert values == {"v": None, "m": float(2**63 - 1)}


def test_the_latest_row_wins_by_time_then_tiebreak_then_row_nulls_first() -> None:
    plan = plan_view(a_latest_view(source=a_source(tiebreak="rank")))
    folder = Folder(plan)

    def winner(*drawn: Event) -> dict[str, Any]:
        forward = folder.fold([encoded(plan, *drawn)], TODAY)
        apart = folder.fold([encoded(plan, event) for event in reversed(drawn)], TODAY)
        assert forward == apart
        return forward[0]

    old = an_event(TODAY - 2, rank=9, seats=9, gate="z")
    untied = an_event(TODAY - 1, seats=8, gate="z")
    tied = an_event(TODAY - 1, rank=0, seats=None, gate="b")
    assert winner(old, untied) == {"seats": 8, "gate": "z"}
    assert winner(untied, tied) == {"seats": None, "gate": "b"}
    assert winner(tied, {**tied, "seats": -1}) == {"seats": -1, "gate": "b"}


def test_a_tombstone_that_wins_makes_the_entity_missing() -> None:
    plan = plan_view(a_latest_view())
    row = an_event(TODAY - 1, seats=1, gate="a")
    gone = {**row, "is_deleted": True}
    assert Folder(plan).fold([encoded(plan, gone, row)], TODAY)[1] is False
    later = an_event(TODAY, seats=2, gate="a")
    both = [encoded(plan, gone), encoded(plan, later)]
    assert Folder(plan).fold(both, TODAY + 1)[:2] == ({"seats": 2, "gate": "a"}, True)


def test_a_row_lives_as_long_as_its_ttl() -> None:
    plan = plan_view(a_latest_view(ttl="1d"))
    data = [encoded(plan, an_event(TODAY, seats=1, gate="a"))]
    assert Folder(plan).fold(data, TODAY + DAY)[:2] == ({"seats": 1, "gate": "a"}, True)
    assert Folder(plan).fold(data, TODAY + DAY + 1)[:2] == ({"seats": None, "gate": None}, False)
