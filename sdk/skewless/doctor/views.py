"""The last cut of each published view, and the cuts that are waiting."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from skewless.compiler.instants import DAY, as_of, due_cut
from skewless.definitions.duration import Duration
from skewless.definitions.expression import to_datetime
from skewless.definitions.names import versioned
from skewless.definitions.refresh import Stream
from skewless.doctor.diagnosis import Finding, error, warning
from skewless.online.address import STREAM_DAYS, view_partition
from skewless.online.retired import RetiredViews
from skewless.online.table import OnlineTable
from skewless.registry.rewrites import RewriteLog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.view import FeatureView
    from skewless.doctor.patient import Patient

# A cut's job takes a while; a stream is served correctly meanwhile.
_GRACE = DAY // 24
_MOST_FAILED = 1_000  # failed entities whose reasons are read


def check_view(patient: Patient, plan: ViewPlan) -> Iterator[Finding]:
    """Examine a view's watermark and its next cut."""
    view = plan.view
    name = versioned(view.name, view.version)
    subject = f"view {name}"
    # On AWS the state machine has the rights for a cut; an operator may lack them.
    how = "" if patient.jobs is None else " --start"
    remedy = f"skewless materialize {name}{how}"
    partition = view_partition(plan)
    watermark = OnlineTable(patient.aws, patient.resources.online_table).read_watermark(partition)
    if watermark.is_retired:
        yield error(
            subject,
            "its watermark says that it is retired, and the registry does not, as after a "
            "restore of an earlier state: all of its values are null",
            f"skewless retire {view.name}@{view.version.major}; publish it as a new version",
        )
        return
    if watermark.cut is None:
        yield warning(subject, "it was never cut: nothing of it is served", remedy)
    else:
        yield from _check_due(patient, view, watermark.cut, subject, remedy)
    if watermark.started is not None and watermark.started != watermark.cut:
        yield warning(
            subject,
            f"the cut {_iso(watermark.started)} is begun and not committed; it is being written, "
            "or its job died",
            f"{remedy}, which finishes it, unless it is running",
        )
    yield from _check_failed(patient, partition, subject)
    registry = patient.resources.registry_table
    if pending := RewriteLog(patient.aws, registry).pending(partition):
        yield warning(
            subject,
            f"{len(pending)} rewrites of history are in the log and not yet served; the next cut "
            "holds them",
            remedy,
        )


def check_retired(patient: Patient, plan: ViewPlan) -> Iterator[Finding]:
    """Check that a retired view's items were removed."""
    view = plan.view
    table = OnlineTable(patient.aws, patient.resources.online_table)
    found = RetiredViews(table).of(plan)
    if found is not None and found.removed is not None:
        return
    name = f"{view.name}@{view.version.major}"
    yield warning(
        f"view {versioned(view.name, view.version)}",
        "it is retired, and its online items are not removed yet",
        f"skewless retire {name}, which says from when on that is possible",
    )


def _check_failed(patient: Patient, partition: str, subject: str) -> Iterator[Finding]:
    """Examine the entities that could not be written. No reason names an entity."""
    table = OnlineTable(patient.aws, patient.resources.online_table)
    if not (count := table.failed.count(partition)):
        return
    reasons = Counter(entity.reason for entity in table.failed.first(partition, _MOST_FAILED))
    (reason, _), *others = reasons.most_common()
    more = f" (and {len(others)} other reasons)" if others else ""
    yield warning(
        subject,
        f"{count:,} {'entity is' if count == 1 else 'entities are'} served as failed: "
        f"{reason}{more}",
        "each cut looks at them again; docs/operations.md, alarm-entities-failed, says what to do "
        "if they stay",
    )


def _check_due(
    patient: Patient, view: FeatureView, cut: int, subject: str, remedy: str
) -> Iterator[Finding]:
    now = patient.now
    due = due_cut(view.refresh, now)
    if isinstance(view.refresh, Stream):
        if now - cut > STREAM_DAYS * DAY:
            yield error(
                subject,
                f"its last cut is {_iso(cut)}: stream items of the days since are kept for "
                f"{STREAM_DAYS} days, so that events are missing from what is served",
                remedy,
            )
        elif cut < due and now - due > _GRACE:
            yield warning(subject, _overdue(cut, due, now), remedy)
        return
    served = as_of(view.refresh, now)
    if cut < served:
        yield error(subject, f"{_overdue(cut, due, now)}; it is served as stale", remedy)
    elif cut < due and now - due > _GRACE:
        yield warning(subject, _overdue(cut, due, now), remedy)


def _overdue(cut: int, due: int, now: int) -> str:
    late = (now - due) // 1_000_000 * 1_000_000
    return f"its last cut is {_iso(cut)}; {_iso(due)} is due since {Duration(late)}"


def _iso(instant: int) -> str:
    return to_datetime(instant).isoformat()
