"""Plan the next step of a view's materialization, as plain JSON values for the state machine.

It needs SQL trees, and neither Arrow nor pandas. See docs/decisions/0007.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.definitions.expression import to_datetime
from skewless.errors import StoreError
from skewless.materialize.due import begin, iso, next_cut
from skewless.offline.engines.athena_tables import relation_of
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.export import events_statement, states_statement
from skewless.offline.query.states import States
from skewless.online.address import view_partition

if TYPE_CHECKING:
    from skewless.aws import Resources
    from skewless.compiler.plan import ViewPlan
    from skewless.materialize.due import Begun, Rewrites
    from skewless.materialize.source_log import SourceLogs
    from skewless.online.store import OnlineStore

    Step = dict[str, Any]

# Step Functions passes 262,144 bytes of JSON from state to state. A failure that is caught comes
# beside the step, with up to 32,768 characters of its cause.
_MAX_STEP_BYTES = 262_144 - 40_000


# Producers inside for that long after a cut count as dead; the next cut finds their rows.
_PATIENCE, _PAUSE = 60_000_000, 5_000_000


@dataclass(frozen=True, slots=True)
class Planner:
    """Plans steps.

    Attributes:
        landing: microseconds that the log is given after a cut's instant: `ingest` stamps first
            and appends then, and what was stamped before the cut must be in what the cut reads.
    """

    resources: Resources
    table: OnlineStore
    rewrites: Rewrites
    logs: SourceLogs
    landing: int

    def next_step(self, plan: ViewPlan, cut: int | None, now: int) -> Step:
        """Begin the cut that is due next, and say what there is to do.

        Args:
            plan: the view's.
            cut: microseconds; the latest that is due if None.
            now: the clock.

        Returns:
            `action`: "none"; "wait", with `until`; or "cut", with what the states after need.

        Raises:
            NotDueError: the cut lies in the future, or another one is being written.
            InputError: the view is not cut at that instant.
            StoreError: the view's statements are too long for the state machine.
        """
        watermark = self.table.read_watermark(view_partition(plan))
        following = next_cut(plan, cut, watermark, now)
        if following is None:
            return {"action": "none"}
        if now < following + self.landing:
            return {"action": "wait", "until": _utc(following + self.landing)}
        line = self.logs.close(plan, following)
        is_patient = now < following + self.landing + _PATIENCE
        if line is not None and is_patient and line.inside(following):
            return {"action": "wait", "until": _utc(now + _PAUSE)}
        begun = begin(self.table, self.rewrites, self.logs, plan, following)
        if begun is None:  # another execution committed it just now
            return {"action": "wait", "until": _utc(now)}
        return self._step(plan, begun)

    def _step(self, plan: ViewPlan, begun: Begun) -> Step:
        view = plan.name
        # Each attempt has its own prefix, so half a result of another is never listed.
        attempt = f"{to_datetime(begun.cut):%Y%m%dT%H%M%SZ}/{uuid.uuid4().hex}"
        # Athena writes there, so the keys avoid special characters such as `:`, `+` and `@`.
        place = f"cuts/{plan.view.name}/{plan.view.version}/{attempt}"
        dialect = Dialect(EngineName.ATHENA)
        relation = relation_of(plan.view.source, self.resources.database)
        states = States(plan, dialect, relation, *begun.changed)
        prefix, refused = f"{place}/states/", f"refused/{view}/{attempt}/"
        write = {
            "view": view,
            "cut": begun.cut,
            "is_first": begun.since is None,
            "refused": refused,
        }
        step: Step = {
            "action": "cut",
            "view": view,
            "cut": iso(begun.cut),
            "statement": states_statement(states, self._location(prefix)),
            "prefix": prefix,
            "write": write,
            "days": {},
            "commit": {**write, "rewritten": list(begun.marks)},
        }
        if begun.rebuilds_days(plan):
            prefix = f"{place}/days/"
            location = self._location(prefix)
            statement = events_statement(plan, dialect, relation, begun.cut, location)
            step["days"] = {"statement": statement, "prefix": prefix, "write": write}
        _check_length(view, step)
        return step

    def _location(self, prefix: str) -> str:
        return f"s3://{self.resources.bucket}/{prefix}"


def _check_length(view: str, step: Step) -> None:
    size = len(json.dumps(step))  # escaped, so at least as long as in UTF-8
    if size > _MAX_STEP_BYTES:
        raise StoreError(
            f"view {view}: its statements take {size:,} bytes as JSON, more than the "
            f"{_MAX_STEP_BYTES:,} that fit between two steps. Split it into several views"
        )


def _utc(instant: int) -> str:
    # Step Functions wants RFC 3339 with a Z.
    return iso(instant).replace("+00:00", "Z")
