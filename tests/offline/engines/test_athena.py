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
from skewless.offline.query.script import Script

if TYPE_CHECKING:
    from skewless.aws import Aws, Resources

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


def test_what_athena_refuses_is_a_query_error(aws: Aws, resources: Resources) -> None:
    elsewhere = replace(resources, workgroup="absent")
    script = Script(sql.Steps(), sql.select(sql.integer(1)))
    with (
        AthenaEngine(aws, elsewhere).session() as session,
        pytest.raises(QueryError, match="WorkG"),
    ):
        session.run(script)
