"""Values that overflow are null, by history and by serving alike; all others are the oracle's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skewless.compiler import instants
from skewless.compiler.plan import plan_view
from skewless.definitions.refresh import Stream
from skewless.online.fold import Folder
from tests import reference, strategies
from tests.parity.bits import bits
from tests.parity.examples import up_to
from tests.parity.in_duckdb import every_feature, history, physical
from tests.parity.test_history import logical
from tests.parity.test_states import states_at, streamed

if TYPE_CHECKING:
    from skewless.definitions.view import FeatureView

THOROUGH = settings(up_to(60), suppress_health_check=list(HealthCheck))


@st.composite
def extremes(draw: st.DrawFn) -> tuple[FeatureView, list[reference.Event], list[Any]]:
    """Draw a view that sums what overflows, and events with the greatest numbers."""
    source = draw(strategies.sources())
    view = draw(strategies.feature_views(source, is_aggregated=True, extreme=True))
    events = draw(strategies.histories(source, extreme=True))
    pairs = st.tuples(strategies.entity_keys(view, events), strategies.instants(view, events))
    return view, events, draw(st.lists(pairs, min_size=1, max_size=6))


def oracle(
    view: FeatureView, events: list[reference.Event], key: dict[str, Any], cut: int
) -> dict[str, Any]:
    values, _ = reference.view_value(view, events, key, cut, nulls_overflow=True)
    return {name: bits(value) for name, value in values.items()}


def as_bits(view: FeatureView, row: dict[str, Any]) -> dict[str, Any]:
    return {name: bits(logical(value, view.feature_types[name])) for name, value in row.items()}


@given(extremes())
@THOROUGH
def test_history_gives_null_where_the_oracle_overflows_and_its_bits_elsewhere(
    case: tuple[FeatureView, list[reference.Event], list[Any]],
) -> None:
    view, events, labels = case
    found = history(every_feature(view), {view.source.name: events}, labels)
    for (key, instant), row in zip(labels, found, strict=True):
        wanted = oracle(view, events, key, reference.as_of(view, instant))
        assert as_bits(view, row) == wanted


@given(extremes())
@THOROUGH
def test_serving_gives_null_where_the_oracle_overflows_and_its_bits_elsewhere(
    case: tuple[FeatureView, list[reference.Event], list[Any]],
) -> None:
    view, events, labels = case
    plan = plan_view(view)
    folder = Folder(plan)
    for key, instant in labels:
        moment = cut = reference.as_of(view, instant)
        states = []
        if isinstance(view.refresh, Stream):
            cut = instants.floor_to(moment, instants.DAY)
            states.append(streamed(plan, events, key, cut, moment))
        written = states_at(plan, events, cut)
        named = tuple(physical(key[name], type_) for name, type_ in view.entity.keys.items())
        states += [written[named]] if named in written else []
        values, _, overflowed = folder.fold(states, moment)
        assert as_bits(view, values) == oracle(view, events, key, moment)
        assert all(values[name] is None for name in overflowed)
