from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import localaws
from localaws import LocalAws
from localaws.core.session import LocalSession

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


def test_it_can_be_served_to_other_processes_by_its_module(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "localaws", "--port", "0", "--data", str(tmp_path / "kept")]
    with subprocess.Popen(  # noqa: S603 - our own program
        command,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(localaws.__file__).parents[1])},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(8)]
        found = dict(line.removeprefix("export ").strip().split("=", 1) for line in printed)
        key = {name: found[name.upper()] for name in ("aws_access_key_id", "aws_secret_access_key")}
        session = LocalSession(found["AWS_ENDPOINT_URL"], found["AWS_REGION"], key)
        assert session.client("s3").list_buckets()["Buckets"] == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert (tmp_path / "kept" / "localaws.sqlite").exists()
