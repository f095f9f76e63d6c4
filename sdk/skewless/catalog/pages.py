"""The catalog of what is published: one page for each entity, source, view and service. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from skewless.catalog import snippets
from skewless.catalog.document import (
    Catalog,
    ColumnRow,
    Cost,
    EntityPage,
    FeatureRow,
    Sampled,
    ServiceFeature,
    ServicePage,
    SourcePage,
    TableFacts,
    ViewPage,
)
from skewless.catalog.graph import Graph
from skewless.catalog.models import model_pages
from skewless.catalog.naming import (
    feature_id,
    is_personal,
    major_id,
    majors,
    typed,
    views_below,
    words_of,
)
from skewless.catalog.sentences import sentence
from skewless.catalog.versions import Versions, upgrade
from skewless.compiler.fingerprint import feature_fingerprint
from skewless.compiler.plan import plan_selection
from skewless.definitions.entity import Entity
from skewless.definitions.expression import render
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.refresh import Stream
from skewless.definitions.service import FeatureService, select
from skewless.definitions.source import Source
from skewless.definitions.view import FeatureView, Role, view_behind
from skewless.online.estimate import estimate
from skewless.registry.lineage import Lineage
from skewless.registry.parts import whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from skewless.catalog.naming import Versioned
    from skewless.definitions.refresh import Refresh
    from skewless.definitions.service import AnyView, View
    from skewless.definitions.types import ValueType
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.model_lock import ModelLock
    from skewless.registry.published import Published


Named = TypeVar("Named", Entity, Source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Looked:
    """What was read beside the registry; empty where nothing was looked at.

    Attributes:
        as_of: up to which instant each view is served, by its id.
        tables: by source.
        sampled: by feature.
        why_not_sampled: by feature.
        monthly: dollars by the view, service or source that costs them.
    """

    as_of: Mapping[str, str] = field(default_factory=dict)
    tables: Mapping[str, TableFacts] = field(default_factory=dict)
    sampled: Mapping[str, Sampled] = field(default_factory=dict)
    why_not_sampled: Mapping[str, str] = field(default_factory=dict)
    monthly: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Facts:
    """All that a catalog is made of.

    Attributes:
        store, region: where it was published.
        made_at: an ISO text.
        release: of skewless.
        log: the registry's, newest first.
        locks: of models.
    """

    store: str
    region: str
    made_at: str
    release: str
    published: Published
    log: Sequence[LogEntry] = ()
    locks: Sequence[ModelLock] = ()
    looked: Looked = field(default_factory=Looked)

    def catalog(self) -> Catalog:
        """Return the document."""
        definitions = self.published.definitions
        return Catalog(
            store=self.store,
            region=self.region,
            made_at=self.made_at,
            release=self.release,
            entities=tuple(self._entity(each) for each in _by_name(definitions.entities)),
            sources=tuple(self._source(each) for each in _by_name(definitions.sources)),
            views=tuple(self._view(parts) for parts in self._views),
            services=tuple(self._service(versions) for versions in self._services),
            models=model_pages(self.published, self.locks),
            nodes=self._graph.nodes,
            edges=self._graph.edges,
            log=self._versions.log,
        )

    @cached_property
    def _graph(self) -> Graph:
        return Graph.of(Lineage.of(self.published, self.locks))

    @cached_property
    def _versions(self) -> Versions:
        return Versions(self.published, self.log)

    @cached_property
    def _views(self) -> list[list[View]]:
        """The parts of each major version of each view."""
        return majors(self.published.views)

    @cached_property
    def _services(self) -> list[list[FeatureService]]:
        return majors(self.published.definitions.services)

    @cached_property
    def _alike(self) -> Mapping[str, list[str]]:
        """The features by their fingerprints."""
        found: dict[str, list[str]] = {}
        for view in self.published.views:
            for name in view.feature_types:
                found.setdefault(feature_fingerprint(view, name), []).append(feature_id(view, name))
        return found

    def _entity(self, entity: Entity) -> EntityPage:
        return EntityPage(
            name=entity.name,
            words=words_of(entity),
            keys=typed(entity.keys),
            views=self._views_of(lambda view: view.entity.name == entity.name),
        )

    def _source(self, source: Source) -> SourcePage:
        roles = {
            source.ingest_time: "ingest time",
            source.tiebreak: "tiebreak",
            source.event_id: "event id",
            source.event_time: "event time",
        }
        columns = tuple(
            ColumnRow(
                name=name,
                type=str(type_),
                role=roles.get(name, ""),
                readers=self._graph.below(f"{source.name}:{name}"),
            )
            for name, type_ in source.columns.items()
        )
        return SourcePage(
            name=source.name,
            words=words_of(source),
            columns=columns,
            event_time=source.event_time,
            delay=str(source.delay),
            event_id=source.event_id or "",
            table=source.table or "",
            is_personal=is_personal(source),
            log=self.looked.tables.get(source.name),
            views=self._views_of(lambda view: view.source.name == source.name),
            monthly=self.looked.monthly.get(source.name),
        )

    def _views_of(self, is_of: Callable[[FeatureView], bool]) -> tuple[str, ...]:
        firsts = [parts[0] for parts in self._views]
        return tuple(
            major_id(view) for view in firsts if isinstance(view, FeatureView) and is_of(view)
        )

    def _view(self, parts: Sequence[View]) -> ViewPage:
        view, own = whole(parts), major_id(parts[0])
        inputs = _inputs_of([(part, name) for part in parts for name in part.feature_types])
        others, before = _others(parts, self._views)
        services = {each for row in self._rows(parts) for each in row.used_by if ":" not in each}
        page = ViewPage(
            id=own,
            name=view.name,
            latest=str(view.version),
            is_newest=_is_newest(parts, self._views),
            kind="feature view",
            words=words_of(view),
            features=tuple(self._rows(parts)),
            other_majors=others,
            versions=self._versions.rows(parts),
            upgrade=upgrade(before, parts),
            marks=self._versions.marks(parts),
            services=tuple(sorted(services)),
            cost=_cost(parts, self.looked.monthly.get(own)),
            training=snippets.training(self.store, own, inputs),
            serving=snippets.serving(self.store, own, inputs),
        )
        return self._with_kind(page, view)

    def _with_kind(self, page: ViewPage, view: View) -> ViewPage:
        """Return the page with what only views of its kind have."""
        if isinstance(view, OnDemandView):
            return replace(
                page,
                kind="on-demand view",
                refresh="on demand",
                request=typed(view.all_request),
                function="" if view.function is None else view.function.source,
            )
        return replace(
            page,
            entity=view.entity.name,
            source=view.source.name,
            refresh=_refresh(view.refresh),
            where="" if view.where is None else render(view.where),
            ttl="" if view.ttl is None else str(view.ttl),
            as_of=self.looked.as_of.get(page.id, ""),
        )

    def _rows(self, parts: Sequence[View]) -> Iterator[FeatureRow]:
        for part in parts:
            for name, type_ in part.feature_types.items():
                own = feature_id(part, name)
                digest = feature_fingerprint(part, name)
                alike = {each for each in self._alike[digest] if each != own}
                yield FeatureRow(
                    id=own,
                    name=name,
                    type=str(type_),
                    code=_code(part, name),
                    meaning=sentence(part, name),
                    window=_window(part, name),
                    since=str(part.version),
                    fingerprint=digest,
                    reads=self._graph.above(own),
                    used_by=self._graph.below(own),
                    alike=tuple(sorted(alike)),
                    sampled=self.looked.sampled.get(own),
                    why_not_sampled=self.looked.why_not_sampled.get(own, ""),
                )

    def _service(self, versions: Sequence[FeatureService]) -> ServicePage:
        service, own = versions[-1], major_id(versions[0])
        inputs = _inputs_of(service.features)
        others, before = _others(versions, self._services)
        read = [view_behind(view) for view, _ in service.features]
        return ServicePage(
            id=own,
            name=service.name,
            latest=str(service.version),
            is_newest=_is_newest(versions, self._services),
            words=words_of(service),
            features=tuple(
                ServiceFeature(
                    output=item.output,
                    feature=feature_id(item.view, item.feature),
                    type=str(item.type),
                    role=_role(item.view),
                )
                for item in select(service.features)
            ),
            inputs=typed(inputs),
            other_majors=others,
            versions=self._versions.rows(versions),
            upgrade=upgrade(before, versions),
            marks=self._versions.marks(versions),
            models=self._models_of(own),
            cost=_cost([*dict.fromkeys(read)], self.looked.monthly.get(own)),
            training=snippets.training(self.store, own, inputs),
            serving=snippets.serving_by_lock(),
            lock=f"skewless --store {self.store} lock {own} -o skewless.lock",
        )

    def _models_of(self, service: str) -> tuple[str, ...]:
        read = self._graph.below(service)
        return tuple(each.removeprefix("model ") for each in read if each.startswith("model "))


def _by_name(items: Iterable[Named]) -> list[Named]:
    return sorted(items, key=lambda item: item.name)


def _others(
    own: Sequence[Versioned], all_: Iterable[Sequence[Versioned]]
) -> tuple[tuple[str, ...], Sequence[Versioned]]:
    """Return the other majors of a name, and the versions of the last one before this."""
    same = [each for each in all_ if each[0].name == own[0].name]
    others = tuple(major_id(each[0]) for each in same if each is not own)
    earlier = [each for each in same if each[0].version.major < own[0].version.major]
    return others, earlier[-1] if earlier else ()


def _is_newest(own: Sequence[Versioned], all_: Iterable[Sequence[Versioned]]) -> bool:
    first = own[0]
    return not any(
        each[0].name == first.name and each[0].version.major > first.version.major for each in all_
    )


def _inputs_of(features: Iterable[tuple[AnyView, str]]) -> dict[str, ValueType]:
    """Return the columns of a row: keys first, then fields of a request."""
    plan = plan_selection(tuple(features))
    return {**plan.keys, **dict(plan.request)}


def _cost(views: Iterable[View], monthly: float | None) -> Cost:
    read = dict.fromkeys(below for view in views for below in views_below(view))
    found = [estimate(view) for view in read]
    return Cost(
        read_units=sum(float(str(each["read_units_at_most"])) for each in found),
        item_bytes=max((int(str(each["item_bytes_at_most"])) for each in found), default=0),
        monthly=monthly,
    )


def _code(view: View, feature: str) -> str:
    match view:
        case OnDemandView():
            return "" if view.function is not None else render(view.expressions[feature])
        case _:
            aggregate = view.aggregations.get(feature)
            return "" if aggregate is None else str(aggregate)


def _refresh(refresh: Refresh) -> str:
    if isinstance(refresh, Stream):
        return "stream"
    late = f", {refresh.delay} later" if refresh.delay.microseconds else ""
    return f"every {refresh.every}{late}"


def _window(view: View, feature: str) -> str:
    if isinstance(view, OnDemandView) or feature not in view.aggregations:
        return ""
    window = view.aggregations[feature].window
    return "all history" if window is None else str(window)


def _role(view: AnyView) -> str:
    return view.name if isinstance(view, Role) else ""
