from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from skewless import Entity, col
from skewless.errors import DefinitionError
from skewless.types import Array, Bool, Bytes, Decimal, Float64, Int64, String, Timestamp


def problems(name: Any = "user", **options: Any) -> str:
    with pytest.raises(DefinitionError) as caught:
        Entity(name, **{"keys": {"user": String}, **options})
    return str(caught.value)


@pytest.mark.parametrize("name", ["User", "1user", "us er", "us-er", "", "_user", "üser", 3])
def test_a_name_that_is_no_identifier_is_refused(name: object) -> None:
    assert problems(name) == (
        f"Entity {name!r}: the name {name!r} must be lower case letters, digits and _, "
        "a letter first"
    )


def test_a_reserved_name_is_refused() -> None:
    assert problems("skewless_user") == (
        "Entity 'skewless_user': the name 'skewless_user' starts with 'skewless_', "
        "which is reserved"
    )
    assert problems("user__a") == (
        "Entity 'user__a': the name 'user__a' holds '__', which separates view and feature "
        "in full names"
    )


def test_a_name_has_at_most_100_characters() -> None:
    assert Entity("u" * 100, keys={"k": String}).name == "u" * 100
    assert "is longer than 100 characters" in problems("u" * 101)


@pytest.mark.parametrize("keys", [{}, None, ["user"], "user"])
def test_an_entity_needs_a_key(keys: object) -> None:
    assert problems(keys=keys) == (
        "Entity 'user': keys must map at least one column to its type, "
        "for example {'carrier': String}"
    )


@pytest.mark.parametrize("key", ["ingest_time", "INGEST_TIME", "ingest_sequence", "skewless_x"])
def test_a_key_cannot_have_the_name_of_a_column_of_the_store(key: str) -> None:
    assert problems(keys={key: String}) == (
        f"Entity 'user': the key name {key!r} is reserved for the store; choose another"
    )


@pytest.mark.parametrize("key", ["a b", "1a", "", "a'; DROP TABLE x; --", "é"])
def test_a_key_that_is_no_identifier_is_refused(key: str) -> None:
    assert problems(keys={key: String}) == (
        f"Entity 'user': the key name {key!r} must be letters, digits and _, no digit first"
    )


def test_keys_that_differ_only_by_case_are_one_column_to_glue() -> None:
    assert problems(keys={"Id": String, "id": Int64}) == (
        "Entity 'user': the key names 'Id' and 'id' differ only by case"
    )


@pytest.mark.parametrize("type_", [Float64, Decimal(9, 2), Array(String), "String", None, col("a")])
def test_a_key_must_be_of_a_type_whose_equality_is_exact(type_: object) -> None:
    assert problems(keys={"user": type_}) == (
        f"Entity 'user': the key 'user' is {type_!r}; a key is one of "
        "String, Int64, Bool, Timestamp, Date, Bytes"
    )


def test_all_problems_come_in_one_error() -> None:
    assert problems("User", keys={"a b": String, "x": Float64}, owner=3) == (
        "Entity 'User' has 4 problems:\n"
        "  - the name 'User' must be lower case letters, digits and _, a letter first\n"
        "  - the owner must be text, not 3\n"
        "  - the key name 'a b' must be letters, digits and _, no digit first\n"
        "  - the key 'x' is Float64; a key is one of String, Int64, Bool, Timestamp, Date, Bytes"
    )


def test_the_problems_are_kept_as_data_too() -> None:
    with pytest.raises(ValueError, match="must be text") as caught:
        Entity("user", keys={"user": String}, tags={"tier": 1})  # type: ignore[dict-item]
    assert isinstance(caught.value, DefinitionError)
    assert caught.value.subject == "Entity 'user'"
    assert caught.value.problems == ("the tag 'tier': 1 must be text to text",)


@pytest.mark.parametrize("key", [3, None, ("user",)])
def test_a_key_s_name_is_text(key: object) -> None:
    assert problems(keys={key: String}) == (
        f"Entity 'user': the key name {key!r} must be letters, digits and _, no digit first"
    )


@pytest.mark.parametrize("tags", [3, ["gold"], "gold", ""])
def test_tags_are_a_mapping(tags: object) -> None:
    assert problems(tags=tags) == (
        "Entity 'user': the tags must map text to text, for example {'tier': 'gold'}, "
        f"not {tags!r}"
    )


def test_no_tags_are_no_tags() -> None:
    assert Entity("user", keys={"user": String}, tags=None).tags == {}  # type: ignore[arg-type]


def test_what_utf_8_cannot_write_is_no_text() -> None:
    assert problems(owner="\ud800") == "Entity 'user': the owner must be text, not '\\ud800'"


def test_equality_is_meaning_and_a_description_has_none() -> None:
    plain = Entity("user", keys={"user": String})
    told = Entity("user", keys={"user": String}, description="A user", owner="us", tags={"a": "b"})
    assert plain == told
    assert hash(plain) == hash(told)
    assert plain != Entity("user", keys={"user": Int64})


def test_the_order_of_keys_is_part_of_the_meaning() -> None:
    keys = {"a": String, "b": Bytes}
    assert Entity("pair", keys=keys) != Entity("pair", keys=dict(reversed(keys.items())))


def test_an_entity_cannot_change_even_through_the_mapping_it_was_made_of() -> None:
    keys = {"user": String}
    entity = Entity("user", keys=keys)
    keys["other"] = Timestamp
    assert dict(entity.keys) == {"user": String}
    with pytest.raises(dataclasses.FrozenInstanceError):
        entity.name = "x"  # type: ignore[misc]
    with pytest.raises(TypeError):
        entity.keys["x"] = Bool  # type: ignore[index]
