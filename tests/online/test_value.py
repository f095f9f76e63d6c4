"""Rows of single values: every type and every pattern of nulls comes back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.definitions import types
from skewless.online.value import RowReader, pack_row
from tests.online.strategies import FLOATS, OF_TYPE, TEXTS

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    from skewless.definitions.types import ValueType

VALUES: dict[ValueType, SearchStrategy[Any]] = {
    **OF_TYPE,
    types.Array(types.String): st.lists(TEXTS, max_size=3).map(tuple),
    types.Array(types.Float64): st.lists(FLOATS, max_size=3).map(tuple),
    types.Array(types.Bool): st.lists(st.booleans(), max_size=3).map(tuple),
    types.Array(types.Decimal(9, 2)): st.lists(st.integers(-(10**9), 10**9), max_size=3).map(tuple),
    types.Vector(2): st.tuples(FLOATS, FLOATS),
    types.Map(types.String, types.Float64): st.dictionaries(TEXTS, FLOATS, max_size=3),
    types.Map(types.Date, types.Bool): st.dictionaries(
        OF_TYPE[types.Date], st.booleans(), max_size=3
    ),
}


@given(st.lists(st.sampled_from(list(VALUES)), max_size=20), st.data())
def test_a_row_of_any_types_comes_back(kinds: list[ValueType], data: st.DataObject) -> None:
    reader = RowReader(kinds)
    for _ in range(3):  # one reader reads rows with nulls in different places
        row = [data.draw(st.none() | VALUES[kind]) for kind in kinds]
        assert reader.read(b"before" + pack_row(row, kinds) + b"after", 6) == row


def test_more_patterns_of_nulls_than_are_remembered_are_read_as_well() -> None:
    kinds = [types.Int64, types.Float64, types.Float64, types.String] * 2
    reader = RowReader(kinds)
    values: list[Any] = [1, 2.0, 3.0, "four", 5, 6.0, 7.0, "eight"]
    for bits in [*range(2**8), *range(2**8)]:
        row = [value if bits >> index & 1 else None for index, value in enumerate(values)]
        assert reader.read(pack_row(row, kinds), 0) == row


def test_a_row_without_columns_is_no_bytes() -> None:
    assert pack_row([], []) == b""
    assert RowReader([]).read(b"", 0) == []


@pytest.mark.parametrize(
    ("value", "size"), [(0, 1), (127, 2), (-128, 2), (128, 3), (-129, 3), (-(2**63), 9)]
)
def test_an_integer_takes_the_bytes_it_needs(value: int, size: int) -> None:
    assert len(pack_row([value], [types.Int64])) == 1 + size


def test_true_comes_back_as_a_bool() -> None:
    assert RowReader([types.Bool]).read(pack_row([True], [types.Bool]), 0)[0] is True
