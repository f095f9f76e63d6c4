"""Write the states of entities at a cut, each by itself. Boto3's half: no Arrow, no SQL.

An entity that cannot be written fails alone. A small item with the reason replaces its state, so
that the cut commits for all others and readers learn of the failure. Before that item is written,
the entity is added to its view's index of failed entities, which later cuts try again.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.keys import encode_key
from skewless.errors import InputError, ItemTooLargeError
from skewless.materialize.due import to_cut
from skewless.materialize.states import encoded_state
from skewless.online.address import view_partition
from skewless.online.codec import failed_state
from skewless.online.overflow import overflow_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from skewless.compiler.exported import EntityRows
    from skewless.compiler.plan import ViewPlan
    from skewless.online.store import OnlineStore

FAILED = "failed"
_CONCURRENCY = 16
_QUEUED_PER_THREAD = 16


class Written(NamedTuple):
    """The outcome of writing one entity.

    Attributes:
        key: physical.
        outcome: a `CutOutcome`'s value, or "failed".
        write_units: DynamoDB's capacity.
        reason: why it failed; else None.
    """

    key: tuple[Any, ...]
    outcome: str
    write_units: float
    reason: str | None = None


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

    def write_all(self, entities: Iterable[EntityRows]) -> Iterator[Written]:
        """Write many entities, side by side.

        Raises:
            OnlineStoreError: DynamoDB refused; what was written stays written.
        """
        waiting = iter(entities)
        with ThreadPoolExecutor(_CONCURRENCY) as pool:
            while some := list(islice(waiting, _CONCURRENCY * _QUEUED_PER_THREAD)):
                yield from pool.map(self.write, some)

    def write(self, entity: EntityRows) -> Written:
        """Write an entity's state, or that it failed.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        key = entity.key
        try:
            text = encode_key(key, self.plan.key_types)
        except InputError as error:
            # No item can have this key; a reader who asks for it gets the same error.
            return Written(key, FAILED, 0.0, str(error))
        state = encoded_state(self.plan, entity.rows)
        item = to_cut(self.plan, self.cut, key, state)
        reason = overflow_of(self.plan, [state], self.cut)
        if reason is not None:
            self._note(text, reason)
        try:
            outcome, units = self.table.put_cut(item, is_first=self.is_first)
        except ItemTooLargeError as error:
            reason = error.reason
            self._note(text, reason)
            small = item._replace(state=failed_state(reason))
            outcome, units = self.table.put_cut(small, is_first=self.is_first)
        return Written(key, outcome.value if reason is None else FAILED, units, reason)

    def _note(self, key: str, reason: str) -> None:
        self.table.failed.note(view_partition(self.plan), key, self.cut, reason)
