"""The catalog's document of a store: what is published, and what was looked at beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from skewless import __version__
from skewless.catalog.looking import Sampler, served_until, tables
from skewless.catalog.naming import major_id, major_named
from skewless.catalog.pages import Facts, Looked
from skewless.cost import predict
from skewless.definitions.types import is_whole
from skewless.errors import InputError, shown
from skewless.registry.selection import named
from skewless.verify import HistoryStore

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources
    from skewless.catalog.document import Catalog
    from skewless.cost import Traffic
    from skewless.definitions.clock import Clock
    from skewless.online.table import OnlineTable
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.model_lock import ModelLock
    from skewless.registry.published import Published


class RecordedStore(HistoryStore, Protocol):
    """What a catalog needs of a store."""

    @property
    def name(self) -> str:
        """What it is called."""
        ...

    @property
    def aws(self) -> Aws:
        """Where it is."""
        ...

    @property
    def resources(self) -> Resources:
        """What its resources are called."""
        ...

    @property
    def clock(self) -> Clock:
        """What tells the time."""
        ...

    def log(self) -> list[LogEntry]:
        """Return who published what and when."""
        ...

    def models(self) -> list[ModelLock]:
        """Return the locks that models are deployed with."""
        ...


def collect(
    store: RecordedStore,
    table: OnlineTable,
    *,
    samples: int,
    traffic: Traffic | None,
    engine: str | None,
) -> Catalog:
    """Collect the catalog of a store; see `FeatureStore.catalog`."""
    if not is_whole(samples) or samples < 0:
        raise InputError(f"samples is {shown(samples)}; it is a whole number from 0, of entities")
    published, now = store.published, store.clock()
    sampler = Sampler(store, now, entities=samples, engine=engine)
    if samples:
        sampler.look()
    looked = Looked(
        as_of=served_until(published, table),
        tables=tables(published, store.aws, store.resources),
        sampled=sampler.sampled,
        why_not_sampled=sampler.why_not,
        monthly={} if traffic is None else _monthly(published, traffic),
    )
    return Facts(
        store=store.name,
        region=store.aws.client("dynamodb").meta.region_name,
        made_at=now.isoformat(),
        release=__version__,
        published=published,
        log=store.log(),
        locks=store.models(),
        looked=looked,
    ).catalog()


def _monthly(published: Published, traffic: Traffic) -> dict[str, float]:
    """Return the dollars of a month by view, service and source; a view with all of its parts."""
    found: dict[str, float] = {}
    for item in predict(published, traffic).items:
        name = _major(published, item.by)
        found[name] = found.get(name, 0.0) + item.dollars
    return found


def _major(published: Published, label: str) -> str:
    """Return the id of what a bill names, where a name alone means its newest version."""
    name, version, _ = named(label)
    if version is not None:
        return major_named(label)
    known = (*published.views, *published.definitions.services)
    same = [item for item in known if item.name == name]
    return major_id(max(same, key=lambda item: item.version)) if same else label
