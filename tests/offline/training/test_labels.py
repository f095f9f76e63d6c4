"""Labels: a frame of rows to train on, checked whole and made physical."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from skewless import Entity, FeatureView, OnDemandView, Source, agg, request
from skewless.compiler.plan import plan_selection
from skewless.errors import InputError, NaiveTimestampError
from skewless.offline.frames.own_frame import own_frame
from skewless.offline.query import identifiers
from skewless.offline.query.history import INSTANT, ROW, WATERMARK
from skewless.offline.training.labels import prepare_labels
from skewless.types import Float64, Int64, String

if TYPE_CHECKING:
    from skewless.offline.training.labels import Labels

SALE = Entity("sale", keys={"shop": String, "product": Int64})
SOURCE = Source("sales", schema={"shop": String, "product": Int64}, event_time="at")
VIEW = FeatureView(
    "counts",
    entity=SALE,
    source=SOURCE,
    features={"n": agg.count(window="1d")},
    refresh="stream",
)
WEIGHTED = OnDemandView(
    "weighted", request={"weight": Float64}, features={"w": VIEW["n"] * request("weight")}
)
PLAN = plan_selection([(WEIGHTED, "w")])
NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
MICROSECONDS = 1_709_640_000_000_000


def a_frame(**changed: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "shop": ["a", "b", "a"],
        "product": [1, 1, 1],
        "weight": [0.5, None, 2.0],
        "at": [NOON.replace(hour=hour) for hour in (12, 13, 11)],
        "note": ["is", "not", "read"],
    }
    return {name: values for name, values in {**given, **changed}.items() if values is not None}


def prepared(*, watermark: str | None = None, **changed: Any) -> Labels:
    frame = own_frame(pa.table(a_frame(**changed)))
    return prepare_labels(frame, PLAN, timestamp="at", watermark=watermark)


def test_rows_keep_their_order_and_only_what_is_asked_for_is_read() -> None:
    labels = prepared()
    hour = 3_600_000_000
    assert labels.table[ROW].to_pylist() == [0, 1, 2]
    assert labels.table[INSTANT].to_pylist() == [
        MICROSECONDS,
        MICROSECONDS + hour,
        MICROSECONDS - hour,
    ]
    assert (labels.first, labels.last) == (MICROSECONDS - hour, MICROSECONDS + hour)
    assert labels.table[identifiers.given("weight")].to_pylist() == [0.5, None, 2.0]
    assert identifiers.given("note") not in labels.table.column_names


@pytest.mark.parametrize(
    ("shops", "products", "equal"),
    [
        (["a", "b", "a"], [1, 1, 1], [(0, 2)]),
        (["a", "b", "a"], [1, 1, 2], []),
        (["a", "a", "a"], [7, 7, 7], [(0, 1), (0, 2), (1, 2)]),
        (["a", "b", "b"], [2, 1, 2], []),
    ],
)
def test_equal_keys_have_equal_numbers_and_others_have_not(
    shops: list[str], products: list[int], equal: list[tuple[int, int]]
) -> None:
    labels = prepared(shop=shops, product=products)
    numbers = labels.table[identifiers.number(SALE)].to_pylist()
    pairs = [(i, j) for i in range(3) for j in range(i + 1, 3) if numbers[i] == numbers[j]]
    assert pairs == equal


def test_a_replay_has_a_watermark_for_each_row() -> None:
    assert WATERMARK not in prepared().table.column_names
    known = [NOON, NOON, NOON]
    assert (
        prepared(watermark="known", known=known).table[WATERMARK].to_pylist() == [MICROSECONDS] * 3
    )


@pytest.mark.parametrize("name", ["shop", "product", "at"])
def test_a_null_key_or_instant_is_refused_with_its_row(name: str) -> None:
    values = a_frame()[name]
    changed: Any = {name: [values[0], None, values[2]]}
    with pytest.raises(InputError, match=rf"'{name}' has 1 nulls, the first in row 1"):
        prepared(**changed)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(InputError) as error:
        prepared(shop=["a", None, "b"], product=[1, 2, None])
    assert "'shop' has 1 nulls" in str(error.value)
    assert "'product' has 1 nulls" in str(error.value)


def test_a_missing_column_is_named_with_its_type() -> None:
    with pytest.raises(InputError, match=r"entity_df lacks 'weight' \(Float64\)"):
        prepared(weight=None)


def test_a_frame_without_rows_is_refused() -> None:
    empty = pa.table(a_frame()).slice(0, 0)
    with pytest.raises(InputError, match="entity_df is empty"):
        prepare_labels(own_frame(empty), PLAN, timestamp="at")


def test_an_instant_without_a_zone_is_refused() -> None:
    with pytest.raises(NaiveTimestampError, match="'at'"):
        prepared(at=[datetime(2024, 3, 5, 12)] * 3)  # noqa: DTZ001 - what is refused


def test_a_key_is_no_instant() -> None:
    frame = own_frame(pa.table(a_frame()))
    with pytest.raises(InputError, match="timestamp='shop' is a key or request field"):
        prepare_labels(frame, PLAN, timestamp="shop")


def test_a_value_that_would_change_is_refused_with_its_row() -> None:
    with pytest.raises(InputError, match=r"'product' is .*2\.5.* in row 1"):
        prepared(product=[1.0, 2.5, 3.0])
