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

    from skewless.store_names import StoreNames

OVERDUE_SECONDS = "OverdueSeconds"
OVERDUE_VIEWS = "OverdueViews"
FAILED_ENTITIES = "FailedEntities"
REJECTED_ROWS = "RejectedRows"
PARITY_MISMATCHES = "ParityMismatches"
PARITY_COMPARED = "ParityCompared"
PARITY_STALE = "ParityStale"
ENTITIES_WRITTEN = "EntitiesWritten"
# The watch runs every five minutes, up to a minute late, and its metrics appear later still. A span
# of five minutes may have none, so an alarm would end and begin again.
WATCHED = cdk.Duration.minutes(10)
# Those that the store itself calls.
_OPERATIONS = ("BatchExecuteStatement", "BatchGetItem", "GetItem", "PutItem", "UpdateItem")


class StoreMetrics:
    """The metrics of one store."""

    def __init__(self, names: StoreNames) -> None:
        self._names = names

    def of_store(
        self, metric: str, period: cdk.Duration, statistic: str = "Sum"
    ) -> cloudwatch.Metric:
        """Measure one of the store's own metrics that it writes for itself, whatever of its views.

        Values that differ are counted twice: once for the store, and once for their view.
        """
        return cloudwatch.Metric(
            namespace=METRICS_NAMESPACE,
            metric_name=metric,
            dimensions_map={"Store": self._names.store},
            statistic=statistic,
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

    def functions(
        self, metric: str, names: tuple[str, ...], period: cdk.Duration | None = None
    ) -> cloudwatch.MathExpression:
        """Add up a metric of functions."""
        metrics = {
            name: self._metric("AWS/Lambda", metric, {"FunctionName": self._names.function(name)})
            for name in names
        }
        return _sum(metrics, f"{metric} of functions", period)

    def watches_ended(self) -> cloudwatch.Metric:
        """Count how often the watch ran to its end."""
        return self.of_store(OVERDUE_VIEWS, cdk.Duration.minutes(5), "SampleCount")

    def checks_ended(self) -> cloudwatch.MathExpression:
        """Count how often the check ran to its end in an hour.

        There is no value for the time before the deployment, when no check is missing.
        """
        hour = cdk.Duration.hours(1)
        ended = self.of_store(PARITY_COMPARED, hour, "SampleCount")
        return self._or_zero({"ended": ended}, "Checks that ended", hour)

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
        return self._or_zero(
            {
                name.lower(): self.online(name)
                for name in ("ReadThrottleEvents", "WriteThrottleEvents")
            },
            "Throttles",
            WATCHED,
        )

    def online_errors(self) -> cloudwatch.MathExpression:
        """Count requests that DynamoDB failed."""
        return self._or_zero(
            {
                operation.lower(): self._metric(
                    "AWS/DynamoDB", "SystemErrors", {**self._table, "Operation": operation}
                )
                for operation in _OPERATIONS
            },
            "System errors",
            WATCHED,
        )

    def check_errors(self) -> cloudwatch.MathExpression:
        """Count failed calls of the check in an hour, in which all attempts of a day are made."""
        failed = self._metric(
            "AWS/Lambda", "Errors", {"FunctionName": self._names.function("check")}
        )
        return self._or_zero({"failed": failed}, "Errors of the check", cdk.Duration.hours(1))

    def _or_zero(
        self,
        metrics: Mapping[str, cloudwatch.IMetric],
        label: str,
        period: cdk.Duration,
    ) -> cloudwatch.MathExpression:
        """Add up metrics that have values now and then, 0 where they have none while the watch ran.

        An alarm uses the latest data that it finds. Without zeros it would end and begin again. It
        may also ignore missing data of DynamoDB in any case, and would then never end.
        """
        return cloudwatch.MathExpression(
            expression=f"SUM([0 * watched, {', '.join(metrics)}])",
            label=label,
            period=period,
            using_metrics={
                "watched": self.of_store(OVERDUE_VIEWS, period, "SampleCount"),
                **metrics,
            },
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


def _sum(
    metrics: Mapping[str, cloudwatch.IMetric], label: str, period: cdk.Duration | None = None
) -> cloudwatch.MathExpression:
    return cloudwatch.MathExpression(
        # Unlike a + b, it has a value where only some of them were written.
        expression="SUM(METRICS())",
        label=label,
        period=period or cdk.Duration.minutes(5),
        using_metrics=dict(metrics),
    )
