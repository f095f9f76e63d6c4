"""What is slow, and what stays together, is named by paths: each has to be there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.shares import SLOW, TOGETHER

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.parametrize("path", [*SLOW, *TOGETHER])
def test_a_named_folder_or_file_is_there(path: str) -> None:
    found = ROOT / path
    assert found.is_file() or (found.is_dir() and any(found.glob("test_*.py")))


def test_a_folder_that_stays_together_begins_early() -> None:
    assert {f"{folder}/" for folder in TOGETHER} <= set(SLOW)
