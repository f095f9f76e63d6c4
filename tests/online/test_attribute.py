"""Attributes: plain values in DynamoDB's notation and back."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skewless.online.attribute import names, plain, size_of, whole, wire, wired
from skewless.online.item_size import item_bytes
from tests.online.strategies import INT64, TEXTS

SCALARS = TEXTS | INT64 | st.binary(max_size=9)
ITEMS = st.dictionaries(
    TEXTS,
    st.recursive(SCALARS, lambda inner: st.dictionaries(TEXTS, inner, max_size=3), max_leaves=5),
    max_size=4,
)


@given(ITEMS)
def test_what_is_written_is_read(item: dict[str, Any]) -> None:
    assert plain(wired(item)) == item


@given(st.binary())
def test_bytes_may_be_text_as_in_json(data: bytes) -> None:
    assert plain({"s": {"B": b64encode(data).decode()}}) == {"s": data}


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("a", {"S": "a"}),
        (-7, {"N": "-7"}),
        (b"\x00", {"B": b"\x00"}),
        (frozenset({"b", "a"}), {"SS": ["a", "b"]}),
        ({"x": 1}, {"M": {"x": {"N": "1"}}}),
    ],
)
def test_each_kind_has_its_letter(value: Any, written: dict[str, Any]) -> None:
    assert wire(value) == written


def test_a_whole_item_has_its_key_among_its_attributes() -> None:
    assert whole(("p", "B"), {"g": 1}) == {"pk": {"S": "p"}, "sk": {"S": "B"}, "g": {"N": "1"}}


def test_names_stand_for_themselves() -> None:
    assert names("g", "s") == {"#g": "g", "#s": "s"}


@given(st.dictionaries(st.text("abc", min_size=1), SCALARS, max_size=4))
def test_the_quick_size_is_never_below_the_exact_one(item: dict[str, Any]) -> None:
    assert size_of(item) >= item_bytes(item)
