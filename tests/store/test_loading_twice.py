"""A load that was loaded before is refused, however it comes; what is meant is said by name."""

from __future__ import annotations

import decimal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skewless import Entity, FeatureView, Source, agg
from skewless.errors import RepeatedLoadError
from skewless.types import Array, Bool, Bytes, Decimal, Float64, String, Timestamp
from tests.store.builders import NOON, label, model, payment, payments, spending

if TYPE_CHECKING:
    from pathlib import Path

    from skewless import FeatureStore

HISTORY = [payment(-60 * hour, amount=float(hour % 5), items=None) for hour in range(1, 60)]


@pytest.fixture
def loaded(store: FeatureStore) -> FeatureStore:
    store.apply(model)
    store.backfill("payments", HISTORY)
    return store


def count(store: FeatureStore) -> Any:
    found = store.get_historical_features([label()], spending).to_arrow().to_pylist()
    return found[0]["payments_7d"]


def as_parquet(folder: Path) -> str:
    pq.write_table(pa.Table.from_pylist(HISTORY), folder / "history.parquet")
    return str(folder / "history.parquet")


def test_the_same_rows_are_refused_and_nothing_is_written(loaded: FeatureStore) -> None:
    before = loaded._workbench.snapshots.latest(payments)
    with pytest.raises(RepeatedLoadError, match=r"'payments' already.*again=True.*event_id"):
        loaded.backfill("payments", HISTORY)
    assert loaded._workbench.snapshots.latest(payments) == before
    assert count(loaded) == 59


@pytest.mark.parametrize("kind", ["reversed", "pandas", "parquet", "more columns", "a part"])
def test_how_the_rows_come_does_not_matter(loaded: FeatureStore, tmp_path: Path, kind: str) -> None:
    frame: Any = {
        "reversed": HISTORY[::-1],
        "pandas": pd.DataFrame(HISTORY).sample(frac=1.0, random_state=7),
        "parquet": as_parquet(tmp_path),
        "more columns": [{**row, "note": "x"} for row in HISTORY],
        "a part": HISTORY[5:17],
    }[kind]
    with pytest.raises(RepeatedLoadError):
        loaded.backfill("payments", frame)


def test_rows_that_were_loaded_in_parts_are_refused_as_a_whole(store: FeatureStore) -> None:
    store.apply(model)
    store.backfill("payments", HISTORY[:20])
    store.backfill("payments", HISTORY[20:])
    with pytest.raises(RepeatedLoadError):
        store.backfill("payments", HISTORY)


def test_what_is_meant_is_loaded_again(loaded: FeatureStore) -> None:
    result = loaded.backfill("payments", HISTORY, again=True)
    assert (result.accepted, result.repeated) == (59, 59)
    assert count(loaded) == 118


def test_rows_that_are_partly_there_are_loaded_and_counted(loaded: FeatureStore) -> None:
    result = loaded.backfill("payments", [*HISTORY[:7], payment(-1)])
    assert (result.accepted, result.repeated) == (8, 7)


def test_a_row_that_is_there_once_more_than_in_the_log_is_new(loaded: FeatureStore) -> None:
    result = loaded.backfill("payments", [HISTORY[0], HISTORY[0]])
    assert (result.accepted, result.repeated) == (2, 1)


@pytest.mark.parametrize("change", [{"amount": None}, {"shop": "Book"}, {"items": 2}])
def test_rows_that_differ_in_any_column_are_new(loaded: FeatureStore, change: Any) -> None:
    result = loaded.backfill("payments", [{**HISTORY[0], **change}])
    assert (result.accepted, result.repeated) == (1, 0)


def test_two_who_load_the_same_at_once_load_it_once(store: FeatureStore) -> None:
    store.apply(model)

    def load(_: int) -> bool:
        try:
            store.backfill("payments", HISTORY)
        except RepeatedLoadError:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(load, range(4))) == [False, False, False, True]
    assert count(store) == 59


def test_an_event_id_makes_repeats_harmless(store: FeatureStore) -> None:
    source = Source("clicks", schema={"k": String, "id": String}, event_time="at", event_id="id")
    view = FeatureView(
        "clicked",
        entity=Entity("k", keys={"k": String}),
        source=source,
        refresh="stream",
        features={"n": agg.count(window="7d")},
    )
    store.apply(view)
    rows = [{"k": "a", "id": "1", "at": NOON}]
    store.backfill("clicks", rows)
    assert store.backfill("clicks", rows).repeated == 0
    (found,) = (
        store.get_historical_features(
            [{"k": "a", "event_timestamp": label(1)["event_timestamp"]}], view
        )
        .to_arrow()
        .to_pylist()
    )
    assert found["n"] == 1


def test_rows_of_every_type_are_compared(store: FeatureStore) -> None:
    source = Source(
        "all_kinds",
        schema={
            "K": String,
            "c0": Decimal(12, 2),
            "known": Bool,
            "load": Bytes,
            "at2": Timestamp,
            "list": Array(Float64),
        },
        event_time="at",
    )
    store.apply(source)
    row = {
        "K": "ü",
        "c0": decimal.Decimal("1.50"),
        "known": True,
        "load": b"\x00",
        "at2": NOON,
        "list": [1.0, -0.0],
        "at": NOON,
    }
    empty = {**dict.fromkeys(row), "at": NOON}
    store.backfill(source, [row, empty])
    with pytest.raises(RepeatedLoadError):
        store.backfill(source, [empty, row])
    assert store.backfill(source, [{**row, "list": [1.0]}]).repeated == 0
