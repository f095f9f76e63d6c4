"""A function's log: lines to CloudWatch Logs, and the metrics embedded in them (EMF)."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.logs.models import logs_backends

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localaws.deploy.functions.environment import Environment


def store(account: str, environment: Environment, lines: Iterable[str]) -> None:
    """Append lines to the environment's stream, and count the metrics in them."""
    configuration = environment.configuration
    millis = int(time.time() * 1000)
    events = [{"timestamp": millis, "message": line} for line in lines]
    logs: Any = logs_backends[account][configuration.region]
    logs.ensure_log_group(configuration.log_group)
    logs.ensure_log_stream(configuration.log_group, environment.log_stream)
    logs.put_log_events(configuration.log_group, environment.log_stream, events)
    metrics: Any = cloudwatch_backends[account][configuration.region]
    for event in events:
        for namespace, data in embedded_metrics(str(event["message"])):
            metrics.put_metric_data(namespace, data)


def embedded_metrics(line: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The metrics of a line in the embedded metric format: a namespace and its data each."""
    if not line.startswith("{") or '"_aws"' not in line:
        return
    try:
        document = json.loads(line)
    except json.JSONDecodeError:
        return
    about = document.get("_aws", {})
    millis = about.get("Timestamp", time.time() * 1000)
    # moto compares times without a zone.
    measured_at = datetime.fromtimestamp(millis / 1000, UTC).replace(tzinfo=None)
    for directive in about.get("CloudWatchMetrics", ()):
        data = [
            _datum(document, metric, names, measured_at)
            for names in directive.get("Dimensions") or [[]]
            for metric in directive["Metrics"]
            if metric["Name"] in document
        ]
        yield directive["Namespace"], data


def _datum(
    document: dict[str, Any], metric: dict[str, Any], names: list[str], measured_at: datetime
) -> dict[str, Any]:
    value = document[metric["Name"]]
    return {
        "MetricName": metric["Name"],
        "Unit": metric.get("Unit", "None"),
        "Timestamp": measured_at,
        "Dimensions": [{"Name": name, "Value": str(document[name])} for name in names],
        "Values": value if isinstance(value, list) else [value],
    }
