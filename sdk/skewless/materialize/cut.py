"""Run a cut: the states of all entities that changed, written, then the watermark committed.

1. check that the cut is due; finish a cut that was begun and never committed first;
2. record in the watermark that the cut is begun;
3. query the states of the entities with newly ingested events;
4. write each under the condition that no newer cut is there;
5. for a stream view's first cut, write its day items for what was ingested since;
6. commit the watermark: readers move over at that instant.

Every step may be repeated: what is there already is left alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from skewless.compiler import instants
from skewless.compiler.fingerprint import used_columns
from skewless.definitions.expression import to_datetime
from skewless.definitions.refresh import Every, Stream
from skewless.errors import InputError, NotDueError, QueryError
from skewless.materialize.states import encoded_states
from skewless.offline.overflow import explained
from skewless.offline.states import States, span_of_states
from skewless.online.address import entity_partition, view_partition
from skewless.online.record import Cut

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from skewless.compiler.plan import ViewPlan
    from skewless.offline.engine import Engine
    from skewless.online.record import Watermark
    from skewless.online.table import OnlineTable

    Progress = Callable[[str, int], None]

# Longer than DynamoDB takes to delete, and than a clock or a job may be off.
_EXPIRY_SLACK = 14 * instants.DAY


class Rewrites(Protocol):
    """History that was rewritten and not yet cut."""

    def pending(self, view: str) -> tuple[str, ...]:
        """Return the shards of the log that rewrote history since the view's last cut."""
        ...

    def done(self, view: str, shards: tuple[str, ...]) -> None:
        """Forget shards that a committed cut holds."""
        ...


@dataclass(frozen=True, slots=True)
class Materialized:
    """What a cut did.

    Attributes:
        cut: the instant whose state was written.
        is_new: False where it was committed before, and nothing was done.
        entities: how many changed since the cut before.
        written: of them, those written now; the others were there from an earlier attempt.
        write_units: DynamoDB's capacity.
        before: a cut that had to be written first: one begun earlier and never committed, or, when
            a view is filled for the first time or a cut was missed, the one that is still served.
    """

    view: str
    version: int
    cut: datetime
    is_new: bool
    entities: int
    written: int
    write_units: float
    before: Materialized | None = None


@dataclass(frozen=True, slots=True)
class Materializer:
    """Runs cuts.

    Attributes:
        rebuild_days: writes a stream view's day items from the log, from an instant on.
        settle_seconds: how long to wait between the last write and the commit. Serving reads
            DynamoDB eventually consistently: a reader must not see a watermark before the items.
    """

    engine: Engine
    table: OnlineTable
    rewrites: Rewrites
    rebuild_days: Callable[[ViewPlan, int], None]
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
        wanted = _checked(plan, cut, now)
        partition = view_partition(plan)
        watermark = self.table.read_watermark(partition)
        if watermark.cut is not None and watermark.cut >= wanted:
            return _nothing(plan, watermark.cut if cut is None else wanted)
        before = None
        first = _first(plan, cut, watermark, now)
        if first is not None and first < wanted:
            before = self._run(plan, first, watermark, report)
            watermark = self.table.read_watermark(partition)
        return replace(self._run(plan, wanted, watermark, report), before=before)

    def _run(
        self, plan: ViewPlan, cut: int, watermark: Watermark, report: Progress
    ) -> Materialized:
        partition = view_partition(plan)
        begun = self.table.begin_cut(partition, cut)
        if begun.cut is not None and begun.cut >= cut:
            return _nothing(plan, cut)
        if begun.started != cut:
            raise NotDueError(
                f"view {plan.view.name!r}: the cut {_iso(cut)} cannot begin while the cut "
                f"{_iso(begun.started or 0)} is being written"
            )
        rewritten = self.rewrites.pending(partition)
        report("query", 0)
        cuts = self._cuts(plan, cut, watermark.cut, rewritten, report)
        counts = self.table.put_cuts(cuts, are_first=watermark.cut is None)
        if isinstance(plan.view.refresh, Stream) and (watermark.cut is None or rewritten):
            report("stream days", counts.written)
            self.rebuild_days(plan, cut)
        if counts.written:
            time.sleep(self.settle_seconds)
        self.table.commit_cut(partition, cut)
        self.rewrites.done(partition, rewritten)
        report("committed", counts.written)
        return Materialized(
            view=plan.view.name,
            version=plan.view.version,
            cut=to_datetime(cut),
            is_new=True,
            entities=counts.written + counts.already_there + counts.newer_there,
            written=counts.written,
            write_units=counts.write_units,
        )

    def _cuts(
        self,
        plan: ViewPlan,
        cut: int,
        since: int | None,
        rewritten: tuple[str, ...],
        report: Progress,
    ) -> Iterator[Cut]:
        with self.engine.session() as session:
            columns = used_columns(plan.view)
            span = span_of_states(plan, cut, since, rewritten)
            relation = session.relation(plan.view.source, columns, span, None)
            states = States(plan, session.dialect, relation, cut, since, rewritten)
            try:
                rows = session.run(states.script())
            except QueryError as error:
                raise explained(error, [plan]) from error
        expires_at = _expiry(plan, cut)
        keeps = isinstance(plan.view.refresh, Every)
        if rows.num_rows == 0:
            return
        for count, (key, state) in enumerate(encoded_states(plan, rows), start=1):
            yield Cut(entity_partition(plan, key), cut, state, keeps, expires_at)
            report("write", count)


def _first(plan: ViewPlan, cut: int | None, watermark: Watermark, now: int) -> int | None:
    """Return the cut that has to be written before the wanted one, if any."""
    begun = watermark.started
    if begun is not None and begun != watermark.cut:
        # Readers still need the state before the begun cut: a cut on top would push it out.
        return begun
    if cut is None and isinstance(plan.view.refresh, Every):
        # Until its delay has passed, the cut that is due now is not yet the one that is served.
        served = instants.as_of(plan.view.refresh, now)
        return served if watermark.cut is None or watermark.cut < served else None
    return None


def _checked(plan: ViewPlan, cut: int | None, now: int) -> int:
    due = instants.due_cut(plan.view.refresh, now)
    if cut is None:
        return due
    if not instants.is_cut(plan.view.refresh, cut):
        before = instants.due_cut(plan.view.refresh, cut)
        raise InputError(
            f"view {plan.view.name!r} is not cut at {_iso(cut)}; with refresh="
            f"{plan.view.refresh} the cut before is {_iso(before)}"
        )
    if cut > due:
        raise NotDueError(
            f"view {plan.view.name!r}: the cut {_iso(cut)} is not due; it is {_iso(now)}, and the "
            f"latest due cut is {_iso(due)}"
        )
    return cut


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


def _expiry(plan: ViewPlan, cut: int) -> int | None:
    """Return when the item may go: when no window reaches its last tile, in epoch seconds.

    Only a count tells an entity whose windows are empty from one never seen, and both are 0; so an
    aggregated view's items may go, while latest values and all-history windows stay.
    """
    reach = plan.longest_window
    if not plan.view.is_aggregated or reach is None:
        return None
    return (cut + reach + _EXPIRY_SLACK) // 1_000_000


def _iso(instant: int) -> str:
    return to_datetime(instant).isoformat()
