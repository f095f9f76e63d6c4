"""Windows computed in parts, and by turns where memory is short, are the oracle's too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.offline.engines import ranges, window_tables
from skewless.offline.query.mode import Mode
from tests import strategies
from tests.parity.examples import up_to
from tests.parity.in_duckdb import history
from tests.parity.test_history import assert_history_is_the_oracle

if TYPE_CHECKING:
    from skewless import FeatureView
    from tests.reference import Event

    Case = tuple[FeatureView, list[Event], list[Any]]


@st.composite
def windows(draw: st.DrawFn) -> Case:
    source = draw(strategies.sources())
    view = draw(strategies.feature_views(source, is_aggregated=True))
    events = draw(strategies.histories(source))
    pairs = st.tuples(strategies.entity_keys(view, events), strategies.instants(view, events))
    return view, events, draw(st.lists(pairs, min_size=2, max_size=6))


@given(windows(), st.sampled_from([(1, 100), (2, 4), (100, 2), (1, 1)]))
@up_to(40)
def test_history_in_parts_and_turns_is_the_oracle(case: Case, limits: tuple[int, int]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(window_tables, "PART_EVENTS", limits[0])
        patch.setattr(window_tables, "MOST_EVENTS", limits[1])
        assert_history_is_the_oracle(history, case, Mode.AS_SERVED)


@given(windows())
@up_to(20)
def test_history_that_falls_back_to_sql_is_the_oracle(case: Case) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranges, "MOST_LANES", 1)
        assert_history_is_the_oracle(history, case, Mode.AS_SERVED)
