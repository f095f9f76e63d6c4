from __future__ import annotations

import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from skewless.errors import InputError
from skewless.registry.atomic import write_text

if TYPE_CHECKING:
    from pathlib import Path

STOPPED_BEFORE_THE_END = """
import os, sys
from skewless.registry import atomic
atomic.Path.replace = lambda *_: os._exit(9)
atomic.write_text(sys.argv[1], "new" * 100_000)
"""


def test_a_process_that_ends_while_it_writes_leaves_the_old_text(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_text("old")
    ran = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", STOPPED_BEFORE_THE_END, str(path)], check=False
    )
    assert (ran.returncode, path.read_text()) == (9, "old")


def test_a_failure_leaves_the_old_text_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.lock"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match=r"a.lock' cannot be written in .*No space left"):
        write_text(path, "new")
    assert [(item.name, item.read_text()) for item in tmp_path.iterdir()] == [("a.lock", "old")]


def test_a_link_leads_to_the_new_text(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    real, link = tmp_path / "there" / "real.lock", tmp_path / "link.lock"
    link.symlink_to(real)
    for text in ("first", "second"):
        write_text(link, text)
        assert (link.is_symlink(), real.read_text()) == (True, text)


def test_permissions_are_those_of_the_file_or_of_a_new_one(tmp_path: Path) -> None:
    plain, path = tmp_path / "plain", tmp_path / "a.lock"
    plain.write_text("")
    write_text(path, "first")
    assert path.stat().st_mode == plain.stat().st_mode
    path.chmod(0o640)
    write_text(path, "second")
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_folder_or_what_lies_nowhere_is_refused_by_name(tmp_path: Path) -> None:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path in (tmp_path, tmp_path / "no" / "a.lock", loop, "/proc/a.lock"):
        with pytest.raises(InputError, match="cannot be written"):
            write_text(path, "new")


def test_what_is_read_only_is_left(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_text("old")
    path.chmod(0o444)
    if os.access(path, os.W_OK):
        pytest.skip("root may write anywhere")
    with pytest.raises(InputError, match="it is read-only"):
        write_text(path, "new")
    path.chmod(0o644)
    tmp_path.chmod(0o555)
    try:
        with pytest.raises(InputError, match="Permission denied"):
            write_text(path, "new")
    finally:
        tmp_path.chmod(0o755)
    assert path.read_text() == "old"


def test_a_pipe_is_written_to() -> None:
    reading, writing = os.pipe()
    write_text(f"/dev/fd/{writing}", "new")
    assert os.read(reading, 10) == b"new"
    os.close(reading)
    os.close(writing)
