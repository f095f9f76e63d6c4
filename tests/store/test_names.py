"""Names that ours once met, or could meet, have the right values by both engines and by serving."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, Every, FeatureView, OnDemandView, Source, agg, col, request
from skewless.errors import InputError
from skewless.types import Float64, Int64, String, Timestamp
from tests.store.builders import NOON

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless import FeatureStore
    from skewless.types import ValueType

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

USER = Entity("u", keys={"k": String})
YESTERDAY = NOON - timedelta(days=1)


def trained(
    store: FeatureStore, features: Any, engine: str, names: Sequence[str], **label: Any
) -> list[Any]:
    """The features of one label at noon, by position."""
    labels = [{"k": "a", "event_timestamp": NOON, **label}]
    found = store.get_historical_features(labels, features, engine=engine).to_arrow()
    (row,) = found.to_pylist()
    assert list(row)[len(labels[0]) :] == list(names)
    return [row[name] for name in names]


def on_all_sides(
    store: FeatureStore, features: Any, names: Sequence[str], **label: Any
) -> list[list[Any]]:
    """The features of one row by DuckDB, by Athena and by serving."""
    served = store.get_online_features(features, [{"k": "a", **label}]).rows[0]
    return [
        *(trained(store, features, engine, names, **label) for engine in ("duckdb", "athena")),
        [served[name] for name in names],
    ]


FEATURES = (
    *("horizon", "as_of", "entity", "AT", "kind", "asks", "lane", "n0", "S0_2592000s_86400s"),
    *("spine", "select", "rowid", "x", "v__x", "_x", "l" * 100, "l" * 99 + "m"),
)


def test_aggregates_called_like_what_computes_them_have_their_own_values(
    store: FeatureStore,
) -> None:
    source = Source("ev", schema={"k": String, "x": Float64}, event_time="ts")
    wanted = [float(number) for number in range(1, len(FEATURES) + 1)]
    sums = FeatureView(
        "v",
        entity=USER,
        source=source,
        refresh="stream",
        features={
            name: agg.sum(col("x") * number, window="30d")
            for name, number in zip(FEATURES, wanted, strict=True)
        },
    )
    store.apply(sums)
    store.backfill(source, [{"k": "a", "x": 1.0, "ts": YESTERDAY}])
    store.materialize(sums)
    assert on_all_sides(store, sums, FEATURES) == [wanted] * 3


def test_picked_values_called_like_what_picks_them_have_their_own_values(
    store: FeatureStore,
) -> None:
    source = Source("ev", schema={"k": String, "tie": Int64, "rank": Int64}, event_time="at")
    picks = {
        "tile": agg.min("rank", window="7d"),
        "known": agg.max("rank", window="7d"),
        "edge": agg.first("rank", window="7d"),
        "happened": agg.last("rank", window="7d"),
        "horizon": agg.first("rank", window=None),
        "latest0": agg.last("tie", window=None),
    }
    view = FeatureView("tiles", entity=USER, source=source, refresh="stream", features=picks)
    store.apply(view)
    rows = [
        {"k": "a", "tie": tie, "rank": rank, "at": YESTERDAY + timedelta(minutes=minutes)}
        for minutes, (tie, rank) in enumerate([(9, 3), (8, 1), (7, 4), (6, 2)])
    ]
    store.backfill(source, rows)
    store.materialize(view)
    assert on_all_sides(store, view, list(picks)) == [[1, 4, 3, 2, 3, 6]] * 3


COLUMNS = (
    *("skewed", "ingest", "shard", "sequence", "known", "happened", "deleted", "tie", "c0", "c1"),
    *("k0", "rank0", "tile_set", "start", "is_seen", "key", "day", "rows", "Select", "filename"),
    *("file_row_number", "rowid", "_file", "_pos", "scanned", "log", "column__x", "entity"),
)


def test_columns_called_like_what_a_log_or_a_state_holds_have_their_own_values(
    store: FeatureStore,
) -> None:
    source = Source("rows", schema={"k": String, **dict.fromkeys(COLUMNS, Int64)}, event_time="at")
    latest = FeatureView(
        "states", entity=USER, source=source, refresh=Every("1d"), features=COLUMNS
    )
    store.apply(latest)
    values = list(range(len(COLUMNS)))
    row = dict(zip(COLUMNS, values, strict=True))
    store.backfill(source, [{"k": "a", "at": YESTERDAY, **row}])
    store.materialize(latest)
    assert on_all_sides(store, latest, COLUMNS) == [values] * 3


OBJECTS = ("spine", "spine_features", "joined", "select")


def test_sources_views_and_entities_called_like_steps_are_told_apart(store: FeatureStore) -> None:
    views, wanted = [], []
    for number, name in enumerate(OBJECTS):
        source = Source(name, schema={"k": String, "x": Int64}, event_time="at")
        entity = Entity(OBJECTS[number - 1], keys={"k": String})
        features = {f"of_{number}": agg.sum("x", window="7d")}
        views.append(
            FeatureView(name, entity=entity, source=source, refresh="stream", features=features)
        )
        wanted.append(number)
    store.apply(views)
    for view, number in zip(views, wanted, strict=True):
        store.backfill(view.source, [{"k": "a", "x": number, "at": YESTERDAY}])
        store.materialize(view)
    names = [f"of_{number}" for number in wanted]
    assert on_all_sides(store, views, names) == [wanted] * 3


def test_features_of_two_views_that_differ_by_case_only_are_told_apart(store: FeatureStore) -> None:
    source = Source("ev", schema={"k": String, "x": Int64}, event_time="at")
    views = [
        FeatureView(
            name,
            entity=USER,
            source=source,
            refresh="stream",
            features={feature: agg.sum(col("x") * factor, window="7d")},
        )
        for name, feature, factor in (("a", "Total", 1), ("b", "total", 2), ("a_", "TOTAL", 3))
    ]
    store.apply(views)
    store.backfill(source, [{"k": "a", "x": 1, "at": YESTERDAY}])
    for view in views:
        store.materialize(view)
    names = ["a__Total", "b__total", "a___TOTAL"]
    assert on_all_sides(store, views, names) == [[1, 2, 3]] * 3


def test_request_fields_are_told_apart_from_columns_features_and_steps(store: FeatureStore) -> None:
    source = Source("ev", schema={"k": String, "horizon": Float64}, event_time="at")
    view = FeatureView(
        "joined",
        entity=USER,
        source=source,
        refresh="stream",
        features={"spine": agg.sum("horizon", window="7d")},
    )
    asked = {"horizon": Float64, "entity": Float64, "Amount": Float64}
    terms = [request(name) for name in asked]
    on_demand = OnDemandView(
        "joined_features",
        request=asked,
        features={"as_of": view["spine"] + terms[0] + terms[1] * 10 + terms[2] * 100},
    )
    store.apply([view, on_demand])
    store.backfill(source, [{"k": "a", "horizon": 0.5, "at": YESTERDAY}])
    store.materialize(view)
    row = {"horizon": 1.0, "entity": 2.0, "Amount": 3.0}
    assert on_all_sides(store, on_demand, ["as_of"], **row) == [[321.5]] * 3


def a_count(store: FeatureStore, keys: dict[str, ValueType], **key: Any) -> FeatureView:
    """A published view that counts the one event of a key."""
    source = Source("ev", schema=keys, event_time="at")
    view = FeatureView(
        "v",
        entity=Entity("keyed", keys=keys),
        source=source,
        refresh="stream",
        features={"n": agg.count(window="7d")},
    )
    store.apply(view)
    store.backfill(source, [{**key, "at": YESTERDAY}])
    return view


@pytest.mark.parametrize("engine", ["duckdb", "athena"])
def test_labels_may_have_columns_called_like_ours(store: FeatureStore, engine: str) -> None:
    view = a_count(store, {"k": String}, k="a")
    ours = ("skewless_row", "skewless_instant", "entity__keyed", "given__k", "row", "spine", "K")
    label = {"k": "a", "event_timestamp": NOON, **dict.fromkeys(ours, "theirs")}
    found = store.get_historical_features([label], view, engine=engine).to_arrow()
    assert found.column_names == [*label, "n"]
    assert found.select(ours).to_pylist() == [dict.fromkeys(ours, "theirs")]
    assert found["n"].to_pylist() == [1]


def test_a_key_that_is_the_instant_as_well_is_read_once_for_both(store: FeatureStore) -> None:
    view = a_count(store, {"k": String, "at_key": Timestamp}, k="a", at_key=NOON)
    label = {"k": "a", "at_key": NOON}
    found = store.get_historical_features([label], view, timestamp="at_key").to_arrow()
    assert found["n"].to_pylist() == [1]


@pytest.mark.parametrize(("type_", "value"), [(Int64, 3), (String, "b")], ids=str)
def test_a_key_that_is_no_instant_cannot_be_the_labels_timestamp(
    store: FeatureStore, type_: ValueType, value: Any
) -> None:
    view = a_count(store, {"k": String, "event_timestamp": type_}, k="a", event_timestamp=value)
    label = {"k": "a", "event_timestamp": value}
    with pytest.raises(InputError) as caught:
        store.get_historical_features([label], view)
    assert str(caught.value) == (
        f"timestamp='event_timestamp' is a key or request field of the features, {type_}, and no "
        "instant; give the instants a column of their own, and name it by timestamp="
    )
    found = store.get_historical_features([{**label, "at": NOON}], view, timestamp="at").to_arrow()
    assert found["n"].to_pylist() == [1]
