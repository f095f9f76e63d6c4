"""Lineage as OpenLineage tells it: events of datasets, jobs and runs, as plain data. Pure.

A source is a table of Glue; a feature view, items of a DynamoDB table, which its cuts write of the
source. What stands on them and is stored nowhere (on-demand views, services) is a dataset of the
store's own namespace. A training set is a dataset where it was written, a model a job that reads.

Names follow OpenLineage's naming; for DynamoDB, which has none, they are like those of Glue.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.fingerprint import fingerprint
from skewless.definitions.names import versioned
from skewless.definitions.on_demand import OnDemandView
from skewless.definitions.refresh import Stream
from skewless.definitions.view import FeatureView, view_behind
from skewless.errors import InputError, shown
from skewless.registry.identity import reads
from skewless.registry.lineage import Lineage, LineageNode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from skewless.compiler.fingerprint import Known
    from skewless.definitions.service import AnyView, FeatureService, View
    from skewless.definitions.source import Source
    from skewless.registry.model_lock import ModelLock, TrainedOn
    from skewless.registry.published import Published

    Event = dict[str, Any]

_EVENTS = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/{}"
_FACETS = "https://openlineage.io/spec/facets/{}/{}.json#/$defs/{}"
# By its name in an event: the facet's version and its name in the published schema.
_SCHEMAS = {
    "columnLineage": ("1-2-0", "ColumnLineageDatasetFacet"),
    "dataSource": ("1-0-1", "DatasourceDatasetFacet"),
    "datasetType": ("1-0-1", "DatasetTypeDatasetFacet"),
    "documentation": ("1-1-0", "DocumentationDatasetFacet"),
    "jobDocumentation": ("1-1-0", "DocumentationJobFacet"),
    "jobOwnership": ("1-0-1", "OwnershipJobFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "nominalTime": ("1-0-1", "NominalTimeRunFacet"),
    "ownership": ("1-0-1", "OwnershipDatasetFacet"),
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "tags": ("1-0-0", "TagsDatasetFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
}
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_RUNS = uuid.UUID("5b0f3c1e-6d0a-5a57-9c5d-0d7c0a2a8f11")  # of which runs' ids are made


@dataclass(frozen=True, slots=True, kw_only=True)
class StorePlace:
    """Where a store's data are.

    Attributes:
        store: the store's name.
        partition: of AWS, as `aws`.
        region: of AWS.
        account: its number.
        database: of Glue, with the logs.
        online_table: of DynamoDB.
    """

    store: str
    partition: str
    region: str
    account: str
    database: str
    online_table: str

    @property
    def namespace(self) -> str:
        """The namespace of jobs, and of what is stored nowhere."""
        return f"skewless://{self.store}.{self.region}.{self.account}"


class CommittedCut(NamedTuple):
    """A cut that a view is served from.

    Attributes:
        view: the view.
        at: the cut.
        snapshot: of the source's table, that it was read from; None if that is not known.
    """

    view: FeatureView
    at: datetime
    snapshot: int | None


@dataclass(frozen=True)
class OpenLineage:
    """The events of a store.

    Attributes:
        published: the definitions.
        models: locks; those that ended are left out.
        place: where the data are.
        producer: a URI of whoever emits the events, as their consumers are to see it.
        at: the time of the events that are of no run.
    """

    published: Published
    models: tuple[ModelLock, ...]
    place: StorePlace
    producer: str
    at: datetime

    def __post_init__(self) -> None:
        """Check the producer.

        Raises:
            InputError: it is no URI.
        """
        if not isinstance(self.producer, str) or not _URI.fullmatch(self.producer):
            raise InputError(
                f"the producer {shown(self.producer)} is no URI; name what emits the events, such "
                "as the address of the repository with your definitions"
            )

    def events(self, cuts: Iterable[CommittedCut] = ()) -> list[Event]:
        """Return all events: of what is published, of models, and of runs of cuts.

        Args:
            cuts: those that views are served from.
        """
        return [*self._static(), *(event for cut in cuts for event in self._run(cut))]

    def _static(self) -> Iterator[Event]:
        for source in self.published.definitions.sources:
            dataset = self._source(source)
            yield self._event("DatasetEvent", {"dataset": dataset})
        for item in (*self.published.views, *self.published.definitions.services):
            job, inputs, output = self._job(item), self._inputs(item), self._item(item)
            yield self._event("JobEvent", {"job": job, "inputs": inputs, "outputs": [output]})
        for lock in self.models:
            if lock.is_live:
                yield from self._model(lock)

    def _run(self, cut: CommittedCut) -> Iterator[Event]:
        """Yield the events of the run that wrote a cut. When it ran is not known; the cut's is."""
        view, at = cut.view, cut.at.isoformat()
        (source,) = self._inputs(view)
        if cut.snapshot is not None:
            facet = self._facet("version", {"datasetVersion": str(cut.snapshot)})
            source = {**source, "facets": {"version": facet}}
        output = self._item(view)
        name = f"{self.place.namespace}/{versioned(view.name, view.version)}/{at}"
        nominal = self._facet("nominalTime", {"nominalStartTime": at})
        run = {"runId": str(uuid.uuid5(_RUNS, name)), "facets": {"nominalTime": nominal}}
        for kind in ("START", "COMPLETE"):
            said = {"eventType": kind, "run": run, "job": self._job(view)}
            yield self._event("RunEvent", {**said, "inputs": [source], "outputs": [output]}, at)

    def _model(self, lock: ModelLock) -> Iterator[Event]:
        served = [lock.service] if lock.service else [*self._owners(lock.features)]
        inputs = [found for name in served if (found := self._named(name)) is not None]
        for one in lock.training:
            yield self._training(one)
            inputs.append(self._training_name(one))
        facets = {"jobType": self._job_type("SERVICE", "MODEL")}
        told = f"lock {lock.digest}, by {lock.by} at {lock.at.isoformat()}"
        facets["documentation"] = self._facet("jobDocumentation", {"description": told})
        name = f"model {lock.model} ({lock.short})"
        job = {"namespace": self.place.namespace, "name": name, "facets": facets}
        yield self._event("JobEvent", {"job": job, "inputs": inputs, "outputs": []})

    def _training(self, one: TrainedOn) -> Event:
        facets = {
            "schema": self._schema({name: "" for name, _ in one.features}),
            "version": self._facet("version", {"datasetVersion": one.digest}),
        }
        inputs = []
        for name, snapshot in one.snapshots.items():
            source = self._sources.get(name)
            if source is not None:
                found: Event = self._source_name(source)
                if snapshot is not None:
                    facet = self._facet("version", {"datasetVersion": str(snapshot)})
                    found = {**found, "facets": {"version": facet}}
                inputs.append(found)
        job = {
            "namespace": self.place.namespace,
            "name": f"training set {one.digest[:12]}",
            "facets": {"jobType": self._job_type("BATCH", "TRAINING_SET")},
        }
        output = {**self._training_name(one), "facets": facets}
        return self._event("JobEvent", {"job": job, "inputs": inputs, "outputs": [output]})

    def _training_name(self, one: TrainedOn) -> dict[str, str]:
        if one.place.startswith("s3://"):
            bucket, _, path = one.place.removeprefix("s3://").partition("/")
            return {"namespace": f"s3://{bucket}", "name": path}
        namespace = "file" if one.place else self.place.namespace
        return {"namespace": namespace, "name": one.name}

    def _job(self, item: View | FeatureService) -> Event:
        match item:
            case FeatureView(refresh=Stream()):
                kind = self._job_type("STREAMING", "CUT")
            case FeatureView():
                kind = self._job_type("BATCH", "CUT")
            case _:
                kind = self._job_type("SERVICE", "READ")
        facets = {"jobType": kind, **self._words(item, "jobDocumentation", "jobOwnership")}
        name = versioned(item.name, item.version)
        return {"namespace": self.place.namespace, "name": name, "facets": facets}

    def _inputs(self, item: View | FeatureService) -> list[Event]:
        if isinstance(item, FeatureView):
            return [dict(self._source_name(item.source))]
        return [dict(self._item_name(view)) for view in reads(item)]

    def _item(self, item: View | FeatureService) -> Event:
        """Return a view or a service as a dataset, with its columns and what they are made of."""
        known: Known = {}
        if isinstance(item, FeatureView | OnDemandView):
            columns = {name: str(type_) for name, type_ in item.feature_types.items()}
        else:
            outputs = _outputs(item)
            columns = {name: str(view.feature_types[own]) for name, (view, own) in outputs.items()}
        facets = {
            "schema": self._schema(columns),
            "version": self._facet("version", {"datasetVersion": fingerprint(item, known)}),
            "columnLineage": self._facet("columnLineage", {"fields": self._fields(item)}),
            **self._words(item, "documentation", "ownership"),
        }
        if tags := item.tags:
            told = [{"key": key, "value": value, "source": "USER"} for key, value in tags.items()]
            facets["tags"] = self._facet("tags", {"tags": told})
        if isinstance(item, FeatureView):
            facets["dataSource"] = self._facet(
                "dataSource",
                {"name": self.place.online_table, "uri": self._arn("dynamodb")},
            )
        kind = "TABLE" if isinstance(item, FeatureView) else "VIEW"
        facets["datasetType"] = self._facet("datasetType", {"datasetType": kind})
        return {**self._item_name(item), "facets": facets}

    def _source(self, source: Source) -> Event:
        facets = {
            "schema": self._schema({name: str(type_) for name, type_ in source.columns.items()}),
            "dataSource": self._facet(
                "dataSource", {"name": source.name, "uri": self._arn("glue")}
            ),
            "datasetType": self._facet("datasetType", {"datasetType": "TABLE"}),
            **self._words(source, "documentation", "ownership"),
        }
        return {**self._source_name(source), "facets": facets}

    def _fields(self, item: View | FeatureService) -> Event:
        """Return what each column is made of, by the edges of the lineage graph."""
        own = versioned(item.name, item.version)
        if isinstance(item, FeatureView | OnDemandView):
            read = {name: self._read.get((own, name), []) for name in item.feature_types}
        else:
            read = {
                name: [_node(view, feature)] for name, (view, feature) in _outputs(item).items()
            }
        return {
            name: {"inputFields": [self._field(node) for node in nodes]}
            for name, nodes in read.items()
        }

    def _field(self, node: LineageNode) -> dict[str, str]:
        if node.kind == "column":
            dataset = self._source_name(self._sources[node.owner])
        else:
            dataset = self._item_name(self._items[node.owner])
        return {**dataset, "field": node.name}

    def _schema(self, columns: Mapping[str, str]) -> Event:
        fields = [
            {"name": name, "type": type_} if type_ else {"name": name}
            for name, type_ in columns.items()
        ]
        return self._facet("schema", {"fields": fields})

    def _words(self, item: View | FeatureService | Source, said: str, owned: str) -> Event:
        found: Event = {}
        if item.description:
            found["documentation"] = self._facet(said, {"description": item.description})
        if item.owner:
            found["ownership"] = self._facet(owned, {"owners": [{"name": item.owner}]})
        return found

    def _job_type(self, processing: str, kind: str) -> Event:
        return self._facet(
            "jobType",
            {"processingType": processing, "integration": "SKEWLESS", "jobType": kind},
        )

    def _source_name(self, source: Source) -> dict[str, str]:
        table = source.table or f"{self.place.database}.{source.name}"
        database, _, name = table.partition(".")
        return {"namespace": self._arn("glue"), "name": f"table/{database}/{name}"}

    def _item_name(self, item: View | FeatureService) -> dict[str, str]:
        name = versioned(item.name, item.version)
        if isinstance(item, FeatureView):
            table = self.place.online_table
            return {"namespace": self._arn("dynamodb"), "name": f"table/{table}/{name}"}
        return {"namespace": self.place.namespace, "name": name}

    def _named(self, name: str) -> Event | None:
        item = self._items.get(name)
        return None if item is None else dict(self._item_name(item))

    def _owners(self, features: Iterable[str]) -> Iterable[str]:
        return dict.fromkeys(text.partition(":")[0] for text in features)

    def _arn(self, service: str) -> str:
        return f"arn:{self.place.partition}:{service}:{self.place.region}:{self.place.account}"

    def _facet(self, name: str, fields: Mapping[str, Any]) -> Event:
        version, schema = _SCHEMAS[name]
        url = _FACETS.format(version, schema, schema)
        return {"_producer": self.producer, "_schemaURL": url, **fields}

    def _event(self, kind: str, fields: Mapping[str, Any], at: str = "") -> Event:
        return {
            "eventTime": at or self.at.isoformat(),
            "producer": self.producer,
            "schemaURL": _EVENTS.format(kind),
            **fields,
        }

    @cached_property
    def _sources(self) -> Mapping[str, Source]:
        return {source.name: source for source in self.published.definitions.sources}

    @cached_property
    def _items(self) -> Mapping[str, View | FeatureService]:
        items = (*self.published.views, *self.published.definitions.services)
        return {versioned(item.name, item.version): item for item in items}

    @cached_property
    def _read(self) -> Mapping[tuple[str, str], list[LineageNode]]:
        found: dict[tuple[str, str], list[LineageNode]] = {}
        for read, reader in Lineage.of(self.published).edges:
            found.setdefault((reader.owner, reader.name), []).append(read)
        return found


def _outputs(service: FeatureService) -> dict[str, tuple[AnyView, str]]:
    """Return a service's features by the names of its columns: those of several views are full."""
    names = [feature for _, feature in service.features]
    return {
        feature if names.count(feature) == 1 else f"{view.name}__{feature}": (view, feature)
        for view, feature in service.features
    }


def _node(view: AnyView, feature: str) -> LineageNode:
    own = view_behind(view)
    return LineageNode("feature", versioned(own.name, own.version), feature)
