"""A shop's definitions and events, for tests to publish and to load."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from skewless.cli import template

DEFINITIONS = template.DEFINITIONS
NOW = datetime.now(UTC)


def an_order(number: int, customer: str = "c1", **values: Any) -> dict[str, Any]:
    """An order as JSON holds it, `number` days old."""
    return {
        "order_id": f"o{number}",
        "customer_id": customer,
        "amount": 10.5 + number,
        "returned": False,
        "ordered_at": (NOW - timedelta(days=number)).isoformat(),
        **values,
    }


def write_lines(name: str | Path, *rows: dict[str, Any]) -> str:
    """Write rows as JSON lines."""
    Path(name).write_text("".join(json.dumps(row) + "\n" for row in rows))
    return str(name)


def changed_definitions(before: str, after: str) -> str:
    """Write definitions that differ from the published ones, and return the file's name."""
    assert before in DEFINITIONS
    Path("changed.py").write_text(DEFINITIONS.replace(before, after))
    return "changed.py"
