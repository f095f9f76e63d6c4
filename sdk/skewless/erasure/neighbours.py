"""Views of other entities that counted the erased events: bring their items in line with the log.

Before a commit removes rows, the journal records the entities whose states hold them, so that a
later run can go on after a crash. Once the log is clean, their states are written anew: those of
the served cuts and of a stream's days. Doing it earlier would be useless, since a cut in between
would read the rows again.

A cut that began before the log was clean may still write what it read. The watermark, read after
the rows are gone, shows such a cut. Then the journal stays, and the next run writes anew again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from skewless.compiler.keys import decode_key, is_addressable, spell_key
from skewless.erasure.anew import Anew
from skewless.errors import OnlineStoreError
from skewless.offline.frames.columns import arrow_type
from skewless.online.address import view_partition, without_keys

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source
    from skewless.erasure.journal import Journal
    from skewless.erasure.subject import Subject
    from skewless.registry.published import Published
    from skewless.workbench import Workbench

    Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The views of other entities on the sources of an erased one."""

    bench: Workbench
    published: Published
    subject: Subject
    journal: Journal

    def note(self, source: Source, rows: pa.Table) -> None:
        """Record the entities whose states hold rows that are about to be removed."""
        for plan in self._plans():
            if plan.view.source.name == source.name:
                keys = self._keys(plan, source, rows)
                self.journal.add_neighbours(view_partition(plan), map(self._hidden(plan), keys))

    def settle(self) -> Iterator[str]:
        """Write the recorded states anew from the log, which is clean now; yield what is left."""
        for plan in self._plans():
            if keys := self._noted(plan):
                self.journal.found(f"view {plan.name}", "entities to build anew", len(keys))
                yield from self._settle(plan, keys)

    def look_again(self) -> Iterator[str]:
        """Yield day items that meanwhile took in what the log no longer has."""
        for plan in self._plans():
            if keys := self._noted(plan):
                yield from self._settle_days(plan, keys)

    def _settle(self, plan: ViewPlan, keys: set[Key]) -> Iterator[str]:
        watermark = self.bench.table.read_watermark(view_partition(plan))
        anew = Anew(self.bench, plan)
        left = anew.write(keys)
        if left or (watermark.started is not None and watermark.started != watermark.cut):
            yield (
                f"view {plan.name}: a cut is begun and not committed; it may hold rows that are "
                f"gone. Run this again after `skewless materialize {plan.name}`"
            )
        yield from self._settle_days(plan, keys)

    def _settle_days(self, plan: ViewPlan, keys: set[Key]) -> Iterator[str]:
        """Write the noted entities' day items anew, and those of no other.

        Items are read before the log. Else another erasure could end in between, and what it
        removed would be written back from the log as it was.
        """
        try:
            left = Anew(self.bench, plan).write_days(keys)
        except OnlineStoreError as error:
            yield (
                f"view {plan.name}: items of the day are not built anew: "
                f"{without_keys(str(error))}. Stop the entity's events, and run this again"
            )
            return
        if left:
            yield f"view {plan.name}: others kept writing items of the day. Run this again"

    def _keys(self, plan: ViewPlan, source: Source, rows: pa.Table) -> set[Key]:
        """Return the view's entities in rows: those that online items can have."""
        kinds = plan.view.entity.keys
        if not kinds:
            return {()} if rows.num_rows else set()
        columns = {name: rows[name].cast(arrow_type(type_)) for name, type_ in kinds.items()}
        found = self.bench.log.physical(source, pa.table(columns))
        distinct = found.group_by(list(kinds)).aggregate([]).to_pylist()
        keys = {tuple(row[name] for name in kinds) for row in distinct}
        return {key for key in keys if None not in key and is_addressable(key, plan.key_types)}

    def _hidden(self, plan: ViewPlan) -> Any:
        """Return a key as the journal records it, without the erased entity's own columns."""
        kinds = plan.view.entity.keys

        def hide(key: Key) -> tuple[str | None, ...]:
            return tuple(
                None if name in self.subject.entity.keys else spell_key((value,), (type_,))
                for (name, type_), value in zip(kinds.items(), key, strict=True)
            )

        return hide

    def _noted(self, plan: ViewPlan) -> set[Key]:
        own = dict(zip(self.subject.entity.keys, self.subject.key, strict=True))
        kinds = plan.view.entity.keys
        return {
            tuple(
                own[name] if part is None else decode_key(part, (type_,))[0]
                for (name, type_), part in zip(kinds.items(), parts, strict=True)
            )
            for parts in self.journal.neighbours.get(view_partition(plan), ())
        }

    def _plans(self) -> Iterator[ViewPlan]:
        for view in self.published.definitions.views:
            if view.source.table is None and view.entity.name != self.subject.entity.name:
                yield self.published.plan(view)
