"""The CDK's real command line, pinned, against the local AWS.

The assembly is written by hand: what is tested is CloudFormation, and importing the CDK's own
library would cost more than all of it.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from tests.localaws.stacks import bucket, parameter

if TYPE_CHECKING:
    from pathlib import Path

    from localaws import LocalAws

CLI = "aws-cdk@2.1148.1"
ENVIRONMENT = "aws://123456789012/us-east-1"
ROLE = "arn:aws:iam::123456789012:role/cdk-hnb659fds-{}-123456789012-us-east-1"
RETAIN = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}


class Cdk:
    """The command line in a folder of its own."""

    def __init__(self, aws: LocalAws, folder: Path) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            **aws.environment,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "CI": "1",
            "NODE_NO_WARNINGS": "1",
        }

    @functools.cached_property
    def program(self) -> subprocess.CompletedProcess[str]:
        """Where npx keeps the command line: to ask npx at each command would take a second more."""
        return self._run("npx", "--yes", f"--package={CLI}", "--call", "command -v cdk")

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self._run(self.program.stdout.split()[-1], *words, "--no-notices")

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603 the pinned command line and our own words
            words,
            cwd=self._folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=170,
        )

    def deploy(self, *words: str) -> subprocess.CompletedProcess[str]:
        return self("deploy", "--app", "cdk.out", "--require-approval", "never", *words)

    def write(self, stack: str, template: dict[str, Any]) -> None:
        """Write the assembly of one stack, whose template is published as an asset."""
        assembly = self._folder / "cdk.out"
        assembly.mkdir(exist_ok=True)
        text = json.dumps(template)
        (assembly / f"{stack}.template.json").write_text(text)
        key = f"{uuid.uuid4().hex}.json"
        (assembly / f"{stack}.assets.json").write_text(json.dumps(_assets(stack, key)))
        (assembly / "manifest.json").write_text(json.dumps(_manifest(stack, key)))


@pytest.fixture(scope="module")
def cdk(aws: LocalAws, tmp_path_factory: pytest.TempPathFactory) -> Cdk:
    if shutil.which("npx") is None:
        pytest.skip("npx is not here: the CDK's command line needs node")
    command = Cdk(aws, tmp_path_factory.mktemp("cdk"))
    if command.program.returncode:
        pytest.skip(f"{CLI} cannot be installed: {command.program.stdout[-200:]}")
    bootstrapped = command("bootstrap", ENVIRONMENT)
    assert bootstrapped.returncode == 0, bootstrapped.stdout
    return command


@pytest.fixture
def name() -> str:
    return f"cli{uuid.uuid4().hex[:10]}"


def test_a_stack_is_deployed_updated_destroyed_and_adopted(
    aws: LocalAws, cdk: Cdk, name: str
) -> None:
    """One test, since each command takes seconds and needs the one before."""
    ssm = aws.client("ssm")
    resources = {"B": bucket(name, RETAIN), "P": parameter(f"/{name}", "old")}
    cdk.write(name, {"Resources": resources, "Outputs": {"Out": {"Value": {"Ref": "B"}}}})
    deployed = cdk.deploy("--outputs-file", "outputs.json")
    assert deployed.returncode == 0, deployed.stdout
    assert f"{name}.Out = {name}" in deployed.stdout
    different = cdk("diff", "--app", "cdk.out", "--fail")
    assert different.returncode == 0, different.stdout
    assert "Could not create a change set" not in different.stdout
    assert "no changes" in cdk.deploy().stdout

    resources["P"] = parameter(f"/{name}", "new")
    cdk.write(name, {"Resources": resources})
    assert cdk("diff", "--app", "cdk.out", "--fail").returncode == 1
    assert cdk.deploy().returncode == 0
    assert ssm.get_parameter(Name=f"/{name}")["Parameter"]["Value"] == "new"

    assert cdk("destroy", "--app", "cdk.out", "--force", name).returncode == 0
    assert not ssm.get_parameters(Names=[f"/{name}"])["Parameters"]
    aws.client("s3").put_object(Bucket=name, Key="k", Body=b"kept")
    refused = cdk.deploy()
    assert refused.returncode == 1
    assert "already exists" in refused.stdout
    adopted = cdk.deploy("--import-existing-resources")
    assert adopted.returncode == 0, adopted.stdout
    assert aws.client("s3").get_object(Bucket=name, Key="k")["Body"].read() == b"kept"


def test_a_failed_deployment_names_the_resource(cdk: Cdk, name: str) -> None:
    cdk.write(name, {"Resources": {"Channel": {"Type": "AWS::MediaLive::Channel"}}})
    failed = cdk.deploy()
    assert failed.returncode == 1
    assert "AWS::MediaLive::Channel of Channel is not provided" in failed.stdout


def _assets(stack: str, key: str) -> dict[str, Any]:
    bucket_name = "cdk-hnb659fds-assets-123456789012-us-east-1"
    role = (
        "arn:aws:iam::123456789012:role/cdk-hnb659fds-file-publishing-role-123456789012-us-east-1"
    )
    destination = {"bucketName": bucket_name, "objectKey": key, "assumeRoleArn": role}
    file = {
        "source": {"path": f"{stack}.template.json", "packaging": "file"},
        "destinations": {"here": {**destination, "region": "us-east-1"}},
    }
    return {"version": "36.0.0", "files": {key: file}, "dockerImages": {}}


def _manifest(stack: str, key: str) -> dict[str, Any]:
    assets = {
        "type": "cdk:asset-manifest",
        "properties": {
            "file": f"{stack}.assets.json",
            "requiresBootstrapStackVersion": 6,
            "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
        },
    }
    deployed = {
        "type": "aws:cloudformation:stack",
        "environment": ENVIRONMENT,
        "properties": {
            "templateFile": f"{stack}.template.json",
            "stackName": stack,
            "validateOnSynth": False,
            "assumeRoleArn": ROLE.format("deploy-role"),
            "cloudFormationExecutionRoleArn": ROLE.format("cfn-exec-role"),
            "stackTemplateAssetObjectUrl": (
                f"s3://cdk-hnb659fds-assets-123456789012-us-east-1/{key}"
            ),
            "requiresBootstrapStackVersion": 6,
            "bootstrapStackVersionSsmParameter": "/cdk-bootstrap/hnb659fds/version",
            "additionalDependencies": [f"{stack}.assets"],
        },
        "dependencies": [f"{stack}.assets"],
        "displayName": stack,
    }
    return {"version": "36.0.0", "artifacts": {f"{stack}.assets": assets, stack: deployed}}
