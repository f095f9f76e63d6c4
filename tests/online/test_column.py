"""Columns of numbers and texts: what is packed is read, and summed where it lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.definitions import types
from skewless.online.column import (
    Doubles,
    Integers,
    from_column,
    pack_integers,
    pack_nullable,
    pack_values,
    read_integers,
    read_nullable,
    read_values,
    type_bytes,
)
from skewless.online.tiles import EXACT_MAX
from tests.online.strategies import FLOATS, INT64, OF_TYPE, TEXTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from skewless.definitions.types import ValueType

KINDS = st.sampled_from(list(OF_TYPE))


def typed_columns(*, are_nullable: bool = False) -> SearchStrategy[tuple[ValueType, Sequence[Any]]]:
    def of(kind: ValueType) -> SearchStrategy[tuple[ValueType, Sequence[Any]]]:
        values = st.none() | OF_TYPE[kind] if are_nullable else OF_TYPE[kind]
        return st.tuples(st.just(kind), st.lists(values, max_size=20))

    return KINDS.flatmap(of)


def number_column(values: Sequence[int]) -> Integers:
    return read_integers(memoryview(pack_integers(values)), 0, len(values))[0]


@given(st.lists(st.integers(-(2**127), 2**127 - 1), max_size=5), st.integers(0, 6))
def test_integers_of_any_width_are_summed_exactly(values: list[int], start: int) -> None:
    packed = pack_integers(values)
    column, end = read_integers(memoryview(packed + b"rest"), 0, len(values))
    assert end == len(packed)
    assert [column[index] for index in range(len(column))] == values
    assert column.total(start) == sum(values[start:])


@given(st.integers(0, 12), st.lists(st.integers(-100, 100), min_size=1, max_size=9))
def test_a_common_power_of_ten_takes_no_room(exponent: int, values: list[int]) -> None:
    packed = pack_integers([value * 10**exponent for value in values])
    assert len(packed) <= 2 + len(values)


@given(st.lists(st.integers(-(2**191), 2**191 - 1), min_size=1, max_size=9))
def test_integers_of_192_bits_are_kept_exactly(numbers: list[int]) -> None:
    column, end = read_integers(memoryview(data := pack_integers(numbers)), 0, len(numbers))
    assert ([column[index] for index in range(len(column))], column.total(0), end) == (
        numbers,
        sum(numbers),
        len(data),
    )
    assert column.reach() == sum(map(abs, numbers))


def test_the_greatest_sum_fits() -> None:
    column, _ = read_integers(memoryview(pack_integers([EXACT_MAX, -EXACT_MAX])), 0, 2)
    assert [column[index] for index in range(len(column))] == [EXACT_MAX, -EXACT_MAX]


@pytest.mark.parametrize(
    ("values", "size"),
    [
        ([], 2),
        ([0, 0, 0], 2),
        ([-128, 127], 2 + 2),
        ([0, 255], 2 + 2),
        ([-1, 255], 2 + 2 * 2),
        ([0, 2**16], 2 + 2 * 4),
        ([-(2**63), 2**63 - 1], 2 + 2 * 8),
        ([0, 2**64 - 1], 2 + 2 * 8),
        ([-1, 2**64 - 1], 2 + 2 * 16),
        ([1, 2**127], 2 + 2 * 24),
    ],
)
def test_a_column_is_as_wide_as_its_widest_number(values: list[int], size: int) -> None:
    assert len(pack_integers(values)) == size


@given(st.lists(INT64, min_size=1, max_size=9), st.data())
def test_extremes_are_those_of_the_rest_of_the_column(
    values: list[int], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(values) - 1))
    column = number_column(values)
    assert (column.least(start), column.greatest(start)) == (
        min(values[start:]),
        max(values[start:]),
    )


def test_a_column_of_zeros_has_sums_and_extremes_without_bytes() -> None:
    column = number_column([0, 0])
    assert (len(column), column[1], column.total(0), column.reach()) == (2, 0, 0, 0)
    assert (column.least(0), column.greatest(1)) == (0, 0)


@given(st.lists(FLOATS, min_size=1, max_size=9), st.data())
def test_extremes_of_doubles_are_those_of_the_rest(
    values: list[float], data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(values) - 1))
    packed = memoryview(pack_values(values, types.Float64))
    column, _ = read_values(packed, 0, len(values), types.Float64)
    assert isinstance(column, Doubles)
    assert column.least(start) == min(values[start:])
    assert column.greatest(start) == max(values[start:])


@given(typed_columns())
def test_values_of_every_type_come_back(drawn: tuple[ValueType, Sequence[Any]]) -> None:
    kind, values = drawn
    packed = pack_values(values, kind)
    column, end = read_values(memoryview(b"before" + packed + b"after"), 6, len(values), kind)
    assert end == 6 + len(packed)
    assert [from_column(column[index], kind) for index in range(len(values))] == values


@given(typed_columns(are_nullable=True))
def test_nulls_come_back_where_they_were(drawn: tuple[ValueType, Sequence[Any]]) -> None:
    kind, values = drawn
    packed = pack_nullable(values, kind)
    found, end = read_nullable(memoryview(packed + b"after"), 0, len(values), kind)
    assert (found, end) == (values, len(packed))


def test_only_nulls_take_one_byte() -> None:
    assert len(pack_nullable([None] * 1000, types.Int64)) == 1


@given(st.lists(TEXTS, min_size=2, max_size=9))
def test_texts_sort_as_code_points_do(values: list[str]) -> None:
    column, _ = read_values(
        memoryview(pack_values(values, types.String)), 0, len(values), types.String
    )
    assert sorted(column[index] for index in range(len(values))) == [
        value.encode() for value in sorted(values)
    ]


@pytest.mark.parametrize(
    ("kind", "size"),
    [
        (None, 0),
        (types.Int64, 8),
        (types.Decimal(9, 2), 8),
        (types.String, 32),
        (types.Vector(5), 40),
        (types.Array(types.Int64), 256),
    ],
)
def test_a_value_is_estimated_by_its_type(kind: ValueType | None, size: int) -> None:
    assert type_bytes(kind) == size
