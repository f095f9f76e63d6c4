"""`skewless list` and `show`: what is published."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

from skewless.cli.invocation import Invocation
from skewless.cli.screen import plain
from skewless.cli.values import checked_moment
from skewless.compiler.document import encode
from skewless.compiler.plan import plan_on_demand
from skewless.definitions.entity import Entity
from skewless.definitions.expression import render
from skewless.definitions.names import versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.view import FeatureView, Role, name_where_read
from skewless.errors import UnknownNameError
from skewless.registry.identity import Identity, meaning
from skewless.registry.parts import whole
from skewless.registry.published import Published
from skewless.registry.search import Filters, search
from skewless.registry.selection import named

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skewless.cli.screen import Screen
    from skewless.definitions.collection import Definition
    from skewless.definitions.service import AnyView, View
    from skewless.registry.marks import Mark

Rows: TypeAlias = "list[tuple[object, ...]]"


Owner = Annotated[str | None, typer.Option(help="Of this owner alone.", show_default=False)]
Tags = Annotated[
    list[str] | None,
    typer.Option("--tag", metavar="KEY=VALUE", help="With this tag; KEY for any value."),
]
OfEntity = Annotated[
    str | None, typer.Option("--entity", help="Of this entity alone.", show_default=False)
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        callback=checked_moment,
        metavar="MOMENT",
        help="As it was then: an ISO time, or the id of an apply in `skewless log`.",
        show_default=False,
    ),
]
OfSource = Annotated[
    str | None, typer.Option("--source", help="Of this source alone.", show_default=False)
]


class Kind(StrEnum):
    """The kinds that `list` takes."""

    VIEWS = "views"
    SERVICES = "services"
    SOURCES = "sources"
    ENTITIES = "entities"


def list_published(
    context: typer.Context,
    *,
    kind: Annotated[
        Kind | None,
        typer.Argument(
            metavar="KIND", help="views, services, sources or entities; all if left out."
        ),
    ] = None,
    owner: Owner = None,
    tags: Tags = None,
    entity: OfEntity = None,
    source: OfSource = None,
    at: At = None,
) -> None:
    """List what is published: views, services, sources, entities.

    All kinds are listed if none is named.

      skewless list views --owner ml --tag tier=gold
      skewless list --at 2026-05-01T00:00:00Z
    """
    invocation = Invocation.of(context)
    screen, published = invocation.screen, _published(invocation, at)
    wanted = [kind] if kind else list(Kind)
    filters = _filters(owner, tags, entity, source)
    listed = {
        item: [one for one in _items(published, item) if filters.take(one)] for item in wanted
    }
    screen.document(
        {item.value: [_summary(one, published) for one in listed[item]] for item in wanted}
    )
    for number, item in enumerate(wanted):
        found = listed[item]
        if number:
            screen.say()
        if len(wanted) > 1:
            screen.say(item.value.capitalize(), style="bold underline")
        if found:
            screen.table(*_table(item, found, published))
        else:
            which = "" if filters == Filters() else " with this"
            screen.say(f"no {item.value}{which} are published")
    if hint := invocation.why_empty():
        screen.note(f"\n{hint}")


def find(
    context: typer.Context,
    *,
    words: Annotated[
        list[str], typer.Argument(metavar="WORDS...", help="All of these.", show_default=False)
    ],
    owner: Owner = None,
    tags: Tags = None,
    entity: OfEntity = None,
    source: OfSource = None,
) -> None:
    """Search names, features, columns and what is said of them.

    What has the words in its own name comes first.

      skewless search late arrivals --entity carrier
    """
    invocation = Invocation.of(context)
    screen = invocation.screen
    filters = _filters(owner, tags, entity, source)
    hits = search(invocation.store().published, " ".join(words), filters)
    screen.document({"found": [plain(hit) for hit in hits]})
    if hits:
        screen.table(("Kind", "Name", ""), [(hit.kind, hit.name, hit.where) for hit in hits])
    else:
        screen.say(f"nothing published has {' '.join(words)!r}")


def _published(invocation: Invocation, at: str | None) -> Published:
    store = invocation.store()
    return store.published if at is None else store.published_at(at)


def _filters(
    owner: str | None, tags: list[str] | None, entity: str | None, source: str | None
) -> Filters:
    given = {key: value for key, _, value in (tag.partition("=") for tag in tags or ())}
    return Filters(owner=owner, tags=given or None, entity=entity, source=source)


def show(
    context: typer.Context,
    *,
    name: Annotated[
        str,
        typer.Argument(
            metavar="NAME", help="A view, service, source or entity.", show_default=False
        ),
    ],
    at: At = None,
) -> None:
    """Show a view, service, source or entity in full.

    `name@2` is version 2; the latest is shown if none is named. Where a view and
    a source share a name, both are shown.

      skewless show customer_orders
      skewless show customer_orders --at 4f2a91c0b7de
    """
    invocation = Invocation.of(context)
    screen, published = invocation.screen, _published(invocation, at)
    found = list(_named(published, name))
    if not found:
        known = {item.name for item in published.definitions}
        raise UnknownNameError("view, service, source or entity", name, known)
    screen.document(
        {
            Identity.of(item).kind: {
                **_document(item, published),
                "marks": [plain(mark) for _, mark in _marks(published, item)],
            }
            for item in found
        }
    )
    for number, item in enumerate(found):
        if number:
            screen.say()
        _print(screen, item, published)
        for version, mark in _marks(published, item):
            screen.say(f"{version} {mark}", style="yellow")


def _table(
    kind: Kind, found: Iterable[Definition], published: Published
) -> tuple[tuple[str, ...], Rows]:
    """Return columns and rows; the last column has marks, if there are any."""
    items = [*found]
    rows = [_row(one, published) for one in items]
    states = [_state(one, published) for one in items]
    if not any(states):
        return _COLUMNS[kind], rows
    return (*_COLUMNS[kind], "Mark"), [
        (*row, state) for row, state in zip(rows, states, strict=True)
    ]


def _state(item: Definition, published: Published) -> str:
    mark = published.marks.get(Identity.of(item))
    return "" if mark is None else mark.state.value


_COLUMNS = {
    Kind.VIEWS: ("Name", "Version", "Entity", "Source", "Refresh", ">Features"),
    Kind.SERVICES: ("Name", "Version", ">Features", "Views"),
    Kind.SOURCES: ("Name", ">Columns", "Event time", "Delay", "Table"),
    Kind.ENTITIES: ("Name", "Keys"),
}


def _items(published: Published, kind: Kind) -> tuple[Definition, ...]:
    match kind:
        case Kind.VIEWS:
            return published.views
        case Kind.SERVICES:
            return published.definitions.services
        case Kind.SOURCES:
            return published.definitions.sources
        case Kind.ENTITIES:
            return published.definitions.entities


def _row(item: Definition, published: Published) -> tuple[object, ...]:
    match item:
        case FeatureView():
            refresh = str(item.refresh).strip("'")
            count = len(item.feature_types)
            return (
                item.name,
                _shown(item, published),
                item.entity.name or "none",
                item.source.name,
                refresh,
                count,
            )
        case OnDemandView():
            return item.name, _shown(item, published), "", "", "on demand", len(item.feature_types)
        case FeatureService():
            views = ", ".join(_views(item))
            return item.name, _shown(item, published), len(item.features), views
        case Source():
            table = item.table or "its own log"
            return item.name, len(item.columns), item.event_time, item.delay, table
        case Entity():
            return item.name, _types(item.keys)


def _shown(item: View | FeatureService, published: Published) -> str:
    """Return the version for people: with a patch if there was any."""
    return str(published.full_version(item))


def _summary(item: Definition, published: Published) -> dict[str, Any]:
    """Return what a program needs to know of a definition in a list."""
    found: dict[str, Any] = {
        "name": item.name,
        "description": item.description,
        "owner": item.owner,
    }
    if not isinstance(item, Entity | Source):
        found |= {
            "version": item.version.written,
            "full_version": published.full_version(item).full,
            "mark": _state(item, published) or None,
        }
    match item:
        case FeatureView():
            return {
                **found,
                "kind": "view",
                "entity": item.entity.name or None,
                "source": item.source.name,
                "refresh": str(item.refresh).strip("'"),
                "features": list(item.feature_types),
            }
        case OnDemandView():
            features = list(item.feature_types)
            return {
                **found,
                "kind": "on_demand_view",
                "features": features,
            }
        case FeatureService():
            features = [f"{name_where_read(view)}:{name}" for view, name in item.features]
            return {**found, "features": features}
        case Source():
            return {
                **found,
                "columns": {name: str(type_) for name, type_ in item.columns.items()},
                "event_time": item.event_time,
                "delay": str(item.delay),
                "table": item.table,
            }
        case Entity():
            return {**found, "keys": {name: str(type_) for name, type_ in item.keys.items()}}


def _named(published: Published, text: str) -> Iterator[Definition]:
    """Find the definitions of a name: of each kind one, the latest if no version is named."""
    name, version, feature = named(text)
    if name is None or feature is not None:
        return
    plain: tuple[Entity | Source, ...] = published.definitions.entities
    plain += published.definitions.sources
    yield from (item for item in plain if item.name == name and version in (None, "1"))
    for find in (_view, Published.service):
        with suppress(UnknownNameError):
            yield find(published, name, version)


def _view(published: Published, name: str, version: str | None) -> View:
    return whole(published.parts(name, version))


def _marks(published: Published, item: Definition) -> list[tuple[Identity, Mark]]:
    """Return what is said of a version, and of what was added to its major."""
    own = Identity.of(item)
    return [
        (identity, mark)
        for identity, mark in published.marks.items()
        if (identity.kind, identity.name) == (own.kind, own.name)
        and identity.version.major == own.version.major
        and identity.version <= own.version
    ]


def _document(item: Definition, published: Published) -> dict[str, Any]:
    full = None if isinstance(item, Entity | Source) else published.full_version(item).full
    return {
        "name": item.name,
        "version": Identity.of(item).version.written,
        "full_version": full,
        "fingerprint": meaning(item),
        "definition": encode(item),
    }


def _print(screen: Screen, item: Definition, published: Published) -> None:
    title = Identity.of(item)
    if not isinstance(item, Entity | Source):
        title = replace(title, version=published.full_version(item))
    screen.say(str(title), style="bold")
    facts = {"about": item.description, "owner": item.owner, **_facts(item)}
    facts["tags"] = ", ".join(f"{key}={value}" for key, value in item.tags.items())
    facts["fingerprint"] = meaning(item)
    screen.table(
        ("", ""), [(f"  {label}", text) for label, text in facts.items() if text], has_header=False
    )
    columns, rows = _parts(item)
    screen.say()
    screen.table(columns, rows)


def _facts(item: Definition) -> dict[str, str]:
    match item:
        case FeatureView():
            return {
                "entity": f"{item.entity.name} ({_types(item.entity.keys)})"
                if item.entity.keys
                else "none: one value for all rows",
                "source": item.source.name,
                "refresh": str(item.refresh).strip("'"),
                "where": "" if item.where is None else render(item.where),
                "ttl": "" if item.ttl is None else str(item.ttl),
            }
        case OnDemandView():
            facts = {"request": _types(item.request)}
            if item.function is not None:
                facts["inputs"] = item.function.arguments
                why = plan_on_demand(item).why_called
                facts["runs"] = f"row by row: {why}" if why else "in SQL too"
                facts["Python"] = item.function.version
                facts["function"] = item.function.source
            return facts
        case Source():
            return {
                "event time": item.event_time,
                "event id": item.event_id or "",
                "tiebreak": item.tiebreak or "",
                "delay": str(item.delay),
                "table": item.table or "",
            }
        case _:
            return {}


def _parts(item: Definition) -> tuple[tuple[str, ...], Rows]:
    match item:
        case FeatureView():
            texts = {name: str(made) for name, made in item.aggregations.items()}
            if not texts:
                return _FEATURES, [
                    (name, type_, "the latest") for name, type_ in item.feature_types.items()
                ]
            return (*_FEATURES, "Spans"), [
                (name, type_, texts[name], item.aggregations[name].span)
                for name, type_ in item.feature_types.items()
            ]
        case OnDemandView():
            made = {name: render(node) for name, node in item.expressions.items()}
            called = "" if item.function is None else f"of {item.function}"
            return _FEATURES, [
                (name, type_, made.get(name, called)) for name, type_ in item.feature_types.items()
            ]
        case FeatureService():
            return ("Feature", "Type", "View"), [
                (name, view.feature_types[name], _read(view)) for view, name in item.features
            ]
        case Source():
            return ("Column", "Type"), list(item.columns.items())
        case Entity():
            return ("Key", "Type"), list(item.keys.items())


_FEATURES = ("Feature", "Type", "Definition")


def _views(service: FeatureService) -> Iterable[str]:
    return dict.fromkeys(_read(view) for view, _ in service.features)


def _read(view: AnyView) -> str:
    """Name a view, and in which role of a row a service reads it."""
    return str(view) if isinstance(view, Role) else versioned(view.name, view.version)


def _types(columns: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {type_}" for name, type_ in columns.items())
