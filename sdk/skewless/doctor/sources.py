"""The logs of the published sources: they exist, have their columns, and Glue maintains them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.definitions.expression import to_datetime
from skewless.doctor.diagnosis import Finding, error, warning
from skewless.doctor.patient import AbsentError
from skewless.materialize.source_line import SourceLine
from skewless.offline.lake.catalog import log_columns, sql_type
from skewless.offline.lake.optimizers import LEAST_FILES, TableOptimizers
from skewless.online.line import ERASING, line_item

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.definitions.source import Source
    from skewless.doctor.patient import Patient

_ABSENT = ("EntityNotFoundException",)


def check_source(patient: Patient, source: Source) -> Iterator[Finding]:
    """Examine a source's log, or the table that it names."""
    subject = f"source {source.name}"
    if source.table is not None:
        yield from _check_existing(patient, source, subject)
        return
    database = patient.resources.database
    try:
        answer = patient.ask("glue", "get_table", _ABSENT, DatabaseName=database, Name=source.name)
    except AbsentError:
        yield error(
            subject, f"its log {database}.{source.name} is not there", "skewless apply FILE"
        )
        return
    columns = {
        column["Name"]: column["Type"]
        for column in answer["Table"]["StorageDescriptor"]["Columns"]
        if column.get("Parameters", {}).get("iceberg.field.current") != "false"
    }
    yield from _check_columns(source, columns, subject)
    yield from _check_line(patient, source, subject)
    yield from _check_erasures(patient, source, subject)
    if not patient.resources.optimizer_role:
        return  # one finding about the parameter covers all
    yield from _check_optimizers(patient, source, subject)


def _check_optimizers(patient: Patient, source: Source, subject: str) -> Iterator[Finding]:
    optimizers = TableOptimizers(patient.aws, patient.resources)
    missing = optimizers.missing(source.name)
    if missing:
        yield warning(
            subject,
            f"Glue does not look after its log: no {' and no '.join(missing)}, so that it is read "
            "more slowly with each ingest",
            "skewless apply FILE",
        )
    if optimizers.compacts_late(source.name):
        yield warning(
            subject,
            "Glue compacts its log as an earlier release set it up: not before a day has 100 "
            f"files, where {LEAST_FILES} are enough now",
            "skewless apply FILE",
        )


def _check_line(patient: Patient, source: Source, subject: str) -> Iterator[Finding]:
    """Look for producers that died with their events on the way."""
    line = SourceLine(patient.aws, patient.resources.online_table, source.name)
    stamps = [stamp for name, stamp in line.producers().items() if line.is_dead(name)]
    plans = [] if patient.published is None else patient.published.streams_of(source)
    views = [plan.name for plan in plans]
    if stamps and views:
        since = to_datetime(min(stamps)).isoformat()
        yield warning(
            subject,
            f"{len(stamps)} batches in its line are of producers that must be dead: until somebody "
            f"does the rest, {', '.join(views)} are answered as of {since}, as stale. The next "
            "ingest does it",
            f"skewless repair {views[0]}",
        )


def _check_erasures(patient: Patient, source: Source, subject: str) -> Iterator[Finding]:
    line = line_item(patient.aws, patient.resources.online_table, source.name).read()
    if erasures := sorted(line.get(ERASING, ())):
        yield warning(
            subject,
            f"erasures are removing rows from its log, or died while they did: {erasures}; until "
            "their end no view is cut for the first time",
            "skewless forget, with the same key, if it is not running",
        )


def _check_columns(source: Source, columns: Mapping[str, str], subject: str) -> Iterator[Finding]:
    for name, type_ in log_columns(source).items():
        wanted, found = sql_type(type_), columns.get(name.lower())
        if found is None:
            yield error(subject, f"its log lacks the column {name!r}", "skewless apply FILE")
        elif found != wanted:
            yield error(
                subject,
                f"column {name!r} of its log is {found}; the registry says {wanted}",
                "restore the table's metadata: it was changed outside of the store",
            )


def _check_existing(patient: Patient, source: Source, subject: str) -> Iterator[Finding]:
    database, _, table = str(source.table).partition(".")
    try:
        patient.ask("glue", "get_table", _ABSENT, DatabaseName=database, Name=table)
    except AbsentError:
        yield error(
            subject,
            f"the table {source.table!r} that it reads is not there",
            "create the table, or let the views read another source",
        )
