"""Names: what may be one, wherever it is written."""

from __future__ import annotations

import pytest

from skewless.definitions.names import (
    column_name_problems,
    is_text,
    object_name_problems,
    text_problems,
    versioned,
)


@pytest.mark.parametrize("name", ["a", "user_stats", "v2", "a" * 100, "a_b_c"])
def test_an_objects_name_may_be(name: str) -> None:
    assert list(object_name_problems(name)) == []


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "lower case letters"),
        ("User", "lower case letters"),
        ("2d", "lower case letters"),
        ("a-b", "lower case letters"),
        ("a\n", "lower case letters"),
        ("é", "lower case letters"),
        (None, "lower case letters"),
        ("a" * 101, "longer than 100"),
        ("a__b", "separates view and feature"),
        ("skewless_a", "reserved"),
    ],
)
def test_what_no_object_may_be_called_is_told(name: object, problem: str) -> None:
    (found,) = object_name_problems(name)
    assert problem in found


@pytest.mark.parametrize(
    ("names", "problems"),
    [
        (["a", "B", "_c"], []),
        (["a", "A"], ["'a' and 'A' differ only by case"]),
        (["a", "a"], ["'a' is given twice"]),
        (["a", "A", "A"], ["differ only by case", "'A' is given twice"]),
        (["Ingest_Time"], ["reserved for the store"]),
        (["SKEWLESS_x"], ["reserved for the store"]),
        (["1a", "a b"], ["no digit first", "no digit first"]),
        (["a" * 101], ["longer than 100"]),
    ],
)
def test_columns_are_told_apart_whatever_their_case(names: list[str], problems: list[str]) -> None:
    found = list(column_name_problems("column", names))
    assert len(found) == len(problems)
    assert all(expected in text for expected, text in zip(problems, found, strict=True))


@pytest.mark.parametrize("value", ["", "é", "\U0001f600"])
def test_text_is_what_utf_8_can_write(value: str) -> None:
    assert is_text(value)


@pytest.mark.parametrize("value", ["\ud800", b"a", None, 1])
def test_what_utf_8_cannot_write_is_no_text(value: object) -> None:
    assert not is_text(value)


def test_prose_must_be_text() -> None:
    assert list(text_problems("", "us", {"tier": "gold"})) == []
    assert len(list(text_problems(1, None, {"tier": 1}))) == 3
    (found,) = text_problems("", "", ["gold"])
    assert "map text to text" in found


def test_a_version_follows_the_name() -> None:
    assert versioned("clicks", 2) == "clicks@2"
