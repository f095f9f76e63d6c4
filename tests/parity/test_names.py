"""Whatever users call their things, the values of DuckDB, Athena and serving are the oracle's."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from skewless import FeatureService, FeatureStore
from skewless.compiler.plan import plan_selection
from skewless.definitions.expression import to_datetime
from skewless.errors import DefinitionError
from tests import reference
from tests.parity import names
from tests.parity.bits import bits
from tests.parity.examples import fixed, up_to
from tests.parity.in_duckdb import history
from tests.parity.test_history import logical
from tests.parity.test_loop import MovableClock, as_row

if TYPE_CHECKING:
    from tests.parity.names import Named
    from tests.parity.test_history import Run

    Case = tuple[Named, list[reference.Event], list[tuple[dict[str, Any], int]]]

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

THOROUGH = up_to(40)
FEW = fixed(3)
_NUMBERS = itertools.count()


@st.composite
def cases(draw: st.DrawFn, *, is_prompt: bool = False) -> Case:
    named = draw(names.definitions())
    try:
        FeatureService("model", features=[*named.views, named.on_demand])
    except DefinitionError:  # a name that would stand for two columns is refused in words
        assume(False)  # noqa: FBT003 - hypothesis's signature
    return (
        named,
        draw(names.histories(named, is_prompt=is_prompt)),
        draw(names.labels(named)),
    )


def expected(named: Named, events: list[reference.Event], row: Any, at: int) -> list[Any]:
    """The oracle's values, in the order of the selection."""
    key = {name: row[name] for name in named.sums.entity.keys}
    features: dict[tuple[str, str], Any] = {}
    for view in named.views:
        values, _ = reference.view_value(view, events, key, reference.as_of(view, at))
        features.update({(view.name, name): value for name, value in values.items()})
    computed = reference.on_demand_values(named.on_demand, features, row)
    return [*(bits(value) for value in features.values()), *map(bits, computed.values())]


def assert_history_is_the_oracle(history: Run, case: Case) -> None:
    named, events, labels = case
    selected = plan_selection(named.selection).selected
    found = history(named.selection, {named.source.name: events}, labels)
    for (row, at), values in zip(labels, found, strict=True):
        got = [bits(logical(values[item.output], item.type)) for item in selected]
        assert got == expected(named, events, row, at)


@given(cases())
@THOROUGH
def test_history_of_hostile_names_is_the_oracle_bit_for_bit(case: Case) -> None:
    assert_history_is_the_oracle(history, case)


def assert_the_loop_is_the_oracle(case: Case) -> None:
    named, events, labels = case
    clock = MovableClock()
    store = FeatureStore.local(f"names-{next(_NUMBERS)}", clock=clock)
    service = FeatureService("model", features=[*named.views, named.on_demand])
    store.apply(service)
    now = max(at for _, at in labels)
    clock.now = now
    known = [event for event in events if event.ingest_time < now]
    rows = [as_row(named.source, event) for event in known]
    assert store.backfill(named.source, rows).rejected == []
    for view in named.views:
        store.materialize(view)
    wanted = [expected(named, known, row, at) for row, at in labels]
    outputs = [item.output for item in plan_selection(service).selected]
    frame = [{**row, named.timestamp: to_datetime(at)} for row, at in labels]
    for engine in ("duckdb", "athena"):
        found = store.get_historical_features(
            frame, service, timestamp=named.timestamp, engine=engine
        ).to_arrow()
        got = [[bits(row[name]) for name in outputs] for row in found.to_pylist()]
        assert got == wanted, engine
    served = store.get_online_features(service, [row for row, _ in labels])
    for (row, _), answer in zip(labels, served.rows, strict=True):
        assert [bits(answer[name]) for name in outputs] == expected(named, known, row, now)


@given(cases(is_prompt=True))
@FEW
def test_hostile_names_are_loaded_trained_on_and_served_as_the_oracle_says(case: Case) -> None:
    assert_the_loop_is_the_oracle(case)
