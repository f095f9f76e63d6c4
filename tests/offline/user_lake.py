"""Tables as a user has them in a lake: Parquet on S3, and Glue that describes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from skewless.offline.storage import objects

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"


def put(aws: Aws, bucket: str, key: str, content: pa.Table | bytes) -> None:
    if isinstance(content, pa.Table):
        sink = pa.BufferOutputStream()
        pq.write_table(content, sink)
        content = sink.getvalue().to_pybytes()
    objects.write_bytes(f"s3://{bucket}/{key}", content, aws)


def a_glue_table(
    aws: Aws,
    place: str,
    columns: Mapping[str, str],
    keys: Mapping[str, str] | None = None,
    name: str = "events",
    **stored: Any,
) -> str:
    aws.client("glue").create_table(
        DatabaseName=place,
        TableInput={
            "Name": name,
            "PartitionKeys": [{"Name": n, "Type": t} for n, t in (keys or {}).items()],
            "StorageDescriptor": {
                "Columns": [{"Name": n, "Type": t} for n, t in columns.items()],
                "Location": f"s3://{place}/{name}/",
                "InputFormat": PARQUET,
                **stored,
            },
        },
    )
    return f"{place}.{name}"
