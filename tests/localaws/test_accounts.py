"""Two accounts: a table is reached by its ARN, if its policy and the caller's both allow it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.permissions import allow, code_of, deny

if TYPE_CHECKING:
    from localaws import LocalAws

OTHER = "210987654321"
KEY = {"pk": {"S": "a"}}


def arn_of(table: Any) -> str:
    return f"arn:aws:dynamodb:us-east-1:123456789012:table/{table.name}"


@pytest.fixture
def shared(aws: LocalAws, counters: Any) -> Any:
    """A table with an item, whose policy lets the other account read."""
    counters.put_item(Item={"pk": "a", "n": 1})
    share(aws, counters, allow("dynamodb:BatchGetItem", arn_of(counters)))
    return counters


def share(aws: LocalAws, table: Any, *statements: dict[str, Any]) -> None:
    to_other = {"Principal": {"AWS": f"arn:aws:iam::{OTHER}:root"}}
    policy = {"Version": "2012-10-17", "Statement": [{**one, **to_other} for one in statements]}
    aws.client("dynamodb").put_resource_policy(ResourceArn=arn_of(table), Policy=json.dumps(policy))


def read(session: Any, table: str, **options: Any) -> Any:
    client = session.client("dynamodb", **options)
    return client.batch_get_item(RequestItems={table: {"Keys": [KEY]}})["Responses"][table]


def test_a_reader_of_another_account_reads_by_arn(aws: LocalAws, shared: Any) -> None:
    session = aws.as_policy(allow("dynamodb:BatchGetItem", arn_of(shared)), account=OTHER)
    assert read(session, arn_of(shared)) == [{"pk": {"S": "a"}, "n": {"N": "1"}}]


def test_a_bare_name_is_a_table_of_the_caller_s_own_account(aws: LocalAws, shared: Any) -> None:
    session = aws.as_policy(allow("dynamodb:BatchGetItem"), account=OTHER)
    assert code_of(lambda: read(session, shared.name)) == "ResourceNotFoundException"


def test_without_a_policy_of_the_table_no_other_account_reads(aws: LocalAws, counters: Any) -> None:
    session = aws.as_policy(allow("dynamodb:BatchGetItem"), account=OTHER)
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        read(session, arn_of(counters))


def test_the_policy_of_the_table_alone_does_not_let_another_account_read(
    aws: LocalAws, shared: Any
) -> None:
    session = aws.as_policy(account=OTHER)
    with pytest.raises(ClientError, match="no identity-based policy allows"):
        read(session, arn_of(shared))


def test_the_policy_of_the_table_lets_another_account_do_nothing_else(
    aws: LocalAws, shared: Any
) -> None:
    client = aws.as_policy(allow("dynamodb:*"), account=OTHER).client("dynamodb")
    with pytest.raises(ClientError, match="no resource-based policy allows"):
        client.get_item(TableName=arn_of(shared), Key=KEY)


def test_a_denial_of_the_table_goes_over_what_the_caller_may(aws: LocalAws, shared: Any) -> None:
    share(aws, shared, allow("dynamodb:BatchGetItem"), deny("dynamodb:BatchGetItem"))
    session = aws.as_policy(allow("dynamodb:BatchGetItem"), account=OTHER)
    with pytest.raises(ClientError, match="explicit deny in a resource-based policy"):
        read(session, arn_of(shared))


def test_a_table_of_another_region_is_not_there(aws: LocalAws, shared: Any) -> None:
    session = aws.as_policy(allow("dynamodb:BatchGetItem"), account=OTHER)
    there = read(session, arn_of(shared), region_name="us-east-1")
    assert there
    with pytest.raises(ClientError):
        read(session, arn_of(shared), region_name="us-west-2")


def test_who_one_is_needs_no_permission(aws: LocalAws) -> None:
    session = aws.as_policy(account=OTHER)
    assert session.client("sts").get_caller_identity()["Account"] == OTHER
