"""A view in several roles of a row: each has the value of the entity that its columns name."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from skewless import FeatureStore, OnDemandView
from skewless.compiler import instants
from skewless.definitions.expression import to_datetime
from skewless.definitions.refresh import Stream
from skewless.offline.query.mode import Mode
from tests import reference, strategies
from tests.parity.bits import bits
from tests.parity.examples import fixed, up_to
from tests.parity.held import held
from tests.parity.in_duckdb import every_feature, history
from tests.parity.test_history import expected, logical
from tests.parity.test_loop import MovableClock, oracle, take_in

if TYPE_CHECKING:
    from skewless.definitions.view import FeatureView, Role

    Case = tuple[FeatureView, list[Role], list[reference.Event], list[tuple[dict[str, Any], int]]]

_NUMBERS = itertools.count()


@st.composite
def cases(draw: st.DrawFn) -> Case:
    source = draw(strategies.sources())
    view = draw(strategies.feature_views(source))
    roles = draw(strategies.roles(view))
    events = draw(strategies.histories(source))
    key = strategies.entity_keys(view, events)
    labels = draw(
        st.lists(
            st.tuples(
                st.tuples(*(key for _ in roles)).map(lambda keys: row_of(roles, keys)),
                strategies.instants(view, events),
            ),
            min_size=1,
            max_size=4,
        )
    )
    return view, roles, events, labels


def row_of(roles: list[Role], keys: tuple[dict[str, Any], ...]) -> dict[str, Any]:
    """Return a row with each role's key; roles that share a column agree on it."""
    row: dict[str, Any] = {}
    for role, key in zip(roles, keys, strict=True):
        for name, column in role.columns_of_keys.items():
            row.setdefault(column, key[name])
    return row


def key_of(role: Role, row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[column] for name, column in role.columns_of_keys.items()}


@given(cases(), st.sampled_from([Mode.AS_SERVED, Mode.EVENT_TIME]))
@up_to(40)
def test_history_of_each_role_is_the_oracle_of_its_own_entity(case: Case, mode: Mode) -> None:
    view, roles, events, labels = case
    selection = [pair for role in roles for pair in [(role, name) for name in role.feature_types]]
    selection += every_feature(view)
    own = [({**row, **key_of(roles[0], row)}, instant) for row, instant in labels]
    found = history(selection, {view.source.name: events}, own, mode=mode)
    for (row, instant), values in zip(own, found, strict=True):
        for role in [*roles, view.with_name(view.name)]:
            wanted = expected(view, events, (key_of(role, row), instant), mode)
            got = {
                name: bits(logical(values[f"{role.name}__{name}"], type_))
                for name, type_ in view.feature_types.items()
            }
            assert got == wanted, role


@given(cases())
@up_to(20)
def test_on_demand_features_tell_two_roles_of_one_view_apart(case: Case) -> None:
    view, roles, events, labels = case
    name = next(iter(view.feature_types))
    first, last = roles[0], roles[-1]
    are_known = OnDemandView(
        "known", features={"a": first[name].is_null(), "b": last[name].is_null()}
    )
    found = history([(are_known, "a"), (are_known, "b")], {view.source.name: events}, labels)
    for (row, instant), values in zip(labels, found, strict=True):
        for output, role in (("a", first), ("b", last)):
            at = reference.as_of(view, instant)
            known, _ = reference.view_value(view, events, key_of(role, row), at)
            assert values[output] is (known[name] is None)


@given(cases())
@fixed(2)
def test_both_engines_and_serving_give_each_role_the_oracle_of_its_own_entity(case: Case) -> None:
    view, roles, events, labels = case
    clock = MovableClock()
    store = FeatureStore.local(f"roles-{next(_NUMBERS)}", clock=clock)
    store.apply(view)
    instant = max(at for _, at in labels)
    due, served = instants.due_cut(view.refresh, instant), reference.as_of(view, instant)
    rest = events
    cuts = sorted({due} if view.refresh == Stream() else {due, served})
    for place, until in enumerate([*cuts, instant]):
        take_in(store, clock, view.source, [one for one in rest if one.ingest_time < until])
        rest = [one for one in rest if one.ingest_time >= until]
        clock.now = max(clock.now, until)
        if place < len(cuts):
            store.materialize(view)
    rows = [logical_row(view, roles, row) for row, _ in labels]
    answer = store.get_online_features(roles, rows, full_names=True)
    at = {"event_timestamp": to_datetime(instant)}
    histories = [
        store.get_historical_features(
            [{**row, **at} for row in rows], roles, engine=engine, full_names=True
        )
        .to_arrow()
        .to_pylist(maps_as_pydicts="strict")
        for engine in ("duckdb", "athena")
    ]
    for number, (row, _) in enumerate(labels):
        for role in roles:
            wanted = oracle(view, events, key_of(role, row), served)
            assert answer.status[number][role.name].as_of == to_datetime(served)
            for found in (answer.rows, *histories):
                got = {name: bits(found[number][f"{role.name}__{name}"]) for name in wanted}
                assert got == wanted, role


def logical_row(view: FeatureView, roles: list[Role], row: dict[str, Any]) -> dict[str, Any]:
    """Return a row as a user writes it: keys that are instants as such."""
    found = dict(row)
    for role in roles:
        for name, column in role.columns_of_keys.items():
            found[column] = held(row[column], view.entity.keys[name])
    return found
