"""DuckDB's folders do not outlive their process for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from skewless.offline.engines import spill
from skewless.offline.engines.spill import PREFIX, spill_folder, sweep

_HOLD = """
import sys, time
from skewless.offline.engines.spill import spill_folder
with spill_folder() as folder:
    (folder / "spilled").write_text("anyone's values")
    print(folder.parent, flush=True)
    time.sleep(100)
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def holding(place: Path) -> tuple[subprocess.Popen[str], Path]:
    """Start a process that spills, and return its folder."""
    found = subprocess.Popen(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", _HOLD],
        env={**os.environ, "TMPDIR": str(place)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert found.stdout is not None
    return found, Path(found.stdout.readline().strip())


def test_a_folder_is_gone_after_its_session(place: Path) -> None:
    with spill_folder() as folder:
        (folder / "spilled").write_text("x")
        assert folder.parent.parent == place
    assert list(place.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_process_that_is_ended_leaves_no_folder(place: Path, number: signal.Signals) -> None:
    process, folder = holding(place)
    with process:
        process.send_signal(number)
    deadline = time.monotonic() + 30
    while folder.exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert list(place.iterdir()) == []


def test_a_folder_that_outlived_its_process_is_removed_by_the_next_session(place: Path) -> None:
    folder = place / f"{PREFIX}old"
    (folder / "data").mkdir(parents=True)
    (folder / "lock").touch()
    sweep(settle_seconds=0)
    assert list(place.iterdir()) == []


def test_without_a_shell_a_folder_is_gone_after_its_session(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spill, "_SHELL", str(place / "no-shell"))
    with spill_folder() as folder:
        (folder / "spilled").write_text("x")
    assert list(place.iterdir()) == []


@pytest.mark.skipif(not hasattr(os, "fork"), reason="only where processes fork")
def test_a_session_ends_while_a_fork_of_its_process_lives(place: Path) -> None:
    with spill_folder():
        child = os.fork()
        if not child:
            time.sleep(100)
            os._exit(0)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert list(place.iterdir()) == []


def test_the_folder_of_a_process_that_runs_stays(place: Path) -> None:
    process, folder = holding(place)
    with process:
        sweep(settle_seconds=0)
        assert (folder / "data" / "spilled").exists()
        process.kill()


def test_a_folder_that_is_about_to_be_locked_stays(place: Path) -> None:
    folder = place / f"{PREFIX}new"
    folder.mkdir()
    sweep()
    assert folder.exists()


def test_a_folder_of_something_else_stays(place: Path) -> None:
    (place / "skewless-other").mkdir()
    sweep(settle_seconds=0)
    assert (place / "skewless-other").exists()
