"""The registry as one object: when it is written, what it refuses, and that it restores."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from skewless.aws import Aws, Resources
from skewless.errors import DocumentError, PublishError, StoreError
from skewless.registry.registry import Registry
from skewless.registry.restored import restore
from skewless.registry.snapshot import KEY, SnapshotObject, read_snapshot, written
from tests.in_process import keyed_table
from tests.registry.builders import TABLE, a_view, everything
from tests.registry.publishing import publish
from tests.registry.test_stored_releases import ITEMS

if TYPE_CHECKING:
    from collections.abc import Callable

BUCKET = "snapshots"
CONTENT = written("prod", ITEMS)


def resources(table: str = TABLE) -> Resources:
    return Resources(
        store="prod",
        bucket=BUCKET,
        database="",
        workgroup="",
        online_table="",
        registry_table=table,
    )


@pytest.fixture
def bucket(aws: Aws) -> str:
    s3 = aws.client("s3")
    if BUCKET not in {each["Name"] for each in s3.list_buckets()["Buckets"]}:
        s3.create_bucket(
            Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
    s3.delete_object(Bucket=BUCKET, Key=KEY)
    return BUCKET


@pytest.fixture
def snapshot(aws: Aws, bucket: str) -> SnapshotObject:
    assert resources().bucket == bucket
    return SnapshotObject(aws, resources())


def scanned(aws: Aws, table: str = TABLE) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = aws.client("dynamodb").scan(TableName=table)["Items"]
    return sorted(found, key=lambda item: (item["pk"]["S"], item["sk"]["S"]))


def test_a_snapshot_holds_each_item_as_the_table_does(
    registry: Registry, aws: Aws, snapshot: SnapshotObject
) -> None:
    publish(registry, everything())
    assert "there is none" in snapshot.problem()
    snapshot.keep()
    assert snapshot.problem() == ""
    assert read_snapshot(snapshot.read(), "s3", "prod") == scanned(aws)


def test_it_is_not_written_again_before_the_next_apply(
    registry: Registry, aws: Aws, snapshot: SnapshotObject
) -> None:
    publish(registry, a_view())
    snapshot.keep()
    before = aws.client("s3").head_object(Bucket=BUCKET, Key=KEY)
    snapshot.keep()
    assert aws.client("s3").head_object(Bucket=BUCKET, Key=KEY) | {"ResponseMetadata": 0} == (
        before | {"ResponseMetadata": 0}
    )
    publish(registry, everything())
    assert snapshot.problem().startswith("it is of 2026-01-02T03:04:05")
    snapshot.keep()
    assert read_snapshot(snapshot.read(), "s3", "prod") == scanned(aws)


class Slow:
    """An S3 client before whose first `put_object` something happens."""

    def __init__(self, client: Any, first: Callable[[], None]) -> None:
        self._client = client
        self._first = [first]

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_object(self, **request: Any) -> Any:
        while self._first:
            self._first.pop()()
        return self._client.put_object(**request)


@pytest.mark.parametrize("is_there", [False, True])
def test_an_older_apply_never_replaces_a_newer_one(
    registry: Registry, aws: Aws, snapshot: SnapshotObject, *, is_there: bool
) -> None:
    publish(registry, a_view())
    if is_there:
        snapshot.keep()
        publish(registry, a_view(description="anew"))

    def newer() -> None:
        publish(registry, everything())
        snapshot.keep()

    apart = Aws(aws.session, aws.endpoint)
    apart._own.clients["s3"] = Slow(aws.client("s3"), newer)
    SnapshotObject(apart, resources()).keep()
    assert read_snapshot(snapshot.read(), "s3", "prod") == scanned(aws)
    assert snapshot.problem() == ""


def test_a_table_that_was_lost_does_not_take_its_snapshot_along(
    aws: Aws, snapshot: SnapshotObject
) -> None:
    restore(aws, TABLE, ITEMS)
    snapshot.keep()
    with keyed_table(Aws(aws.session, aws.endpoint), "anew"):
        publish(Registry(aws, "anew"), a_view())
        with pytest.raises(StoreError, match=r"holds the apply of 2026-11-25T09:00.*import --from"):
            SnapshotObject(aws, resources("anew")).keep()
    assert read_snapshot(snapshot.read(), "s3", "prod") == ITEMS


def test_a_bucket_that_is_not_there_is_told(registry: Registry, aws: Aws) -> None:
    publish(registry, a_view())
    lost = Resources(**{**resources().document(), "bucket": "no-such-bucket"})
    with pytest.raises(StoreError, match=r"s3://no-such-bucket/registry/snapshot\.json was not"):
        SnapshotObject(aws, lost).keep()


def test_a_registry_of_an_earlier_release_is_restored_item_by_item(aws: Aws) -> None:
    with keyed_table(Aws(aws.session, aws.endpoint), "empty"):
        items = read_snapshot(CONTENT, "a", "prod")
        assert restore(aws, "empty", items) == len(ITEMS)
        assert scanned(aws, "empty") == ITEMS
        assert restore(aws, "empty", items) == 0
        loaded = Registry(aws, "empty").load()
        assert len(loaded.definitions.services) == 2
        assert len(loaded.marks) == 3


def test_an_interrupted_restore_is_ended_by_the_next(aws: Aws) -> None:
    with keyed_table(Aws(aws.session, aws.endpoint), "empty"):
        restore(aws, "empty", [item for item in ITEMS if item["pk"]["S"] == "definition"][:4])
        restore(aws, "empty", ITEMS)
        assert scanned(aws, "empty") == ITEMS


def test_what_producers_hold_is_in_no_snapshot_and_in_the_way_of_no_restore(
    registry: Registry, aws: Aws, snapshot: SnapshotObject
) -> None:
    queue = {"pk": {"S": "commits#payments"}, "sk": {"S": "queue"}, "leader": {"S": "me"}}
    aws.client("dynamodb").put_item(TableName=TABLE, Item=queue)
    assert restore(aws, TABLE, ITEMS) == len(ITEMS)
    snapshot.keep()
    assert read_snapshot(snapshot.read(), "s3", "prod") == ITEMS
    assert len(registry.log()) == 5


def test_packed_items_come_back_as_they_were(aws: Aws, snapshot: SnapshotObject) -> None:
    packed = {"pk": {"S": "later"}, "sk": {"S": "x"}, "d": {"B": b"\x00\xff\x80"}}
    aws.client("dynamodb").put_item(TableName=TABLE, Item=packed)
    snapshot.keep()
    items = read_snapshot(snapshot.read(), "s3", "prod")
    assert items == [packed]
    with keyed_table(Aws(aws.session, aws.endpoint), "empty"):
        restore(aws, "empty", items)
        assert scanned(aws, "empty") == [packed]


def test_a_registry_that_holds_something_else_is_left_alone(registry: Registry, aws: Aws) -> None:
    publish(registry, a_view())
    before = scanned(aws)
    with pytest.raises(PublishError, match=r"is not empty, it holds definition entity#carrier"):
        restore(aws, TABLE, ITEMS)
    assert scanned(aws) == before


def edited(change: Callable[[Any], object]) -> bytes:
    document = json.loads(CONTENT)
    change(document)
    return json.dumps(document).encode()


HOSTILE = {
    "empty": (b"", "is not JSON"),
    "no utf-8": (b"\xff", "is not JSON"),
    "nested": (b"[" * 100_000, "nested too deeply"),
    "not a number": (b'{"format": NaN}', "NaN"),
    "twice": (b'{"format": 1, "format": 1}', "two members 'format'"),
    "a list": (b"[]", "has format None"),
    "the future": (edited(lambda all_: all_.update(format=2)), "has format 2"),
    "true": (edited(lambda all_: all_.update(format=True)), "has format True"),
    "another store": (edited(lambda all_: all_.update(store="dev")), "it is of store 'dev'"),
    "no base64": (
        edited(lambda all_: all_["items"][0].update(x={"B": "?"})),
        "it was edited: its items have",
    ),
    "a member": (edited(lambda all_: all_.update(more=1)), "it has the members"),
    "no list": (edited(lambda all_: all_.update(items={})), "its items are no list"),
    "no item": (edited(lambda all_: all_["items"].append(7)), "7 is no item"),
    "a type": (edited(lambda all_: all_["items"][0].update(x={"Q": "1"})), "is no item"),
    "no keys": (edited(lambda all_: all_["items"].append({})), "has no keys"),
    "doubled": (edited(lambda all_: all_["items"].append(all_["items"][0])), "is there twice"),
    "a word": (
        CONTENT.replace(b"card payments", b"cash payments"),
        "it was edited: its items have the digest",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_what_is_no_snapshot_is_refused_with_a_way_out(name: str) -> None:
    content, why = HOSTILE[name]
    with pytest.raises(DocumentError) as caught:
        read_snapshot(content, "s.json", "prod")
    assert why in str(caught.value)
    assert str(caught.value).startswith("the snapshot 's.json'")


def test_a_definition_that_was_edited_with_its_digest_is_refused() -> None:
    items = [dict(item) for item in ITEMS]
    items[0]["d"] = {"S": items[0]["d"]["S"].replace("sender", "sendor")}
    with pytest.raises(DocumentError, match=r"does not mean what was published"):
        read_snapshot(written("prod", items), "s.json", "prod")
