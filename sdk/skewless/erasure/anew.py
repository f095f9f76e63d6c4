"""Write the states of some entities anew from the log, for the cuts that a view already serves.

A cut never writes an item twice: an item has the state of that cut or of a newer one. But an
erasure changes what the cuts should have held. So the items of entities that lost events are
replaced as a whole, on the condition that no cut has written them since they were read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.compiler.fingerprint import used_columns
from skewless.compiler.keys import encode_key
from skewless.definitions.refresh import Every, Stream
from skewless.errors import ItemTooLargeError
from skewless.materialize.arrow_rows import entity_rows
from skewless.materialize.due import to_cut
from skewless.materialize.states import encoded_state
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.query.states import States, span_of_states
from skewless.online.address import entity_partition, view_partition
from skewless.online.codec import failed_state
from skewless.online.overflow import overflow_of

if TYPE_CHECKING:
    from collections.abc import Collection

    from skewless.compiler.plan import ViewPlan
    from skewless.online.record import Watermark
    from skewless.workbench import Workbench

    Key = tuple[Any, ...]

_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Anew:
    """Writes entities of one view anew."""

    bench: Workbench
    plan: ViewPlan

    def write(self, keys: Collection[Key]) -> int:
        """Write the entities' items of the cuts; return how many a running cut holds.

        Entities without events in the log lose their items.

        Raises:
            OnlineStoreError: DynamoDB refused.
            StoreError: the log could not be read.
        """
        left = set(keys)
        for _ in range(_ATTEMPTS):
            watermark = self.bench.table.read_watermark(view_partition(self.plan))
            if watermark.cut is None:
                return 0  # a first cut writes all entities
            if watermark.is_retired:
                return self._drop_retired(keys)
            if not left:
                break
            # Read items before the log: a later writer may know more than the log that is read.
            versions = {key: self.bench.table.cut_of(self._partition(key)) for key in left}
            states = self._states(left, watermark.cut)
            keeps = isinstance(self.plan.view.refresh, Every)
            is_kept = keeps and watermark.previous is not None
            before = self._states(left, watermark.previous or 0) if is_kept else {}
            left = {
                key
                for key, found in versions.items()
                if (found is not None and found[0] > watermark.cut)  # of a running cut
                or not self._replace(
                    key, watermark, found and found[1], states.get(key), before.get(key)
                )
            }
        return len(left)

    def write_days(self, keys: Collection[Key]) -> int:
        """Write the entities' day items anew; return of how many others kept writing some.

        Raises:
            OnlineStoreError: DynamoDB refused.
            StoreError: the log could not be read.
        """
        if not isinstance(self.plan.view.refresh, Stream):
            return 0
        watermark = self.bench.table.read_watermark(view_partition(self.plan))
        cut, left = watermark.cut, set(keys)
        if watermark.is_retired:
            return 0  # their items went with those of the cuts
        for _ in range(_ATTEMPTS):
            if left:
                left = self.bench.days.replace(self.plan, cut, left)
        return len(left)

    def _drop_retired(self, keys: Collection[Key]) -> int:
        """Delete what a retired view may still have of entities; nobody reads it."""
        table, left = self.bench.table, 0
        for key in keys:
            partition = self._partition(key)
            found = table.cut_of(partition)
            gone = [found is None or table.drop_cut(partition, found[1])]
            gone += [
                table.drop_stream(partition, day, item.version)
                for day, item in [*table.stream_days(partition)]
            ]
            table.failed.forget(view_partition(self.plan), encode_key(key, self.plan.key_types))
            left += not all(gone)
        return left

    def _states(self, keys: Collection[Key], cut: int) -> dict[Key, bytes]:
        """Return the encoded states at a cut; entities without events have none."""
        view = self.plan.view
        engine = DuckDbEngine(self.bench.log.of_entities(self.plan, keys))
        asked = (cut, None, ())
        with engine.session() as session:
            span = span_of_states(self.plan, *asked)
            relation = session.relation(view.source, used_columns(view), span, None)
            rows = session.run(States(self.plan, session.dialect, relation, *asked).script())
        return {
            entity.key: encoded_state(self.plan, entity.rows)
            for entity in entity_rows(self.plan, rows)
            if entity.key in keys
        }

    def _partition(self, key: Key) -> str:
        return entity_partition(self.plan, key)

    def _replace(
        self,
        key: Key,
        watermark: Watermark,
        version: int | None,
        state: bytes | None,
        before: bytes | None,
    ) -> bool:
        """Replace an entity's item if it is unchanged; return whether it was."""
        table, cut = self.bench.table, watermark.cut or 0
        partition = self._partition(key)
        view, text = view_partition(self.plan), encode_key(key, self.plan.key_types)
        if state is None:
            is_gone = version is None or table.drop_cut(partition, version)
            table.failed.forget(view, text)
            return is_gone
        reason = overflow_of(self.plan, [state], cut)
        table.failed.forget(view, text)
        if reason is not None:
            table.failed.note(view, text, cut, reason)
        previous = None if before is None else (watermark.previous or 0, before)
        wanted = to_cut(self.plan, cut, key, state)
        try:
            return table.rewrite_cut(wanted, previous, version)
        except ItemTooLargeError as error:
            table.failed.note(view, text, cut, error.reason)
            small = wanted._replace(state=failed_state(error.reason))
            return table.rewrite_cut(small, None, version)
