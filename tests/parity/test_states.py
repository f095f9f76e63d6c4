"""States by SQL, folded as a reader folds them, give the oracle's bits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import given

from skewless.compiler import instants
from skewless.compiler.again import NOBODY, Again
from skewless.compiler.plan import ViewPlan, plan_view
from skewless.definitions.refresh import Stream
from skewless.materialize.arrow_rows import entity_rows
from skewless.materialize.states import encoded_state
from skewless.offline.query import sql
from skewless.offline.query.events import Relation
from skewless.offline.query.states import States
from skewless.online.codec import encode
from skewless.online.fold import Folder
from skewless.online.state import add_events, empty_state
from tests import reference
from tests.parity.bits import bits
from tests.parity.examples import up_to
from tests.parity.in_duckdb import DIALECT, log_table, physical, rows_of
from tests.parity.test_history import cases, logical

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from skewless.definitions.view import FeatureView

    Run = Callable[..., dict[tuple[Any, ...], bytes]]
    """`states_at`, or what does the same elsewhere."""

THOROUGH = up_to(60)


def states_at(
    plan: ViewPlan,
    events: list[reference.Event],
    cut: int,
    since: int | None = None,
    again: Again = NOBODY,
) -> dict[tuple[Any, ...], bytes]:
    relation = Relation(sql.table("events"), is_physical=True, is_log=True)
    query = States(plan, DIALECT, relation, cut, since, again=again).script().query()
    return encoded_states(plan, rows_of(query, {"events": log_table(plan.view.source, events)}))


def encoded_states(plan: ViewPlan, table: pa.Table) -> dict[tuple[Any, ...], bytes]:
    """Encode the state of each entity of a states query's rows."""
    return {key: encoded_state(plan, rows) for key, rows, _ in entity_rows(plan, table)}


def streamed(
    plan: ViewPlan, events: list[reference.Event], key: dict[str, Any], since: int, until: int
) -> bytes:
    view = plan.view
    state = empty_state(plan)
    for event in reference.events_of(view.source, events, key):
        if since <= event.ingest_time < until:
            values = {
                name: physical(event.values.get(name), type_)
                for name, type_ in view.source.columns.items()
            }
            row = {name: tuple(v) if isinstance(v, list) else v for name, v in values.items()}
            state = add_events(plan, state, [{**row, view.source.event_time: event.event_time}])
    return encode(plan, state)


def assert_a_cut_serves_the_oracle(
    states_at: Run, case: tuple[FeatureView, list[reference.Event], list[Any]]
) -> None:
    view, events, labels = case
    plan = plan_view(view)
    folder = Folder(plan)
    for key, instant in labels:
        moment = reference.as_of(view, instant)
        cut = moment
        states = []
        if isinstance(view.refresh, Stream):
            cut = instants.floor_to(moment, instants.DAY)
            states.append(streamed(plan, events, key, cut, moment))
        written = states_at(plan, events, cut)
        physical_key = tuple(physical(key[name], type_) for name, type_ in view.entity.keys.items())
        if physical_key in written:
            states.append(written[physical_key])
        values, is_known, _ = folder.fold(states, moment)
        expected, status = reference.view_value(view, events, key, moment)
        got = {
            name: bits(logical(value, view.feature_types[name])) for name, value in values.items()
        }
        assert got == {name: bits(value) for name, value in expected.items()}
        assert is_known == (status == "ok")


@given(cases())
@THOROUGH
def test_what_is_served_from_a_cut_is_the_oracle_bit_for_bit(
    case: tuple[FeatureView, list[reference.Event], list[Any]],
) -> None:
    assert_a_cut_serves_the_oracle(states_at, case)


def assert_the_unchanged_serve_the_oracle(
    states_at: Run, case: tuple[FeatureView, list[reference.Event], list[Any]]
) -> None:
    view, events, labels = case
    if isinstance(view.refresh, Stream):
        return  # is served as of moments that are no cuts
    plan = plan_view(view)
    folder = Folder(plan)
    for key, instant in labels:
        before = reference.as_of(view, instant) - instants.DAY
        after = before + instants.DAY
        physical_key = tuple(physical(key[name], type_) for name, type_ in view.entity.keys.items())
        first = states_at(plan, events, before)
        second = states_at(plan, events, after, since=before)
        state = second.get(physical_key, first.get(physical_key))
        values, *_ = folder.fold([state] if state else [], after)
        expected, _ = reference.view_value(view, events, key, after)
        got = {
            name: bits(logical(value, view.feature_types[name])) for name, value in values.items()
        }
        assert got == {name: bits(value) for name, value in expected.items()}


@given(cases())
@THOROUGH
def test_an_entity_without_new_events_is_not_rewritten_and_still_right(
    case: tuple[FeatureView, list[reference.Event], list[Any]],
) -> None:
    assert_the_unchanged_serve_the_oracle(states_at, case)
