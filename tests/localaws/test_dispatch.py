"""Which requests take the short way, and that it refuses as the long one does."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.core.request import Request

from localaws import LocalAws
from localaws.core.dynamodb.dispatch import Dispatch

KEY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
AUTHORIZATION = "AWS4-HMAC-SHA256 Credential=testing/20260101/us-east-1/dynamodb/aws4_request"


def post(aws: LocalAws, operation: str, body: Any, **headers: str) -> urllib3.BaseHTTPResponse:
    data = json.dumps(body).encode() if not isinstance(body, bytes) else body
    request = AWSRequest(
        "POST",
        f"{aws.endpoint}/",
        headers={
            "X-Amz-Target": f"DynamoDB_20120810.{operation}",
            "Content-Type": "application/x-amz-json-1.0",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        },
        data=data,
    )
    own = Credentials(*(aws.environment[name] for name in KEY))
    SigV4Auth(own, "dynamodb", aws.region).add_auth(request)
    return urllib3.request("POST", f"{aws.endpoint}/", headers=dict(request.headers), body=data)


def way_of(**changes: str) -> str:
    environ: dict[str, Any] = Request.from_primitives(
        "POST",
        "http://localhost/",
        {
            "X-Amz-Target": "DynamoDB_20120810.ListTables",
            "Content-Type": "application/x-amz-json-1.0",
            "Authorization": AUTHORIZATION,
        },
        b"{}",
    ).environ
    environ.update(changes)
    ways = []

    def stock(*_: Any) -> list[bytes]:
        ways.append("long")
        return []

    Dispatch(stock)(environ, lambda *_: None)
    return ways[0] if ways else "short"


def test_a_plain_request_takes_the_short_way() -> None:
    assert way_of() == "short"


@pytest.mark.parametrize(
    "changes",
    [
        {"HTTP_ORIGIN": "http://localhost"},
        {"HTTP_CONTENT_ENCODING": "gzip"},
        {"HTTP_TRANSFER_ENCODING": "chunked"},
        {"HTTP_X_AMZ_TARGET": "DynamoDBStreams_20120810.ListStreams"},
        {"HTTP_AUTHORIZATION": AUTHORIZATION.replace("dynamodb", "dax")},
        {"PATH_INFO": "/moto-api/data.json"},
        {"REQUEST_METHOD": "GET"},
    ],
)
def test_what_is_not_plain_takes_the_long_way(changes: dict[str, str]) -> None:
    assert way_of(**changes) == "long"


@pytest.fixture
def allowed(aws: LocalAws) -> str:
    """An origin whose requests are answered, by the long way."""
    LocalAws.start(origins=["http://dispatch.example"])
    return "http://dispatch.example"


@pytest.mark.parametrize("is_long", [False, True])
def test_both_ways_refuse_alike(aws: LocalAws, allowed: str, *, is_long: bool) -> None:
    origin = {"Origin": allowed} if is_long else {}
    refused = post(aws, "DescribeTable", {"TableName": "absent"}, **origin)
    assert refused.status == 400
    assert refused.json()["__type"].endswith("#ResourceNotFoundException")
    assert "x-amz-crc32" in refused.headers
    assert "x-amzn-requestid" in refused.headers


@pytest.mark.parametrize("is_long", [False, True])
def test_both_ways_reach_one_table(
    aws: LocalAws, allowed: str, counters: Any, *, is_long: bool
) -> None:
    origin = {"Origin": allowed} if is_long else {}
    item = {"TableName": counters.name, "Item": {"pk": {"S": "ä"}, "n": {"N": "1"}}}
    assert post(aws, "PutItem", item, **origin).json() == {}
    assert counters.get_item(Key={"pk": "ä"})["Item"]["n"] == 1


def test_a_compressed_body_is_read(aws: LocalAws, counters: Any) -> None:
    body = gzip.compress(json.dumps({"TableName": counters.name}).encode())
    answer = post(aws, "DescribeTable", body, Content_Encoding="gzip")
    assert answer.json()["Table"]["TableName"] == counters.name
