from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import localaws
from localaws import LocalAws

if TYPE_CHECKING:
    import pytest


def test_a_second_start_gives_the_server_that_runs(aws: LocalAws) -> None:
    assert LocalAws.start() is aws


def test_clients_ignore_what_the_environment_says(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "AWS_PROFILE": "no-such-profile",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:1",
        "AWS_CA_BUNDLE": "/no/such/file",
        "HTTP_PROXY": "http://127.0.0.1:1",
        "http_proxy": "http://127.0.0.1:1",
        "AWS_USE_FIPS_ENDPOINT": "true",
    }.items():
        monkeypatch.setenv(name, value)
    assert aws.session().client("sts").get_caller_identity()["Account"] == "123456789012"


def test_it_starts_and_works_in_a_hostile_environment() -> None:
    work = (
        "from localaws import LocalAws; aws = LocalAws.start();"
        "aws.client('glue').create_database(DatabaseInput={'Name': 'd'});"
        "print(aws.client('sts').get_caller_identity()['Account'])"
    )
    hostile = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(Path(localaws.__file__).parents[1]),
        "AWS_PROFILE": "no-such-profile",
        "AWS_CONFIG_FILE": "/no/such/file",
        "http_proxy": "http://127.0.0.1:1",
    }
    elsewhere = subprocess.run(  # noqa: S603 our own interpreter and our own words
        [sys.executable, "-c", work], env=hostile, capture_output=True, text=True, check=True
    )
    assert elsewhere.stdout.strip() == "123456789012"


def test_a_client_is_made_once(aws: LocalAws) -> None:
    assert aws.client("s3") is aws.client("s3")


def test_parameters_are_stored(aws: LocalAws) -> None:
    ssm = aws.client("ssm")
    ssm.put_parameter(Name="/skewless/test", Value="v", Type="String", Overwrite=True)
    assert ssm.get_parameter(Name="/skewless/test")["Parameter"]["Value"] == "v"


def test_another_process_reaches_it_by_the_environment(aws: LocalAws) -> None:
    aws.client("s3").create_bucket(Bucket="seen-from-outside")
    ask = "import boto3; print([b['Name'] for b in boto3.client('s3').list_buckets()['Buckets']])"
    elsewhere = subprocess.run(  # noqa: S603 our own interpreter and our own words
        [sys.executable, "-c", ask],
        env={"PATH": os.environ["PATH"], **aws.environment},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "seen-from-outside" in elsewhere.stdout
