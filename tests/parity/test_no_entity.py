"""A view of no entity: one value for all rows, of all events of its source."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from skewless.compiler.again import Again
from skewless.compiler.plan import plan_view
from skewless.offline.query import sql
from skewless.offline.query.events import Relation
from skewless.offline.query.mode import Mode
from skewless.offline.query.states import States
from skewless.online.codec import decode
from skewless.online.state import Aggregated
from tests import reference, strategies
from tests.parity.examples import fixed, up_to
from tests.parity.in_duckdb import DIALECT, history, log_table, rows_of
from tests.parity.test_export import assert_exported_events, assert_exported_states
from tests.parity.test_history import assert_history_is_the_oracle
from tests.parity.test_loop import assert_the_loop_is_the_oracle
from tests.parity.test_states import (
    assert_a_cut_serves_the_oracle,
    assert_the_unchanged_serve_the_oracle,
    encoded_states,
    states_at,
)

if TYPE_CHECKING:
    from skewless import FeatureView

    Case = tuple[FeatureView, list[reference.Event], list[tuple[dict[str, Any], int]]]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    source = draw(strategies.sources())
    view = draw(strategies.feature_views(source, is_of_no_entity=True))
    events = draw(strategies.histories(source))
    instants = draw(st.lists(strategies.instants(view, events), min_size=1, max_size=6))
    return view, events, [({}, instant) for instant in instants]


@given(cases(), st.sampled_from([Mode.AS_SERVED, Mode.EVENT_TIME]))
@up_to(40)
def test_history_of_no_entity_is_the_oracle_over_all_events(case: Case, mode: Mode) -> None:
    assert_history_is_the_oracle(history, case, mode)


@given(cases())
@up_to(30)
def test_a_cut_of_no_entity_is_one_state_and_serves_the_oracle(case: Case) -> None:
    assert_a_cut_serves_the_oracle(states_at, case)
    assert_the_unchanged_serve_the_oracle(states_at, case)


@given(cases())
@up_to(20)
def test_what_a_cut_of_no_entity_exports_are_its_state_and_its_events(case: Case) -> None:
    assert_exported_states(case)
    assert_exported_events(case)


@given(cases())
@up_to(20)
def test_a_state_of_no_entity_that_failed_is_written_again_as_it_is(case: Case) -> None:
    """It had events that pass the view's condition, else it could not have failed."""
    view, events, labels = case
    plan = plan_view(view)
    cut = max(instant for _, instant in labels)
    relation = Relation(sql.table("events"), is_physical=True, is_log=True)
    again = Again(((),), is_everyone=False)
    states = States(plan, DIALECT, relation, cut, cut, again=again)
    found = rows_of(states.script().query(), {"events": log_table(view.source, events)})
    whole = states_at(plan, events, cut)
    written = encoded_states(plan, found)
    assert list(written) == [()]
    if whole:
        state = decode(plan, whole[()])
        had_events = state._replace(is_seen=True) if isinstance(state, Aggregated) else state
        assert decode(plan, written[()]) == had_events


@given(cases())
@fixed(3)
def test_both_engines_and_serving_of_no_entity_are_the_oracle(case: Case) -> None:
    assert_the_loop_is_the_oracle(case)
