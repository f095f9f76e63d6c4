"""What a session exchanges with Athena, so that any environment that runs one can."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skewless.errors import QueryError
from skewless.offline.engines.athena import AthenaEngine
from skewless.offline.query import sql
from skewless.offline.query.events import Span
from skewless.offline.query.script import Script
from tests.offline.events import DAY, HOUR, MICROS, NOON, a_source, append, rows

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources
    from skewless.offline.lake.log import EventLog

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


def test_labels_and_results_are_compressed_as_the_pyarrow_of_awss_layer_reads_them(
    aws: Aws, resources: Resources
) -> None:
    s3 = aws.client("s3")
    with AthenaEngine(aws, resources).session() as session:
        labels = session.labels(pa.table({"x": ["a"]}))
        query = sql.select(sql.column("x")).from_(labels)
        assert session.run(Script(sql.Steps(), query)).to_pylist() == [{"x": "a"}]
        found = s3.list_objects_v2(Bucket=resources.bucket, Prefix="queries/")["Contents"]
        bodies = [
            s3.get_object(Bucket=resources.bucket, Key=item["Key"])["Body"].read() for item in found
        ]
    files = [pq.ParquetFile(io.BytesIO(body)) for body in bodies if body.startswith(b"PAR1")]
    assert [file.metadata.row_group(0).column(0).compression for file in files] == ["SNAPPY"] * 2


def test_a_statement_that_is_too_long_is_refused_before_anything_is_asked(
    aws: Aws, resources: Resources
) -> None:
    short, long = sql.select(sql.integer(1)), sql.select(sql.text("\u00e4" * 131_072))
    steps = sql.Steps()
    steps.add("short", short)
    script = Script(steps, long.join(sql.table("short")), checkpoints=("short",))
    with AthenaEngine(aws, resources).session() as session:
        with pytest.raises(QueryError, match=r"264,\d+ bytes.*262,144.*fewer views.*duckdb"):
            session.run(script)
        assert "Contents" not in aws.client("s3").list_objects_v2(
            Bucket=resources.bucket, Prefix="queries/"
        )


def test_how_late_events_of_a_log_are_is_told_by_the_files_of_the_snapshot_that_is_read(
    aws: Aws, resources: Resources, log: EventLog
) -> None:
    source = a_source()
    log.create(source)
    old = append(log, source, rows(source, x=[1, 2], at=[NOON - HOUR, NOON]))
    late = rows(source, x=[3], at=[NOON - 72 * HOUR])
    new = append(log, source, late, ingest_time=NOON + 48 * HOUR)
    everything, hour = Span(None, None), 3_600_000_000
    with AthenaEngine(aws, resources, logs=log).session() as session:
        assert session.lateness(source) is None
        found = {}
        for name, span, snapshot in (
            ("old", everything, old),
            ("new", everything, new),
            ("new, of the first day", Span(None, MICROS + DAY), new),
            ("new, of the last day", Span(MICROS + DAY, None), new),
        ):
            session.relation(source, ["x"], span, snapshot)
            found[name] = session.lateness(source)
    assert found == {
        "old": hour,
        "new": 120 * hour,
        "new, of the first day": hour,
        "new, of the last day": 120 * hour,
    }


def test_how_late_events_are_is_unknown_where_a_file_does_not_say(
    aws: Aws, resources: Resources, log: EventLog
) -> None:
    source = a_source()
    log.create(source)
    append(log, source, rows(source, x=[1]))
    with log.table(source).load().transaction() as change:
        change.set_properties({"write.metadata.metrics.column.at": "none"})
    snapshot = append(log, source, rows(source, x=[2]))
    with AthenaEngine(aws, resources, logs=log).session() as session:
        session.relation(source, ["x"], Span(None, None), snapshot)
        assert session.lateness(source) is None


def test_what_athena_refuses_is_a_query_error(aws: Aws, resources: Resources) -> None:
    elsewhere = replace(resources, workgroup="absent")
    script = Script(sql.Steps(), sql.select(sql.integer(1)))
    with (
        AthenaEngine(aws, elsewhere).session() as session,
        pytest.raises(QueryError, match="WorkG"),
    ):
        session.run(script)
