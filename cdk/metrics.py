"""The store's metrics, as alarms and dashboard ask for them: its own, and those of AWS.

The store's own lie in the namespace `skewless` with a dimension `Store`; those of a view also
have `View`. Queries name the dimension and not the whole set, so that adding one breaks nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch

from cdk.functions import METRICS_NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cdk.names import StoreNames

OVERDUE_SECONDS = "OverdueSeconds"
REJECTED_ROWS = "RejectedRows"
PARITY_MISMATCHES = "ParityMismatches"
PARITY_COMPARED = "ParityCompared"
PARITY_STALE = "ParityStale"
ENTITIES_WRITTEN = "EntitiesWritten"
# Those that the store itself calls.
_OPERATIONS = ("BatchGetItem", "GetItem", "PutItem", "UpdateItem")


class StoreMetrics:
    """The metrics of one store."""

    def __init__(self, names: StoreNames) -> None:
        self._names = names

    def of_store(self, metric: str, period: cdk.Duration) -> cloudwatch.Metric:
        """Add up one of the store's own metrics that it writes for itself, whatever of its views.

        Values that differ are counted twice: once for the store, and once for their view.
        """
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=metric,
            dimensions_map={"Store": self._names.store},
            statistic="Sum",
            period=period,
        )

    def over_all_views(
        self, function: str, metric: str, period: cdk.Duration
    ) -> cloudwatch.MathExpression:
        """Query one of the store's own metrics over all its views."""
        return cloudwatch.MathExpression(
            expression=(
                f"SELECT {function}({metric}) FROM {METRICS_NAMESPACE} "
                f"WHERE Store = '{self._names.store}'"
            ),
            label=metric,
            period=period,
            using_metrics={},
        )

    def by_view(self, function: str, metric: str, period: cdk.Duration) -> cloudwatch.IMetric:
        """Query one of the store's own metrics, a line for each view."""
        return cloudwatch.MathExpression(
            expression=(
                f"SELECT {function}({metric}) FROM {METRICS_NAMESPACE} "
                f"WHERE Store = '{self._names.store}' GROUP BY View"
            ),
            label="",
            period=period,
            using_metrics={},
        )

    def functions(self, metric: str, names: tuple[str, ...]) -> cloudwatch.MathExpression:
        """Add up a metric of functions."""
        metrics = {
            name: self._metric("AWS/Lambda", metric, {"FunctionName": self._names.function(name)})
            for name in names
        }
        return _sum(metrics, f"{metric} of functions")

    def invocations(self, name: str) -> cloudwatch.Metric:
        """Count how often a function ran."""
        return self._metric(
            "AWS/Lambda", "Invocations", {"FunctionName": self._names.function(name)}
        )

    def executions(self, *metrics: str) -> cloudwatch.MathExpression:
        """Add up metrics of the state machine's executions."""
        arn = self._names.arn("states", f"stateMachine:{self._names.state_machine}")
        return _sum(
            {
                metric.lower(): self._metric("AWS/States", metric, {"StateMachineArn": arn})
                for metric in metrics
            },
            ", ".join(metrics),
        )

    def execution_time(self, statistic: str) -> cloudwatch.Metric:
        """Measure how long an execution takes."""
        arn = self._names.arn("states", f"stateMachine:{self._names.state_machine}")
        return self._metric("AWS/States", "ExecutionTime", {"StateMachineArn": arn}, statistic)

    def failed_cuts(self) -> cloudwatch.Metric:
        """Count the cuts in the queue of those that gave up."""
        return self._metric(
            "AWS/SQS",
            "ApproximateNumberOfMessagesVisible",
            {"QueueName": self._names.failed_queue},
            "Maximum",
        )

    def online(self, metric: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """Measure the online table."""
        return self._metric("AWS/DynamoDB", metric, self._table, statistic)

    def online_latency(self, operation: str, statistic: str) -> cloudwatch.Metric:
        """Measure how long DynamoDB takes for an operation."""
        dimensions = {**self._table, "Operation": operation}
        return self._metric("AWS/DynamoDB", "SuccessfulRequestLatency", dimensions, statistic)

    def online_throttles(self) -> cloudwatch.MathExpression:
        """Count requests that the online table throttled."""
        return _sum(
            {
                name.lower(): self.online(name)
                for name in ("ReadThrottleEvents", "WriteThrottleEvents")
            },
            "Throttles",
        )

    def online_errors(self) -> cloudwatch.MathExpression:
        """Count requests that DynamoDB failed."""
        return _sum(
            {
                operation.lower(): self._metric(
                    "AWS/DynamoDB", "SystemErrors", {**self._table, "Operation": operation}
                )
                for operation in _OPERATIONS
            },
            "System errors",
        )

    def scanned_bytes(self) -> cloudwatch.MathExpression:
        """Count the bytes that queries read."""
        # The workgroup's metric has a line for each kind and state of query.
        search = (
            f'SEARCH(\'{{AWS/Athena,QueryState,QueryType,WorkGroup}} MetricName="ProcessedBytes" '
            f"WorkGroup=\"{self._names.resources.workgroup}\"', 'Sum', 3600)"
        )
        return cloudwatch.MathExpression(
            expression=f"SUM({search})",
            label="Scanned bytes",
            period=cdk.Duration.hours(1),
            using_metrics={},
        )

    @property
    def _table(self) -> dict[str, str]:
        return {"TableName": self._names.resources.online_table}

    def _metric(
        self, namespace: str, name: str, dimensions: Mapping[str, str], statistic: str = "Sum"
    ) -> cloudwatch.Metric:
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=name,
            dimensions_map=dict(dimensions),
            statistic=statistic,
            period=cdk.Duration.minutes(5),
        )


def _sum(metrics: Mapping[str, cloudwatch.IMetric], label: str) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        # Unlike a + b, it has a value where only some of them were written.
        expression="SUM(METRICS())",
        label=label,
        period=cdk.Duration.minutes(5),
        using_metrics=dict(metrics),
    )
