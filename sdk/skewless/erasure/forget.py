"""Forget an entity, in an order in which it cannot come back.

1. the log of every source whose views are of the entity, then the quarantine; views of other
   entities that counted its events are brought in line;
2. training sets, and what queries and cuts left in the bucket;
3. online items, last: until the log is clean, a cut could write them anew from old rows;
4. look again at what a writer that was under way may have brought back;
5. sign the report, keep it, and remove the journal.

A cut that read the log before it was clean still holds the entity's state, and can write it after
step 3. Such a cut is told by the watermark: begun, and not committed. The report then says to run
the erasure again once it is. An event that another process has in the log, and not yet online, is
removed from the log; the process applies it all the same when it goes on: stop ingesting for the
entity first. Whatever came back, the next run removes; it changes nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skewless.compiler.plan import plan_view
from skewless.erasure.journal import REPORTS, Journal, place_of
from skewless.erasure.leftovers import erase_leftovers
from skewless.erasure.neighbours import Neighbours
from skewless.erasure.report import Erasure, NotReached
from skewless.erasure.sets import TrainingSets
from skewless.erasure.subject import LoggedRows, RefusedRows, Subject
from skewless.errors import InputError
from skewless.offline.objects import write_bytes
from skewless.offline.removal import Removal
from skewless.offline.stored import StoredObjects
from skewless.offline.sweep import find_strays
from skewless.online.address import entity_partition, view_partition
from skewless.online.items import EntityItems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source
    from skewless.offline.day_table import DayTable
    from skewless.offline.survey import Matching
    from skewless.registry.published import Published
    from skewless.workbench import Workbench


@dataclass(slots=True)
class Forgetting:
    """One erasure, from its first look to its report."""

    bench: Workbench
    published: Published
    subject: Subject
    journal: Journal
    objects: StoredObjects
    is_dry_run: bool

    def run(self) -> Erasure:
        """Erase, and report."""
        not_reached: list[NotReached] = []
        again: list[str] = []
        neighbours = Neighbours(self.bench, self.published, self.subject, self.journal)
        for source in self._sources():
            if source.table is None and not self.is_dry_run:
                neighbours.prepare(source)
        for table, matching in self._tables():
            again += self._erase_rows(table, matching)
        neighbours.settle()
        sets = TrainingSets(self.bench.aws, self.bench.sets, self.subject)
        now = _now().isoformat()
        not_reached += sets.erase(self.journal, now, is_dry_run=self.is_dry_run)
        not_reached += erase_leftovers(
            self.objects, self.journal, _now(), is_dry_run=self.is_dry_run
        )
        again += self._cuts_under_way()
        self._erase_items()
        again += self._came_back()
        not_reached += self._not_ours()
        return self._report(tuple(not_reached), tuple(again))

    def _tables(self) -> Iterator[tuple[DayTable, Matching]]:
        """The log's tables to clean, and what to look for in each."""
        sources = self._sources()
        for source in sources:
            if source.table is None:
                yield self.bench.log.table(source), LoggedRows(self.subject)
        names = frozenset(source.name for source in sources)
        for table in self.bench.quarantine.tables(sorted(names)):
            yield table, RefusedRows(self.subject, names)

    def _erase_rows(self, table: DayTable, matching: Matching) -> Iterator[str]:
        """Remove rows from a table, in all its snapshots and files; yield what is left to do."""
        removal = Removal(table, matching, self.objects, self.journal.id)
        place = place_of(table.name)
        if self.is_dry_run:
            found = removal.find()
            strays = find_strays(table, matching, self.objects, _now())
            files = len(found.files) + len(strays.settled)
            self.journal.found(place, "rows", found.rows)
            self.journal.found(place, "snapshots", len(found.snapshots))
            self.journal.found(place, "files", files)
            return
        removal.run(self.journal)
        # After it: what a run that died left unnamed is in the journal, and no stray.
        strays = find_strays(table, matching, self.objects, _now())
        if strays.settled:
            self.journal.found(place, "stray files", len(strays.settled))
            self.objects.delete(strays.settled)
        if strays.young:
            yield (
                f"{table.name}: {strays.young} files that no snapshot names are younger than an "
                "hour; a writer may be about to commit them. Run this again in an hour"
            )

    def _erase_items(self) -> None:
        """Remove the entity's online items, of all versions of all its views."""
        items = EntityItems(self.bench.aws, self.bench.resources.online_table)
        for plan in self._plans():
            found = items.find(entity_partition(plan, self.subject.key))
            self.journal.found(f"online {_named(plan)}", "items", len(found))
            if not self.is_dry_run:
                for address in found:
                    items.delete(address)
            self._erase_failure(plan)

    def _erase_failure(self, plan: ViewPlan) -> None:
        """Remove the entity from the list of those that could not be written."""
        failed, view = self.bench.table.failed, view_partition(plan)
        if failed.holds(view, self.subject.text):
            self.journal.found(f"online {_named(plan)}", "notes of a failure", 1)
            if not self.is_dry_run:
                failed.forget(view, self.subject.text)

    def _cuts_under_way(self) -> Iterator[str]:
        """Tell of cuts that may have read the log before it was clean, and write afterwards."""
        for plan in self._plans():
            watermark = self.bench.table.read_watermark(view_partition(plan))
            if watermark.started is not None and watermark.started != watermark.cut:
                yield (
                    f"view {_named(plan)}: a cut is begun and not committed; it may write the "
                    f"entity once more. Run this again after `skewless materialize {_named(plan)}`"
                )

    def _came_back(self) -> Iterator[str]:
        """Look again at the log and online: what was written meanwhile."""
        if self.is_dry_run:
            return
        for table, matching in self._tables():
            removal = Removal(table, matching, self.objects, self.journal.id)
            if rows := removal.find().rows:
                yield (
                    f"{table.name}: {rows} rows of the entity came in meanwhile. Stop its events, "
                    "and run this again"
                )
        items = EntityItems(self.bench.aws, self.bench.resources.online_table)
        for plan in self._plans():
            found = items.find(entity_partition(plan, self.subject.key))
            if self.bench.table.failed.forget(view_partition(plan), self.subject.text) or found:
                self.journal.found_again(f"online {_named(plan)}", "items", len(found))
                for address in found:
                    items.delete(address)
                yield (
                    f"view {_named(plan)}: {len(found)} online items came back while this ran, and "
                    "were removed again. Stop its events and cuts, and run this again"
                )

    def _not_ours(self) -> Iterator[NotReached]:
        for source in self._sources():
            if source.table is not None:
                yield NotReached(
                    f"table {source.table}",
                    f"source {source.name!r} reads it where it is: yours to erase",
                )

    def _report(self, not_reached: tuple[NotReached, ...], again: tuple[str, ...]) -> Erasure:
        resources, journal = self.bench.resources, self.journal
        key = f"{REPORTS}{journal.id}.json"
        report = Erasure(
            id=journal.id,
            store=resources.store,
            entity=self.subject.entity.name,
            salt=journal.salt,
            key_digest=journal.key_digest,
            started_at=journal.started_at,
            finished_at=_now().isoformat(),
            is_dry_run=self.is_dry_run,
            removed=journal.removed,
            not_reached=not_reached,
            again=again,
            uri="" if self.is_dry_run else f"s3://{resources.bucket}/{key}",
        )
        if self.is_dry_run:
            return report
        signed = report.signed(resources.report_key, self.bench.aws)
        write_bytes(signed.uri, signed.text().encode(), self.bench.aws)
        journal.close()
        return signed

    def _plans(self) -> list[ViewPlan]:
        return [
            plan_view(view)
            for view in self.published.definitions.views
            if view.entity.name == self.subject.entity.name
        ]

    def _sources(self) -> tuple[Source, ...]:
        return tuple({plan.view.source.name: plan.view.source for plan in self._plans()}.values())


def forget(
    bench: Workbench, published: Published, entity: str, key: object, *, is_dry_run: bool
) -> Erasure:
    """Forget an entity; see `FeatureStore.forget`."""
    subject = Subject.of(published.entity(entity), key)
    resources = bench.resources
    if is_dry_run:
        journal = Journal.dry(resources.store, subject, _now())
    else:
        journal = Journal.open(bench.aws, resources.bucket, resources.store, subject, _now())
    objects = StoredObjects(bench.aws, resources.bucket)
    work = Forgetting(bench, published, subject, journal, objects, is_dry_run)
    if not work._plans():  # noqa: SLF001 - its own module
        raise InputError(f"no published view is of the entity {entity!r}: there is nothing of it")
    return work.run()


def _named(plan: ViewPlan) -> str:
    return f"{plan.view.name}@{plan.view.version}"


def _now() -> datetime:
    # Not the store's clock, which may be a replay's: objects are as old as S3 says.
    return datetime.now(UTC)
