"""The readers of a store: one for each selection that was asked for, compiled once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.errors import InputError
from skewless.online.line import LineCloser
from skewless.online.pace import pace_of
from skewless.online.reader import OnlineReader
from skewless.online.view_reader import is_cut
from skewless.registry.current import current
from skewless.registry.retired import check_served
from skewless.registry.selection import identity, planned

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless.definitions.view import FeatureView
    from skewless.online.table import OnlineTable
    from skewless.registry.published import Published


class Readers:
    """Compiles readers, and keeps them until the published definitions are read again."""

    def __init__(
        self,
        table: OnlineTable,
        published: Callable[[], Published],
        now: Callable[[], int],
        *,
        is_locked: bool,
        checks_clock: Callable[[], bool],
        is_tried: Callable[[FeatureView], bool] = lambda _view: False,
    ) -> None:
        """Set up.

        Args:
            table: where items are read.
            published: returns the definitions.
            now: the store's clock, in microseconds.
            is_locked: whether a lock file pins the definitions, so that no later cut can change
                which versions are read.
            checks_clock: says whether `now` is the machine's own clock.
            is_tried: says whether a name alone means this view, cut or not: in a namespace.
        """
        self._table = table
        self._published = published
        self._now = now
        self._is_locked = is_locked
        self._checks_clock = checks_clock
        self._is_tried = is_tried
        is_exact = pace_of(table.aws.endpoint).is_exact
        self._closer = LineCloser(table.aws, table.name) if is_exact else None
        self._kept: dict[object, tuple[OnlineReader, object]] = {}

    def reader(self, features: object, *, full_names: bool) -> OnlineReader:
        """Return the reader of a selection; see `FeatureStore.get_online_features`.

        Raises:
            InputError: the selection is missing, or differs from what is published.
            UnknownNameError: nothing has the name.
        """
        # By identity: comparing whole definitions would take longer than reading DynamoDB.
        key = (identity(features), full_names)
        # Another thread may forget meanwhile: what is compiled here is then of old definitions.
        kept = self._kept
        if key not in kept:
            chosen, is_settled = self.current(features)
            if not is_settled:
                key = (identity(chosen), full_names)
        if key not in kept:
            published = self._published()
            wanted = self._selected(chosen, published)
            check_served(published, wanted)
            reader = OnlineReader(
                planned(published, wanted, full_names=full_names),
                self._table,
                now=self._now,
                closer=self._closer,
                checks_clock=self._checks_clock,
            )
            # Both are kept, so that no other object can take their identity.
            kept[key] = (reader, (features, chosen))
        return kept[key][0]

    def current(self, features: object) -> tuple[object, bool]:
        """Return what is read for a selection, and whether a later cut cannot change it."""
        if self._is_locked:
            return features, True
        published = self._published()
        return current(
            published,
            features,
            lambda view: self._is_tried(view) or is_cut(self._table, published.plan(view)),
        )

    def forget(self) -> None:
        """Drop the readers, because others may have published."""
        self._kept = {}

    def _selected(self, features: object, published: Published) -> object:
        if features is not None:
            return features
        services = published.definitions.services
        if self._is_locked and len(services) == 1:
            return services[0]
        raise InputError("features is missing; name a service, views or features")
