"""Forget an entity, in an order in which it cannot come back.

1. the log of every source with its key columns, then the quarantine; meanwhile no view's first cut
   begins;
2. views of other entities that counted its events are written anew from what is left;
3. online items: not before the log is clean, or a cut could write them anew from old rows;
4. training sets, and what queries and cuts left in the bucket;
5. look again for what a running writer may have brought back;
6. sign the report, keep it, and remove the journal if there is nothing left to do.

A cut that read the log before it was clean still holds the entity's state, and can write it after
step 3. The watermark shows such a cut: begun and not committed. The report then says to run the
erasure again after its commit. Another process may have an event in the log and not yet online. The
event is removed from the log, but that process applies it later all the same. So stop ingesting for
the entity first. The next run removes whatever came back, and changes nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from skewless.erasure.journal import REPORTS, Journal, place_of
from skewless.erasure.leftovers import erase_leftovers
from skewless.erasure.neighbours import Neighbours
from skewless.erasure.removal import Removal
from skewless.erasure.report import Erasure, NotReached
from skewless.erasure.sets import TrainingSets
from skewless.erasure.subject import LoggedRows, RefusedRows, Subject
from skewless.erasure.sweep import find_strays
from skewless.errors import InputError
from skewless.ingest.commit_queue import CommitQueue
from skewless.materialize.source_line import SourceLine
from skewless.offline.storage.objects import split_uri, write_bytes
from skewless.offline.storage.stored import StoredObjects
from skewless.online.address import entity_partition, view_partition
from skewless.online.items import EntityItems

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    import pyarrow as pa

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source
    from skewless.erasure.removal import Notes
    from skewless.erasure.survey import Matching
    from skewless.offline.lake.day_table import DayTable
    from skewless.registry.published import Published
    from skewless.workbench import Workbench

_PATIENCE_SECONDS = 10.0


@dataclass(slots=True)
class Forgetting:
    """One erasure, from its first look to its report."""

    bench: Workbench
    published: Published
    reload: Callable[[], Published]
    subject: Subject
    journal: Journal
    objects: StoredObjects
    is_dry_run: bool

    def run(self) -> Erasure:
        """Erase, and report."""
        if not self.is_dry_run:
            self._hold_first_cuts()
        not_reached = list(self._not_ours())
        again: list[str] = []
        neighbours = Neighbours(self.bench, self.published, self.subject, self.journal)
        for source in self._logged():
            notes = _Leaving(self.journal, neighbours, source)
            again += self._erase_rows(self.bench.log.table(source), LoggedRows(self.subject), notes)
        for table, matching in self._quarantined():
            again += self._erase_rows(table, matching, self.journal)
        if not self.is_dry_run:
            again += self._events_on_their_way()
            again += neighbours.settle()
            again += self._published_meanwhile()
        again += self._cuts_under_way()
        self._erase_items()
        sets = TrainingSets(
            self.bench.aws, self.bench.sets, self.objects, self.subject, self.published
        )
        now = _now().isoformat()
        not_reached += sets.erase(self.journal, now, is_dry_run=self.is_dry_run)
        not_reached += erase_leftovers(
            self.objects, self.journal, _now(), is_dry_run=self.is_dry_run
        )
        if not self.is_dry_run:
            again += self._came_back()
            again += neighbours.look_again()
        return self._report(tuple(not_reached), tuple(dict.fromkeys(again)))

    def _quarantined(self) -> Iterator[tuple[DayTable, Matching]]:
        names = frozenset(source.name for source in self._sources())
        for table in self.bench.quarantine.tables(sorted(names)):
            yield table, RefusedRows(self.subject, names)

    def _erase_rows(self, table: DayTable, matching: Matching, notes: Notes) -> Iterator[str]:
        """Remove rows from all snapshots and files of a table; yield what is left to do."""
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
        removal.run(notes)
        # After it: what a run that died left unnamed is in the journal, and no stray.
        strays = find_strays(table, matching, self.objects, _now())
        if strays.settled:
            self.journal.found(place, "stray files", len(strays.settled))
            self._leave_the_line(table, {found.key for found in strays.settled})
            self.objects.delete(strays.settled)
        if strays.young:
            yield (
                f"{table.name}: {strays.young} files that no snapshot names are younger than an "
                "hour; a writer may be about to commit them. Run this again in an hour"
            )

    def _leave_the_line(self, table: DayTable, gone: set[str]) -> None:
        """Remove a dead writer's entries from the queue of commits, before its files."""
        name = table.name.partition(".")[2]
        queue = CommitQueue(self.bench.aws, self.bench.rewrites.table_name, name)
        for id_, append in queue.waiting().items():
            if any(split_uri(file.file_path)[1] in gone for file in append.files):
                self.journal.found_again(place_of(table.name), "waiting appends", 1)
                queue.drop(id_)

    def _hold_first_cuts(self) -> None:
        """Let no view be cut for the first time until the rows are gone; read the registry then.

        A cut that began before belongs to a view that the registry has by now. A view that is
        published later reads a clean log.
        """
        self.journal.keep()  # so that the next run ends what this one began, should it die
        held: set[str] = set()
        while new := [source for source in self._logged() if source.name not in held]:
            for source in new:
                self._line(source).begin_erasure(self.journal.id)
                held.add(source.name)
            self.published = self.reload()

    def _line(self, source: Source) -> SourceLine:
        return SourceLine.of(self.bench.table, source.name)

    def _events_on_their_way(self) -> Iterator[str]:
        """Wait for producers whose events may have been in the log before, and not online yet."""
        for source in self._logged():
            line = self._line(source)
            line.end_erasure(self.journal.id)
            inside = line.producers()
            dead = {name: stamp for name, stamp in inside.items() if line.is_dead(name)}
            if dead:
                self.bench.undone.finish(source, self.published, dead)
            if left := line.wait_for(inside.keys() - dead.keys(), _PATIENCE_SECONDS):
                yield (
                    f"log {source.name}: {len(left)} batches of events are on their way to the "
                    "online store, and may bring the entity back. Run this again once they are "
                    "there; if their producers died, after `skewless repair` of a stream view"
                )

    def _published_meanwhile(self) -> Iterator[str]:
        """Tell of sources that were published while this ran: their logs were not looked at."""
        before = {source.name for source in self._sources()}
        self.published = self.reload()
        for source in self._sources():
            if source.name not in before:
                yield f"log {source.name}: it was published while this ran. Run this again"

    def _erase_items(self) -> None:
        """Remove the entity's online items, of all versions of all its views."""
        items = EntityItems(self.bench.aws, self.bench.resources.online_table)
        for plan in self._addressed():
            found = items.find(entity_partition(plan, self.subject.key))
            self.journal.found(f"online {plan.name}", "items", len(found))
            if not self.is_dry_run:
                for address in found:
                    items.delete(address)
            self._erase_failure(plan)

    def _erase_failure(self, plan: ViewPlan) -> None:
        """Remove the entity from the list of those that could not be written."""
        failed, view = self.bench.table.failed, view_partition(plan)
        if failed.holds(view, self.subject.text):
            self.journal.found(f"online {plan.name}", "notes of a failure", 1)
            if not self.is_dry_run:
                failed.forget(view, self.subject.text)

    def _cuts_under_way(self) -> Iterator[str]:
        """Yield cuts that may have read the log before it was clean, and may still write."""
        for plan in self._plans():
            watermark = self.bench.table.read_watermark(view_partition(plan))
            if watermark.started is not None and watermark.started != watermark.cut:
                yield (
                    f"view {plan.name}: a cut is begun and not committed; it may write the "
                    f"entity once more. Run this again after `skewless materialize {plan.name}`"
                )

    def _came_back(self) -> Iterator[str]:
        """Look again at the log and the items for what was written meanwhile."""
        tables = [
            (self.bench.log.table(found), LoggedRows(self.subject)) for found in self._logged()
        ]
        for table, matching in tables:
            removal = Removal(table, matching, self.objects, self.journal.id)
            if rows := removal.find().rows:
                yield (
                    f"{table.name}: {rows} rows of the entity came in meanwhile. Stop its events, "
                    "and run this again"
                )
        items = EntityItems(self.bench.aws, self.bench.resources.online_table)
        for plan in self._addressed():
            found = items.find(entity_partition(plan, self.subject.key))
            if self.bench.table.failed.forget(view_partition(plan), self.subject.text) or found:
                self.journal.found_again(f"online {plan.name}", "items", len(found))
                for address in found:
                    items.delete(address)
                yield (
                    f"view {plan.name}: {len(found)} online items came back while this ran, and "
                    "were removed again. Stop its events and cuts, and run this again"
                )

    def _not_ours(self) -> Iterator[NotReached]:
        for source in self._sources():
            if source.table is not None:
                yield NotReached(
                    f"table {source.table}",
                    f"source {source.name!r} reads it where it is: yours to erase",
                )
            elif not self.bench.log.table(source).exists():
                yield NotReached(
                    f"log {source.name}",
                    "the table is not in Glue: its files, if there are any, were not looked at",
                )
        kinds = self.subject.entity.keys
        for source in self.published.definitions.sources:
            others = [
                name for name in kinds if source.columns.get(name, kinds[name]) != kinds[name]
            ]
            if others and set(kinds) <= set(source.columns):
                types = ", ".join(f"{name!r} is {source.columns[name]}" for name in others)
                yield NotReached(
                    f"log {source.name}",
                    f"{types} there, another type than the entity's: not looked at",
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
        if signed.is_complete:  # otherwise the next run needs it
            journal.close()
        return signed

    def _plans(self) -> list[ViewPlan]:
        return [
            self.published.plan(view)
            for view in self.published.definitions.views
            if view.entity.name == self.subject.entity.name
        ]

    def _addressed(self) -> list[ViewPlan]:
        """The views with items of the entity; a key too long for an item has none."""
        return self._plans() if self.subject.has_items else []

    def _sources(self) -> tuple[Source, ...]:
        """The sources with the entity's key columns, also if their views are of others."""
        kinds = self.subject.entity.keys.items()
        return tuple(
            source
            for source in self.published.definitions.sources
            if all(source.columns.get(name) == type_ for name, type_ in kinds)
        )

    def _logged(self) -> Iterator[Source]:
        for source in self._sources():
            if source.table is None and self.bench.log.table(source).exists():
                yield source


@dataclass(frozen=True, slots=True)
class _Leaving:
    """Notes of a removal from a source's log, shared with the neighbours."""

    journal: Journal
    neighbours: Neighbours
    source: Source

    def note(
        self, table: str, *, rows: int, snapshots: Collection[int], files: Collection[str]
    ) -> None:
        self.journal.note(table, rows=rows, snapshots=snapshots, files=files)

    def files(self, table: str) -> frozenset[str]:
        return self.journal.files(table)

    def leaving(self, table: str, rows: pa.Table) -> None:
        self.journal.leaving(table, rows)
        self.neighbours.note(self.source, rows)


def forget(
    bench: Workbench,
    reload: Callable[[], Published],
    entity: str,
    key: object,
    *,
    is_dry_run: bool,
) -> Erasure:
    """Forget an entity; see `FeatureStore.forget`.

    Args:
        bench: the store's.
        reload: reads the registry: at the start, and again when the log is clean.
        entity: its name.
        key: the value of its key.
        is_dry_run: whether to change nothing.
    """
    published = reload()
    for view in published.definitions.views:
        if view.name == entity and not view.entity.keys:
            raise InputError(
                f"the view {entity!r} is of no entity: no part of its value is anyone's by a key. "
                "Forget the entity whose events it counts; its value is built anew without them"
            )
    subject = Subject.of(published.entity(entity), key)
    resources = bench.resources
    if is_dry_run:
        journal = Journal.dry(resources.store, subject, _now())
    else:
        journal = Journal.open(bench.aws, resources.bucket, resources.store, subject, _now())
    objects = StoredObjects(bench.aws, resources.bucket)
    work = Forgetting(bench, published, reload, subject, journal, objects, is_dry_run)
    if not work._plans() and not work._sources():  # noqa: SLF001 - its own module
        raise InputError(
            f"no published view is of the entity {entity!r}, and no source has its key columns: "
            "there is nothing of it"
        )
    return work.run()


def _now() -> datetime:
    # Ages of objects go by S3's clock: the store's may be that of a replay.
    return datetime.now(UTC)
