"""What is slow, and what stays together, is named by paths: each has to be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shares import KEPT, SLOW, TOGETHER, is_left_out

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("path", [*SLOW, *KEPT, *TOGETHER])
def test_a_named_folder_or_file_is_there(path: str) -> None:
    found = ROOT / path
    assert found.is_file() or (found.is_dir() and any(found.glob("test_*.py")))


def test_a_folder_that_stays_together_begins_early() -> None:
    assert {f"{folder}/" for folder in TOGETHER} <= set(SLOW)


def test_what_is_kept_of_a_slow_folder_is_not_left_out_and_its_neighbours_are() -> None:
    assert not any(map(is_left_out, KEPT))
    assert not is_left_out("tests/store")
    assert is_left_out("tests/store/test_clocks.py")
    assert is_left_out("tests/ops")
