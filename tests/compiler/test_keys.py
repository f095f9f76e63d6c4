from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless import Entity
from skewless.compiler.keys import MAX_KEY_BYTES, KeyReader, encode_key, physical_key
from skewless.errors import InputError
from skewless.types import Bool, Bytes, Date, Int64, String, Timestamp

if TYPE_CHECKING:
    from skewless.types import ValueType

TRICKY = st.text(alphabet="|\\ab\u00e9", max_size=6)
KINDS: dict[ValueType, st.SearchStrategy[Any]] = {
    String: TRICKY,
    Int64: st.integers(-(2**63), 2**63 - 1) | st.integers(-11, 11),
    Bool: st.booleans(),
    Timestamp: st.integers(-(10**16), 10**16),
    Date: st.integers(-700_000, 2_900_000),
    Bytes: st.binary(max_size=4),
}
SIGNATURES = st.lists(st.sampled_from(list(KINDS)), min_size=1, max_size=4)


def test_no_two_of_all_short_pairs_of_strings_collide() -> None:
    words = ["".join(word) for n in range(4) for word in itertools.product("|\\a", repeat=n)]
    texts = {encode_key(pair, (String, String)) for pair in itertools.product(words, repeat=2)}
    assert len(texts) == len(words) ** 2


@given(SIGNATURES, st.data())
def test_keys_are_equal_exactly_when_their_texts_are(
    kinds: list[ValueType], data: st.DataObject
) -> None:
    keys = st.tuples(*(KINDS[kind] for kind in kinds))
    left, right = data.draw(keys), data.draw(keys)
    assert (encode_key(left, kinds) == encode_key(right, kinds)) == (left == right)


@given(st.lists(TRICKY, min_size=1, max_size=4))
def test_a_text_can_be_taken_apart_again(parts: list[str]) -> None:
    text = encode_key(parts, [String] * len(parts))
    found, escaped = [""], False
    for letter in text:
        if letter == "|" and not escaped:
            found.append("")
        elif letter == "\\" and not escaped:
            escaped = True
            continue
        else:
            found[-1] += letter
        escaped = False
    assert found == parts


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        ("UA", String, "UA"),
        ("a|b\\c", String, "a\\|b\\\\c"),
        ("", String, ""),
        (-7, Int64, "-7"),
        (True, Bool, "true"),
        (False, Bool, "false"),
        (0, Timestamp, "0"),
        (b"\x00\xff", Bytes, "00ff"),
    ],
)
def test_every_type_has_one_text(value: object, kind: ValueType, text: str) -> None:
    assert encode_key([value], [kind]) == text


def test_a_key_that_no_item_can_hold_is_refused() -> None:
    assert len(encode_key(["x" * MAX_KEY_BYTES], [String])) == MAX_KEY_BYTES
    with pytest.raises(InputError, match="longer than 1800 bytes"):
        encode_key(["x" * (MAX_KEY_BYTES + 1)], [String])
    with pytest.raises(InputError, match="longer than 1800 bytes"):
        encode_key(["\u00e9" * (MAX_KEY_BYTES // 2 + 1)], [String])


def route() -> Entity:
    return Entity("route", keys={"origin": String, "n": Int64, "at": Timestamp})


def test_a_key_is_taken_from_a_row_in_declared_order() -> None:
    row = {"at": datetime(1970, 1, 1, tzinfo=UTC), "n": 3, "origin": "JFK", "more": 1}
    assert physical_key(route(), row) == ("JFK", 3, 0)


def test_a_row_without_its_key_columns_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        physical_key(route(), {"n": 3})
    assert str(caught.value) == (
        "the row {'n': 3} lacks 'origin', 'at': Entity('route', keys={'origin': String, "
        "'n': Int64, 'at': Timestamp}) needs 'origin', 'n', 'at'"
    )


def test_a_null_in_a_key_is_refused() -> None:
    row = {"at": datetime(1970, 1, 1, tzinfo=UTC), "n": None, "origin": "JFK"}
    with pytest.raises(InputError, match="key 'n' of entity 'route' is null"):
        physical_key(route(), row)


def test_a_key_of_another_type_is_refused() -> None:
    row = {"at": datetime(1970, 1, 1, tzinfo=UTC), "n": "3", "origin": "JFK"}
    with pytest.raises(InputError, match="key 'n' of entity 'route' is '3', which is not Int64"):
        physical_key(route(), row)


@given(SIGNATURES, st.data())
def test_a_reader_of_keys_gives_the_canonical_text(
    kinds: list[ValueType], data: st.DataObject
) -> None:
    entity = Entity("thing", keys={f"k{index}": kind for index, kind in enumerate(kinds)})
    held = {**KINDS, Timestamp: st.datetimes(timezones=st.just(UTC)), Date: st.dates()}
    unusual = st.none() | st.just(2**63) | st.just(1.0) | st.just("\ud800") | st.just("x" * 2000)
    row = {name: data.draw(held[kind] | unusual) for name, kind in entity.keys.items()}
    text = KeyReader(entity).text
    try:
        expected = encode_key(physical_key(entity, row), kinds)
    except InputError as error:
        with pytest.raises(InputError, match=f"^{re.escape(str(error))}$"):
            text(row)
    else:
        assert text(row) == expected
