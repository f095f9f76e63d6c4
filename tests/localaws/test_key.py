"""Who has no key of this local AWS gets nothing, by whichever way he comes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from localaws.core.session import LocalSession
from localaws.errors import UsageError
from tests.localaws.roles import a_role_for_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws import LocalAws
    from tests.localaws.sandbox import Sandbox

KEY = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
UNISSUED = "AKIAIOSFODNN7EXAMPLE"
OLD_KEYS = ("testing", "test", "LOCAL", "LOCAL" + "0" * 40, "", "x~", UNISSUED)


def ask(
    aws: LocalAws,
    method: str,
    path: str,
    body: str = "",
    headers: Mapping[str, str] | None = None,
) -> tuple[int, bytes]:
    """Send a request as it stands: nothing is signed."""
    connection = HTTPConnection(urlsplit(aws.endpoint).netloc, timeout=30)
    connection.request(method, path, body.encode(), dict(headers or {}))
    answer = connection.getresponse()
    found = answer.status, answer.read()
    connection.close()
    return found


def scope(key: str, service: str) -> str:
    return f"{key}/20260101/us-east-1/{service}/aws4_request"


def authorization(key: str, service: str) -> dict[str, str]:
    signed = "SignedHeaders=host, Signature=0"
    return {"Authorization": f"AWS4-HMAC-SHA256 Credential={scope(key, service)}, {signed}"}


def own_key(aws: LocalAws) -> str:
    return aws.environment[KEY[0]]


REQUESTS: list[tuple[str, str, str, dict[str, str]]] = [
    ("GET", "/", "", {}),
    ("PUT", "/made-by-a-stranger", "", {}),
    ("OPTIONS", "/", "", {}),
    ("POST", "/moto-api/reset", "", {"Content-Type": "text/plain"}),
    ("GET", "/moto-api/", "", {}),
    ("GET", "/moto-api/data.json", "", {}),
    ("POST", "/moto-api/config", '{"batch": {"use_docker": true}}', {}),
    ("GET", "/latest/meta-data/iam/security-credentials/", "", {}),
    ("POST", "/", "Action=GetCallerIdentity&Version=2011-06-15", {}),
    ("POST", "/", "Action=AssumeRoleWithWebIdentity&RoleArn=x&WebIdentityToken=x", {}),
    ("POST", "/", "{}", {"X-Amz-Target": "DynamoDB_20120810.ListTables"}),
    ("POST", "/", "{}", {"X-Amz-Target": "AmazonAthena.StartQueryExecution"}),
    ("GET", "/lambda_us-east-1/functions", "", {}),
    ("POST", "/2015-03-31/functions/f/invocations", "{}", {"X-Amz-Invocation-Type": "Event"}),
]


@pytest.mark.parametrize(("method", "path", "body", "headers"), REQUESTS)
def test_a_request_without_a_key_is_refused(
    aws: LocalAws, method: str, path: str, body: str, headers: dict[str, str]
) -> None:
    status, answer = ask(aws, method, path, body, headers)
    assert status == 403
    assert b"signed requests only" in answer


@pytest.mark.parametrize("key", OLD_KEYS)
@pytest.mark.parametrize("service", ["s3", "dynamodb", "lambda", "athena", "sts", "states"])
def test_a_key_that_is_not_this_ones_is_refused(aws: LocalAws, key: str, service: str) -> None:
    query = urlencode({"X-Amz-Credential": scope(key, service)})
    by_header = ask(aws, "POST", "/", "{}", authorization(key, service))
    for status, answer in (by_header, ask(aws, "GET", f"/?{query}")):
        assert status in {400, 403}
        assert b"oken" in answer or b"signed" in answer


def test_a_part_of_the_key_is_not_enough(aws: LocalAws) -> None:
    for key in (own_key(aws)[:-1], own_key(aws) + "A", own_key(aws).lower()):
        assert ask(aws, "GET", "/", "", authorization(key, "s3"))[0] == 403


@pytest.mark.parametrize(
    "header",
    [
        "Basic {key}",
        "Bearer {key}",
        "{key}",
        "AWS4-HMAC-SHA256 a=b, Credential={scope}",
        "AWS4-HMAC-SHA256 Credential={key}",
        "AWS testing:{key}",
    ],
)
def test_a_key_in_another_place_is_none(aws: LocalAws, header: str) -> None:
    written = header.format(key=own_key(aws), scope=scope(own_key(aws), "s3"))
    assert ask(aws, "GET", "/", "", {"Authorization": written})[0] == 403


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_a_presigned_address_carries_the_key(aws: LocalAws, sandbox: Sandbox, version: str) -> None:
    aws.client("s3").put_object(Bucket=sandbox.database, Key="a", Body=b"text")
    s3 = aws.session().client("s3", config=Config(signature_version=version))
    named = {"Bucket": sandbox.database, "Key": "a"}
    address = s3.generate_presigned_url("get_object", Params=named)
    assert urllib3.request("GET", address).data == b"text"
    assert urllib3.request("GET", address.replace(own_key(aws), UNISSUED)).status == 403
    assert urllib3.request("GET", address.partition("?")[0]).status == 403


def test_a_role_s_presigned_address_of_either_version_is_the_role_s(
    aws: LocalAws, sandbox: Sandbox
) -> None:
    aws.client("s3").put_object(Bucket=sandbox.database, Key="a", Body=b"text")
    named = {"Bucket": sandbox.database, "Key": "a"}
    for version in ("s3", "s3v4"):
        s3 = aws.as_policy().client("s3", config=Config(signature_version=version))
        address = s3.generate_presigned_url("get_object", Params=named)
        assert urllib3.request("GET", address).status == 403


def test_a_role_that_was_assumed_by_a_socket_has_its_own_key(aws: LocalAws) -> None:
    role = a_role_for_all(aws, "from-outside")
    own: Any = boto3.session.Session(aws.environment[KEY[0]], aws.environment[KEY[1]])
    sts = own.client("sts", endpoint_url=aws.endpoint)
    made = sts.assume_role(RoleArn=role, RoleSessionName="outside")["Credentials"]
    session: Any = boto3.session.Session(
        made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]
    )
    s3 = session.client("s3", endpoint_url=aws.endpoint)
    assert "Buckets" in s3.list_buckets()


RESTART = """
import json
from botocore.exceptions import ClientError
from localaws import LocalAws
from localaws.core.session import LocalSession

first = LocalAws.start()
role = first.client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
first.client("s3").create_bucket(Bucket="kept")
before, port = first.session(), int(first.endpoint.rpartition(":")[2])
old = first.environment["AWS_ACCESS_KEY_ID"]
first.stop()
second = LocalAws.start(port)
try:
    before.client("s3").list_buckets()
except ClientError as error:
    refused = error.response["Error"]
print(json.dumps({
    "same endpoint": first.endpoint == second.endpoint,
    "same key": second.environment["AWS_ACCESS_KEY_ID"] == old,
    "refused": refused,
    "kept": [b["Name"] for b in second.client("s3").list_buckets()["Buckets"]],
    "as role": "Account" in second.as_role("r").client("sts").get_caller_identity(),
}))
"""


def test_a_key_ends_with_the_server_that_made_it() -> None:
    ran = subprocess.run(  # noqa: S603 our own interpreter and our own words
        [sys.executable, "-c", RESTART], capture_output=True, text=True, check=True
    )
    found = json.loads(ran.stdout)
    assert found.pop("refused")["Code"] == "InvalidToken"
    assert found == {"same endpoint": True, "same key": False, "kept": ["kept"], "as role": True}


def test_whoever_is_refused_reads_where_the_key_is(aws: LocalAws) -> None:
    stale = {"aws_access_key_id": UNISSUED, "aws_secret_access_key": "x"}
    with pytest.raises(ClientError, match=r"new key at each start.*AWS_ACCESS_KEY_ID"):
        LocalSession(aws.endpoint, credentials=stale).client("kms").list_keys()


def test_a_session_for_somebody_else_s_local_aws_takes_credentials() -> None:
    with pytest.raises(UsageError, match="has no key of http"):
        LocalSession("http://127.0.0.1:1")


def signed(aws: LocalAws, method: str, path: str, who: Credentials | None = None) -> int:
    """The status of a signed request to a path, as curl's --aws-sigv4 makes it."""
    request = AWSRequest(method, f"{aws.endpoint}{path}")
    own = Credentials(*(aws.environment[name] for name in KEY))
    SigV4Auth(who or own, "moto", aws.region).add_auth(request)
    status, _ = ask(aws, method, path, "", dict(request.headers))
    return status


RESET = """
import urllib3
from localaws import LocalAws
from tests.localaws.test_key import signed

aws = LocalAws.start()
s3 = aws.client("s3")
s3.create_bucket(Bucket="bucket")
for header in ({}, {"Authorization": "Basic eA=="}, {"Authorization": "testing"}):
    asked = {"Content-Type": "text/plain", **header}
    assert urllib3.request("POST", f"{aws.endpoint}/moto-api/reset", headers=asked).status == 403
assert len(s3.list_buckets()["Buckets"]) == 1
assert signed(aws, "POST", "/moto-api/reset") == 200
assert s3.list_buckets()["Buckets"] == []
"""


def test_all_is_erased_with_the_key_and_not_without_it() -> None:
    subprocess.run([sys.executable, "-c", RESET], check=True)  # noqa: S603 our own words


def test_a_role_may_not_erase_all(aws: LocalAws) -> None:
    given = aws.as_role(a_role_for_all(aws, "eraser")).get_credentials()
    assert given is not None
    who = Credentials(given.access_key, given.secret_key, given.token)
    assert signed(aws, "POST", "/moto-api/reset", who) == 403


@pytest.mark.parametrize(
    "path", ["/moto-api/config", "/moto-api/recorder/start-recording", "/moto-api/"]
)
def test_moto_s_other_addresses_are_closed_even_with_the_key(aws: LocalAws, path: str) -> None:
    assert signed(aws, "POST", path) == 403


def test_a_user_s_key_cannot_be_guessed_and_works(aws: LocalAws) -> None:
    iam = aws.client("iam")
    iam.create_user(UserName="keyed")
    made = [iam.create_access_key(UserName="keyed")["AccessKey"] for _ in range(2)]
    # moto's begin with fourteen letters that tell the account.
    assert len({one["AccessKeyId"][:8] for one in made}) == 2
    assert all(re.fullmatch("AKIA[A-Z2-7]{16}", one["AccessKeyId"]) for one in made)
    listed = iam.list_access_keys(UserName="keyed")["AccessKeyMetadata"]
    assert {one["AccessKeyId"] for one in listed} == {one["AccessKeyId"] for one in made}
    credentials = {
        "aws_access_key_id": made[0]["AccessKeyId"],
        "aws_secret_access_key": made[0]["SecretAccessKey"],
    }
    session = LocalSession(aws.endpoint, credentials=credentials)
    assert session.client("sts").get_caller_identity()["Arn"].endswith(":user/keyed")
