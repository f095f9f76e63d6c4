from __future__ import annotations

import subprocess
import sys
from typing import Any

import boto3
import pytest
from botocore.config import Config

from skewless.aws import Aws

WITHOUT_BOTO3 = """
import sys
from typing import Any
from skewless.aws import Aws
aws = Aws(None, "http://localhost:1", "eu-west-3")
assert aws.client("dynamodb").meta.region_name == "eu-west-3"
assert "boto3" not in sys.modules
"""


@pytest.fixture
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "an-id")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "prices")


def sent_by(aws: Aws) -> str:
    """Return the user agent of a request that is not sent."""
    found: list[str] = []

    def stop(request: object, **_: object) -> None:
        found.append(request.headers["User-Agent"].decode())  # type: ignore[attr-defined]
        raise InterruptedError

    client = aws.client("dynamodb")
    client.meta.events.register("before-send.dynamodb", stop)
    with pytest.raises(InterruptedError):
        client.list_tables()
    return found[0]


def test_dynamodb_is_asked_without_importing_boto3() -> None:
    subprocess.run([sys.executable, "-c", WITHOUT_BOTO3], check=True)  # noqa: S603 - our own


@pytest.mark.usefixtures("_keys")
def test_a_session_that_was_not_given_has_the_region_and_the_keys_of_the_client() -> None:
    aws = Aws(None, "http://localhost:1", "eu-west-3")
    assert aws.client("dynamodb").meta.region_name == "eu-west-3"
    assert aws.session.region_name == "eu-west-3"
    assert aws.session.get_credentials().access_key == "an-id"  # type: ignore[union-attr]
    assert aws.client("s3").meta.region_name == "eu-west-3"
    assert hasattr(aws.client("s3"), "upload_file")  # boto3 adds it


@pytest.mark.usefixtures("_keys")
@pytest.mark.parametrize("is_given", [True, False])
def test_a_request_names_botocore_and_the_application(*, is_given: bool) -> None:
    session = boto3.Session(region_name="eu-west-3") if is_given else None
    agent = sent_by(Aws(session, "http://localhost:1", "eu-west-3"))
    assert agent.startswith("Boto3/" if is_given else "Botocore/")
    assert "app/prices" in agent


@pytest.mark.usefixtures("_keys")
def test_an_application_that_fits_no_header_is_named_as_botocore_names_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_SDK_UA_APP_ID", "flight prices (é)\n")
    agent = sent_by(Aws(None, "http://localhost:1", "eu-west-3"))
    assert " app/flight-prices----- " in f"{agent} "


@pytest.mark.usefixtures("_keys")
def test_a_request_names_what_the_session_names_and_that_once() -> None:
    session = boto3.Session(region_name="eu-west-3")
    session._session.user_agent_extra = "mine/1"
    options: Any = {"user_agent_appid": "delays", "user_agent_extra": "mine/2"}  # stubs lack one
    session._session.set_default_client_config(Config(**options))
    agent = sent_by(Aws(session, "http://localhost:1"))
    assert [agent.count(part) for part in ("mine/1", "app/delays", "mine/2")] == [1, 1, 1]


@pytest.mark.usefixtures("_keys")
def test_a_user_agent_of_the_session_is_left_alone() -> None:
    session = boto3.Session(region_name="eu-west-3")
    session._session.set_default_client_config(Config(user_agent="mine/1"))
    assert sent_by(Aws(session, "http://localhost:1")).startswith("mine/1")
