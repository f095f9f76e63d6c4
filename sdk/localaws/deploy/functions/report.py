"""Lambda's own lines in a function's log: the start of an invocation, and its cost."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws.deploy.functions.configuration import Configuration
    from localaws.deploy.functions.outcome import Outcome


def lines(configuration: Configuration, outcome: Outcome) -> list[str]:
    """An invocation's log, with the platform's own lines around the function's."""
    if configuration.log_format == "JSON":
        return [
            _record("start", {"requestId": outcome.request_id, "version": configuration.version}),
            *outcome.log,
            _record("report", _json_report(configuration, outcome)),
        ]
    return [
        f"START RequestId: {outcome.request_id} Version: {configuration.version}",
        *outcome.log,
        f"END RequestId: {outcome.request_id}",
        _text_report(configuration, outcome),
    ]


def _text_report(configuration: Configuration, outcome: Outcome) -> str:
    millis = outcome.duration_seconds * 1000
    parts = [
        f"REPORT RequestId: {outcome.request_id}",
        f"Duration: {millis:.2f} ms",
        f"Billed Duration: {math.ceil(millis)} ms",
        f"Memory Size: {configuration.memory_megabytes} MB",
        f"Max Memory Used: {math.ceil(outcome.peak_megabytes)} MB",
    ]
    if outcome.init_seconds is not None:
        parts.append(f"Init Duration: {outcome.init_seconds * 1000:.2f} ms")
    return "\t".join(parts)


def _json_report(configuration: Configuration, outcome: Outcome) -> dict[str, Any]:
    millis = outcome.duration_seconds * 1000
    metrics: dict[str, float] = {
        "durationMs": round(millis, 3),
        "billedDurationMs": math.ceil(millis),
        "memorySizeMB": configuration.memory_megabytes,
        "maxMemoryUsedMB": math.ceil(outcome.peak_megabytes),
    }
    if outcome.init_seconds is not None:
        metrics["initDurationMs"] = round(outcome.init_seconds * 1000, 3)
    status = "error" if outcome.is_error else "success"
    return {"requestId": outcome.request_id, "metrics": metrics, "status": status}


def _record(kind: str, record: dict[str, Any]) -> str:
    now = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return json.dumps({"time": now, "type": f"platform.{kind}", "record": record})
