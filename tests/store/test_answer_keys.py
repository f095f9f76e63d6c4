"""What stands for a key or a request field in a frame: floats, nulls and times of its library."""

from __future__ import annotations

import math
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skewless.errors import InputError
from tests.store.answering import FULL, rows

if TYPE_CHECKING:
    from skewless import FeatureStore


@pytest.mark.parametrize(
    ("key", "user"),
    [
        (np.int64(FULL), FULL),
        (np.uint8(FULL), FULL),
        (1.0, FULL),
        (np.float32(1), FULL),
        (float(2**53), 2**53),
        (-float(2**53), -(2**53)),
    ],
    ids=repr,
)
def test_a_whole_number_is_a_key_whatever_holds_it(
    answering: FeatureStore, key: object, user: int
) -> None:
    answer = answering.get_online_features("latest", {"user_id": key, "shop": "s"})
    assert answer.to_arrow()["user_id"].to_pylist() == [user]
    assert answer.rows[0]["whole"] == (2**62 + 1 if user == FULL else None)


@pytest.mark.parametrize(
    "key", [None, math.nan, np.float64("nan"), pd.NA, pd.NaT, Number("NaN")], ids=repr
)
def test_a_null_key_is_an_error_that_names_the_row(answering: FeatureStore, key: object) -> None:
    given = [{"user_id": FULL, "shop": "s"}, {"user_id": key, "shop": "s"}]
    with pytest.raises(InputError, match="row 1: key 'user_id' of entity 'user' is null"):
        answering.get_online_features("latest", given)


@pytest.mark.parametrize("dtype", ["Int64", "float64", "object", "int64[pyarrow]"])
def test_a_column_of_keys_with_one_missing_names_the_row(
    answering: FeatureStore, dtype: Any
) -> None:
    frame = pd.DataFrame({"user_id": pd.Series([1, 2, None, 3], dtype=dtype), "shop": "s"})
    with pytest.raises(InputError, match="row 2: key 'user_id' of entity 'user' is null"):
        answering.get_online_features("latest", frame)
    whole = answering.get_online_features("latest", frame.dropna())
    assert [row["flag"] for row in whole.rows] == [True, None, None]


@pytest.mark.parametrize("key", [1.5, 2.0**53 + 2, -(2.0**53) - 2, math.inf, "1", True], ids=repr)
def test_what_is_no_whole_number_is_no_key(answering: FeatureStore, key: object) -> None:
    given = [{"user_id": FULL, "shop": "s"}, {"user_id": key, "shop": "s"}]
    with pytest.raises(InputError, match=r"row 1: key 'user_id' .* is not Int64"):
        answering.get_online_features("latest", given)


def test_a_missing_request_field_is_null_and_its_features_are(answering: FeatureStore) -> None:
    frame = pd.DataFrame(rows(FULL, FULL, FULL))
    frame["amount"] = pd.array([1.5, None, pd.NA], "Float64")
    frame.loc[2, "when"] = pd.NaT
    answer = answering.get_online_features("asked", frame)
    assert answer.to_dict() == {"doubled": [3.0, None, None], "later": [False, False, None]}


@pytest.mark.parametrize("library", ["pandas", "polars", "arrow"])
def test_a_time_finer_than_microseconds_is_refused_by_row(
    answering: FeatureStore, library: str
) -> None:
    times = pa.array([0, 1_000, 1_001], pa.timestamp("ns", "UTC"))
    days = pa.array([0] * 3, pa.date32())
    frame: Any = pa.table({"amount": [1.0] * 3, "when": times, "day": days})
    frame = {"pandas": frame.to_pandas, "polars": lambda: pl.from_arrow(frame)}.get(
        library, lambda: frame
    )()
    with pytest.raises(InputError, match=r"row 2.*(whole|finer than) microseconds"):
        answering.get_online_features("asked", frame)
