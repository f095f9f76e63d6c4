"""The conditions that limit readers: partition keys in DynamoDB, prefixes in S3."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.localaws.permissions import allow, code_of

if TYPE_CHECKING:
    from localaws import LocalAws
    from tests.localaws.sandbox import Sandbox

REFUSED = "AccessDeniedException"
OWN = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["own#*"]}}
MINE, THEIRS = {"pk": {"S": "own#1"}}, {"pk": {"S": "other#1"}}


@pytest.fixture
def limited(aws: LocalAws, counters: Any) -> Any:
    """A client that may do anything in the table with keys that begin with `own#`."""
    return aws.as_policy(allow("dynamodb:*", Condition=OWN)).client("dynamodb")


@pytest.mark.parametrize(
    ("operation", "more"),
    [
        ("get_item", {}),
        ("delete_item", {}),
        (
            "update_item",
            {"UpdateExpression": "set a = :a", "ExpressionAttributeValues": {":a": {"N": "1"}}},
        ),
    ],
)
def test_one_item_is_allowed_by_its_partition_key(
    limited: Any, counters: Any, operation: str, more: Any
) -> None:
    call = getattr(limited, operation)
    call(TableName=counters.name, Key=MINE, **more)
    assert code_of(lambda: call(TableName=counters.name, Key=THEIRS, **more)) == REFUSED


def test_an_item_is_put_by_its_partition_key(limited: Any, counters: Any) -> None:
    limited.put_item(TableName=counters.name, Item=MINE)
    assert code_of(lambda: limited.put_item(TableName=counters.name, Item=THEIRS)) == REFUSED


def test_a_batch_is_refused_for_one_key(limited: Any, counters: Any) -> None:
    def read(*keys: Any) -> None:
        limited.batch_get_item(RequestItems={counters.name: {"Keys": list(keys)}})

    def write(*items: Any) -> None:
        requests = [{"PutRequest": {"Item": item}} for item in items]
        limited.batch_write_item(RequestItems={counters.name: requests})

    for call in (read, write):
        call(MINE)
        assert code_of(lambda: call(MINE, THEIRS)) == REFUSED  # noqa: B023


def test_a_transaction_is_refused_for_one_key(limited: Any, counters: Any) -> None:
    def write(*items: Any) -> None:
        puts = [{"Put": {"TableName": counters.name, "Item": item}} for item in items]
        limited.transact_write_items(TransactItems=puts)

    write(MINE)
    assert code_of(lambda: write(MINE, THEIRS)) == REFUSED


@pytest.mark.parametrize("names", [{"#k": "pk"}, None])
def test_a_query_is_allowed_by_its_partition_key(limited: Any, counters: Any, names: Any) -> None:
    def query(key: Any) -> None:
        limited.query(
            TableName=counters.name,
            KeyConditionExpression=f"{'#k' if names else 'pk'} = :k",
            ExpressionAttributeValues={":k": key["pk"]},
            **({"ExpressionAttributeNames": names} if names else {}),
        )

    query(MINE)
    assert code_of(lambda: query(THEIRS)) == REFUSED


def test_a_scan_has_no_leading_keys_so_for_all_values_lets_it_pass(
    limited: Any, counters: Any
) -> None:
    # As in AWS: who limits keys must not allow Scan.
    limited.scan(TableName=counters.name)


def test_a_transaction_needs_the_actions_of_its_parts(aws: LocalAws, counters: Any) -> None:
    put = [{"Put": {"TableName": counters.name, "Item": MINE}}]
    aws.as_policy(allow("dynamodb:PutItem")).client("dynamodb").transact_write_items(
        TransactItems=put
    )
    other = aws.as_policy(allow(["dynamodb:TransactWriteItems", "dynamodb:UpdateItem"]))
    assert (
        code_of(lambda: other.client("dynamodb").transact_write_items(TransactItems=put)) == REFUSED
    )


def test_a_prefix_limits_what_is_listed(aws: LocalAws, sandbox: Sandbox) -> None:
    bucket = sandbox.database
    below = {"StringLike": {"s3:prefix": ["log/*"]}}
    s3 = aws.as_policy(allow("s3:ListBucket", f"arn:aws:s3:::{bucket}", Condition=below)).client(
        "s3"
    )
    s3.list_objects_v2(Bucket=bucket, Prefix="log/a/")
    assert code_of(lambda: s3.list_objects_v2(Bucket=bucket, Prefix="other/")) == "AccessDenied"
    assert code_of(lambda: s3.list_objects_v2(Bucket=bucket)) == "AccessDenied"


def test_an_object_is_read_and_written_below_its_prefix_alone(
    aws: LocalAws, sandbox: Sandbox
) -> None:
    bucket = sandbox.database
    s3 = aws.as_policy(
        allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/own/*")
    ).client("s3")
    s3.put_object(Bucket=bucket, Key="own/a", Body=b"text")
    assert s3.get_object(Bucket=bucket, Key="own/a")["Body"].read() == b"text"
    body = b"x" * 200_000
    assert code_of(lambda: s3.put_object(Bucket=bucket, Key="a", Body=body)) == "AccessDenied"
    s3.put_object(Bucket=bucket, Key="own/b", Body=body)


def test_what_is_not_there_is_said_only_to_those_who_may_list(
    aws: LocalAws, sandbox: Sandbox
) -> None:
    bucket, key = sandbox.database, uuid.uuid4().hex
    reading = allow("s3:GetObject", f"arn:aws:s3:::{bucket}/*")
    blind = aws.as_policy(reading)
    assert code_of(lambda: blind.client("s3").get_object(Bucket=bucket, Key=key)) == "AccessDenied"
    assert code_of(lambda: blind.client("s3").head_object(Bucket=bucket, Key=key)) == "403"
    assert aws.calls.refused_of(blind.principal) == {"s3:ListBucket"}
    seeing = aws.as_policy(reading, allow("s3:ListBucket", f"arn:aws:s3:::{bucket}")).client("s3")
    assert code_of(lambda: seeing.get_object(Bucket=bucket, Key=key)) == "NoSuchKey"
    assert code_of(lambda: seeing.head_object(Bucket=bucket, Key=key)) == "404"
