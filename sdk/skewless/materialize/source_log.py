"""What a cut asks of the log that its view is of. Boto3's half of the package."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.materialize.log_state import LogState
from skewless.materialize.source_line import SourceLine
from skewless.online.address import view_partition

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources
    from skewless.compiler.plan import ViewPlan


@dataclass(frozen=True, slots=True)
class SourceLogs:
    """The logs of a store's sources. A table that is not ours has neither a line nor a state.

    Attributes:
        is_trial: whether views are cut that producers do not know: they fill views of a line alone.
    """

    aws: Aws
    resources: Resources
    is_trial: bool = False

    def line(self, plan: ViewPlan) -> SourceLine | None:
        """Return the line of a view's source."""
        if plan.view.source.table is not None:
            return None
        return SourceLine(self.aws, self.resources.online_table, plan.view.source.name)

    def close(self, plan: ViewPlan, cut: int) -> SourceLine | None:
        """Let nobody stamp before a cut any more; return the line."""
        line = self.line(plan)
        if line is not None:
            line.close(view_partition(plan), cut, is_trial=self.is_trial)
        return line

    def state(self, plan: ViewPlan) -> LogState | None:
        """Return the state of the log as it is now.

        Raises:
            InputError: the log is not there.
            StoreError: AWS refused.
        """
        if plan.view.source.table is not None:
            return None
        return LogState.read(f"{self.resources.database}.{plan.view.source.name}", self.aws)
