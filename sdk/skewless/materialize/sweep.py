"""Sweep: what trials left behind is removed, once nobody tries or publishes it any more.

A view of a trial has its items where they will lie once it is published, and two namespaces that
try the same view share them. So items go only if no live namespace has the view and it is not
published. This is looked at again after the view is closed to cuts: whoever publishes it later
finds a view that was never cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.compiler.instants import DAY
from skewless.errors import InputError, OnlineStoreError, PublishError
from skewless.registry.identity import meaning
from skewless.registry.trial import partition_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from skewless.online.view_items import ViewItems
    from skewless.registry.namespaces import DevNamespace, Namespaces, PendingRemoval
    from skewless.registry.published import Published

# No cut takes longer. One that was under way when its view went may have written until then.
_LONGEST_CUT = DAY


@dataclass(frozen=True, slots=True)
class Swept:
    """The outcome of a sweep.

    Attributes:
        expired: names of namespaces that expired and are gone.
        views: `name@version` of views whose online items are gone.
        items: how many items these were.
        left: what could not be removed now, and why.
    """

    expired: tuple[str, ...] = ()
    views: tuple[str, ...] = ()
    items: int = 0
    left: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sweep:
    """Removes what trials left.

    Attributes:
        namespaces: the store's.
        published: reads what is published now.
        items: the online table's.
        now: microseconds, by which namespaces expire.
        machine_now: microseconds by the machine's clock, by which removals are aged.
        settle_seconds: as for a cut.
    """

    namespaces: Namespaces
    published: Callable[[], Published]
    items: ViewItems
    now: int
    machine_now: int
    settle_seconds: float

    def run(self, *, at_once: bool = False) -> Swept:
        """Drop expired namespaces, and remove all that no trial holds any more.

        Args:
            at_once: also look again at what dying cuts may have left, however young.

        Raises:
            DocumentError: a namespace cannot be read, so that nobody knows what it holds.
            StoreError: AWS refused.
        """
        expired = []
        for namespace in self.namespaces.all():
            if namespace.is_expired(self.now):
                try:
                    self.namespaces.drop(namespace, self.machine_now)
                except PublishError:
                    continue  # it was renewed just now
                expired.append(namespace.name)
            elif gone := namespace.filled - namespace.trial.partitions:
                self._release(namespace, gone)
        return self._removed(tuple(expired), at_once=at_once)

    def _release(self, namespace: DevNamespace, gone: Collection[str]) -> None:
        try:
            self.namespaces.release(namespace, gone, self.machine_now)
        except PublishError:
            return  # it was applied to just now; the next sweep looks again

    def _removed(self, expired: tuple[str, ...], *, at_once: bool) -> Swept:
        views, items, left = [], 0, []
        for removal in self.namespaces.removals():
            is_young = self.machine_now - removal.noted_at < _LONGEST_CUT
            if removal.is_late and is_young and not at_once:
                continue
            try:
                count = self._remove(removal)
            except (OnlineStoreError, InputError) as error:
                left.append(str(error))
                continue
            if count is not None:
                views.append(removal.view)
                items += count
        return Swept(expired, tuple(views), items, tuple(left))

    def _remove(self, removal: PendingRemoval) -> int | None:
        """Remove a view's items unless it is of use; return how many there were."""
        if self._is_used(removal.partition) and not self.items.is_closed(removal.partition):
            self.namespaces.removed(removal, is_late=False)
            return None
        closed = self.items.close(removal.partition)
        if closed.kept is not None and self._is_used(removal.partition):
            self.items.reopen(closed)
            self.namespaces.removed(removal, is_late=False)
            return None
        count = self.items.remove(closed, settle_seconds=self.settle_seconds)
        self.namespaces.removed(removal, is_late=closed.is_under_way and not removal.is_late)
        return count

    def _is_used(self, partition: str) -> bool:
        """Say whether a view is published or tried; a namespace that tries it then answers for it.

        A namespace that tries what another one filled does not know of the items otherwise.
        """
        views = self.published().definitions.views
        if any(partition_of(view.name, view.version, meaning(view)) == partition for view in views):
            return True
        holders = [
            each
            for each in self.namespaces.all()
            if partition in each.trial.partitions and not each.is_expired(self.now)
        ]
        for namespace in holders:
            self.namespaces.fill(namespace, partition)
        return bool(holders)
