"""Locks and documents of the registry that are not as they were written."""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Every, agg, col
from skewless.definitions.collection import Definitions
from skewless.errors import DocumentError, InputError
from skewless.registry.lock import LockedResources, read_lock, write_lock
from skewless.registry.published import Published
from skewless.registry.stored_item import decoded
from tests.registry.builders import (
    REGION,
    TABLE,
    a_service,
    a_view,
    an_on_demand_view,
    everything,
)
from tests.registry.edits import WORDS, edits
from tests.registry.publishing import items, publish

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from skewless import FeatureService
    from skewless.aws import Aws
    from skewless.registry.registry import Registry

ARN = f"arn:aws:dynamodb:{REGION}:123456789012:table/online"
RESOURCES = LockedResources(store="prod", online_table="online", online_table_arn=ARN)


def a_rich_service() -> FeatureService:
    """A service of which the documents have a field of every kind."""
    view = a_view(
        description="how late",
        owner="ops",
        tags={"team": "a"},
        where=col("distance") > 1.5,
        features={
            "mean_1d": agg.mean("delay", window="1d", where=col("carrier") != "x"),
            "sum_1h": agg.sum(col("delay") * 2, window="1h", default=0.0),
        },
    )
    latest = a_view(name="last_seen", features=["delay"], refresh=Every("1d"), ttl="30d")
    return a_service(view, latest["delay"], an_on_demand_view(view), tags={"a": "b"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    found = tmp_path / "skewless.lock"
    write_lock(found, a_rich_service(), RESOURCES, REGION)
    return found


def without_digest(document: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if key != "digest"}


def passed(path: Path, document: dict[str, Any]) -> list[str]:
    """Return the edits of a lock that are read as another lock, and are no words for people."""
    path.write_text(json.dumps(document))
    as_written = read_lock(path)
    found = []
    for name, where, edited in edits(document):
        path.write_text(json.dumps(edited))
        try:
            is_same = read_lock(path) == as_written
        except InputError:
            continue
        if not (is_same or is_words(where)):
            found.append(name)
    return found


def is_words(where: tuple[Any, ...]) -> bool:
    """Whether an edit is of a definition's description, owner or tags."""
    return len(where) > 3 and where[2] == "document" and where[3] in WORDS


def test_every_edit_of_a_field_of_a_lock_is_refused_or_of_words(path: Path) -> None:
    assert passed(path, json.loads(path.read_text())) == []


def test_of_a_lock_without_a_digest_only_the_store_and_the_table_are_taken_as_they_are(
    path: Path,
) -> None:
    unchecked = passed(path, without_digest(json.loads(path.read_text())))
    assert {name.split(" ")[0] for name in unchecked} == {"('store',)", "('online_table_arn',)"}


@pytest.mark.parametrize(
    "key", ["carrier", "flights", "delays", "last_seen", "trend", "arrival_model"]
)
def test_every_edit_of_a_document_of_the_registry_is_refused_or_of_words(
    registry: Registry, aws: Aws, key: str
) -> None:
    publish(registry, a_rich_service())
    as_written = registry.load().definitions
    stored = list(items(aws).values())
    (chosen,) = [item for item in stored if item["sk"]["S"].split("#")[1] == key]
    others = [item for item in stored if item is not chosen]
    found = []
    for name, where, edited in edits(json.loads(chosen["d"]["S"])):
        try:
            published = Published.of(decoded([*others, {**chosen, "d": {"S": json.dumps(edited)}}]))
        except ValueError:
            continue
        if published.definitions != as_written and where[0] not in WORDS:
            found.append(name)
    assert found == []


def _swap(item: dict[str, Any]) -> None:
    item["d"] = {"S": item["d"]["S"].replace('"delays"', '"delayed"')}


def _forget_the_fingerprint(item: dict[str, Any]) -> None:
    del item["fingerprint"]


def _another_window(item: dict[str, Any]) -> None:
    item["d"] = {"S": item["d"]["S"].replace(str(86_400_000_000), str(3_600_000_000))}


def _a_nonsense_refresh(item: dict[str, Any]) -> None:
    item["d"] = {"S": item["d"]["S"].replace('"stream"', '"sometimes"')}


def _another_order(item: dict[str, Any]) -> None:
    item["o"] = {"N": "7"}


def _no_order(item: dict[str, Any]) -> None:
    del item["o"]


def _half(item: dict[str, Any]) -> None:
    item["d"] = {"S": item["d"]["S"][:100]}


def _twice(item: dict[str, Any]) -> None:
    item["d"] = {"S": item["d"]["S"].replace('"ttl":null', '"ttl":null,"ttl":null')}


@pytest.mark.parametrize(
    ("edit", "told"),
    [
        (_another_window, "view 'delays' version 1 does not mean what was published"),
        (_a_nonsense_refresh, r"view 'delays' version 1 cannot be read \(there is no refresh"),
        (_swap, "view 'delays' version 1 holds the document of view 'delayed' version 1"),
        (_forget_the_fingerprint, "view 'delays' version 1 lacks, or .* 'fingerprint'"),
        (_another_order, "view 'trend' version 1 lacks, or refers to what lacks"),
        (_no_order, "view 'delays' version 1 has no order o"),
        (_half, r"view 'delays' version 1 cannot be read \(Unterminated|Expecting"),
        (_twice, "an object has two members 'ttl'"),
    ],
)
def test_an_item_of_the_registry_that_was_edited_is_refused_by_name(
    registry: Registry, aws: Aws, edit: Callable[[dict[str, Any]], None], told: str
) -> None:
    publish(registry, everything())
    item = items(aws)["view#delays#00001"]
    edit(item)
    aws.client("dynamodb").put_item(TableName=TABLE, Item=item)
    with pytest.raises(DocumentError, match=told) as caught:
        registry.load()
    assert f"the registry table {TABLE!r} does not fit together" in str(caught.value)
    assert "restore-table-to-point-in-time" in str(caught.value)


def test_a_registry_read_again_from_its_items_is_the_same(registry: Registry, aws: Aws) -> None:
    publish(registry, everything())
    found = Published.of(decoded(items(aws).values()))
    assert found.definitions == everything()
    assert isinstance(found.definitions, Definitions)


def test_a_lock_of_another_table_says_what_differs(path: Path) -> None:
    document = json.loads(path.read_text())
    document["store"] = "staging"
    path.write_text(json.dumps(document))
    with pytest.raises(DocumentError) as caught:
        read_lock(path)
    text = str(caught.value)
    assert f"the lock {str(path)!r} does not match its digest: its content has " in text
    assert f"the file says '{document['digest']}'" in text
    assert text.endswith("run skewless lock again, and commit what it writes")


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda text: text[: len(text) // 2], b"not JSON"),
        (lambda text: text + b"{}", b"not JSON (Extra data"),
        (lambda text: text.replace(b'"store"', b'"store": "b", "store"'), b"two members 'store'"),
        (lambda text: text.replace(b"null", b"NaN", 1), b"NaN is no number of JSON"),
        (lambda text: text.decode().encode("utf-16"), b"not JSON ('utf-8' codec can't decode"),
        (lambda text: b"\xef\xbb\xbf" + text, b"not JSON (Unexpected UTF-8 BOM"),
        (lambda text: text.replace(b"how late", b"how late \xff"), b"not JSON ('utf-8' codec"),
        (lambda text: b"<<<<<<< ours\n" + text, b"marks of a merge that has conflicts"),
        (lambda _: b"[" * 200_000, b"nested too deeply"),
        (lambda text: text.replace(b'"prod"', b"1" * 5000), b"not JSON (Exceeds the limit"),
        (lambda _: b"", b"not JSON"),
    ],
)
def test_a_damaged_lock_is_refused_in_the_same_kind_of_error(
    path: Path, damage: Callable[[bytes], bytes], told: bytes
) -> None:
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DocumentError) as caught:
        read_lock(path)
    assert told.decode() in str(caught.value)
    assert "run skewless lock again" in str(caught.value)


def test_a_folder_is_no_lock(path: Path) -> None:
    with pytest.raises(InputError, match="cannot be opened"):
        read_lock(path.parent)


def test_the_error_survives_a_process_pool() -> None:
    error = pickle.loads(pickle.dumps(DocumentError("what differs")))  # noqa: S301 - our own
    assert (type(error), str(error)) == (DocumentError, "what differs")
