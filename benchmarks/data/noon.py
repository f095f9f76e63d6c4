"""When online reads happen, and their lock file: for programs that must import little."""

from __future__ import annotations

from datetime import UTC, datetime

NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)
LOCK = "benchmark.lock"
