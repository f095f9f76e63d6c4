"""Programs as processes of their own, measured by themselves or from outside."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import skewless
from benchmarks.environment import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_TOLD = 600  # characters of what a failed program said


@dataclass(frozen=True, slots=True)
class ProgramError(Exception):
    """A program failed, or took longer than it may."""

    reason: str

    def __str__(self) -> str:
        return self.reason


def environment(aws: Mapping[str, str]) -> dict[str, str]:
    """Return an environment that knows this repository, the given AWS, and no other.

    Its code is compiled once, and kept, as that of an installed package is.
    """
    sdk = Path(skewless.__file__).parents[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    kept.pop("PYTHONDONTWRITEBYTECODE", None)
    return {
        **kept,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        **aws,
        "PYTHONPATH": os.pathsep.join((str(REPOSITORY), str(sdk))),
        "PYTHONHASHSEED": "0",
    }


def run(command: Sequence[str], aws: Mapping[str, str], limit: float) -> dict[str, float]:
    """Run a command, and return the sample that it printed as its last line.

    Raises:
        ProgramError: it failed, or was ended after `limit` seconds.
    """
    process = subprocess.Popen(  # noqa: S603 - our own programs
        command,
        env=environment(aws),
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # so that its own children can be ended with it
    )
    try:
        out, told = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        raise ProgramError(f"ended after {limit:.0f} s") from None
    finally:
        end(process)
    if process.returncode:
        raise ProgramError(f"failed: {told.strip()[-_TOLD:] or process.returncode}")
    found: dict[str, float] = json.loads(out.strip().splitlines()[-1])
    return found


def end(process: subprocess.Popen[str]) -> None:
    """End what still runs: all of the process's session."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
