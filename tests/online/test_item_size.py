"""Sizes as DynamoDB counts them, by its documented rules, and the units that they take."""

from __future__ import annotations

from typing import Any

import pytest

from skewless.online.item_size import item_bytes, read_units, write_units


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ("", 0),
        ("é", 2),
        (b"abc", 3),
        (0, 1),
        (1, 2),
        (-1, 3),
        (99, 2),
        (100, 2),
        (1_000, 2),
        (101, 3),
        (12_345, 4),
        (frozenset({"ab", "c"}), 3),
        ({}, 3),
        ({"a": "b"}, 3 + 1 + 1 + 1),
        ({"a": {"b": 1}}, 3 + 1 + 1 + (3 + 1 + 1 + 2)),
    ],
)
def test_a_value_counts_by_its_kind(value: Any, size: int) -> None:
    assert item_bytes({"n": value}) == 1 + size


def test_an_items_attributes_add_up() -> None:
    assert item_bytes({}) == 0
    assert item_bytes({"pk": "a", "sk": "B"}) == 2 + 1 + 2 + 1


@pytest.mark.parametrize(
    ("size", "units"), [(0, 0.5), (1, 0.5), (4_096, 0.5), (4_097, 1.0), (409_600, 50.0)]
)
def test_a_read_takes_half_a_unit_for_each_four_kilobytes(size: int, units: float) -> None:
    assert read_units(size) == units
    assert read_units(size, is_consistent=True) == 2 * units


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [(0, 0, 1), (0, 1_024, 1), (0, 1_025, 2), (5_000, 10, 5), (10, 5_000, 5)],
)
def test_a_write_takes_a_unit_for_each_kilobyte_of_the_larger_item(
    before: int, after: int, units: int
) -> None:
    assert write_units(before, after) == units
