"""FeatureView: features of one entity, computed from one source, kept fresh in one way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import field
from typing import TYPE_CHECKING, Any, TypeVar, overload

from skewless.definitions import types
from skewless.definitions.aggregation import Aggregation
from skewless.definitions.duration import Duration
from skewless.definitions.entity import NO_ENTITY, Entity
from skewless.definitions.expression import ColumnNode, Expr, FeatureNode, Node, render
from skewless.definitions.foreign import DEFINED, answering
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.inputs import Input
from skewless.definitions.names import (
    TOMBSTONE,
    column_name_problems,
    object_name_problems,
    text_problems,
    versioned,
)
from skewless.definitions.refresh import Refresh, Stream, parse_refresh
from skewless.definitions.source import Source
from skewless.definitions.typing import Scope
from skewless.definitions.version import Version, Written
from skewless.errors import DefinitionError, UnknownNameError, did_you_mean, shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from datetime import timedelta

    from skewless.definitions.on_demand import OnDemandView
    from skewless.definitions.types import ValueType


T = TypeVar("T")
EVERY_COLUMN = "*"


class FeatureRef(Expr):
    """One feature of a view: an item of a service, or a term of an on-demand expression."""

    __slots__ = ("feature", "view")

    def __init__(self, view: FeatureView | OnDemandView | Role, feature: str) -> None:
        super().__init__(FeatureNode(view, feature))
        self.view = view
        self.feature = feature


@answering(DEFINED)
@dataclass(frozen=True, slots=True, init=False)
class FeatureView:
    """Features of an entity.

    Args:
        name: lower case identifier.
        entity: what the features describe; its keys must be columns of the source. None if they
            are of no entity: one value for all rows, of all events of the source.
        source: the events.
        features: a mapping of names to aggregates (`agg.mean(...)`), or a list of columns, whose
            latest values are the features. `"*"` is the list of all columns that the source has
            now, but keys, times and `is_deleted`.
        refresh: `"stream"`, or `Every(...)`.
        where: only events for which this is true.
        ttl: for latest values: rows older than this are ignored.
        version: `2`, or `"2.1.0"`: MAJOR.MINOR.PATCH. What a published version means never
            changes: another value is another major, a further feature another minor.

    Raises:
        DefinitionError: with everything that is wrong.
    """

    name: str
    entity: Entity
    source: Source
    refresh: Refresh
    aggregations: Mapping[str, Aggregation]
    columns: tuple[str, ...]
    where: Node | None
    ttl: Duration | None
    version: Version
    feature_types: Mapping[str, ValueType] = field(compare=False)
    description: str = field(compare=False)
    owner: str = field(compare=False)
    tags: Mapping[str, str] = field(compare=False)

    def __init__(  # noqa: PLR0913 - what a user may say about a view, all but the name by keyword
        self,
        name: str,
        *,
        entity: Entity | None,
        source: Source,
        features: Mapping[str, Aggregation] | Iterable[str],
        refresh: Refresh | str,
        where: Expr | None = None,
        ttl: str | timedelta | Duration | None = None,
        version: Written | Version = 1,
        description: str = "",
        owner: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> None:
        subject = f"FeatureView {name!r}"
        tags = {} if tags is None else tags
        entity = NO_ENTITY if entity is None else entity
        problems = [
            *object_name_problems(name),
            *text_problems(description, owner, tags),
            *_reference_problems(entity, source),
        ]
        parsed = parsed_by(Version.parse, version, problems)
        if problems:
            raise DefinitionError(subject, problems)
        for label, value in {
            "name": name,
            "entity": entity,
            "source": source,
            "refresh": parsed_by(parse_refresh, refresh, problems),
            "where": where.node if isinstance(where, Expr) else None,
            "ttl": None if ttl is None else parsed_by(Duration.parse, ttl, problems),
            "version": parsed,
            "description": description,
            "owner": owner,
            "tags": FrozenMapping(tags),
        }.items():
            object.__setattr__(self, label, value)
        self._set_features(features, problems)
        problems.extend(self._problems(where))
        if problems:
            raise DefinitionError(subject, problems)

    def __getitem__(self, feature: str) -> FeatureRef:
        """Return one feature, for a service's list or an on-demand expression."""
        return feature_of(self, feature)

    def with_name(self, name: str) -> Role:
        """Return the view in a role of a row: outputs and statuses have the role's name.

        Raises:
            DefinitionError: it is no name.
        """
        return Role(self, name, self.columns_of_keys)

    def with_join_key_map(self, keys: Mapping[str, str]) -> Role:
        """Return the view in a role of a row: its keys are read from other columns.

        Args:
            keys: names of the entity's keys to names of columns of labels and requests; a key that
                is left out keeps its name.

        Raises:
            DefinitionError: an unknown key, no name of a column, or two keys of one column.
        """
        return Role(self, self.name, _mapped(self, self.name, self.columns_of_keys, keys))

    def with_features(
        self, features: Mapping[str, Aggregation] | Iterable[str], version: Version | None = None
    ) -> FeatureView:
        """Return a view that has other features, and all else of this one.

        Args:
            features: as for a new view.
            version: the new view's; its own if None.
        """
        return FeatureView(
            self.name,
            entity=self.entity,
            source=self.source,
            features=features,
            refresh=self.refresh,
            where=None if self.where is None else Expr(self.where),
            ttl=self.ttl,
            version=self.version if version is None else version,
            description=self.description,
            owner=self.owner,
            tags=self.tags,
        )

    def only(self, names: Iterable[str], version: Version | None = None) -> FeatureView:
        """Return a view of some of its features, in the given order."""
        if self.is_aggregated:
            return self.with_features({name: self.aggregations[name] for name in names}, version)
        return self.with_features([*names], version)

    @property
    def columns_of_keys(self) -> Mapping[str, str]:
        """For each key of the entity the column of a row that holds it: of the same name."""
        return FrozenMapping({key: key for key in self.entity.keys})

    @property
    def is_aggregated(self) -> bool:
        """Whether features are aggregates; else they are the latest values of columns."""
        return bool(self.aggregations)

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs of a row for the view's features: the entity's keys."""
        asked_by = f"a key of entity {self.entity.name!r}"
        return tuple(Input(name, type_, asked_by) for name, type_ in self.entity.keys.items())

    def _set_features(self, features: object, problems: list[str]) -> None:
        aggregations: dict[str, Aggregation] = {}
        columns: tuple[str, ...] = ()
        if isinstance(features, str) and features == EVERY_COLUMN:
            columns = self._every_column(problems)
        elif isinstance(features, Mapping):
            for name, aggregate in features.items():
                if isinstance(aggregate, Aggregation):
                    aggregations[name] = aggregate
                else:
                    problems.append(
                        f"feature {name!r} is {shown(aggregate)}; write an aggregate such as "
                        "agg.mean('amount', window='7d')"
                    )
        elif isinstance(features, AbstractSet):
            problems.append("features is a set, which has no order; give a list of columns")
        elif isinstance(features, Iterable) and not isinstance(features, str | bytes):
            given = tuple(features)
            problems.extend(_not_column(item) for item in given if not isinstance(item, str))
            columns = tuple(item for item in given if isinstance(item, str))
        if not aggregations and not columns and not problems:
            problems.append(
                'features must be a mapping of names to aggregates, a list of columns, or "*"'
            )
        object.__setattr__(self, "columns", columns)
        types_ = self._column_types(problems) | self._aggregate_types(aggregations, problems)
        object.__setattr__(self, "aggregations", FrozenMapping(aggregations))
        object.__setattr__(self, "feature_types", FrozenMapping(types_))

    def _every_column(self, problems: list[str]) -> tuple[str, ...]:
        source = self.source
        taken = {*self.entity.keys, source.event_time, source.ingest_time, TOMBSTONE}
        found = tuple(name for name in source.columns if name not in taken)
        if not found:
            problems.append(
                f'features="*" selects no column: source {source.name!r} has keys and times alone'
            )
        return found

    def _column_types(self, problems: list[str]) -> dict[str, ValueType]:
        found: dict[str, ValueType] = {}
        columns = self.source.columns
        for name in self.columns:
            if name in columns:
                found[name] = columns[name]
            else:
                hint = did_you_mean(name, columns)
                problems.append(f"source {self.source.name!r} has no column {name!r}.{hint}")
        return found

    def _aggregate_types(
        self, aggregations: dict[str, Aggregation], problems: list[str]
    ) -> dict[str, ValueType]:
        """Return the types, and put each aggregate in its canonical form."""
        found: dict[str, ValueType] = {}
        columns = self.source.columns
        for name, aggregate in aggregations.items():
            scope = self._scope(columns)
            type_ = aggregate.result_type(scope)
            problems.extend(f"feature {name!r}: {problem}" for problem in scope.problems)
            if type_ is not None and not scope.problems:
                found[name] = type_
                aggregations[name] = aggregate.canonical(scope, type_)
        return found

    def _scope(self, columns: Mapping[str, ValueType]) -> Scope:
        return Scope(columns=columns, columns_of=f"source {self.source.name!r}")

    def _problems(self, where: object) -> Iterator[str]:
        names = [*self.aggregations, *self.columns]
        yield from column_name_problems("feature", names)
        for key, type_ in self.entity.keys.items():
            found = self.source.columns.get(key)
            if found is None:
                hint = did_you_mean(key, self.source.columns)
                yield f"source {self.source.name!r} lacks the key {key!r} of {self.entity}.{hint}"
            elif found != type_:
                yield f"the key {key!r} is {type_} in the entity, {found} in the source"
        lowered = {key.lower() for key in self.entity.keys}
        for name in names:
            if isinstance(name, str) and name.lower() in lowered:
                yield f"the feature {name!r} is a key of entity {self.entity.name!r} already"
        if TOMBSTONE in self.columns:
            yield f"{TOMBSTONE!r} marks tombstones; it cannot be a feature"
        if isinstance(self.refresh, Stream) and self.source.table is not None:
            yield (
                f"refresh='stream' needs events that come in through the store; source "
                f"{self.source.name!r} reads the table {self.source.table!r}: use Every(...)"
            )
        if self.ttl is not None and self.is_aggregated:
            yield "ttl is for latest values; an aggregate's window says how far it looks back"
        if self.ttl is not None and self.ttl.microseconds == 0:
            yield "a ttl of zero makes every value missing"
        yield from self._where_problems(where)

    def _where_problems(self, where: object) -> Iterator[str]:
        if where is None:
            return
        if not isinstance(where, Expr):
            yield f"where is {shown(where)}; write an expression such as ~col('cancelled')"
            return
        scope = self._scope(self.source.columns)
        type_ = scope.type_of(where.node)
        yield from (f"where: {problem}" for problem in scope.problems)
        if type_ is not None and type_ != types.Bool:
            yield f"where={render(where.node)} is {type_}, not Bool"

    def __str__(self) -> str:
        return f"FeatureView({self.name!r}, version={self.version.written!r})"

    __repr__ = __str__


@answering(DEFINED)
@dataclass(frozen=True, slots=True)
class Role:
    """A view in one role of a row, like the sender of a payment beside its receiver.

    `view.with_name(...)` and `view.with_join_key_map(...)` make it. It is not published: what
    selects its features holds all of it.

    Attributes:
        view: the view, whose state is read.
        name: stands for the view's name in outputs, statuses and on-demand expressions.
        columns_of_keys: for each key of the entity the column of a row that holds it.
    """

    view: FeatureView
    name: str
    columns_of_keys: Mapping[str, str]

    def __post_init__(self) -> None:
        """Check the name."""
        if problems := list(object_name_problems(self.name)):
            raise DefinitionError(f"a role of {self.view}", problems)

    def __hash__(self) -> int:
        # The view's own hash walks all of its definition.
        return hash((self.name, self.view.name, self.view.version))

    def __getitem__(self, feature: str) -> FeatureRef:
        """Return one feature, for a service's list or an on-demand expression."""
        return feature_of(self, feature)

    def with_name(self, name: str) -> Role:
        """Return the same under another name.

        Raises:
            DefinitionError: it is no name.
        """
        return Role(self.view, name, self.columns_of_keys)

    def with_join_key_map(self, keys: Mapping[str, str]) -> Role:
        """Return the same with other columns for keys; see `FeatureView.with_join_key_map`.

        Raises:
            DefinitionError: an unknown key, no name of a column, or two keys of one column.
        """
        return Role(self.view, self.name, _mapped(self.view, self.name, self.columns_of_keys, keys))

    @property
    def version(self) -> Version:
        """The view's version."""
        return self.view.version

    @property
    def feature_types(self) -> Mapping[str, ValueType]:
        """The view's features and their types."""
        return self.view.feature_types

    @property
    def inputs(self) -> tuple[Input, ...]:
        """The inputs of a row for the view's features: the columns of the entity's keys."""
        return tuple(
            Input(
                self.columns_of_keys[key],
                type_,
                f"the key {key!r} of entity {self.view.entity.name!r} in the role {self.name!r}",
            )
            for key, type_ in self.view.entity.keys.items()
        )

    def __str__(self) -> str:
        moved = [f"{key}={column}" for key, column in self.columns_of_keys.items() if key != column]
        columns = f" ({', '.join(moved)})" if moved else ""
        return f"{versioned(self.view.name, self.version)} as {self.name}{columns}"

    __repr__ = __str__


@overload
def view_behind(view: FeatureView | Role) -> FeatureView: ...


@overload
def view_behind(view: FeatureView | OnDemandView | Role) -> FeatureView | OnDemandView: ...


def view_behind(view: FeatureView | OnDemandView | Role) -> FeatureView | OnDemandView:
    """Return the published view: that of a role, and any other view itself."""
    return view.view if isinstance(view, Role) else view


def name_where_read(view: FeatureView | OnDemandView | Role) -> str:
    """Return what a view is called where it is read: a role's name, else `name@version`.

    Of a view that features were added to, the parts that came later have their version in a role.
    """
    if isinstance(view, Role) and not view.version.minor:
        return view.name
    return versioned(view.name, view.version)


def role_problems(views: Iterable[FeatureView | OnDemandView | Role]) -> Iterator[str]:
    """Check that no role has the name of another role, or of a view, of one selection."""
    first: dict[str, FeatureView | OnDemandView | Role] = {}
    for view in dict.fromkeys(views):
        other = first.setdefault(view.name, view)
        if other is view or not (isinstance(view, Role) or isinstance(other, Role)):
            continue
        if not _same_role(view, other):
            yield (
                f"{view.name!r} would be {other} and {view}; give each role a name of its own, "
                "with view.with_name('sender')"
            )


def _same_role(
    view: FeatureView | OnDemandView | Role, other: FeatureView | OnDemandView | Role
) -> bool:
    """Say whether two of one name are one role, perhaps of two parts of a view."""
    if view == other or not (isinstance(view, Role) and isinstance(other, Role)):
        return view == other
    same = view.view.name, view.version.major, view.columns_of_keys
    return same == (other.view.name, other.version.major, other.columns_of_keys)


def _mapped(
    view: FeatureView, name: str, before: Mapping[str, str], keys: Mapping[str, str]
) -> Mapping[str, str]:
    """Return the columns of a role's keys after some were given others."""
    own = view.entity.keys
    problems: list[str] = []
    if not own:
        told = "it is of no entity, so it has no keys; with_name gives it another name"
        raise DefinitionError(f"the role {name!r} of {view}", [told])
    if not isinstance(keys, Mapping) or not keys:
        problems.append(
            f"with_join_key_map takes a mapping of keys to columns of a row, for example "
            f"{{{next(iter(own))!r}: 'sender_id'}}, not {shown(keys)}"
        )
        keys = {}
    for key in keys:
        if key not in own:
            hint = did_you_mean(key, own) if isinstance(key, str) else ""
            problems.append(f"{view.entity} has no key {shown(key)}.{hint}")
    columns = {key: keys.get(key, before[key]) for key in own}
    by_column: dict[str, str] = {}
    for key, column in columns.items():
        found = list(column_name_problems("column", [column]))
        problems.extend(found)
        other = key if found else by_column.setdefault(column.lower(), key)
        if other != key:
            problems.append(
                f"the keys {other!r} and {key!r} would both be read from the column {column!r}; "
                "give each a column of its own (a key that the map leaves out keeps its name)"
            )
    if problems:
        raise DefinitionError(f"the role {name!r} of {view}", problems)
    return FrozenMapping(columns)


def feature_of(view: FeatureView | OnDemandView | Role, feature: object) -> FeatureRef:
    """Return one feature of a view.

    Raises:
        UnknownNameError: the view has no such feature.
    """
    if not isinstance(feature, str) or feature not in view.feature_types:
        name = feature if isinstance(feature, str) else repr(feature)
        raise UnknownNameError("feature", name, view.feature_types, owner=f"view {view.name!r}")
    return FeatureRef(view, feature)


def _not_column(item: object) -> str:
    if isinstance(item, Expr) and isinstance(item.node, ColumnNode):
        return f"feature {item!r} is an expression; write the column's name, {item.node.name!r}"
    if isinstance(item, Aggregation):
        return f"{item} has no name; write features={{'a_name': {item}}}"
    return f"feature {shown(item)} is not the name of a column"


def _reference_problems(entity: object, source: object) -> Iterator[str]:
    if not isinstance(entity, Entity):
        yield f"entity is {shown(entity)}; give an Entity"
    if not isinstance(source, Source):
        yield f"source is {shown(source)}; give a Source"


def parsed_by(parse: Callable[[Any], T], value: object, problems: list[str]) -> T | None:
    """Return what a text or number stands for; else None, and one problem more."""
    try:
        return parse(value)
    except ValueError as error:
        problems.append(str(error))
        return None
