"""Which cut is due, and its beginning. Boto3's half of the package: no Arrow, no SQL.

What is due follows from the view's refresh, the clock and the watermark alone. So an interrupted
cut can be finished without any other record of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from skewless.compiler import instants
from skewless.compiler.again import MOST_NAMED, NOBODY, Again
from skewless.definitions.expression import to_datetime
from skewless.definitions.refresh import Every, Stream
from skewless.errors import InputError, NotDueError
from skewless.materialize.log_state import Late
from skewless.online.address import entity_partition, view_partition
from skewless.online.record import Cut
from skewless.online.table import NO_SNAPSHOT

if TYPE_CHECKING:
    from typing import Any

    from skewless.compiler.plan import ViewPlan
    from skewless.materialize.log_state import LogState
    from skewless.materialize.source_log import SourceLogs
    from skewless.online.record import Watermark
    from skewless.online.store import OnlineStore

# longer than DynamoDB takes to delete, and than a clock or job may be late
_EXPIRY_SLACK = 14 * instants.DAY
_STREAM_SLACK = 60 * instants.MINUTE
_MOST_LATE = 100  # the most shards that a statement names; with more, all entities are examined


class Rewrites(Protocol):
    """Rewritten history that no cut holds yet."""

    def pending(self, view: str) -> tuple[str, ...]:
        """Return the shards of the log that rewrote history since the view's last cut."""
        ...

    def done(self, view: str, shards: tuple[str, ...]) -> None:
        """Forget shards that a committed cut holds."""
        ...


class Begun(NamedTuple):
    """A cut that is being written.

    Attributes:
        cut: its instant, in microseconds.
        since: the previous committed cut, from which on new events count; None if the view was
            never cut.
        rewritten: shards of the log that rewrote history in between, or came late.
        again: entities that failed before.
        marks: the shards that are marked as rewritten; the commit removes the marks.
    """

    cut: int
    since: int | None
    rewritten: tuple[str, ...]
    again: Again = NOBODY
    marks: tuple[str, ...] = ()

    @property
    def changed(self) -> tuple[int, int | None, tuple[str, ...], Again]:
        """The entities whose states are needed: the arguments of `offline.query.states.States`."""
        return self.cut, self.since, self.rewritten, self.again

    def rebuilds_days(self, plan: ViewPlan) -> bool:
        """Say whether the view's stream items have to be written from the log."""
        is_stream = isinstance(plan.view.refresh, Stream) and plan.view.source.table is None
        return is_stream and (self.since is None or bool(self.rewritten))


def next_cut(plan: ViewPlan, cut: int | None, watermark: Watermark, now: int) -> int | None:
    """Return the cut to run next, None if there is none.

    Args:
        plan: the view's.
        cut: the wanted cut; the latest that is due if None.
        watermark: how far the view is cut.
        now: the clock.

    Raises:
        NotDueError: the cut lies in the future.
        InputError: the view is not cut at that instant.
    """
    wanted = _checked(plan, cut, now)
    if watermark.cut is not None and watermark.cut >= wanted:
        return None
    first = _before(plan, cut, watermark, now)
    return first if first is not None and first < wanted else wanted


def begin(
    table: OnlineStore, rewrites: Rewrites, logs: SourceLogs, plan: ViewPlan, cut: int
) -> Begun | None:
    """Record that a cut is being written; None if it is committed already.

    Call it when the line of the source is closed at the cut and nobody is inside.

    Raises:
        NotDueError: another cut is being written, or the view's items are being removed.
    """
    partition = view_partition(plan)
    # Read the log's state first: the next cut examines what is committed after it.
    state = logs.state(plan)
    watermark = table.begin_cut(partition, cut, NO_SNAPSHOT if state is None else state.current)
    if watermark.cut is not None and watermark.cut >= cut:
        return None
    if watermark.is_closed:
        raise NotDueError(
            f"view {plan.view.name!r}: the cut {iso(cut)} cannot begin while the items of an "
            "earlier trial of the view are removed. Run it again in a moment; if the process that "
            "removes them died, `skewless dev --sweep` ends its work"
        )
    if watermark.started != cut:
        raise NotDueError(
            f"view {plan.view.name!r}: the cut {iso(cut)} cannot begin while the cut "
            f"{iso(watermark.started or 0)} is being written"
        )
    failed = table.failed.first(partition, MOST_NAMED + 1)
    again = Again.of([entity.key for entity in failed], plan.key_types)
    marks = rewrites.pending(partition)
    late = _late(state, watermark)
    if late.is_unknown or len(late.shards) > _MOST_LATE:
        again = Again((), is_everyone=True)
    rewritten = tuple(sorted({*marks, *late.shards[:_MOST_LATE]}))
    return Begun(cut, watermark.cut, rewritten, again, marks)


def _late(state: LogState | None, watermark: Watermark) -> Late:
    """Return late commits: of rows from before the previous cut that its log did not have."""
    if state is None or watermark.cut is None or watermark.snapshot is None:
        return Late((), is_unknown=False)
    return state.late(watermark.snapshot, watermark.cut)


def to_cut(plan: ViewPlan, cut: int, key: tuple[Any, ...], state: bytes) -> Cut:
    """Return what is written for an entity."""
    keeps = isinstance(plan.view.refresh, Every)
    return Cut(entity_partition(plan, key), cut, state, keeps, _expiry(plan, cut))


def overdue(plan: ViewPlan, watermark: Watermark, now: int) -> int:
    """Return for how many microseconds a view's next cut has been missed; 0 if none has.

    A cut is missed once its delay has passed and readers need it. A stream's cut is missed an hour
    after midnight, since day items replace it meanwhile.
    """
    match plan.view.refresh:
        case Every(every=every, delay=delay):
            step, slack = every.microseconds, delay.microseconds
        case Stream():
            step, slack = instants.DAY, _STREAM_SLACK
    # A never-cut view has no due date; count from the latest cut it missed.
    committed = watermark.cut
    missed = instants.floor_to(now - slack, step) if committed is None else committed + step
    return max(now - missed - slack, 0)


def iso(instant: int) -> str:
    """Return an instant as text."""
    return to_datetime(instant).isoformat()


def _before(plan: ViewPlan, cut: int | None, watermark: Watermark, now: int) -> int | None:
    """Return the cut that has to be written before the wanted one, if any."""
    begun = watermark.started
    if begun is not None and begun != watermark.cut:
        # Readers still need the state before the begun cut, which another cut would push out.
        return begun
    if cut is None and isinstance(plan.view.refresh, Every):
        # Until its delay has passed, the due cut is not yet the served one.
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
            f"view {plan.view.name!r} is not cut at {iso(cut)}; with refresh="
            f"{plan.view.refresh} the cut before is {iso(before)}"
        )
    if cut > due:
        raise NotDueError(
            f"view {plan.view.name!r}: the cut {iso(cut)} is not due; it is {iso(now)}, and the "
            f"latest due cut is {iso(due)}"
        )
    return cut


def _expiry(plan: ViewPlan, cut: int) -> int | None:
    """Return when the item may be deleted, in epoch seconds: when no window reaches its last tile.

    An entity with empty windows has the same values as one that was never seen. So items of
    aggregated views may be deleted; those with latest values or all-history windows stay.
    """
    reach = plan.longest_window
    if not plan.view.is_aggregated or reach is None:
        return None
    return (cut + reach + _EXPIRY_SLACK) // 1_000_000
