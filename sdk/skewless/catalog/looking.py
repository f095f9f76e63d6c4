"""What the catalog reads beside the registry: tables, watermarks, and samples of history."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from skewless.catalog.document import TableFacts
from skewless.catalog.naming import feature_id, is_personal, major_id, majors, views_below
from skewless.catalog.samples import describe
from skewless.compiler.plan import plan_selection
from skewless.definitions.expression import to_datetime
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.view import view_behind
from skewless.errors import SkewlessError
from skewless.materialize.log_size import log_size
from skewless.online.address import view_partition

if TYPE_CHECKING:
    from datetime import datetime

    from skewless.aws import Aws, Resources
    from skewless.catalog.document import Sampled
    from skewless.definitions.service import View
    from skewless.definitions.view import FeatureView
    from skewless.online.table import OnlineTable
    from skewless.registry.published import Published
    from skewless.verify import HistoryStore

Group: TypeAlias = "list[View]"

_SEED = "catalog"
_TIMESTAMP = "skewless_instant"


def served_until(published: Published, table: OnlineTable) -> dict[str, str]:
    """Return up to which instant the online store has been filled, by view; see `ViewPage`.

    Of a view in parts it is the earliest of them; a view with a part that was never cut is left
    out.

    Raises:
        OnlineStoreError: the table could not be read.
    """
    found = {}
    for parts in majors(published.live_views):
        cuts = [table.read_watermark(view_partition(published.plan(part))).cut for part in parts]
        known = [cut for cut in cuts if cut is not None]
        if len(known) == len(cuts):
            found[major_id(parts[0])] = to_datetime(min(known)).isoformat()
    return found


def tables(published: Published, aws: Aws, resources: Resources) -> dict[str, TableFacts]:
    """Return what the sources' tables say of themselves; those that say nothing are left out."""
    found = {}
    for source in published.definitions.sources:
        size = log_size(source, aws, resources)
        if size.written is not None:
            at = to_datetime(size.written).isoformat()
            found[source.name] = TableFacts(rows=size.rows, bytes=size.bytes, written_at=at)
    return found


class Sampler:
    """Draws entities of each source, and looks at their features at one instant.

    Attributes:
        sampled: by feature, as `spending@1:mean_30d`.
        why_not: by feature, why it was not looked at.
    """

    def __init__(
        self, store: HistoryStore, at: datetime, *, entities: int, engine: str | None = None
    ) -> None:
        """Set up.

        Args:
            store: whose history.
            at: the instant.
            entities: how many at most, of each source.
            engine: "athena" or "duckdb"; the store's own if None.
        """
        self._store = store
        self._at = at
        self._entities = entities
        self._engine = engine
        self.sampled: dict[str, Sampled] = {}
        self.why_not: dict[str, str] = {}

    def look(self) -> None:
        """Look at all features that may be looked at."""
        newest: dict[str, int] = {}
        for view in self._store.published.views:
            newest[view.name] = max(newest.get(view.name, 0), view.version.major)
        groups: dict[object, Group] = {}
        for view in self._store.published.views:
            if why := self._why_not(view, is_newest=view.version.major == newest[view.name]):
                self._leave_out(view, why)
                continue
            first, *_ = views_below(view)
            groups.setdefault((first.source.name, first.entity.name), []).append(view)
        for group in groups.values():
            self._look_at(group)

    def _why_not(self, view: View, *, is_newest: bool) -> str:
        below = views_below(view)
        read = [view, *below]
        if isinstance(view, OnDemandView):
            read += (view_behind(each) for each in view.all_views)
        # A tag may be on another part of a view than the one that is read.
        wanted = {major_id(each) for each in read}
        marked = [
            *(each for each in self._store.published.views if major_id(each) in wanted),
            *(each.source for each in below),
            *(each.entity for each in below),
        ]
        if is_personal(*marked):
            return "it is marked as personal data"
        if not is_newest:
            return "only the newest major version is looked at"
        if isinstance(view, OnDemandView):
            if view.all_request:
                return "it needs what only a request has"
            if len({(each.source.name, each.entity.name) for each in below}) != 1:
                return "it reads more than one entity or source"
            if plan_selection(tuple((view, name) for name in view.feature_types)).keys.keys() != (
                below[0].entity.keys.keys()
            ):
                return "it reads a view in another role of a row"
        return ""

    def _leave_out(self, view: View, why: str) -> None:
        self.why_not |= {feature_id(view, name): why for name in view.feature_types}

    def _look_at(self, group: Group) -> None:
        try:
            self._sample(group)
        except SkewlessError as error:
            first, *_ = str(error).splitlines()
            for view in group:
                self._leave_out(view, first)

    def _sample(self, group: Group) -> None:
        features = [(view, name) for view in group for name in view.feature_types]
        labels = self._labels(views_below(group[0])[0])
        if not labels.num_rows:
            for view in group:
                self._leave_out(view, "its source has no events yet")
            return
        with warnings.catch_warnings():
            # Whoever makes a catalog did not choose the versions: it shows how they are marked.
            warnings.simplefilter("ignore", FutureWarning)
            found = self._store.get_historical_features(
                labels,
                [view[name] for view, name in features],
                timestamp=_TIMESTAMP,
                engine=self._engine,
                errors="null",
            )
        table = found.to_arrow()
        for (view, name), output in zip(features, found.features, strict=True):
            self.sampled[feature_id(view, name)] = describe(
                table[output], view.feature_types[name], self._at.isoformat()
            )

    def _labels(self, view: FeatureView) -> pa.Table:
        if view.entity.keys:
            labels = self._store.logged_keys(
                view, sample=self._entities, seed=_SEED, engine=self._engine
            )
        else:
            labels = pa.table({"row": pa.array([1])})
        at = pa.array([self._at] * labels.num_rows, pa.timestamp("us", "UTC"))
        return labels.append_column(_TIMESTAMP, at)
