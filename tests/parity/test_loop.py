"""The whole loop on the local AWS: ingest, cut, serve; oracle == DuckDB == Athena == online."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given

from skewless import FeatureStore
from skewless.compiler import instants
from skewless.definitions.expression import to_datetime
from skewless.definitions.refresh import Stream
from tests import reference
from tests.parity.bits import bits
from tests.parity.examples import fixed
from tests.parity.held import held
from tests.parity.test_history import cases

if TYPE_CHECKING:
    from datetime import datetime

    from skewless.definitions.source import Source
    from skewless.definitions.view import FeatureView

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

# Each example is many calls of two engines, so few are drawn, always the same, and none is shrunk;
# the other parity tests draw at random.
FEW = fixed(3)
_NUMBERS = itertools.count()
ENGINES = itertools.cycle(("duckdb", "athena"))


class MovableClock:
    """Stands where it is put."""

    def __init__(self) -> None:
        self.now = -(10**16)  # before all that is drawn

    def __call__(self) -> datetime:
        return to_datetime(self.now)


def as_row(source: Source, event: reference.Event) -> dict[str, Any]:
    """The event as a user would hand it in."""
    row: dict[str, Any] = {}
    for name, type_ in source.columns.items():
        value = event.event_time if name == source.event_time else event.values.get(name)
        row[name] = held(value, type_)
    return row


def take_in(store: FeatureStore, clock: MovableClock, source: Source, events: Any) -> None:
    """Ingest events batch by batch, each at its own ingest time."""
    ordered = sorted(events, key=lambda event: (event.ingest_time, event.sequence))
    for known, batch in itertools.groupby(ordered, key=lambda event: event.ingest_time):
        clock.now = known
        result = store.ingest(source.name, [as_row(source, event) for event in batch])
        assert result.rejected == []


def oracle(
    view: FeatureView, events: list[reference.Event], key: dict[str, Any], moment: int
) -> dict[str, Any]:
    values, _ = reference.view_value(view, events, key, moment)
    kinds = view.feature_types
    return {name: bits(held(value, kinds[name])) for name, value in values.items()}


def bits_of(row: dict[str, Any], view: FeatureView) -> dict[str, Any]:
    return {name: bits(row[name]) for name in view.feature_types}


@given(cases())
@FEW
def test_history_by_both_engines_and_serving_are_the_oracle_bit_for_bit(
    case: tuple[FeatureView, list[reference.Event], list[Any]],
) -> None:
    assert_the_loop_is_the_oracle(case)


def assert_the_loop_is_the_oracle(
    case: tuple[FeatureView, list[reference.Event], list[Any]],
) -> None:
    view, events, labels = case
    clock = MovableClock()
    store = FeatureStore.local(f"loop-{next(_NUMBERS)}", clock=clock)
    store.apply(view)
    labels = sorted(labels, key=lambda label: label[1])
    rest = sorted(events, key=lambda event: event.ingest_time)
    for key, instant in labels:
        # What is known by then comes in, what is due is cut, then the key is served.
        due = instants.due_cut(view.refresh, instant)
        served = reference.as_of(view, instant)
        cuts = {due} if view.refresh == Stream() else {served, due}
        for until in [*sorted(cuts), instant]:
            some = [event for event in rest if event.ingest_time < until]
            rest = rest[len(some) :]
            take_in(store, clock, view.source, some)
            clock.now = max(clock.now, until)
            if until in cuts:
                store.materialize(view, engine=next(ENGINES))
        served_key = {name: held(value, view.entity.keys[name]) for name, value in key.items()}
        answer = store.get_online_features(view, [served_key])
        served_at = answer.status[0][view.name].as_of
        assert answer.status[0][view.name].status != "stale"
        assert served_at == to_datetime(served)
        expected = oracle(view, events, key, served)
        assert bits_of(answer.rows[0], view) == expected
        frame = [{**served_key, "event_timestamp": to_datetime(instant)}]
        for engine in ("duckdb", "athena"):
            history = store.get_historical_features(frame, view, engine=engine)
            assert (
                bits_of(history.to_arrow().to_pylist(maps_as_pydicts="strict")[0], view) == expected
            ), engine
