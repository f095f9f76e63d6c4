"""moto's objects as bytes, and back: all that is in them, and nothing that could be called."""

from __future__ import annotations

import pickle
import subprocess
from collections import OrderedDict, defaultdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.s3.models import FakeKey
from moto.s3.utils import _VersionedKeyStore

from localaws.errors import UsageError
from localaws.kept.pickling import Reader, Writer

NUMBERS = st.integers().map(str)
SCALARS = st.one_of(
    st.text().map(lambda text: {"S": text}),
    NUMBERS.map(lambda number: {"N": number}),
    st.binary().map(lambda content: {"B": content}),
    st.booleans().map(lambda truth: {"BOOL": truth}),
    st.just({"NULL": True}),
    st.lists(st.text(), min_size=1, unique=True).map(lambda texts: {"SS": texts}),
    st.lists(NUMBERS, min_size=1, unique=True).map(lambda numbers: {"NS": numbers}),
    st.lists(st.binary(), min_size=1, unique=True).map(lambda contents: {"BS": contents}),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda elements: {"L": elements}),
        st.dictionaries(st.text(), inner, max_size=4).map(lambda members: {"M": members}),
    ),
    max_leaves=8,
)


def again(found: Any) -> Any:
    writer = Writer((), ())
    written = writer.written(found)
    return Reader(writer.bodies.__getitem__).read(written)


@given(
    st.dictionaries(st.text(min_size=1), VALUES, max_size=5),
    st.one_of(st.none(), st.text().map(lambda text: {"S": text})),
)
def test_an_item_is_the_same_again(attributes: dict[str, Any], sort_key: Any) -> None:
    key: Any = DynamoType({"S": "key"})
    item: Any = Item(key, None if sort_key is None else DynamoType(sort_key), attributes)
    found = again(item)
    assert found.to_json() == item.to_json()
    assert (found.hash_key, found.range_key) == (item.hash_key, item.range_key)
    assert type(found.attrs) is type(item.attrs)


def test_all_versions_of_an_object_are_there_again() -> None:
    # The dictionary's own items show the latest version of each object alone.
    versions: Any = _VersionedKeyStore()
    for body in (b"first", b"second", b""):
        versions["key"] = FakeKey("key", body, "123456789012", "us-east-1")
    found = again(versions)
    assert [stored.value for stored in found.getlist("key")] == [b"first", b"second", b""]


def test_the_bytes_of_an_object_are_gathered_once_and_not_if_they_are_stored() -> None:
    objects = [FakeKey(name, b"same", "123456789012", "us-east-1") for name in ("a", "b")]
    first = Writer((), ())
    first.written(objects)
    (digest,) = first.bodies
    second = Writer((), {digest})
    second.written(objects)
    assert second.digests == {digest}
    assert second.bodies == {}


def test_an_object_that_was_written_anew_has_other_bytes() -> None:
    stored: Any = FakeKey("key", b"old", "123456789012", "us-east-1")
    again(stored)
    stored.value = b"new"
    assert again(stored).value == b"new"


def test_dictionaries_keep_their_class_order_and_way_of_making_values() -> None:
    ordered = OrderedDict([("b", 1), ("a", 2)])
    counted: Any = defaultdict(list, {"a": [1]})
    found_ordered, found_counted = again([ordered, counted])
    assert list(found_ordered.items()) == [("b", 1), ("a", 2)]
    assert found_counted["new"] == []


def calling(name: bytes) -> bytes:
    """A pickle that calls what it names with a shell command."""
    return b"\x80\x04" + name + b"\x8c\x07exit 99\x94\x85R."


@pytest.mark.parametrize(
    "content",
    [
        calling(b"cposix\nsystem\n"),
        calling(b"cmoto.settings\nos.system\n"),
        calling(b"cbuiltins\neval\n"),
        calling(b"cbuiltins\ngetattr\n"),
        calling(b"cmoto.utilities.docker_utilities\nparse_image_ref\n"),
    ],
)
def test_a_state_that_names_a_function_of_others_is_refused(content: bytes) -> None:
    with pytest.raises(UsageError, match="which no state of a local AWS does"):
        Reader(lambda _: b"").read(content)


def test_what_could_not_be_read_again_is_not_written() -> None:
    with pytest.raises(pickle.PicklingError, match="is not read again"):
        Writer((), ()).written({"a command": subprocess.run})
