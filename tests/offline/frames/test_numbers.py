"""Features as float64."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.errors import InputError
from skewless.offline.frames.numbers import matrix_of, with_floats

VALUES = pa.table(
    {
        "i": pa.array([1, None]),
        "b": pa.array([True, None]),
        "d": pa.array([Decimal("0.10"), None], pa.decimal128(38, 2)),
        "f": pa.array([1.5, None]),
        "s": ["a", "b"],
        "t": [datetime(2024, 5, 1, tzinfo=UTC)] * 2,
        "l": [[1.0], [2.0]],
    }
)


def test_numbers_are_doubles_and_null_is_nan() -> None:
    found = matrix_of(VALUES, VALUES.column_names, ["f", "i", "b", "d"])
    assert found.dtype == np.float64
    assert found[0].tolist() == [1.5, 1.0, 1.0, 0.1]
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("name", ["s", "t", "l"])
def test_what_is_no_number_is_refused_by_name(name: str) -> None:
    with pytest.raises(InputError, match=rf"'{name}' \(.*to_numpy\(columns="):
        matrix_of(VALUES, VALUES.column_names, None)


def test_an_unknown_feature_is_refused() -> None:
    with pytest.raises(InputError, match=r"there is no feature 'ff'\. Did you mean 'f'"):
        matrix_of(pa.table({"f": [1.0], "fa": [1.0]}), ["f", "fa"], ["ff"])


def test_an_integer_that_a_double_does_not_hold_is_refused() -> None:
    edge = pa.table({"i": [2**53, -(2**53)]})
    assert matrix_of(edge, ["i"], None).tolist() == [[2.0**53], [-(2.0**53)]]
    with pytest.raises(InputError, match=f"'i' holds {2**53 + 1}"):
        matrix_of(pa.table({"i": [2**53 + 1]}), ["i"], None)


@given(st.lists(st.decimals(-(10**30), 10**30, places=6, allow_nan=False), min_size=1))
def test_a_decimal_is_the_nearest_double(values: list[Decimal]) -> None:
    table = pa.table({"d": pa.array(values, pa.decimal128(38, 6))})
    assert matrix_of(table, ["d"], None)[:, 0].tolist() == [float(value) for value in values]


def test_only_numbers_become_floats() -> None:
    found = with_floats(VALUES, VALUES.column_names)
    assert [field.name for field in found.schema if field.type == pa.float64()] == [*"ibdf"]
    assert found["i"].to_pylist() == [1.0, None]
    assert found.select(["s", "t", "l"]).equals(VALUES.select(["s", "t", "l"]))
