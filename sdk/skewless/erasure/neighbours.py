"""Views of other entities that counted the erased events: brought in line with the log.

Before the rows go, it is noted which entities shared an event with the erased one. A shard of the
log in which such an entity has other rows is recorded as rewritten, so that the view's next cut
builds the entity anew; one without other rows loses its items. A stream's items of the days since
the cut go as well, and are built anew once the rows are gone: an item that has applied an event
which the log lacks could never be rebuilt again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from skewless.compiler.plan import plan_view
from skewless.definitions.names import INGEST_SHARD
from skewless.definitions.refresh import Stream
from skewless.erasure.subject import LoggedRows
from skewless.online.address import BATCH, entity_partition, stream_sort, view_partition
from skewless.online.items import EntityItems

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source
    from skewless.erasure.journal import Journal
    from skewless.erasure.subject import Subject
    from skewless.registry.published import Published
    from skewless.workbench import Workbench

    Key = tuple[Any, ...]

pc: Any = pyarrow.compute


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The cut views of other entities on the sources of an erased one."""

    bench: Workbench
    published: Published
    subject: Subject
    journal: Journal

    def prepare(self, source: Source) -> None:
        """Note what will have to be built anew, before a source's rows are removed."""
        for plan in self._plans(source):
            cut = self.bench.table.read_watermark(view_partition(plan)).cut
            if cut is None:
                continue
            if shared := self._shared(plan):
                self._mark(plan, cut, self._shards(plan, shared), shared)

    def settle(self) -> None:
        """Build the streams' days anew from the log, which is clean by now."""
        for view in self.published.definitions.views:
            plan = plan_view(view)
            partition = view_partition(plan)
            cut = self.bench.table.read_watermark(partition).cut
            if partition in self.journal.rebuild and cut is not None:
                self.bench.front_door.rebuild_days(plan, cut)

    def _mark(self, plan: ViewPlan, cut: int, shards: dict[Key, str], shared: set[Key]) -> None:
        partition = view_partition(plan)
        place = f"view {plan.view.name}@{plan.view.version}"
        self.journal.found(place, "entities to build anew", len(shared))
        for shard in sorted(set(shards.values())):
            self.bench.rewrites.add([partition], shard)
        if isinstance(plan.view.refresh, Stream):
            self.journal.rebuild_later(partition)
        items = EntityItems(self.bench.aws, self.bench.resources.online_table)
        for key in shared:
            for address in items.find(entity_partition(plan, key)):
                is_of_a_day_since = address[1] != BATCH and address[1] >= stream_sort(cut)
                if is_of_a_day_since or key not in shards:
                    items.delete(address)

    def _shared(self, plan: ViewPlan) -> set[Key]:
        """Return the keys of the view's entity in the rows that are to go."""
        found: set[Key] = set()
        for rows in self._rows(plan):
            own = rows.filter(self._mask(rows))
            found |= _keys(own.select(list(plan.view.entity.keys)))
        return found

    def _shards(self, plan: ViewPlan, shared: set[Key]) -> dict[Key, str]:
        """Return for each of the keys a shard with another row of it; none if it has no other."""
        names = list(plan.view.entity.keys)
        firsts = list({key[0] for key in shared})
        found: dict[Key, str] = {}
        for rows in self._rows(plan):
            column = rows[names[0]]
            near = pc.is_in(column, pa.array(firsts, column.type))
            others = rows.filter(pc.and_(near, pc.invert(self._mask(rows))))
            grouped = others.group_by(names).aggregate([(INGEST_SHARD, "min")])
            for row in grouped.to_pylist():
                key = tuple(row[name] for name in names)
                if key in shared:
                    found.setdefault(key, row[f"{INGEST_SHARD}_min"])
        return found

    def _rows(self, plan: ViewPlan) -> Iterator[pa.Table]:
        names = [*plan.view.entity.keys, *self.subject.entity.keys, INGEST_SHARD]
        chosen = list(dict.fromkeys(names))
        for batch in self.bench.log.scan(plan.view.source, chosen, physical=True):
            yield pa.Table.from_batches([batch])

    def _mask(self, rows: pa.Table) -> Any:
        mask = LoggedRows(self.subject).mask(rows)
        return pc.fill_null(mask, False)  # noqa: FBT003 - Arrow's signature

    def _plans(self, source: Source) -> Iterator[ViewPlan]:
        for view in self.published.definitions.views:
            if view.source.name == source.name and view.entity.name != self.subject.entity.name:
                yield plan_view(view)


def _keys(rows: pa.Table) -> set[Key]:
    """Return the distinct keys without nulls."""
    names = rows.column_names
    distinct = rows.group_by(names).aggregate([])
    keys = {tuple(row[name] for name in names) for row in distinct.to_pylist()}
    return {key for key in keys if None not in key}
