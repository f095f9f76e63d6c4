"""Write the states of entities at a cut, many in a call. Boto3's half: no Arrow, no SQL.

An entity that cannot be written fails alone. A small item with the reason replaces its state, so
that the cut commits for all others and readers learn of the failure. Before that item is written,
the entity is added to its view's index of failed entities, which later cuts try again.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.errors import InputError, ItemTooLargeError
from skewless.materialize.due import to_cut
from skewless.materialize.states import encoded_state
from skewless.online.address import view_partition
from skewless.online.codec import failed_state
from skewless.online.cut_batch import MOST
from skewless.online.overflow import overflow_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from skewless.compiler.exported import EntityRows
    from skewless.compiler.plan import ViewPlan
    from skewless.online.record import Cut
    from skewless.online.store import OnlineStore

FAILED = "failed"
CONCURRENCY = 16


class Written(NamedTuple):
    """The outcome of writing one entity.

    Attributes:
        key: physical.
        outcome: a `CutOutcome`'s value, or "failed".
        reason: why it failed; else None.
    """

    key: tuple[Any, ...]
    outcome: str
    reason: str | None = None


class WrittenBatch(NamedTuple):
    """The outcomes of entities that were written together.

    Attributes:
        entities: in the order in which they were given.
        write_units: DynamoDB's capacity.
    """

    entities: list[Written]
    write_units: float


class EntityCut(NamedTuple):
    """What is to be written for an entity.

    Attributes:
        key: physical.
        cut: None if no item can have the key.
        reason: why the entity has failed; None if it has not.
    """

    key: tuple[Any, ...]
    cut: Cut | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class EntityWriter:
    """Writes the entities of one cut.

    Attributes:
        cut: microseconds.
        is_first: whether the view is filled for the first time.
    """

    table: OnlineStore
    plan: ViewPlan
    cut: int
    is_first: bool

    def write_all(self, entities: Iterable[EntityRows]) -> Iterator[WrittenBatch]:
        """Write many entities, batches of them side by side.

        Raises:
            OnlineStoreError: DynamoDB refused; what was written stays written.
        """
        waiting = iter(entities)
        with ThreadPoolExecutor(CONCURRENCY) as pool:
            while some := list(islice(waiting, CONCURRENCY * MOST)):
                batches = [some[first : first + MOST] for first in range(0, len(some), MOST)]
                yield from pool.map(self._write, batches)

    def prepare(self, entity: EntityRows) -> EntityCut:
        """Return what is to be written for an entity."""
        state = encoded_state(self.plan, entity.rows)
        try:
            cut = to_cut(self.plan, self.cut, entity.key, state)
        except InputError as error:
            # No item can have this key; a reader who asks for it gets the same error.
            return EntityCut(entity.key, None, str(error))
        return EntityCut(entity.key, cut, overflow_of(self.plan, [state], self.cut))

    def put(self, entities: Sequence[EntityCut]) -> WrittenBatch:
        """Write entities' states, or that they failed.

        Raises:
            OnlineStoreError: DynamoDB refused; what was written stays written.
        """
        for entity in entities:
            if entity.cut is not None and entity.reason is not None:
                self._note(entity.cut, entity.reason)
        cuts = [entity.cut for entity in entities if entity.cut is not None]
        put = self.table.put_cuts(cuts, is_first=self.is_first)
        outcomes, write_units = iter(put.outcomes), put.write_units
        written = []
        for key, cut, reason in entities:
            outcome = None if cut is None else next(outcomes)
            if cut is not None and isinstance(outcome, ItemTooLargeError):
                reason = outcome.reason  # noqa: PLW2901 - of two, the one that readers get
                write_units += self._put_failed(cut, reason)
            if reason is not None or outcome is None or isinstance(outcome, ItemTooLargeError):
                written.append(Written(key, FAILED, reason))
            else:
                written.append(Written(key, outcome.value))
        return WrittenBatch(written, write_units)

    def _write(self, entities: Sequence[EntityRows]) -> WrittenBatch:
        return self.put([self.prepare(entity) for entity in entities])

    def _put_failed(self, cut: Cut, reason: str) -> float:
        """Write a small item in place of one that is too large; return what that consumed."""
        self._note(cut, reason)
        small = cut._replace(state=failed_state(reason))
        return self.table.put_cut(small, is_first=self.is_first)[1]

    def _note(self, cut: Cut, reason: str) -> None:
        view = view_partition(self.plan)
        self.table.failed.note(view, cut.key.removeprefix(f"{view}#"), self.cut, reason)
