"""The catalog's document: all that its pages show, as plain data. Pure.

Views and services are named by their major version, `spending@1`; features `spending@1:mean_30d`;
columns `source:column`. All instants are ISO 8601 texts in UTC. Texts of users (names, words,
samples) come as they are: whoever shows them escapes them.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What people say of a definition; nothing of it changes a value."""

    description: str = ""
    owner: str = ""
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedName:
    """A column, a key, or a field of a request."""

    name: str
    type: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MarkRow:
    """A mark of a version.

    Attributes:
        version: of which it is said, as `1.1`.
        state: deprecated, yanked or retired.
        successor: as `view@2`; empty if there is none.
        by: the ARN of whoever said it.
    """

    version: str
    state: str
    reason: str
    successor: str
    by: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionRow:
    """One version of a view or service.

    Attributes:
        version: as `1.1`.
        at: when it was published.
        by: who published it; empty if the log does not say.
        changes: against the version before it, one sentence each; empty for the first.
    """

    version: str
    at: str = ""
    by: str = ""
    changes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EntityPage:
    """An entity.

    Attributes:
        views: those of this entity, as `spending@1`.
    """

    name: str
    words: Words
    keys: tuple[TypedName, ...]
    views: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnRow:
    """A column of a source.

    Attributes:
        role: event time, event id, tiebreak, ingest time, or empty.
        readers: the features that read it, as `spending@1:mean_30d`.
    """

    name: str
    type: str
    role: str = ""
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TableFacts:
    """The table of a source, as of its newest snapshot.

    Attributes:
        rows: how many; None if the table does not say.
        bytes: on S3, compressed; None if the table does not say.
        written_at: when its last rows were added.
    """

    rows: int | None = None
    bytes: int | None = None
    written_at: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePage:
    """A source of events.

    Attributes:
        delay: as `15m`; history counts an event as known this long after it happened.
        table: of Glue, as `database.table`; empty for a log of the store's own.
        is_personal: it is marked as personal data, so no value of it is shown.
        log: None if it was not looked at, or has no rows yet.
        views: those that read it, as `spending@1`.
        monthly: dollars a month of its log if the traffic was told, else None.
    """

    name: str
    words: Words
    columns: tuple[ColumnRow, ...]
    event_time: str
    delay: str
    event_id: str = ""
    table: str = ""
    is_personal: bool = False
    log: TableFacts | None = None
    views: tuple[str, ...] = ()
    monthly: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """A bar of a distribution: how many values `low <= value < high`; the last has `high`."""

    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What a feature's values looked like for some entities at one instant, in the offline store.

    Attributes:
        at: the instant.
        rows: how many entities were looked at.
        nulls: how many of them had null.
        bins: of numbers and instants (as seconds since 1970); else empty.
        minimum, maximum, mean: of numbers, as texts; else empty.
        common: the most common values with their counts, of other types; most first.
        examples: up to five values as texts, not null.
    """

    at: str
    rows: int
    nulls: int
    bins: tuple[Bin, ...] = ()
    minimum: str = ""
    maximum: str = ""
    mean: str = ""
    common: tuple[tuple[str, int], ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureRow:
    """A feature of a view.

    Attributes:
        id: as `spending@1:mean_30d`.
        code: how it is written, as `agg.mean('amount', window='30d')`; of an on-demand feature its
            expression; empty for a latest value, and of a Python function.
        meaning: one plain sentence.
        window: as `30d`; empty if it has none.
        since: the version that brought it, as `1.1`.
        fingerprint: hexadecimal digits over all that changes its value.
        reads: columns or features, one step up: `source:column`, `spending@1:mean_30d`.
        used_by: features and services, one step down: `spending@1:x`, `fraud_model@1`.
        alike: other features that mean the same, as `spending@2:mean_30d`.
        sampled: None if it was not looked at; `why_not_sampled` says why.
    """

    id: str
    name: str
    type: str
    code: str
    meaning: str
    window: str
    since: str
    fingerprint: str
    reads: tuple[str, ...] = ()
    used_by: tuple[str, ...] = ()
    alike: tuple[str, ...] = ()
    sampled: Sampled | None = None
    why_not_sampled: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What serving and keeping a view costs, at most, from the plan of its largest item.

    Attributes:
        read_units: of DynamoDB, for one entity.
        item_bytes: of an entity's largest item.
        monthly: dollars a month if the traffic was told, else None.
    """

    read_units: float
    item_bytes: int
    monthly: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewPage:
    """A major version of a view.

    Attributes:
        id: as `spending@1`.
        latest: the newest version of this major, as `1.2`.
        is_newest: no later major is published.
        kind: feature view, or on-demand view.
        entity: a name; empty for on-demand views and views of no entity.
        source: a name; empty for on-demand views.
        refresh: as `stream`, `every 1d`, `on demand`.
        where: the condition on events, as code; empty if there is none.
        ttl: of latest values, as `30d`; empty if there is none.
        request: fields that a request must have.
        function: the source of the Python function, if one computes the features.
        as_of: the instant up to which the online store has been filled; empty if never, or if it
            was not looked at.
        other_majors: as `spending@2`, oldest first.
        versions: of this major, newest first.
        upgrade: what differs from the major before, one sentence each; empty for the first.
        services: those that read it, as `fraud_model@1`.
    """

    id: str
    name: str
    latest: str
    is_newest: bool
    kind: str
    words: Words
    features: tuple[FeatureRow, ...]
    entity: str = ""
    source: str = ""
    refresh: str = ""
    where: str = ""
    ttl: str = ""
    request: tuple[TypedName, ...] = ()
    function: str = ""
    as_of: str = ""
    other_majors: tuple[str, ...] = ()
    versions: tuple[VersionRow, ...] = ()
    upgrade: tuple[str, ...] = ()
    marks: tuple[MarkRow, ...] = ()
    services: tuple[str, ...] = ()
    cost: Cost | None = None
    training: str = ""
    serving: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceFeature:
    """A feature of a service.

    Attributes:
        output: the name of its column in a training set and in an answer.
        feature: as `spending@1:mean_30d`.
        role: under which name the view is read; empty if under its own.
    """

    output: str
    feature: str
    type: str
    role: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServicePage:
    """A major version of a service.

    Attributes:
        id: as `fraud_model@1`.
        inputs: the columns of labels and requests: keys, and fields of requests.
        models: those that are locked to it, by name.
        training: a snippet of Python that makes a training set.
        serving: a snippet of Python that asks for features online.
        lock: the command that writes its lock.
    """

    id: str
    name: str
    latest: str
    is_newest: bool
    words: Words
    features: tuple[ServiceFeature, ...]
    inputs: tuple[TypedName, ...]
    other_majors: tuple[str, ...] = ()
    versions: tuple[VersionRow, ...] = ()
    upgrade: tuple[str, ...] = ()
    marks: tuple[MarkRow, ...] = ()
    models: tuple[str, ...] = ()
    cost: Cost | None = None
    training: str = ""
    serving: str = ""
    lock: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LockRow:
    """A lock that a model ships with.

    Attributes:
        digest: of the lock file.
        service: as `fraud_model@1.1`.
        at, by, commit: of its writing.
        training: where the manifests of its training sets are.
        remarks: what is wrong with it, one sentence each: deprecated or yanked versions.
    """

    digest: str
    service: str
    at: str
    by: str
    commit: str = ""
    training: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelPage:
    """A model that is locked to services.

    Attributes:
        locks: those that are not released, newest first.
        features: all that it stands on, as `spending@1:mean_30d`.
    """

    name: str
    locks: tuple[LockRow, ...]
    features: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogChange:
    """One change of an apply.

    Attributes:
        action: create, extend, describe, deprecate, yank, restore ...
        subject: as `view 'spending' version 1.1`.
    """

    action: str
    subject: str
    details: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LogRow:
    """An apply, or something that was marked."""

    at: str
    by: str
    commit: str
    message: str
    changes: tuple[LogChange, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphNode:
    """A node of the lineage.

    Attributes:
        id: `source:column`, `spending@1:mean_30d`, `fraud_model@1`, `model churn`.
        kind: column, feature, service or model.
        owner: the source, view or service that it belongs to; itself for a service or a model.
        name: of the column or feature; empty for a service or a model.
    """

    id: str
    kind: str
    owner: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalog:
    """All of a catalog.

    Attributes:
        made_at: when it was made.
        release: of skewless.
        edges: pairs of what is read and what reads it, by their nodes' ids.
        log: newest first.
    """

    store: str
    region: str
    made_at: str
    release: str
    entities: tuple[EntityPage, ...] = ()
    sources: tuple[SourcePage, ...] = ()
    views: tuple[ViewPage, ...] = ()
    services: tuple[ServicePage, ...] = ()
    models: tuple[ModelPage, ...] = ()
    nodes: tuple[GraphNode, ...] = ()
    edges: tuple[tuple[str, str], ...] = ()
    log: tuple[LogRow, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for JSON."""
        return asdict(self)
