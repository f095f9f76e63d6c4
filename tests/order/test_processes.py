"""Processes that are killed, and eight writers at once: nothing is lost, doubled or left behind."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest

from tests.order.processes import Processes

_TODAY = "2026-01-31" if "CI" in os.environ else f"{datetime.now(UTC):%Y-%m-%d}"


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
def test_processes_that_are_killed_are_done_again_by_others() -> None:
    Processes(_TODAY, rounds=3).play()
