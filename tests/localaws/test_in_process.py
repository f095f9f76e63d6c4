"""What this process asks of its own local AWS goes by no socket, and is answered the same."""

from __future__ import annotations

import io
import os
import socket
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, EndpointConnectionError

if TYPE_CHECKING:
    from localaws import LocalAws
    from tests.localaws.sandbox import Sandbox

KEYS = ["plain", "a b+c/d%2Fe%zz", "ü/ß&=?#", "x" * 500, "//a//", "~'(*)!;:@,$", ".", "a/../b"]


def by_socket(aws: LocalAws, service: str) -> Any:
    """A client as another process has one."""
    session: Any = boto3.Session()  # boto3-stubs wants the service as a literal
    return session.client(
        service,
        endpoint_url=aws.endpoint,
        aws_access_key_id=aws.environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=aws.environment["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def test_the_clients_of_a_session_use_no_socket(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(*_: Any) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", connect)
    assert "Buckets" in aws.session().client("s3").list_buckets()
    with pytest.raises(EndpointConnectionError):
        by_socket(aws, "s3").list_buckets()


@pytest.mark.parametrize("key", KEYS)
def test_an_object_has_one_name_by_either_way(aws: LocalAws, sandbox: Sandbox, key: str) -> None:
    here, there = aws.client("s3"), by_socket(aws, "s3")
    named = {"Bucket": sandbox.database, "Key": key}
    here.put_object(**named, Body=b"here", Metadata={"a": "b c"}, ContentType="text/x")
    found = there.get_object(**named)
    assert (found["Body"].read(), found["Metadata"]) == (b"here", {"a": "b c"})
    there.put_object(**named, Body=b"there")
    assert here.get_object(**named)["Body"].read() == b"there"
    listed = [
        [entry["Key"] for entry in s3.list_objects_v2(Bucket=sandbox.database)["Contents"]]
        for s3 in (here, there)
    ]
    assert listed[0] == listed[1]
    assert len(listed[0]) == 1


@pytest.mark.parametrize("size", [0, 1, 100_000, 9 * 1024 * 1024])
def test_a_file_is_uploaded_and_read_whole_or_in_part(
    aws: LocalAws, sandbox: Sandbox, size: int
) -> None:
    s3, named = aws.client("s3"), {"Bucket": sandbox.database, "Key": "k"}
    content = os.urandom(size)
    s3.upload_fileobj(io.BytesIO(content), *named.values())
    head = s3.head_object(**named)
    assert head["ContentLength"] == size
    assert s3.get_object(**named)["Body"].read() == content
    assert b"".join(s3.get_object(**named)["Body"].iter_chunks(1000)) == content
    if size:
        part = s3.get_object(**named, Range="bytes=0-9")
        assert (part["Body"].read(), part["ContentLength"]) == (content[:10], min(size, 10))


@pytest.mark.parametrize(
    ("service", "call", "arguments"),
    [
        ("s3", "get_object", {"Bucket": "absent-bucket", "Key": "k"}),
        ("s3", "head_object", {"Bucket": "absent-bucket", "Key": "k"}),
        ("dynamodb", "get_item", {"TableName": "absent", "Key": {"pk": {"S": "a"}}}),
        ("glue", "get_table", {"DatabaseName": "absent", "Name": "t"}),
        ("ssm", "get_parameter", {"Name": "/absent"}),
        (
            "sts",
            "assume_role",
            {"RoleArn": "arn:aws:iam::123456789012:role/x", "RoleSessionName": "s1"},
        ),
    ],
)
def test_a_refusal_is_the_same_by_either_way(
    aws: LocalAws, service: str, call: str, arguments: dict[str, Any]
) -> None:
    refusals = []
    for client in (aws.client(service), by_socket(aws, service)):
        with pytest.raises(ClientError) as refused:
            getattr(client, call)(**arguments)
        error = refused.value.response
        refusals.append((error["Error"], error["ResponseMetadata"]["HTTPStatusCode"]))
    assert refusals[0] == refusals[1]


def test_a_fork_of_this_process_writes_where_this_process_reads(
    aws: LocalAws, sandbox: Sandbox
) -> None:
    s3 = aws.client("s3")
    s3.list_buckets()
    child = os.fork()
    if not child:
        s3.put_object(Bucket=sandbox.database, Key="k", Body=b"from a fork")
        os._exit(0)
    os.waitpid(child, 0)
    assert s3.get_object(Bucket=sandbox.database, Key="k")["Body"].read() == b"from a fork"
