"""Inputs: a row gives each name once, in one type."""

from __future__ import annotations

from skewless.definitions import types
from skewless.definitions.inputs import Input, input_problems

KEY = Input("user_id", types.String, "a key of entity 'user'")


def test_a_name_may_be_asked_for_twice_in_one_type() -> None:
    asked = Input("user_id", types.String, "a request field of view 'ratio'")
    assert list(input_problems([KEY, KEY, asked])) == []


def test_a_name_in_two_types_is_told_with_who_asks() -> None:
    asked = Input("user_id", types.Int64, "a request field of view 'ratio'")
    (found,) = input_problems([KEY, asked])
    assert found == (
        "'user_id' is String as a key of entity 'user', but Int64 as a request field of view "
        "'ratio'; a row gives it once, in one type"
    )


def test_names_that_differ_by_case_would_be_one_column() -> None:
    (found,) = input_problems([KEY, Input("User_ID", types.String, "a key of entity 'payer'")])
    assert "differ only by case" in found
