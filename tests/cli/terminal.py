"""The command as its users run it: in this process, or in one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

import skewless
from skewless.cli.app import app

SDK = Path(skewless.__file__).parent.parent


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run left behind."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)


def run(*arguments: str, answer: str = "", env: dict[str, str] | None = None) -> Ran:
    """Run in this process, whose local stores last from one run to the next."""
    result = CliRunner().invoke(app, list(arguments), input=answer, env=env)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr)


def a_process(*arguments: str) -> list[str]:
    """Return the command line that runs the command in a process of its own."""
    program = (
        f"import sys; sys.path.insert(0, {str(SDK)!r}); import skewless.cli.app as a; a.main()"
    )
    return [sys.executable, "-c", program, *arguments]


def run_process(*arguments: str, env: dict[str, str] | None = None) -> Ran:
    """Run in a process of its own."""
    ran = subprocess.run(  # noqa: S603 - our own program
        a_process(*arguments),
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "COLUMNS": "80", **(env or {})},
    )
    return Ran(ran.returncode, ran.stdout, ran.stderr)
