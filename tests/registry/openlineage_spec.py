"""OpenLineage's events and the facets that are used, as JSON Schema 2020-12.

It is written anew after the published specification (openlineage.io, Apache-2.0), in the versions
that `_schemaURL` names, and is stricter: nothing is allowed that the specification does not name.
`test_openlineage.py` also holds the events against the publisher's own classes, which are made of
the published schemas.
"""

from __future__ import annotations

from typing import Any

TEXT = {"type": "string"}
URI = {"type": "string", "pattern": "^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$"}
TIME = {"type": "string", "format": "date-time"}


def closed(required: dict[str, Any], optional: dict[str, Any] | None = None) -> dict[str, Any]:
    """An object with these members and no others."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": sorted(required),
        "additionalProperties": False,
    }


def several(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


def facet(version: str, schema: str, **required: Any) -> dict[str, Any]:
    url = f"https://openlineage.io/spec/facets/{version}/{schema}.json#/$defs/{schema}"
    return closed({"_producer": URI, "_schemaURL": {"const": url}, **required})


def one_of(**facets: Any) -> dict[str, Any]:
    return closed({}, facets)


INPUT_FIELD = closed({"namespace": TEXT, "name": TEXT, "field": TEXT})
DATASET_FACETS = one_of(
    columnLineage=facet(
        "1-2-0",
        "ColumnLineageDatasetFacet",
        fields={
            "type": "object",
            "additionalProperties": closed({"inputFields": several(INPUT_FIELD)}),
        },
    ),
    dataSource=facet("1-0-1", "DatasourceDatasetFacet", name=TEXT, uri=URI),
    datasetType=facet("1-0-1", "DatasetTypeDatasetFacet", datasetType=TEXT),
    documentation=facet("1-1-0", "DocumentationDatasetFacet", description=TEXT),
    ownership=facet("1-0-1", "OwnershipDatasetFacet", owners=several(closed({"name": TEXT}))),
    schema=facet(
        "1-2-0", "SchemaDatasetFacet", fields=several(closed({"name": TEXT}, {"type": TEXT}))
    ),
    tags=facet(
        "1-0-0",
        "TagsDatasetFacet",
        tags=several(closed({"key": TEXT, "value": TEXT, "source": TEXT})),
    ),
    version=facet("1-0-1", "DatasetVersionDatasetFacet", datasetVersion=TEXT),
)
JOB_FACETS = one_of(
    documentation=facet("1-1-0", "DocumentationJobFacet", description=TEXT),
    jobType=facet(
        "2-0-4",
        "JobTypeJobFacet",
        processingType={"enum": ["BATCH", "STREAMING", "SERVICE"]},
        integration=TEXT,
        jobType=TEXT,
    ),
    ownership=facet("1-0-1", "OwnershipJobFacet", owners=several(closed({"name": TEXT}))),
)
RUN_FACETS = one_of(nominalTime=facet("1-0-1", "NominalTimeRunFacet", nominalStartTime=TIME))
DATASET = closed({"namespace": URI, "name": TEXT}, {"facets": DATASET_FACETS})
FILE = closed({"namespace": {"const": "file"}, "name": TEXT}, {"facets": DATASET_FACETS})
DATASETS = several({"anyOf": [DATASET, FILE]})
JOB = closed({"namespace": TEXT, "name": TEXT}, {"facets": JOB_FACETS})
RUN = closed(
    {
        "runId": {
            "type": "string",
            "pattern": "^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
        }
    },
    {"facets": RUN_FACETS},
)


def event(kind: str, **required: Any) -> dict[str, Any]:
    url = f"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/{kind}"
    return closed({"eventTime": TIME, "producer": URI, "schemaURL": {"const": url}, **required})


EVENT = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "oneOf": [
        event("DatasetEvent", dataset=DATASET),
        event("JobEvent", job=JOB, inputs=DATASETS, outputs=DATASETS),
        event(
            "RunEvent",
            eventType={"enum": ["START", "RUNNING", "COMPLETE", "ABORT", "FAIL", "OTHER"]},
            run=RUN,
            job=JOB,
            inputs=DATASETS,
            outputs=DATASETS,
        ),
    ],
}
