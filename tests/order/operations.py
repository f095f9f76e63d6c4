"""What processes do to a store, and what they do again after an error or a death."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from skewless.definitions.clock import as_microseconds
from skewless.definitions.refresh import Stream
from skewless.errors import RepeatedLoadError, RewriteError
from tests.order.definitions import (
    ERASED,
    KEYS,
    PUBLISHED,
    daily,
    daily_2,
    daily_more,
    fresh,
    lately,
    live,
    live_more,
    passing,
    shops,
    tried,
)
from tests.order.logged import logged

if TYPE_CHECKING:
    import random

    from skewless import FeatureStore
    from skewless.definitions.view import FeatureView
    from tests.order.world import Batch, World

_MOST_ERASURES = 5


class Operation:
    """Something that changes a store's state.

    Args:
        world: where.
        drawn: what it does in detail.
    """

    def __init__(self, world: World, drawn: random.Random) -> None:
        self.world = world
        self.drawn = drawn

    def do(self, store: FeatureStore) -> None:
        """Do it."""
        raise NotImplementedError

    def again(self, store: FeatureStore) -> None:
        """Do what is to be done after it failed or was killed, in another process."""
        self.do(store)


class Ingest(Operation):
    """New events, some of which happened long ago, or are said to happen a little later."""

    batch: Batch

    def do(self, store: FeatureStore) -> None:
        now = store.clock()
        keys = KEYS if self.drawn.random() < 0.3 else KEYS[:2]
        ages = (timedelta(seconds=1), timedelta(days=1), -timedelta(seconds=2), timedelta(0))
        self._send(store, self.world.rows(self.drawn, lambda: now - self.drawn.choice(ages), keys))

    def again(self, store: FeatureStore) -> None:
        if self.batch.rows.keys() <= {row.number for row in logged(self.world.store)}:
            for view in self.world.store._reloaded().definitions.views:
                if isinstance(view.refresh, Stream):
                    store.repair(view)
        else:
            self._send(store, self.world.again(self.batch))

    def _send(self, store: FeatureStore, batch: Batch) -> None:
        self.batch = batch
        result = store.ingest("ev", list(batch.rows.values()))
        assert result.ingest_time is not None
        assert result.failed_count == 0
        batch.stamp = as_microseconds(result.ingest_time, "ingest_time")
        batch.is_acknowledged = True


class Backfill(Operation):
    """History that counts as known a moment ago, which may have been served or not."""

    def __init__(self, world: World, drawn: random.Random) -> None:
        super().__init__(world, drawn)
        self.batch: Batch | None = None
        self.rewrite = False

    def happened(self, store: FeatureStore) -> Any:
        return store.clock() - timedelta(seconds=self.drawn.choice((0.02, 1, 7200, 86_400)))

    def do(self, store: FeatureStore) -> None:
        if self.batch is None:
            self.batch = self.world.rows(self.drawn, lambda: self.happened(store), KEYS[:2])
            self.batch.is_history = True
        store.backfill("ev", list(self.batch.rows.values()), rewrite=self.rewrite)
        self.batch.is_acknowledged = True

    def again(self, store: FeatureStore) -> None:
        try:
            self.do(store)
        except RewriteError:  # as its message says
            self.rewrite = True
            self.again(store)
        except RepeatedLoadError:  # it had got that far
            assert self.batch is not None
            self.batch.is_acknowledged = True


class Rewrite(Backfill):
    """History that was served without it."""

    def __init__(self, world: World, drawn: random.Random) -> None:
        super().__init__(world, drawn)
        self.rewrite = True

    def happened(self, store: FeatureStore) -> Any:
        return store.clock() - timedelta(days=self.drawn.choice((2, 4)))


class Cut(Operation):
    """The latest cut of one view."""

    view: FeatureView = live

    def do(self, store: FeatureStore) -> None:
        store.materialize(self.view)


class CutDaily(Cut):
    view = daily


class CutShops(Cut):
    view = shops


class Repair(Operation):
    """A stream view's items of the day, written anew."""

    def do(self, store: FeatureStore) -> None:
        store.repair(self.drawn.choice((live, shops)))


class Forget(Operation):
    """An erasure."""

    def __init__(self, world: World, drawn: random.Random) -> None:
        super().__init__(world, drawn)
        self.is_complete = False

    def do(self, store: FeatureStore) -> None:
        self.is_complete = store.forget("k", ERASED).is_complete

    def again(self, store: FeatureStore) -> None:
        for _ in range(_MOST_ERASURES):
            self.do(store)
            if self.is_complete:
                return
            for view in store.published.definitions.views:
                store.materialize(view)
                if isinstance(view.refresh, Stream):
                    store.repair(view)
        report = store.forget("k", ERASED)
        assert report.is_complete, report


class Publish(Operation):
    """A new view, of the same entity or of a neighbour, with its first cut."""

    views: tuple[FeatureView, ...] = (fresh, lately)

    def __init__(self, world: World, drawn: random.Random) -> None:
        super().__init__(world, drawn)
        self.view = drawn.choice(self.views)

    def do(self, store: FeatureStore) -> None:
        store.apply([*PUBLISHED, self.view])
        store.materialize(self.view)


class PublishVersion(Publish):
    """A new version of a view."""

    views = (daily_2,)


class PublishAddition(Publish):
    """Features that are added to a view; the first cut fills them alone."""

    views = (live_more, daily_more)

    def do(self, store: FeatureStore) -> None:
        others = [view for view in PUBLISHED if view.name != self.view.name]
        store.apply([*others, self.view])
        store.materialize(self.view)


class Trial(Operation):
    """Two views tried in a namespace, of which one is promoted and the other dropped."""

    def __init__(self, world: World, drawn: random.Random) -> None:
        super().__init__(world, drawn)
        self.namespace = f"n{drawn.randrange(10**6)}"

    def do(self, store: FeatureStore) -> None:
        dev = store.dev(self.namespace)
        dev.apply([*PUBLISHED, tried, passing])
        names = {view.name for view in store._reloaded().views}
        views = [view for view in (tried, passing) if view.name not in names]
        for view in views:
            dev.materialize(view.name)
        self.world.read(dev, views, "midst")
        if tried in views:
            dev.promote("tried")
        dev.drop()

    def again(self, store: FeatureStore) -> None:
        self.do(store)
        store._trials.sweep(at_once=True)


OPERATIONS: dict[str, type[Operation]] = {
    "ingest": Ingest,
    "backfill": Backfill,
    "rewrite": Rewrite,
    "cut": Cut,
    "daily": CutDaily,
    "shops": CutShops,
    "repair": Repair,
    "forget": Forget,
    "publish": Publish,
    "version": PublishVersion,
    "addition": PublishAddition,
    "trial": Trial,
}
