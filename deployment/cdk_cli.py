"""The CDK's own command line, pinned in package.json, against a local AWS."""

from __future__ import annotations

import functools
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localaws import LocalAws

PROJECT = Path(__file__).resolve().parent.parent
ACCOUNT = "123456789012"  # moto's
_SECONDS = 900


class CdkError(RuntimeError):
    """A command of the CDK failed.

    Attributes:
        output: what it printed.
    """

    def __init__(self, command: str, status: int, output: str) -> None:
        super().__init__(f"cdk {command} ended with status {status}:\n{output}")
        self.output = output


@dataclass(frozen=True, slots=True)
class CdkCli:
    """Runs commands.

    Attributes:
        aws: where to deploy.
        folder: where templates and assets are rendered to.
        context: of the app.
    """

    aws: LocalAws
    folder: Path
    context: tuple[tuple[str, str], ...] = ()

    def bootstrap(self) -> str:
        """Make what the CDK itself needs of an account. Call `synth` first.

        Without an app that is rendered, the command line would render it, and look at nothing.
        """
        return self._of_rendered("bootstrap", f"aws://{ACCOUNT}/{self.aws.region}")

    def synth(self) -> str:
        """Render the app; the other commands take what was rendered last."""
        arguments = [item for key, value in self.context for item in ("-c", f"{key}={value}")]
        return self._run("synth", "--quiet", "--output", str(self.folder), *arguments)

    def deploy(self, *stacks: str, adopts: bool = False, exclusively: bool = False) -> str:
        """Deploy stacks.

        Args:
            stacks: their names.
            adopts: let data that outlived its stack become the stack's again.
            exclusively: leave alone what they depend on.
        """
        options = ["--import-existing-resources"] * adopts + ["--exclusively"] * exclusively
        return self._of_rendered("deploy", "--require-approval", "never", *options, *stacks)

    def diff(self, *stacks: str) -> str:
        """Say what a deployment would change."""
        return self._of_rendered("diff", *stacks)

    def destroy(self, *stacks: str) -> str:
        """Destroy stacks."""
        return self._of_rendered("destroy", "--force", *stacks)

    def _of_rendered(self, command: str, *arguments: str) -> str:
        return self._run(command, "--app", str(self.folder), *arguments)

    def _run(self, command: str, *arguments: str) -> str:
        words = [_executable(), command, *arguments, "--no-notices", "--ci"]
        done = subprocess.run(  # noqa: S603 - our own words
            words,
            cwd=PROJECT,
            env=self._environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )
        if done.returncode:
            raise CdkError(" ".join([command, *arguments]), done.returncode, done.stdout)
        return done.stdout

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        return {
            **kept,
            **self.aws.environment,
            # The app is `python -m cdk.app`: this interpreter's.
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join([str(PROJECT), str(PROJECT / "sdk")]),
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "20",
            "NODE_NO_WARNINGS": "1",
        }


def why_not() -> str | None:
    """Say what the CDK's command line lacks on this machine; None if nothing."""
    if shutil.which("node") is None or shutil.which("npx") is None:
        return "the CDK's command line needs node and npx"
    return None


@functools.cache
def _executable() -> str:
    """Take the installed command line if there is one; npx fetches it otherwise, and says where."""
    installed = PROJECT / "node_modules" / ".bin" / "cdk"
    if installed.is_file():
        return str(installed)
    pinned = json.loads((PROJECT / "package.json").read_text())["devDependencies"]["aws-cdk"]
    found = subprocess.run(  # noqa: S603 - our own words
        ["npx", "--yes", f"--package=aws-cdk@{pinned}", "--call", "command -v cdk"],  # noqa: S607
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
    )
    if found.returncode:
        raise CdkError("by npx", found.returncode, found.stderr)
    return found.stdout.strip()
