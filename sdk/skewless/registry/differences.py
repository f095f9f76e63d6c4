"""Differences between a published definition and another of its name, as a user would say them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

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


class FieldChange(NamedTuple):
    """What differs in one field of two definitions.

    Attributes:
        what: the field, such as `feature 'mean_7d'` or `refresh`.
        before: its value, as a user would write it; None where it was not there.
        after: its value now; None where it is gone.
        said: the difference as a sentence, where it is not "`what`: `before` became `after`".
        feature: the feature that alone differs; empty if others may differ as well.
    """

    what: str
    before: str | None
    after: str | None
    said: str = ""
    feature: str = ""

    def __str__(self) -> str:
        return self.said or f"{self.what}: {self.before} became {self.after}"

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {"what": self.what, "before": self.before, "after": self.after, "said": str(self)}


def differences(before: Definition, after: Definition) -> tuple[FieldChange, ...]:
    """Say how the meaning differs. The list is empty exactly if it does not differ."""
    if type(before) is type(after) and meaning(before) == meaning(after):
        return ()
    found = tuple(_differences(before, after))
    return found or (FieldChange("meaning", None, None, "it means something else"),)


def added_features(
    item: FeatureView | OnDemandView | FeatureService, names: Iterable[str]
) -> tuple[FieldChange, ...]:
    """Return the features that a minor version adds, as differences."""
    match item:
        case FeatureService():
            return tuple(_of_service(name, "added") for name in names)
        case FeatureView():
            texts = _view_features(item)
        case _:
            texts = _computed(item)
    return tuple(_feature_added(name, texts[name]) for name in names)


def prose_differences(before: Definition, after: Definition) -> tuple[FieldChange, ...]:
    """Say how description, owner and tags differ."""
    old, new = encode(before), encode(after)
    return tuple(
        FieldChange(key, repr(old[key]), repr(new[key])) for key in PROSE if old[key] != new[key]
    )


def gained_columns(before: Source, after: Source) -> dict[str, ValueType]:
    """Return the columns that only the later source has."""
    return {name: type_ for name, type_ in after.columns.items() if name not in before.columns}


def lost_or_changed(before: Source, after: Source) -> Iterator[FieldChange]:
    """Say what makes the later source more than an extension of the earlier one."""
    yield from _column_differences(before, after, tuple(before.columns))
    kept = [name for name in after.columns if name in before.columns]
    yield from _order_difference("columns", list(before.columns), kept)
    yield from _attribute_differences(before, after)


def _differences(before: Definition, after: Definition) -> Iterator[FieldChange]:
    match before, after:
        case Entity(), Entity():
            yield FieldChange("keys", _types(before.keys), _types(after.keys))
        case Source(), Source():
            yield from lost_or_changed(before, after)
            for name, type_ in gained_columns(before, after).items():
                yield gained(name, type_)
        case FeatureView(), FeatureView():
            yield from _view_differences(before, after)
        case OnDemandView(), OnDemandView():
            yield from _on_demand_differences(before, after)
        case FeatureService(), FeatureService():
            yield from _service_differences(before, after)
        case _:
            old, new = (_article(type(item).__name__) for item in (before, after))
            said = f"it is published as {old}, and cannot become {new}"
            yield FieldChange("kind", old, new, said)


def _view_differences(before: FeatureView, after: FeatureView) -> Iterator[FieldChange]:
    if tuple(before.entity.keys.items()) != tuple(after.entity.keys.items()):
        yield FieldChange("entity", str(before.entity), str(after.entity))
    yield from _read_source_differences(before, after)
    for label in ("refresh", "where", "ttl"):
        old, new = _shown(getattr(before, label)), _shown(getattr(after, label))
        if old != new:
            yield FieldChange(label, old, new)
    yield from _feature_differences(_view_features(before), _view_features(after))


def _read_source_differences(before: FeatureView, after: FeatureView) -> Iterator[FieldChange]:
    old, new = before.source, after.source
    if old.name != new.name:
        yield FieldChange("source", repr(old.name), repr(new.name))
    used = tuple(name for name in used_columns(before) if name in used_columns(after))
    # The log of a source without a table holds ingest times: how history came by them is no
    # matter of a view's.
    labels = _SOURCE_ATTRIBUTES if new.table else _LOG_ATTRIBUTES
    where = f"source {new.name!r}, "
    for one in (*_column_differences(old, new, used), *_attribute_differences(old, new, labels)):
        yield one._replace(what=f"{where}{one.what}", said=one.said and f"{where}{one.said}")
    if old.has_tombstones != new.has_tombstones and not before.is_aggregated:
        both = str(old.has_tombstones), str(new.has_tombstones)
        yield FieldChange(f"{where}tombstones", *both)


def _on_demand_differences(before: OnDemandView, after: OnDemandView) -> Iterator[FieldChange]:
    if tuple(before.request.items()) != tuple(after.request.items()):
        yield FieldChange("request", _types(before.request), _types(after.request))
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
) -> Iterator[FieldChange]:
    if before is None or after is None or before == after:
        return
    if before.version != after.version:
        both = before.version, after.version
        said = f"Python: {both[0]} became {both[1]}, where values may differ"
        yield FieldChange("Python", *both, said)
    if before.arguments != after.arguments:
        yield FieldChange("inputs", f"[{before.arguments}]", f"[{after.arguments}]")
    if before.source != after.source:
        old, new = before.source.splitlines(), after.source.splitlines()
        gone = [line.strip() for line in old if line not in new]
        come = [line.strip() for line in new if line not in old]
        changed = [*(f"- {line}" for line in gone), *(f"+ {line}" for line in come)]
        what = f"the function {after.name}"
        both = "; ".join(gone[:_MOST_LINES]), "; ".join(come[:_MOST_LINES])
        yield FieldChange(what, *both, f"{what}: {'; '.join(changed[:_MOST_LINES])}")


def gained(name: str, type_: ValueType) -> FieldChange:
    """Return the difference of a column that a source gains."""
    what = f"column {name!r}"
    return FieldChange(what, None, str(type_), f"{what}: {type_} is new")


def _feature_added(name: str, text: str) -> FieldChange:
    what = f"feature {name!r}"
    return FieldChange(what, None, text, f"{what} was added: {text}", name)


def _of_service(name: str, done: str) -> FieldChange:
    what = f"feature {name!r}"
    before, after = (None, name) if done == "added" else (name, None)
    return FieldChange(what, before, after, f"{what} was {done}")


def _service_differences(before: FeatureService, after: FeatureService) -> Iterator[FieldChange]:
    old, new = (
        [(f"{name_where_read(view)}:{name}", view.name) for view, name in item.features]
        for item in (before, after)
    )
    gone = [one for one in old if one not in new]
    come = [one for one in new if one not in old]
    # A view that is read at another version is one difference, however many features it has.
    moved = {
        (one, other)
        for one in gone
        for other in come
        if one[1] == other[1] and one[0].rpartition(":")[2] == other[0].rpartition(":")[2]
    }
    sides = {(one.rpartition(":")[0], other.rpartition(":")[0]) for (one, _), (other, _) in moved}
    yield from (FieldChange("a view it reads", *both) for both in sorted(sides))
    kept = {one for pair in moved for one in pair}
    yield from (_of_service(one[0], "removed") for one in gone if one not in kept)
    yield from (_of_service(one[0], "added") for one in come if one not in kept)
    # A model reads the features in this order.
    yield from _order_difference("features", [one for one, _ in old], [one for one, _ in new])
    yield from _reading_differences(before, after)


def _reading_differences(
    before: OnDemandView | FeatureService, after: OnDemandView | FeatureService
) -> Iterator[FieldChange]:
    """Say which views are read at another version, or mean something else at the same one."""
    old = {Identity.of(view): view for view in reads(before)}
    new = {Identity.of(view): view for view in reads(after)}
    for identity, view in new.items():
        if identity in old and meaning(old[identity]) != meaning(view):
            said = f"it reads {identity}, which differs from the published one"
            yield FieldChange(str(identity), meaning(old[identity]), meaning(view), said)
    yield from _role_differences(before, after)
    if isinstance(before, OnDemandView) and set(old) != set(new):
        yield FieldChange("the views it reads", _versions(old), _versions(new))


def _role_differences(
    before: OnDemandView | FeatureService, after: OnDemandView | FeatureService
) -> Iterator[FieldChange]:
    """Say which roles are of another view, or have their keys in other columns."""
    old, new = (
        {view.name: view for view in named_by(item) if isinstance(view, Role)}
        for item in (before, after)
    )
    for name, role in new.items():
        if name in old and str(old[name]) != str(role):
            yield FieldChange(f"the role {name!r}", str(old[name]), str(role))


def _feature_differences(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[FieldChange]:
    for name, text in old.items():
        if name not in new:
            what = f"feature {name!r}"
            yield FieldChange(what, text, None, f"{what} was removed: {text}", name)
        elif new[name] != text:
            yield FieldChange(f"feature {name!r}", text, new[name], feature=name)
    yield from (_feature_added(name, new[name]) for name in new if name not in old)


def _order_difference(what: str, old: list[str], new: list[str]) -> Iterator[FieldChange]:
    if set(old) == set(new) and old != new:
        yield FieldChange(f"the order of {what}", ", ".join(old), ", ".join(new))


def _column_differences(
    before: Source, after: Source, names: tuple[str, ...]
) -> Iterator[FieldChange]:
    for name in names:
        old, new = before.columns[name], after.columns.get(name)
        if new is None:
            what = f"column {name!r}"
            yield FieldChange(what, str(old), None, f"{what}: {old} was removed")
        elif new != old:
            yield FieldChange(f"column {name!r}", str(old), str(new))


def _attribute_differences(
    before: Source, after: Source, labels: tuple[str, ...] = _SOURCE_ATTRIBUTES
) -> Iterator[FieldChange]:
    for label in labels:
        old, new = getattr(before, label), getattr(after, label)
        if old != new:
            yield FieldChange(label, _shown(old), _shown(new))


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
