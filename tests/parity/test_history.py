"""The compiled query, executed, gives the oracle's bits."""

from __future__ import annotations

import decimal
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import Entity, FeatureView, Source, agg
from skewless.compiler.bound import Feature, Request, RequestTime
from skewless.compiler.interpret import compile_python
from skewless.compiler.plan import plan_selection
from skewless.definitions import types
from skewless.offline.query.mode import Mode
from tests import reference, strategies
from tests.parity.bits import bits
from tests.parity.examples import up_to
from tests.parity.in_duckdb import every_feature, history, history_in_athenas_words, physical

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.compiler.bound import Bound
    from skewless.definitions.on_demand import OnDemandView

    Run = Callable[..., list[dict[str, Any]]]
    """`in_duckdb.history`, or what does the same elsewhere."""

THOROUGH = up_to(60)


def logical(value: Any, type_: types.ValueType) -> Any:
    if value is None:
        return None
    if isinstance(type_, types.Array) and isinstance(type_.element, types.Decimal):
        return tuple(logical(item, type_.element) for item in value)
    if isinstance(type_, types.Map):
        pairs = sorted(value.items() if isinstance(value, dict) else value)
        return {logical(key, type_.key): logical(item, type_.value) for key, item in pairs}
    if isinstance(type_, types.Decimal):
        return decimal.Decimal(int(value)).scaleb(-type_.scale, decimal.Context(prec=60))
    return tuple(value) if isinstance(value, list) else value


def expected(
    view: FeatureView,
    events: list[reference.Event],
    label: tuple[dict[str, Any], int],
    mode: Mode,
    watermark: int | None = None,
) -> dict[str, Any]:
    key, instant = label
    is_leaky = mode is Mode.EVENT_TIME
    cut = instant if is_leaky else reference.as_of(view, instant)
    values, _ = reference.view_value(
        view, events, key, cut, event_time_mode=is_leaky, watermark=watermark
    )
    return {name: bits(value) for name, value in values.items()}


@st.composite
def cases(draw: st.DrawFn) -> tuple[FeatureView, list[reference.Event], list[Any]]:
    source = draw(strategies.sources())
    view = draw(strategies.feature_views(source))
    events = draw(strategies.histories(source))
    labels = draw(
        st.lists(
            st.tuples(strategies.entity_keys(view, events), strategies.instants(view, events)),
            min_size=1,
            max_size=6,
        )
    )
    return view, events, labels


def assert_history_is_the_oracle(
    history: Run,
    case: tuple[FeatureView, list[reference.Event], list[Any]],
    mode: Mode,
    watermark: int | None = None,
) -> None:
    view, events, labels = case
    found = history(
        every_feature(view),
        {view.source.name: events},
        labels,
        mode=mode,
        horizon=watermark,
    )
    for label, row in zip(labels, found, strict=True):
        got = {name: bits(logical(value, view.feature_types[name])) for name, value in row.items()}
        assert got == expected(view, events, label, mode, watermark)


@st.composite
def cases_in_modes(
    draw: st.DrawFn,
) -> tuple[tuple[FeatureView, list[reference.Event], list[Any]], Mode, int | None]:
    """Draw a case, a mode, and a replay's watermark."""
    case, mode = draw(cases()), draw(st.sampled_from(Mode))
    view, events, _ = case
    return case, mode, draw(strategies.instants(view, events)) if mode is Mode.REPLAY else None


@given(cases_in_modes())
@THOROUGH
def test_history_in_duckdb_is_the_oracle_bit_for_bit(drawn: Any) -> None:
    assert_history_is_the_oracle(history, *drawn)


@given(cases_in_modes())
@up_to(20)
def test_history_in_athenas_words_is_the_oracle_bit_for_bit(drawn: Any) -> None:
    assert_history_is_the_oracle(history_in_athenas_words, *drawn)


@st.composite
def on_demand_cases(
    draw: st.DrawFn,
) -> tuple[OnDemandView, list[reference.Event], list[tuple[dict[str, Any], int]]]:
    source = draw(strategies.sources())
    view = draw(strategies.feature_views(source, is_aggregated=True))
    on_demand = draw(strategies.on_demand_views(view).filter(lambda found: bool(found.views)))
    events = draw(strategies.histories(source))
    labels = draw(
        st.lists(
            st.tuples(
                strategies.entity_keys(view, events),
                strategies.requests(),
                strategies.instants(view, events),
            ),
            min_size=1,
            max_size=4,
        )
    )
    return on_demand, events, [({**key, **fields}, at) for key, fields, at in labels]


def assert_on_demand_is_the_oracle(
    history: Run,
    case: tuple[OnDemandView, list[reference.Event], list[tuple[dict[str, Any], int]]],
) -> None:
    on_demand, events, labels = case
    (view,) = on_demand.views
    assert isinstance(view, FeatureView)
    selection = [(on_demand, name) for name in on_demand.feature_types]
    plan = plan_selection(selection)
    found = history(selection, {view.source.name: events}, labels)
    for (row, instant), got in zip(labels, found, strict=True):
        key = {name: row[name] for name in view.entity.keys}
        request = {name: row[name] for name in on_demand.request}
        values, _ = reference.view_value(view, events, key, reference.as_of(view, instant))
        features = {(view.name, name): value for name, value in values.items()}
        wanted = reference.on_demand_values(on_demand, features, request, instant)
        kinds = on_demand.feature_types
        assert {name: bits(logical(value, kinds[name])) for name, value in got.items()} == {
            name: bits(value) for name, value in wanted.items()
        }
        environment: dict[Bound, Any] = {
            Feature(view.name, view.version, name): physical(value, view.feature_types[name])
            for name, value in values.items()
        }
        environment.update({Request(name): value for name, value in request.items()})
        environment[RequestTime()] = instant
        for name, typed in plan.on_demand[0].features:
            served = compile_python(typed.bound)(environment)
            assert bits(logical(served, kinds[name])) == bits(wanted[name])


@given(on_demand_cases())
@THOROUGH
def test_on_demand_features_by_sql_and_by_python_are_the_oracle_bit_for_bit(
    case: tuple[OnDemandView, list[reference.Event], list[tuple[dict[str, Any], int]]],
) -> None:
    assert_on_demand_is_the_oracle(history, case)


def test_history_of_events_that_became_known_backwards_is_the_oracle() -> None:
    minute = strategies.MINUTE
    source = Source(
        "events", schema={"key_0": types.Int64, "clicks": types.Int64}, event_time="at", delay="0s"
    )
    view = FeatureView(
        "view",
        entity=Entity("thing", keys={"key_0": types.Int64}),
        source=source,
        refresh="stream",
        features={
            "total": agg.sum("clicks", window="1h"),
            "least": agg.min("clicks", window="1h"),
            "ever": agg.max("clicks", window=None),
        },
    )
    events = [
        reference.Event({"key_0": 1, "clicks": n * n % 71}, n * minute, (200 - n) * minute, n)
        for n in range(80)
    ]
    labels = [({"key_0": 1}, (120 + n) * minute) for n in range(90)]
    assert_history_is_the_oracle(history, (view, events, labels), Mode.AS_SERVED)


@pytest.mark.parametrize("days", [0, 1, 5, 10, 30])
def test_a_replay_of_a_watermark_long_before_the_label_is_the_oracle(days: int) -> None:
    """What became known between the two is no late event, and is not seen all the same."""
    day = 24 * 60 * strategies.MINUTE
    source = Source(
        "events", schema={"key_0": types.Int64, "clicks": types.Int64}, event_time="at", delay="0s"
    )
    windows: dict[str, Any] = {"1d": None, "7d": None, "14d": "7d"}
    view = FeatureView(
        "view",
        entity=Entity("thing", keys={"key_0": types.Int64}),
        source=source,
        refresh="stream",
        features={
            f"{function.__name__}_{window}": function("clicks", window=window, offset=offset)
            for function in (agg.sum, agg.count, agg.max, agg.last, agg.var_pop)
            for window, offset in windows.items()
        },
    )
    events = [
        reference.Event({"key_0": 1, "clicks": n * n % 71}, n * day // 8, n * day // 8 + 60, n)
        for n in range(200)
    ]
    labels = [({"key_0": 1}, 25 * day + hours * day // 24) for hours in range(3)]
    watermark = max(25 - days, 0) * day
    case = (view, events, labels)
    assert_history_is_the_oracle(history, case, Mode.REPLAY, watermark)
