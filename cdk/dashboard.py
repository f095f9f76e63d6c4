"""One page about a store: is it fresh, right and fast, and what does it cost?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from cdk import metrics

if TYPE_CHECKING:
    from skewless.store_names import StoreNames

_HALF, _HEIGHT = 12, 6
_FIVE_MINUTES = cdk.Duration.minutes(5)
_DAY = cdk.Duration.days(1)


class StoreDashboard(Construct):
    """The dashboard of a store.

    Attributes:
        dashboard: the dashboard.
    """

    def __init__(self, scope: Construct, id: str, *, names: StoreNames) -> None:
        super().__init__(scope, id)
        self._metrics = metrics.StoreMetrics(names)
        self.dashboard = cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=names.prefix,
            period_override=cloudwatch.PeriodOverride.INHERIT,
            widgets=[self._cuts(), self._failures(), self._values(), self._online(), self._cost()],
        )

    def _cuts(self) -> list[cloudwatch.IWidget]:
        own = self._metrics
        return [
            _graph(
                "Overdue by view (seconds)",
                own.by_view("MAX", metrics.OVERDUE_SECONDS, _FIVE_MINUTES),
            ),
            _graph("Duration of cuts (ms)", own.execution_time("p50"), own.execution_time("p99")),
        ]

    def _failures(self) -> list[cloudwatch.IWidget]:
        own = self._metrics
        return [
            _graph(
                "Failed cuts",
                own.executions("ExecutionsFailed", "ExecutionsTimedOut"),
                own.failed_cuts(),
            ),
            _graph(
                "Entities written by view",
                own.by_view("SUM", metrics.ENTITIES_WRITTEN, _FIVE_MINUTES),
            ),
        ]

    def _values(self) -> list[cloudwatch.IWidget]:
        own = self._metrics
        return [
            _graph(
                "Parity: values compared and different, rows that were stale",
                own.of_store(metrics.PARITY_COMPARED, _DAY),
                own.of_store(metrics.PARITY_MISMATCHES, _DAY),
                own.of_store(metrics.PARITY_STALE, _DAY),
            ),
            _graph(
                "Rejected rows",
                own.over_all_views("SUM", metrics.REJECTED_ROWS, _FIVE_MINUTES),
            ),
        ]

    def _online(self) -> list[cloudwatch.IWidget]:
        own = self._metrics
        return [
            _graph(
                "Latency of BatchGetItem (ms)",
                own.online_latency("BatchGetItem", "p50"),
                own.online_latency("BatchGetItem", "p99"),
            ),
            _graph("Throttles and errors", own.online_throttles(), own.online_errors()),
        ]

    def _cost(self) -> list[cloudwatch.IWidget]:
        own = self._metrics
        return [
            _graph(
                "Capacity units",
                own.online("ConsumedReadCapacityUnits"),
                own.online("ConsumedWriteCapacityUnits"),
            ),
            _graph("Bytes that queries scanned", own.scanned_bytes()),
        ]


def _graph(title: str, *shown: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(shown), width=_HALF, height=_HEIGHT)
