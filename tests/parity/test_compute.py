"""Features of frames without a store are those of a store that loaded the same frames, as bits."""

from __future__ import annotations

import dataclasses
import itertools
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from hypothesis import given
from hypothesis import strategies as st

from skewless import FeatureStore, FeatureView, compute
from skewless.definitions.expression import to_datetime, to_microseconds
from skewless.definitions.refresh import Stream
from tests import reference
from tests.parity.bits import bits
from tests.parity.examples import fixed, up_to
from tests.parity.held import held
from tests.parity.test_history import cases, on_demand_cases
from tests.parity.test_loop import as_row, bits_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.on_demand import OnDemandView
    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType

_NUMBERS = itertools.count()
LATE = datetime(2100, 1, 1, 12, tzinfo=UTC)


def loaded(source: Source, events: list[reference.Event]) -> list[reference.Event]:
    """The events as they are known if a frame of them is loaded as history."""
    delay = source.delay.microseconds
    return [
        dataclasses.replace(event, ingest_time=event.event_time + delay, sequence=place)
        for place, event in enumerate(events)
    ]


def as_label(given: dict[str, Any], at: int, kinds: Mapping[str, ValueType]) -> dict[str, Any]:
    row = {name: held(value, kinds.get(name)) for name, value in given.items()}
    return {**row, "label_at": to_datetime(at)}


def oracle(
    view: FeatureView, events: list[reference.Event], key: dict[str, Any], at: int, *, leaks: bool
) -> dict[str, Any]:
    cut = at if leaks else reference.as_of(view, at)
    values, _ = reference.view_value(view, events, key, cut, event_time_mode=leaks)
    kinds = view.feature_types
    return {name: bits(held(value, kinds[name])) for name, value in values.items()}


@given(cases(), st.sampled_from(["as_served", "event_time"]))
@up_to(40)
def test_what_is_computed_of_a_frame_is_the_oracle_bit_for_bit(
    case: tuple[FeatureView, list[reference.Event], list[Any]], mode: str
) -> None:
    view, events, labels = case
    made = compute(
        view,
        events=[as_row(view.source, event) for event in events],
        labels=[as_label(key, at, view.entity.keys) for key, at in labels],
        timestamp="label_at",
        mode=mode,
        strict=True,
    )
    known = loaded(view.source, events)
    for (key, at), row in zip(labels, made.values.to_pylist(maps_as_pydicts="strict"), strict=True):
        assert bits_of(row, view) == oracle(view, known, key, at, leaks=mode == "event_time")


@given(on_demand_cases())
@fixed(4)
def test_what_is_computed_is_what_a_store_gives_in_history_and_serves(
    case: tuple[OnDemandView, list[reference.Event], list[tuple[dict[str, Any], int]]],
) -> None:
    on_demand, events, labels = case
    (view,) = on_demand.views
    assert isinstance(view, FeatureView)
    kinds = {**view.entity.keys, **on_demand.request}
    frame = [as_row(view.source, event) for event in events]
    now = to_microseconds(LATE, "LATE")
    rows = [as_label(row, at, kinds) for row, at in [*labels, (labels[0][0], now)]]
    store = FeatureStore.local(f"compute-{next(_NUMBERS)}", clock=LATE)
    store.apply(on_demand)
    store.backfill(view.source, frame)
    features = [on_demand, view]
    made = compute(features, events=frame, labels=rows, timestamp="label_at", full_names=True)
    for engine in ("duckdb", "athena"):
        told = store.get_historical_features(
            rows, features, timestamp="label_at", engine=engine, full_names=True
        )
        assert told.manifest["digest"] == made.manifest["digest"], engine
    served = None if view.refresh == Stream() else to_datetime(reference.as_of(view, now))
    store.materialize(view, served)
    request = {name: value for name, value in rows[-1].items() if name != "label_at"}
    answer = store.get_online_features(features, [request], full_names=True)
    last = made.values.to_pylist(maps_as_pydicts="strict")[-1]
    assert {name: bits(value) for name, value in answer.rows[0].items()} == {
        name: bits(value) for name, value in last.items()
    }
