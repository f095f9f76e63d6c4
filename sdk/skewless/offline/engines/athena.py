"""Athena runs the queries: labels go to S3 as Parquet, results come back by UNLOAD."""

from __future__ import annotations

import io
import threading
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import awswrangler as wr
import pyarrow as pa
import pyarrow.parquet as pq
from botocore.exceptions import ClientError

from skewless.errors import QueryError
from skewless.offline.engines.abandoned import ABANDONED_AFTER, FOLDER, LABELS, STEP, Abandoned
from skewless.offline.engines.athena_tables import relation_of
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.stages import AROUND_A_STATEMENT, STATEMENT_BYTES
from skewless.offline.storage.glue_table import describe_table
from skewless.offline.tables import user_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from sqlglot import exp

    from skewless.aws import Aws, Resources
    from skewless.definitions.source import Source
    from skewless.offline.query.events import Relation, Span
    from skewless.offline.query.script import Script

_GLUE_TYPES = {
    pa.bool_(): "boolean",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.string(): "string",
    pa.binary(): "binary",
}
# The compression of files for Athena: the pyarrow of AWS's Lambda layer has no ZSTD.
_CODEC = "snappy"
# awswrangler's errors have no common base; it has one for each kind of refusal.
_REFUSALS = tuple(
    kind
    for kind in vars(wr.exceptions).values()
    if isinstance(kind, type) and issubclass(kind, Exception)
)
_POLLING_SECONDS, _LOCAL_POLLING_SECONDS = 0.25, 0.05


class LateLogs(Protocol):
    """Where sources' events are; `lake.log.EventLog` for those of a store."""

    def lateness(  # noqa: D102 - as `EventLog` says
        self,
        source: Source,
        *,
        snapshot_id: int,
        ingest_from: int | None,
        ingest_before: int | None,
    ) -> int | None: ...


class AthenaEngine:
    """History by Athena.

    Args:
        aws: where it is.
        resources: the store's.
        abandoned_after: a session counts as dead if nobody wrote to it for so long. The next one
            removes its leftovers.
        logs: tells how late events are, so that queries read less. It needs pyiceberg, which not
            every environment has.
    """

    def __init__(
        self,
        aws: Aws,
        resources: Resources,
        abandoned_after: timedelta = ABANDONED_AFTER,
        logs: LateLogs | None = None,
    ) -> None:
        self._aws = aws
        self._resources = resources
        self._logs = logs
        self._abandoned = Abandoned(aws, resources, abandoned_after)

    @contextmanager
    def session(self) -> Iterator[AthenaSession]:
        """Open a session under a prefix of its own in the store's bucket."""
        self._abandoned.sweep()
        session = AthenaSession(self._aws, self._resources, self._logs)
        try:
            yield session
        finally:
            session.close()


class AthenaSession:
    """Temporary tables and results of a few queries."""

    def __init__(self, aws: Aws, resources: Resources, logs: LateLogs | None = None) -> None:
        self.dialect = Dialect(EngineName.ATHENA)
        self._aws = aws
        self._resources = resources
        self._session: Any = _OneClientEach(aws.session)
        self._id = uuid.uuid4().hex
        self._prefix = f"{FOLDER}{self._id}/"
        self._tables: list[str] = []
        self._logs = logs
        self._pinned: dict[str, tuple[int, Span]] = {}
        self._runs = 0
        self._steps = 0

    def relation(
        self,
        source: Source,
        columns: Sequence[str],  # noqa: ARG002 - Athena reads the columns that the query names
        span: Span,
        snapshot: int | None,
    ) -> Relation:
        """Name the log's table, or the user's own.

        Raises:
            InputError: the user's own table does not fit the source.
            StoreError: AWS refused.
        """
        if source.table is not None:
            described = describe_table(source.table, self._aws)
            user_table.check_source(source, described, self._aws)
        elif snapshot is not None:
            self._pinned[source.name] = snapshot, span
        return relation_of(source, self._resources.database, snapshot)

    def lateness(self, source: Source) -> int | None:
        """Return the declared delay of a user's own table, or a bound that a log's files tell.

        Where it is known and short, events are read once less often.
        """
        if source.table is not None:
            return source.delay.microseconds if source.ingest_time is None else None
        if self._logs is None or source.name not in self._pinned:
            return None
        snapshot, span = self._pinned[source.name]
        return self._logs.lateness(
            source, snapshot_id=snapshot, ingest_from=span.start, ingest_before=span.end
        )

    def labels(self, table: pa.Table) -> exp.Table:
        """Upload labels as Parquet, under a Glue table that lives as long as the session."""
        name = f"{LABELS}{self._id}_{len(self._tables)}"
        prefix = f"{self._prefix}{name}/"
        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression=_CODEC)
        self._s3.put_object(
            Bucket=self._resources.bucket, Key=f"{prefix}labels.parquet", Body=buffer.getvalue()
        )
        columns = [{"Name": field.name, "Type": _glue_type(field.type)} for field in table.schema]
        self._glue.create_table(
            DatabaseName=self._resources.database,
            TableInput={
                "Name": name,
                "TableType": "EXTERNAL_TABLE",
                "Parameters": {"classification": "parquet"},
                "StorageDescriptor": _parquet_storage(
                    f"s3://{self._resources.bucket}/{prefix}", columns
                ),
            },
        )
        self._tables.append(name)
        return sql.table(name, self._resources.database)

    def run(self, script: Script) -> pa.Table:
        """Store the checkpoints, run the rest with UNLOAD, and read its Parquet files.

        Raises:
            QueryError: Athena refused or failed it.
        """
        self._runs += 1
        stored: dict[str, exp.Table] = {}
        texts: list[str] = []
        for name, step in script.stages():
            texts.append(self._text(sql.reading(step, stored)))
            stored[name] = self._new_table()
        query = sql.reading(script.last(), stored)
        text = self._text(query)
        # Check the length of all statements before the first one runs and costs money.
        for table, step_text in zip(stored.values(), texts, strict=True):
            self._store(step_text, table)
        prefix = f"{self._prefix}result_{self._runs}/"
        self._unload(text, f"s3://{self._resources.bucket}/{prefix}")
        # An UNLOAD of no rows writes no file, so there are no columns either.
        # Athena may put a list of files beside them.
        files = (key for key in self._keys(prefix) if not key.endswith((".csv", ".metadata")))
        tables = [self._read(key) for key in files]
        if not tables:
            return pa.table({})
        # Athena writes names in lower case; the order is the query's.
        return pa.concat_tables(tables).rename_columns(query.named_selects)

    def _text(self, query: exp.Query) -> str:
        """Write a statement.

        Raises:
            QueryError: it is longer than Athena takes.
        """
        text = self.dialect.render(query)
        size = len(text.encode()) + AROUND_A_STATEMENT
        if size > STATEMENT_BYTES:
            raise QueryError(
                "Athena",
                f"a statement of {size:,} bytes, and Athena takes {STATEMENT_BYTES:,}. Ask for the "
                "features of fewer views at a time, split the view with the most features into "
                'several, or choose engine="duckdb", which has no such limit',
            )
        return text

    def _new_table(self) -> exp.Table:
        """Name a table for a step."""
        self._steps += 1
        name = f"{STEP}{self._id}_{self._steps}"
        return sql.table(name, self._resources.database)

    def _unload(self, text: str, location: str) -> None:
        """Let the rows of a query be written under a location, as Parquet."""
        with self._waiting() as options:
            wr.athena.unload(
                sql=text,
                path=location,
                file_format="PARQUET",
                compression=_CODEC,
                **options,
            )

    def _store(self, text: str, table: exp.Table) -> None:
        """Keep the rows of a query as a table that lives as long as the session."""
        with self._waiting() as options:
            wr.athena.create_ctas_table(
                sql=text,
                ctas_table=table.name,
                storage_format="parquet",
                write_compression="zstd",  # only Athena reads it
                s3_output=f"s3://{self._resources.bucket}/{self._prefix}",
                wait=True,
                **options,
            )
        self._tables.append(table.name)

    @contextmanager
    def _waiting(self) -> Iterator[dict[str, Any]]:
        """Yield the options of a call that waits for a query, and turn its errors into ours."""
        wr.config.athena_query_wait_polling_delay = (
            _POLLING_SECONDS if self._aws.endpoint is None else _LOCAL_POLLING_SECONDS
        )
        try:
            yield {
                "database": self._resources.database,
                "workgroup": self._resources.workgroup,
                "boto3_session": self._session,
            }
        except _REFUSALS as error:
            raise QueryError("Athena", str(error)) from error
        except ClientError as error:
            raise QueryError("Athena", error.response["Error"]["Message"]) from error

    def close(self) -> None:
        """Remove the session's tables and objects."""
        prefixes = [self._prefix]
        # In reverse order: a session killed here leaves its first tables, without gaps.
        for name in reversed(self._tables):
            found = {"DatabaseName": self._resources.database, "Name": name}
            # A workgroup may enforce its own place for tables that a query makes.
            location = self._glue.get_table(**found)["Table"]["StorageDescriptor"]["Location"]
            prefixes.append(location.removeprefix(f"s3://{self._resources.bucket}/"))
            self._glue.delete_table(**found)
        for key in [key for prefix in prefixes for key in self._keys(prefix)]:
            self._s3.delete_object(Bucket=self._resources.bucket, Key=key)

    def _keys(self, prefix: str) -> Iterator[str]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._resources.bucket, Prefix=prefix
        )
        for page in pages:
            yield from (found["Key"] for found in page.get("Contents", ()))

    def _read(self, key: str) -> pa.Table:
        body = self._s3.get_object(Bucket=self._resources.bucket, Key=key)["Body"].read()
        return pq.read_table(io.BytesIO(body))

    @property
    def _s3(self) -> Any:
        return self._aws.client("s3")

    @property
    def _glue(self) -> Any:
        return self._aws.client("glue")


class _OneClientEach:
    """A session for awswrangler, which asks for a new client at each of its calls.

    To make a client takes longer than most calls.
    """

    def __init__(self, session: Any) -> None:
        self._session = session
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    def client(self, service_name: str, **options: Any) -> Any:
        """Return the service's client; awswrangler gives it the same options each time."""
        with self._lock:
            if service_name not in self._clients:
                self._clients[service_name] = self._session.client(service_name, **options)
            return self._clients[service_name]

    def __getattr__(self, name: str) -> Any:
        """Be the session in all else, such as its region."""
        return getattr(self._session, name)


def _parquet_storage(location: str, columns: list[dict[str, str]]) -> dict[str, Any]:
    package = "org.apache.hadoop.hive.ql.io.parquet"
    return {
        "Columns": columns,
        "Location": location,
        "InputFormat": f"{package}.MapredParquetInputFormat",
        "OutputFormat": f"{package}.MapredParquetOutputFormat",
        "SerdeInfo": {"SerializationLibrary": f"{package}.serde.ParquetHiveSerDe"},
    }


def _glue_type(kind: pa.DataType) -> str:
    if pa.types.is_list(kind):
        return f"array<{_glue_type(kind.value_type)}>"
    return _GLUE_TYPES[kind]
