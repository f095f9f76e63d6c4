"""The compiled query, executed, gives the oracle's bits."""

from __future__ import annotations

import decimal
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skewless.definitions import types
from skewless.offline.history import Mode
from tests import reference, strategies
from tests.parity.bits import bits
from tests.parity.in_duckdb import every_feature, history

if TYPE_CHECKING:
    from skewless.definitions.view import FeatureView

THOROUGH = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def logical(value: Any, type_: types.ValueType) -> Any:
    if value is None:
        return None
    if isinstance(type_, types.Decimal):
        return decimal.Decimal(int(value)).scaleb(-type_.scale, decimal.Context(prec=60))
    return tuple(value) if isinstance(value, list) else value


def expected(
    view: FeatureView, events: list[reference.Event], label: tuple[dict[str, Any], int], mode: Mode
) -> dict[str, Any]:
    key, instant = label
    is_leaky = mode is Mode.EVENT_TIME
    cut = instant if is_leaky else reference.as_of(view, instant)
    values, _ = reference.view_value(view, events, key, cut, event_time_mode=is_leaky)
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


@given(cases(), st.sampled_from([Mode.AS_SERVED, Mode.EVENT_TIME]))
@THOROUGH
def test_history_in_duckdb_is_the_oracle_bit_for_bit(
    case: tuple[FeatureView, list[reference.Event], list[Any]], mode: Mode
) -> None:
    view, events, labels = case
    found = history(every_feature(view), {view.source.name: events}, labels, mode=mode)
    for label, row in zip(labels, found, strict=True):
        got = {name: bits(logical(value, view.feature_types[name])) for name, value in row.items()}
        assert got == expected(view, events, label, mode)
