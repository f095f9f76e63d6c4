"""The short way of S3, Glue and Athena answers as moto's own, and leaves to it what it must."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

import pytest
from moto.core.request import Request
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from localaws.core.short_way import ShortWay

if TYPE_CHECKING:
    from localaws import LocalAws
    from tests.localaws.sandbox import Sandbox

_OF_THE_MOMENT = ("x-amz-request-id", "x-amzn-requestid", "x-amz-id-2")
_OF_BROWSERS = "access-control-allow-origin"  # Flask names any origin, though nobody asked


def environ_of(
    service: str,
    method: str,
    address: str,
    body: bytes = b"",
    headers: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A request as the server has it, of an address as it comes."""
    made = Request.from_primitives(
        method,
        f"http://127.0.0.1:5000{address}",
        {
            "Authorization": "AWS4-HMAC-SHA256 "
            f"Credential=testing/20260101/us-east-1/{service}/aws4_request, SignedHeaders=host",
            **(headers or {}),
        },
        body,
    )
    path = unquote(address.partition("?")[0], "latin-1")
    return {**made.environ, "RAW_URI": address, "PATH_INFO": path}


def of_glue(operation: str, **body: Any) -> dict[str, Any]:
    headers = {"X-Amz-Target": f"AWSGlue.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    return environ_of("glue", "POST", "/", json.dumps(body).encode(), headers)


def answer_of(application: Any, environ: dict[str, Any]) -> tuple[str, dict[str, str], bytes]:
    head: list[Any] = []

    def start(*given: Any) -> None:
        head[:] = given

    body = b"".join(application(environ, start))
    headers = {name.lower(): value for name, value in head[1]}
    for name in _OF_THE_MOMENT:
        if name in headers:
            body = body.replace(headers.pop(name).encode(), b"")
    headers.pop(_OF_BROWSERS, None)
    return head[0], headers, body


def refuse(*_: Any) -> Any:
    raise AssertionError("the long way")


KEYS = ["k", "a/b c+d%e", "ü/ß&=?#", "folder/", "line\r"]
ASKED = [
    ("GET", "/"),
    ("GET", "/{bucket}?list-type=2&prefix=a"),
    ("GET", "/{bucket}/?list-type=2"),
    ("GET", "/{bucket}?versioning"),
    ("HEAD", "/{bucket}"),
    ("HEAD", "/absent-bucket"),
    ("GET", "/absent-bucket?list-type=2"),
    ("GET", "/{bucket}/absent"),
    ("HEAD", "/{bucket}/absent"),
    ("GET", "/{bucket}/k?versionId=absent"),
    ("DELETE", "/{bucket}/absent"),
    *((method, f"/{{bucket}}/{quote(key)}") for method in ("GET", "HEAD") for key in KEYS),
]


@pytest.fixture
def moto() -> DomainDispatcherApplication:
    return DomainDispatcherApplication(create_backend_app)


@pytest.fixture
def bucket(aws: LocalAws, sandbox: Sandbox) -> str:
    for key in KEYS:
        aws.client("s3").put_object(Bucket=sandbox.database, Key=key, Body=b"content" * 3)
    return sandbox.database


def test_s3_answers_alike(moto: DomainDispatcherApplication, bucket: str) -> None:
    for method, address in ASKED:
        asked = ("s3", method, address.format(bucket=bucket))
        short = answer_of(ShortWay(refuse), environ_of(*asked))
        assert short == answer_of(moto, environ_of(*asked)), asked


@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=3-9"},
        {"Range": "bytes=99-"},
        {"If-None-Match": '"0"'},
        {"If-Match": '"0"'},
        {"Accept-Encoding": "identity"},
    ],
)
def test_a_conditional_read_is_answered_alike(
    moto: DomainDispatcherApplication, bucket: str, headers: dict[str, str]
) -> None:
    asked = ("s3", "GET", f"/{bucket}/k")
    short = answer_of(ShortWay(refuse), environ_of(*asked, headers=headers))
    assert short == answer_of(moto, environ_of(*asked, headers=headers))


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/{bucket}/new", {}),
        ("/{bucket}/new", {"x-amz-meta-a": "b", "Content-Type": "text/x"}),
        ("/{bucket}/new", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("/{bucket}/new", {"If-None-Match": "*"}),
        ("/{bucket}/k", {"If-None-Match": "*"}),
        ("/{bucket}/copy", {"x-amz-copy-source": "/{bucket}/k"}),
        ("/{bucket}/copy", {"x-amz-copy-source": "/{bucket}/absent"}),
        ("/absent-bucket/k", {}),
    ],
)
def test_a_write_is_answered_alike(
    aws: LocalAws,
    moto: DomainDispatcherApplication,
    bucket: str,
    address: str,
    headers: dict[str, str],
) -> None:
    sent = {name: value.format(bucket=bucket) for name, value in headers.items()}
    asked = ("s3", "PUT", address.format(bucket=bucket), b"a=b")
    short = answer_of(ShortWay(refuse), environ_of(*asked, headers=sent))
    aws.client("s3").delete_object(Bucket=bucket, Key="new")
    long = answer_of(moto, environ_of(*asked, headers=sent))
    for _, told, _ in (short, long):
        told.pop("last-modified", None)  # each was written at its own time
    if "copy" not in address:  # whose body tells the time as well
        assert short == long
    assert short[:2] == long[:2]


def test_glue_answers_alike(moto: DomainDispatcherApplication, sandbox: Sandbox) -> None:
    for asked in (
        ("GetDatabase", {"Name": sandbox.database}),
        ("GetTables", {"DatabaseName": sandbox.database}),
        ("GetTable", {"DatabaseName": sandbox.database, "Name": "absent"}),
        ("GetDatabase", {"Name": "absent"}),
    ):
        operation, body = asked
        short = answer_of(ShortWay(refuse), of_glue(operation, **body))
        assert short == answer_of(moto, of_glue(operation, **body)), asked


@pytest.mark.parametrize(
    ("service", "method", "address", "changes"),
    [
        ("s3", "GET", "/b/k", {"HTTP_ORIGIN": "http://localhost"}),
        ("s3", "PUT", "/b/k", {"HTTP_TRANSFER_ENCODING": "chunked"}),
        ("s3", "OPTIONS", "/b/k", {}),
        ("s3", "GET", "/b//k", {}),
        ("s3", "GET", "//b/k", {}),
        ("s3", "GET", "/b/k", {"HTTP_AUTHORIZATION": ""}),
        ("s3", "GET", "/b/k", {"HTTP_AUTHORIZATION": "AWS testing:signature"}),
        ("s3", "GET", "/v20180820/tags", {}),
        ("s3", "GET", "/b/k", {"HTTP_HOST": "1.s3-control.us-east-1.amazonaws.com"}),
        ("s3", "GET", "/moto-api/data.json", {}),
        ("s3", "GET", "/latest/meta-data/x", {}),
        ("glue", "POST", "/elsewhere", {}),
        ("sqs", "POST", "/", {}),
    ],
)
def test_all_else_takes_the_long_way(
    service: str, method: str, address: str, changes: dict[str, str]
) -> None:
    asked = {**environ_of(service, method, address), **changes}
    with pytest.raises(AssertionError, match="the long way"):
        ShortWay(refuse)(asked, refuse)
