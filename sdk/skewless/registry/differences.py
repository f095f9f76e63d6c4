"""Differences between a published definition and another of its name, as a user would say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from skewless.compiler.document import encode
from skewless.compiler.fingerprint import used_columns
from skewless.definitions.duration import Duration
from skewless.definitions.entity import Entity
from skewless.definitions.expression import render
from skewless.definitions.names import versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.refresh import Every, Stream
from skewless.definitions.service import FeatureService
from skewless.definitions.source import Source
from skewless.definitions.view import FeatureView, Role, name_where_read
from skewless.registry.identity import PROSE, Identity, meaning, named_by, reads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from skewless.definitions.collection import Definition
    from skewless.definitions.expression import Node
    from skewless.definitions.python_function import PythonFunction
    from skewless.definitions.types import ValueType

_SOURCE_ATTRIBUTES = ("event_time", "delay", "event_id", "tiebreak", "table", "ingest_time")
_MOST_LINES = 6  # of a function, that are shown
_LOG_ATTRIBUTES = tuple(
    label for label in _SOURCE_ATTRIBUTES if label not in ("delay", "ingest_time")
)


def differences(before: Definition, after: Definition) -> tuple[str, ...]:
    """Say how the meaning differs. The list is empty exactly if it does not differ."""
    if type(before) is type(after) and meaning(before) == meaning(after):
        return ()
    found = tuple(_differences(before, after))
    return found or ("it means something else",)


def prose_differences(before: Definition, after: Definition) -> tuple[str, ...]:
    """Say how description, owner and tags differ."""
    old, new = encode(before), encode(after)
    return tuple(
        f"{key}: {old[key]!r} became {new[key]!r}" for key in PROSE if old[key] != new[key]
    )


def gained_columns(before: Source, after: Source) -> dict[str, ValueType]:
    """Return the columns that only the later source has."""
    return {name: type_ for name, type_ in after.columns.items() if name not in before.columns}


def lost_or_changed(before: Source, after: Source) -> Iterator[str]:
    """Say what makes the later source more than an extension of the earlier one."""
    yield from _column_differences(before, after, tuple(before.columns))
    kept = [name for name in after.columns if name in before.columns]
    yield from _order_difference("columns", list(before.columns), kept)
    yield from _attribute_differences(before, after)


def _differences(before: Definition, after: Definition) -> Iterator[str]:
    match before, after:
        case Entity(), Entity():
            yield f"keys: {_types(before.keys)} became {_types(after.keys)}"
        case Source(), Source():
            yield from lost_or_changed(before, after)
            for name, type_ in gained_columns(before, after).items():
                yield f"column {name!r}: {type_} is new"
        case FeatureView(), FeatureView():
            yield from _view_differences(before, after)
        case OnDemandView(), OnDemandView():
            yield from _on_demand_differences(before, after)
        case FeatureService(), FeatureService():
            yield from _service_differences(before, after)
        case _:
            old, new = type(before).__name__, type(after).__name__
            yield f"it is published as {_article(old)}, and cannot become {_article(new)}"


def _view_differences(before: FeatureView, after: FeatureView) -> Iterator[str]:
    if tuple(before.entity.keys.items()) != tuple(after.entity.keys.items()):
        yield f"entity: {before.entity} became {after.entity}"
    yield from _read_source_differences(before, after)
    for label in ("refresh", "where", "ttl"):
        old, new = _shown(getattr(before, label)), _shown(getattr(after, label))
        if old != new:
            yield f"{label}: {old} became {new}"
    yield from _feature_differences(_view_features(before), _view_features(after))


def _read_source_differences(before: FeatureView, after: FeatureView) -> Iterator[str]:
    old, new = before.source, after.source
    if old.name != new.name:
        yield f"source: {old.name!r} became {new.name!r}"
    used = tuple(name for name in used_columns(before) if name in used_columns(after))
    # The log of a source without a table holds ingest times: how history came by them is no
    # matter of a view's.
    labels = _SOURCE_ATTRIBUTES if new.table else _LOG_ATTRIBUTES
    for text in (*_column_differences(old, new, used), *_attribute_differences(old, new, labels)):
        yield f"source {new.name!r}, {text}"
    if old.has_tombstones != new.has_tombstones and not before.is_aggregated:
        yield f"source {new.name!r}, tombstones: {old.has_tombstones} became {new.has_tombstones}"


def _on_demand_differences(before: OnDemandView, after: OnDemandView) -> Iterator[str]:
    if tuple(before.request.items()) != tuple(after.request.items()):
        yield f"request: {_types(before.request)} became {_types(after.request)}"
    yield from _feature_differences(_computed(before), _computed(after))
    yield from _function_differences(before.function, after.function)
    yield from _reading_differences(before, after)


def _computed(view: OnDemandView) -> dict[str, str]:
    """Return how each feature is computed: its expression, or the type that a function returns."""
    if view.function is not None:
        return {name: f"{type_} of a function" for name, type_ in view.feature_types.items()}
    return {name: render(node) for name, node in view.expressions.items()}


def _function_differences(
    before: PythonFunction | None, after: PythonFunction | None
) -> Iterator[str]:
    if before is None or after is None or before == after:
        return
    if before.version != after.version:
        yield f"Python: {before.version} became {after.version}, where values may differ"
    if before.arguments != after.arguments:
        yield f"inputs: [{before.arguments}] became [{after.arguments}]"
    if before.source != after.source:
        old, new = before.source.splitlines(), after.source.splitlines()
        changed = [
            *(f"- {line.strip()}" for line in old if line not in new),
            *(f"+ {line.strip()}" for line in new if line not in old),
        ]
        yield f"the function {after.name}: {'; '.join(changed[:_MOST_LINES])}"


def _service_differences(before: FeatureService, after: FeatureService) -> Iterator[str]:
    old, new = (
        [f"{name_where_read(view)}:{name}" for view, name in item.features]
        for item in (before, after)
    )
    yield from (f"feature {name!r} was removed" for name in old if name not in new)
    yield from (f"feature {name!r} was added" for name in new if name not in old)
    yield from _order_difference("features", old, new)
    yield from _reading_differences(before, after)


def _reading_differences(
    before: OnDemandView | FeatureService, after: OnDemandView | FeatureService
) -> Iterator[str]:
    """Say which views are read at another version, or mean something else at the same one."""
    old = {Identity.of(view): view for view in reads(before)}
    new = {Identity.of(view): view for view in reads(after)}
    for identity, view in new.items():
        if identity in old and meaning(old[identity]) != meaning(view):
            yield f"it reads {identity}, which differs from the published one"
    yield from _role_differences(before, after)
    if isinstance(before, OnDemandView) and set(old) != set(new):
        yield f"the views it reads: {_versions(old)} became {_versions(new)}"


def _role_differences(
    before: OnDemandView | FeatureService, after: OnDemandView | FeatureService
) -> Iterator[str]:
    """Say which roles are of another view, or have their keys in other columns."""
    old, new = (
        {view.name: view for view in named_by(item) if isinstance(view, Role)}
        for item in (before, after)
    )
    for name, role in new.items():
        if name in old and str(old[name]) != str(role):
            yield f"the role {name!r}: {old[name]} became {role}"


def _feature_differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[str]:
    for name, text in old.items():
        if name not in new:
            yield f"feature {name!r} was removed: {text}"
        elif new[name] != text:
            yield f"feature {name!r}: {text} became {new[name]}"
    yield from (f"feature {name!r} was added: {new[name]}" for name in new if name not in old)
    yield from _order_difference("features", list(old), list(new))


def _order_difference(what: str, old: list[str], new: list[str]) -> Iterator[str]:
    if set(old) == set(new) and old != new:
        yield f"the order of {what}: {', '.join(old)} became {', '.join(new)}"


def _column_differences(before: Source, after: Source, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        old, new = before.columns[name], after.columns.get(name)
        if new is None:
            yield f"column {name!r}: {old} was removed"
        elif new != old:
            yield f"column {name!r}: {old} became {new}"


def _attribute_differences(
    before: Source, after: Source, labels: tuple[str, ...] = _SOURCE_ATTRIBUTES
) -> Iterator[str]:
    for label in labels:
        old, new = getattr(before, label), getattr(after, label)
        if old != new:
            yield f"{label}: {_shown(old)} became {_shown(new)}"


def _view_features(view: FeatureView) -> dict[str, str]:
    if view.is_aggregated:
        return {name: str(item) for name, item in view.aggregations.items()}
    return {name: f"the latest {name!r}" for name in view.columns}


def _types(columns: Mapping[str, ValueType]) -> str:
    return "{" + ", ".join(f"{name!r}: {type_}" for name, type_ in columns.items()) + "}"


def _versions(views: Iterable[Identity]) -> str:
    return ", ".join(versioned(item.name, item.version) for item in sorted(views)) or "none"


def _article(kind: str) -> str:
    return f"an {kind}" if kind[0] in "AEIOU" else f"a {kind}"


def _shown(value: object) -> str:
    match value:
        case None:
            return "None"
        case str():
            return repr(value)
        case Duration():
            return repr(str(value))
        case Stream() | Every():
            return str(value)
        case _:
            return render(cast("Node", value))
