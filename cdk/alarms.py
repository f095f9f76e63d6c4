"""The alarms, and the first step of whoever is woken by one.

Every alarm's description says what it means, the first step, and where to read on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from constructs import Construct

from cdk import metrics
from cdk.functions import FUNCTIONS
from skewless.errors import InputError

if TYPE_CHECKING:
    from skewless.store_names import StoreNames

RUNBOOK = "docs/operations.md"
_ALL = tuple(function.name for function in FUNCTIONS)
_MISSING = cloudwatch.TreatMissingData


@dataclass(frozen=True, slots=True, kw_only=True)
class Runbook:
    """The text of an alarm.

    Attributes:
        id: of the construct; the alarm is named after it, and so is the runbook's heading.
        means: what has happened.
        first_step: what to do first.
    """

    id: str
    means: str
    first_step: str

    @property
    def anchor(self) -> str:
        """The heading in the runbook."""
        return "alarm-" + self.name

    @property
    def name(self) -> str:
        """The id, in words."""
        return "".join(
            f"-{letter.lower()}" if letter.isupper() else letter for letter in self.id
        ).lstrip("-")

    def describe(self) -> str:
        """Return the alarm's description."""
        return f"{self.means} First: {self.first_step} See {RUNBOOK}#{self.anchor}."


def _refuse_unheard(topic: sns.ITopic | None) -> None:
    """Refuse a topic of this app under AWS's own key, which CloudWatch may not use."""
    resource = None if topic is None else topic.node.default_child
    if isinstance(resource, sns.CfnTopic):
        key = cdk.Stack.of(resource).resolve(resource.kms_master_key_id)
        if "alias/aws/sns" in str(key):
            raise InputError(
                f"{resource.node.path}: CloudWatch cannot publish to a topic encrypted with "
                "alias/aws/sns, so nobody would hear of an alarm; use no key, or one of your own"
            )


class StoreAlarms(Construct):
    """The alarms of a store.

    Attributes:
        alarms: all of them.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StoreNames,
        topic: sns.ITopic | None = None,
        overdue: cdk.Duration | None = None,
    ) -> None:
        """Make them.

        Args:
            scope: where.
            id: the construct's.
            names: the store's.
            topic: hears of each alarm, and of its end.
            overdue: how late a cut may be before somebody is told; 30 minutes by default.
        """
        super().__init__(scope, id)
        _refuse_unheard(topic)
        self._names = names
        self._topic = topic
        self._metrics = metrics.StoreMetrics(names)
        self.alarms: list[cloudwatch.Alarm] = []
        self._about_cuts(overdue or cdk.Duration.minutes(30))
        self._about_functions()
        self._about_the_check()
        self._about_the_table()
        self._about_values()

    def _about_cuts(self, overdue: cdk.Duration) -> None:
        self._alarm(
            Runbook(
                id="ViewsOverdue",
                means="A view's cut is late: what is served grows stale.",
                first_step="skewless doctor names the view; look at its last execution.",
            ),
            self._metrics.over_all_views("MAX", metrics.OVERDUE_SECONDS, metrics.WATCHED),
            above=overdue.to_seconds(),
            missing=_MISSING.NOT_BREACHING,  # the watch has an alarm of its own
        )
        self._alarm(
            Runbook(
                id="WatchSilent",
                means="The watch has not ended for 15 minutes: nobody would hear of overdue views.",
                first_step="see whether its schedule is enabled, and read its log.",
            ),
            self._metrics.watches_ended(),
            below=1,
            periods=3,
            missing=_MISSING.BREACHING,
        )
        self._alarm(
            Runbook(
                id="ExecutionsFailed",
                means="Cuts failed for good, after three attempts.",
                first_step="open the failed execution; its error is in the queue as well.",
            ),
            self._metrics.executions("ExecutionsFailed", "ExecutionsTimedOut"),
        )
        self._alarm(
            Runbook(
                id="FailedCutsWaiting",
                means="Cuts that gave up, or could not be started, wait in the failed queue.",
                first_step="mend the cause, then skewless materialize --redrive.",
            ),
            self._metrics.failed_cuts(),
            # SQS stops measuring a queue that was unused for six hours, even if messages wait.
            missing=_MISSING.IGNORE,
        )

    def _about_functions(self) -> None:
        self._alarm(
            Runbook(
                id="FunctionErrors",
                means="Functions of the store have failed for half an hour.",
                first_step="the metric Errors by FunctionName names it; read its log.",
            ),
            self._metrics.functions("Errors", _ALL, metrics.WATCHED),
            periods=3,
        )
        self._alarm(
            Runbook(
                id="FunctionThrottles",
                means="The account has had no room for the store's functions for half an hour.",
                first_step="compare the account's Lambda concurrency with what runs.",
            ),
            self._metrics.functions("Throttles", _ALL, metrics.WATCHED),
            periods=3,
        )

    def _about_the_check(self) -> None:
        self._alarm(
            Runbook(
                id="CheckFailed",
                means="The daily check could not compare everything.",
                first_step="its log names what was not compared; Lambda tries twice more.",
            ),
            # The check runs once a day, and its three attempts may all fall within five minutes.
            self._metrics.check_errors(),
        )
        self._alarm(
            Runbook(
                id="CheckSilent",
                means="No check has ended for 26 hours: nobody would hear of skew.",
                first_step="see whether its schedule is enabled, and read its log.",
            ),
            self._metrics.checks_ended(),
            below=1,
            periods=26,
        )

    def _about_the_table(self) -> None:
        self._alarm(
            Runbook(
                id="OnlineThrottles",
                means="DynamoDB throttles the online table: feature vectors may be late or fail.",
                first_step="if a cut runs, lower writes_per_second; else look for a hot entity.",
            ),
            self._metrics.online_throttles(),
            periods=2,
        )
        self._alarm(
            Runbook(
                id="OnlineErrors",
                means="DynamoDB answers requests to the online table with errors of its own.",
                first_step="see the AWS Health Dashboard.",
            ),
            self._metrics.online_errors(),
            periods=2,
        )

    def _about_values(self) -> None:
        self._alarm(
            Runbook(
                id="EntitiesFailed",
                means="Entities have values that cannot be told, and are served as failed.",
                first_step="skewless doctor names the view and the reason; all others are served.",
            ),
            self._metrics.over_all_views("MAX", metrics.FAILED_ENTITIES, metrics.WATCHED),
        )
        self._alarm(
            Runbook(
                id="RowsRejected",
                means="Rows did not fit, and the log refused them.",
                first_step="skewless_quarantine_<source>, in Athena, holds each with its reason.",
            ),
            self._metrics.over_all_views("SUM", metrics.REJECTED_ROWS, metrics.WATCHED),
            missing=_MISSING.NOT_BREACHING,
        )
        self._alarm(
            Runbook(
                id="ParityMismatches",
                means="Served values differ from history: training and serving are skewed.",
                first_step="skewless verify shows which; stop deploying models until it is clear.",
            ),
            self._metrics.of_store(metrics.PARITY_MISMATCHES, cdk.Duration.hours(1)),
            # It stays until the next check finds nothing.
            missing=_MISSING.IGNORE,
        )

    def _alarm(
        self,
        runbook: Runbook,
        metric: cloudwatch.IMetric,
        *,
        above: float = 0,
        below: float | None = None,
        periods: int = 1,
        missing: cloudwatch.TreatMissingData = _MISSING.NOT_BREACHING,
    ) -> None:
        comparison = cloudwatch.ComparisonOperator
        alarm = cloudwatch.Alarm(
            self,
            runbook.id,
            alarm_name=f"{self._names.prefix}-{runbook.name}",
            alarm_description=runbook.describe(),
            metric=metric,
            threshold=above if below is None else below,
            comparison_operator=comparison.GREATER_THAN_THRESHOLD
            if below is None
            else comparison.LESS_THAN_THRESHOLD,
            evaluation_periods=periods,
            treat_missing_data=missing,
        )
        if self._topic is not None:
            alarm.add_alarm_action(actions.SnsAction(self._topic))
            alarm.add_ok_action(actions.SnsAction(self._topic))
        self.alarms.append(alarm)
