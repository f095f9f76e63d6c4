"""What AWS's own tools say of the templates."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.cdk.apps import ROOT, stacks

SYNTHESIS = """
    from pathlib import Path
    import sys
    import aws_cdk as cdk
    from cdk_nag import AwsSolutionsChecks
    from cdk.app import add_stacks
    from tests.cdk.apps import SampleBundler, app

    folder = Path(sys.argv[1])
    made = app(folder)
    add_stacks(made, bundler=SampleBundler(folder))
    cdk.Validations.of(made).add_plugins(AwsSolutionsChecks(made))
    made.synth()
"""
LINT = "from cfnlint.runner import main; main()"


def test_the_stacks_render_without_credentials_and_pass_validation_and_review(
    tmp_path: Path,
) -> None:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("AWS_") and name != "CDK_VALIDATION"
    }
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", dedent(SYNTHESIS), str(tmp_path)],
        cwd=ROOT,
        env={
            **environment,
            "HOME": str(tmp_path),
            # Not below that home: unpacking the CDK would take longer than all else.
            "JSII_RUNTIME_PACKAGE_CACHE_ROOT": str(Path.home() / ".cache/aws/jsii/package-cache"),
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'sdk'}",
        },
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(each.name for each in (tmp_path / "cdk.out").glob("*.template.json")) == [
        "skewless-dev-data.template.json",
        "skewless-dev-jobs.template.json",
    ]


@pytest.mark.parametrize("name", ["data", "jobs"])
def test_cfn_lint_has_nothing_to_say(tmp_path: Path, name: str) -> None:
    made = stacks(tmp_path, {"dev": {}})
    app = made["skewless-dev-data"].node.root
    app.synth()  # type: ignore[attr-defined]
    template = tmp_path / "cdk.out" / f"skewless-dev-{name}.template.json"

    # W3005: CDK states dependencies that follow from a reference as well.
    options = ["--regions", "us-east-1", "--ignore-checks", "W3005"]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", LINT, *options, "--", str(template)],
        check=False,
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stdout + done.stderr
