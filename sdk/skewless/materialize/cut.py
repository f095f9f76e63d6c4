"""Run a cut in this process: the states of all entities that changed, then the watermark.

1. check that the cut is due; finish a cut that was begun and never committed first;
2. close the line of the source at the cut, and record in the watermark that it is begun;
3. query the states of the entities with newly ingested events, and of those that failed before;
4. write each on the condition that it has no newer cut; one that cannot be written fails alone;
5. for a stream view's first cut, write its day items for what was ingested since;
6. commit the watermark: readers move over at that instant.

Every step may be repeated: existing results stay. On AWS the stacks' state machine
takes the same steps, by `planning`, `shard` and `commit`.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from skewless.compiler.fingerprint import used_columns
from skewless.definitions.expression import to_datetime
from skewless.definitions.names import versioned
from skewless.errors import InputError
from skewless.materialize.arrow_rows import entity_rows
from skewless.materialize.commit import commit
from skewless.materialize.due import begin, next_cut
from skewless.materialize.entity_writer import EntityWriter
from skewless.materialize.failures import Failures
from skewless.offline.query.states import States, span_of_states
from skewless.online.address import view_partition
from skewless.online.record import CutOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from skewless.compiler.exported import EntityRows
    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.version import Version
    from skewless.materialize.due import Begun, Rewrites
    from skewless.materialize.failures import FailedEntity
    from skewless.materialize.source_log import SourceLogs
    from skewless.offline.engines.engine import Engine
    from skewless.online.record import Watermark
    from skewless.online.store import OnlineStore

    Progress = Callable[[str, int], None]

# Producers inside for that long count as dead; the next cut finds what they bring.
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Materialized:
    """The outcome of a cut.

    Attributes:
        cut: the instant whose state was written.
        is_new: False if it was committed before, so that nothing was done.
        entities: how many changed since the cut before.
        written: how many of them were written now; the others failed, or an earlier attempt wrote
            them.
        write_units: DynamoDB's capacity.
        before: a cut that had to be written first. It was begun earlier and never committed; or it
            is the one still served, at a view's first fill or after a missed cut.
        failed: the first entities whose values cannot be computed or stored; later cuts try them
            again.
        failed_count: how many there are.
        parts: of a view that features were added to, the cut of each part; numbers are their sums.
    """

    view: str
    version: Version
    cut: datetime
    is_new: bool
    entities: int
    written: int
    write_units: float
    before: Materialized | None = None
    failed: tuple[FailedEntity, ...] = ()
    failed_count: int = 0
    parts: tuple[Materialized, ...] = ()

    def __str__(self) -> str:
        name, at = versioned(self.view, self.version), self.cut.isoformat()
        if not self.is_new:
            return f"Materialized({name} as of {at}: committed before, nothing to do)"
        done = f"{self.written:,} of {self.entities:,} changed entities written"
        first = "" if self.before is None else f", after the cut of {self.before.cut.isoformat()}"
        return f"Materialized({name} as of {at}: {done}{first})"

    __repr__ = __str__


def together(parts: Sequence[Materialized]) -> Materialized:
    """Return the cuts of a view's parts as one: of the last part's version, with sums."""
    last = parts[-1]
    if len(parts) == 1:
        return last
    failed = [one for part in parts for one in part.failed]
    return replace(
        last,
        cut=min(part.cut for part in parts),
        is_new=any(part.is_new for part in parts),
        entities=sum(part.entities for part in parts),
        written=sum(part.written for part in parts),
        write_units=sum(part.write_units for part in parts),
        before=None,
        failed=tuple(failed),
        failed_count=sum(part.failed_count for part in parts),
        parts=tuple(parts),
    )


@dataclass(frozen=True, slots=True)
class Materializer:
    """Runs cuts.

    Attributes:
        rebuild_days: writes a stream view's day items from the log, from an instant on.
        settle_seconds: how long to wait between the last write and the commit. Serving reads
            DynamoDB eventually consistently: a reader must not see a watermark before the items.
    """

    engine: Engine
    table: OnlineStore
    rewrites: Rewrites
    logs: SourceLogs
    rebuild_days: Callable[[ViewPlan, int], Failures]
    settle_seconds: float

    def run(
        self, plan: ViewPlan, cut: int | None, now: int, progress: Progress | None = None
    ) -> Materialized:
        """Run one cut of a view.

        Args:
            plan: the view's.
            cut: microseconds; the latest that is due if None.
            now: the clock.
            progress: called with a word for what is going on, and how many entities are written.

        Raises:
            NotDueError: the cut lies in the future.
            InputError: the view is not cut at that instant.
        """
        report = progress or (lambda _word, _count: None)
        partition = view_partition(plan)
        last: Materialized | None = None
        while True:
            watermark = self.table.read_watermark(partition)
            _check_live(plan, watermark)
            following = next_cut(plan, cut, watermark, now)
            if following is None:
                return last or _nothing(plan, _done(cut, watermark.cut))
            line = self.logs.close(plan, following)
            if line is not None:
                line.wait(following, _PATIENCE_SECONDS)
            begun = begin(self.table, self.rewrites, self.logs, plan, following)
            if begun is not None:
                last = replace(self._run(plan, begun, report), before=last)

    def _run(self, plan: ViewPlan, begun: Begun, report: Progress) -> Materialized:
        report("query", 0)
        writer = EntityWriter(self.table, plan, begun.cut, begun.since is None)
        counts: Counter[str] = Counter()
        failures, units = Failures(), 0.0
        for batch in writer.write_all(self._entities(plan, begun)):
            units += batch.write_units
            counts.update(entity.outcome for entity in batch.entities)
            failed = {one.key: one.reason for one in batch.entities if one.reason is not None}
            failures.add(plan, failed)
            report("write", counts.total())
        written = counts[CutOutcome.WRITTEN.value]
        if begun.rebuilds_days(plan):
            report("stream days", written)
            failures.add_all(self.rebuild_days(plan, begun.cut))
        if written or failures.count:
            time.sleep(self.settle_seconds)
        _check_live(plan, commit(self.table, self.rewrites, plan, begun.cut, begun.marks))
        report("committed", written)
        return Materialized(
            view=plan.view.name,
            version=plan.view.version,
            cut=to_datetime(begun.cut),
            is_new=True,
            entities=counts.total(),
            written=written,
            write_units=units,
            failed=failures.first,
            failed_count=failures.count,
        )

    def _entities(self, plan: ViewPlan, begun: Begun) -> Iterator[EntityRows]:
        with self.engine.session() as session:
            columns = used_columns(plan.view)
            span = span_of_states(plan, *begun.changed)
            relation = session.relation(plan.view.source, columns, span, None)
            rows = session.run(States(plan, session.dialect, relation, *begun.changed).script())
        yield from entity_rows(plan, rows)


def _check_live(plan: ViewPlan, watermark: Watermark) -> None:
    if watermark.is_retired:
        raise InputError(
            f"view {plan.name} is retired: nothing of it is cut or served any more. To serve its "
            "values again, publish them as a new version"
        )


def _done(cut: int | None, committed: int | None) -> int:
    # "Nothing to do" is an answer only for a view that has a cut.
    return cut if cut is not None else committed or 0


def _nothing(plan: ViewPlan, cut: int) -> Materialized:
    return Materialized(
        view=plan.view.name,
        version=plan.view.version,
        cut=to_datetime(cut),
        is_new=False,
        entities=0,
        written=0,
        write_units=0.0,
    )
