"""The event log: one append-only Iceberg table a source, partitioned by the UTC day of ingestion.

pyiceberg keeps the tables, through the session's own clients. A source of a table that exists
already is read where it is, in the same shape, and never written.
"""

from __future__ import annotations

import io
import random
import time
import uuid
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import AlwaysTrue, And, GreaterThanOrEqual, LessThan
from pyiceberg.io import FileIO, InputFile, OutputFile
from pyiceberg.io.pyarrow import write_file
from pyiceberg.partitioning import PartitionField, PartitionFieldValue, PartitionKey, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import WriteTask
from pyiceberg.transforms import DayTransform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DecimalType,
    DoubleType,
    ListType,
    LongType,
    NestedField,
    StringType,
    TimestampType,
)

from skewless.compiler.instants import DAY
from skewless.definitions import types
from skewless.definitions.expression import to_microseconds
from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from skewless.errors import InputError, PublishError, StoreError, did_you_mean
from skewless.offline import catalog, frames
from skewless.offline.normalise import arrow_type, conform, physical

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table
    from pyiceberg.types import IcebergType

    from skewless.aws import Aws, Resources
    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType

pc: Any = pyarrow.compute
_GREATER_EQUAL: Any = GreaterThanOrEqual  # typed without their shorthand arguments
_LESS: Any = LessThan
_COMMIT_ATTEMPTS = 12
_LONGEST_WAIT_SECONDS = 3.0
_ROWS_PER_FILE = 1 << 21
_APPEND_ID = "skewless.append"
_PROPERTIES = {
    "write.parquet.compression-codec": "zstd",
    # Appends are many and small: without merging, a scan would open a manifest for each of them.
    "commit.manifest-merge.enabled": "true",
    "write.metadata.delete-after-commit.enabled": "true",  # all but the last hundred versions
}


class EventLog:
    """The logs of a store's sources."""

    def __init__(self, aws: Aws, resources: Resources) -> None:
        self._aws = aws
        self._resources = resources

    def create(self, source: Source) -> None:
        """Make the source's log; one that is there gets the columns that it lacks.

        Raises:
            PublishError: a column is there with another type.
            InputError: the source names a table, and there is none.
        """
        if source.table is not None:
            frames.describe_table(source.table, self._aws)
        elif not self._table(source).create():
            self.evolve(source)

    def evolve(self, source: Source) -> None:
        """Add the source's new columns, null in the rows that are there; nothing is removed.

        Raises:
            PublishError: a column is there with another type.
        """
        if source.table is None:
            self._table(source).extend()

    def append(
        self,
        source: Source,
        table: pa.Table,
        *,
        ingest_time: Any,
        shard: str,
        first_sequence: int,
    ) -> int | None:
        """Add normalised rows in one commit, and return its snapshot; no rows, no commit.

        An event time after its ingest time is moved to it.

        Args:
            source: whose log.
            table: rows as `normalise` accepted them.
            ingest_time: a datetime or microseconds for all rows, or an Arrow column of either.
            shard: names the producer.
            first_sequence: the first row's number within the shard; the others follow.

        Raises:
            InputError: the source names a table of its own, or a column is missing.
            StoreError: the log is not there, or could not be committed to.
        """
        if source.table is not None:
            raise InputError(
                f"{source} is the table {source.table!r}, which the store reads and never writes; "
                "append to that table, or leave table= out and let the store keep a log"
            )
        if missing := [name for name in source.columns if name not in table.column_names]:
            raise InputError(f"{source}: the rows lack {', '.join(map(repr, missing))}")
        if not table.num_rows:
            return None
        known = _stamps(ingest_time, table.num_rows)
        columns = {name: table[name] for name in source.columns}
        columns[source.event_time] = _earlier(columns[source.event_time], known)
        columns[INGEST_TIME] = known
        columns[INGEST_SHARD] = pa.repeat(shard, table.num_rows)
        columns[INGEST_SEQUENCE] = pa.array(
            np.arange(first_sequence, first_sequence + table.num_rows)
        )
        return self._table(source).append(columns)

    def snapshot_id(self, source: Source) -> int | None:
        """Return the latest snapshot; None before the first row, and where a table keeps none."""
        if source.table is None:
            snapshot = self._table(source).load().current_snapshot()
            return None if snapshot is None else snapshot.snapshot_id
        described = frames.describe_table(source.table, self._aws)
        if not frames.is_iceberg(described):
            return None
        snapshot = frames.iceberg_table(described, self._aws).current_snapshot()
        return None if snapshot is None else snapshot.snapshot_id

    def scan(
        self,
        source: Source,
        columns: Sequence[str] | None = None,
        *,
        snapshot_id: int | None = None,
        ingest_from: int | None = None,
        ingest_before: int | None = None,
        physical: bool = False,
    ) -> pa.RecordBatchReader:
        """Read events; their order is not defined.

        Args:
            source: whose events.
            columns: what to read, system columns included; all by default. `ingest_time` is
                always there.
            snapshot_id: the log as it was; the latest by default.
            ingest_from: the earliest ingest time, in microseconds.
            ingest_before: ingest times end before this.
            physical: give Timestamps as microseconds and Decimals unscaled, as int64, and no event
                time after its ingest time.

        Raises:
            InputError: no such column, or an existing table has values that do not fit.
            StoreError: the log is not there, or AWS refused.
        """
        kinds = catalog.log_columns(source)
        names = list(dict.fromkeys([*(kinds if columns is None else columns), INGEST_TIME]))
        if unknown := [name for name in names if name not in kinds]:
            hints = "".join(did_you_mean(name, kinds) for name in unknown)
            raise InputError(f"{source} has no column {', '.join(map(repr, unknown))}.{hints}")
        span = (ingest_from, ingest_before)
        if source.table is not None:
            tables: Iterator[Any] = iter([self._existing(source, names, snapshot_id, span)])
        else:
            tables = self._table(source).read(names, snapshot_id, span)
        wanted = {name: kinds[name] for name in names}
        shape = _physical_schema(wanted) if physical else _schema(wanted)
        clamped = source.event_time if physical and source.event_time in wanted else None
        batches = (_shaped(table, wanted, shape, clamped) for table in tables)
        return pa.RecordBatchReader.from_batches(shape, _nonempty(batches))

    def physical(self, source: Source, table: pa.Table) -> pa.Table:
        """Return normalised rows with Timestamps and Decimals as integers, as `scan` gives them."""
        kinds = {name: source.columns[name] for name in table.column_names}
        return pa.table({name: physical(table[name], type_) for name, type_ in kinds.items()})

    def _table(self, source: Source) -> DayTable:
        return DayTable(
            self._aws,
            self._resources,
            source.name,
            catalog.log_columns(source),
            day_of=INGEST_TIME,
        )

    def _existing(
        self,
        source: Source,
        names: Sequence[str],
        snapshot_id: int | None,
        span: tuple[int | None, int | None],
    ) -> pa.Table:
        """Read a table that is not ours, in our types and normal forms."""
        stamp = source.ingest_time or source.event_time
        own = [name for name in names if name in source.columns]
        rows = frames.read_glue_table(
            str(source.table), self._aws, columns={*own, stamp}, snapshot_id=snapshot_id
        )
        found: dict[str, Any] = {
            name: _fitting(rows[name], source.columns[name], f"{source.table}, column {name!r}")
            for name in own
        }
        known = _fitting(rows[stamp], types.Timestamp, f"{source.table}, column {stamp!r}")
        if source.ingest_time is None:
            known = pc.add(known, pa.scalar(source.delay.microseconds, pa.duration("us")))
        found[INGEST_TIME] = known
        # All rows came by no shard of ours, and in no order.
        found |= {
            INGEST_SHARD: pa.repeat("", len(known)),
            INGEST_SEQUENCE: pa.repeat(0, len(known)),
        }
        table = pa.table({name: found[name] for name in names})
        for limit, compare in zip(span, (pc.greater_equal, pc.less), strict=True):
            if limit is not None:
                table = table.filter(compare(table[INGEST_TIME].cast(pa.int64()), limit))
        return table


class DayTable:
    """An Iceberg table that only grows, partitioned by the UTC day of one of its columns."""

    def __init__(
        self,
        aws: Aws,
        resources: Resources,
        name: str,
        columns: Mapping[str, ValueType],
        *,
        day_of: str,
    ) -> None:
        self._aws = aws
        self._name = f"{resources.database}.{name}"
        self._location = catalog.log_location(resources.bucket, name).rstrip("/")
        self._columns = columns
        self._day_of = day_of

    @cached_property
    def _catalog(self) -> GlueCatalog:
        properties = frames.iceberg_properties(self._aws)
        return GlueCatalog("skewless", client=self._aws.client("glue"), **properties)

    def create(self) -> bool:
        """Make the table; return whether there was none."""
        schema = Schema(*self._fields())
        day = schema.find_field(self._day_of).field_id
        spec = PartitionSpec(PartitionField(day, 1000, DayTransform(), f"{self._day_of}_day"))
        try:
            self._catalog.create_table(
                self._name, schema, self._location, spec, properties=_PROPERTIES
            )
        except TableAlreadyExistsError:
            return False
        except (NoSuchNamespaceError, ClientError, BotoCoreError) as error:
            raise StoreError(f"the table {self._name} could not be made: {error}") from error
        return True

    def extend(self) -> None:
        """Add the columns that the table lacks."""
        for attempt in range(_COMMIT_ATTEMPTS):
            table = self.load()
            there = {field.name: field.field_type for field in table.schema().fields}
            for name, type_ in self._columns.items():
                wanted = iceberg_type(type_)
                if name in there and str(there[name]) != str(wanted):
                    raise PublishError(
                        f"column {name!r} of the log {self._name} is {there[name]}, and {type_} "
                        f"would be {wanted}: rows that are there cannot change their type. Give "
                        "the column another name, or the source"
                    )
            added = [name for name in self._columns if name not in there]
            if not added:
                return
            try:
                with table.update_schema() as update:
                    for name in added:
                        update.add_column(name, iceberg_type(self._columns[name]))
            except (CommitFailedException, CommitStateUnknownException):
                _wait(attempt)
            else:
                return
        raise StoreError(f"the table {self._name} is changed by others too often to extend it")

    def load(self) -> Table:
        """Read the table's current metadata.

        Raises:
            StoreError: there is no such table, or AWS refused.
        """
        try:
            return self._catalog.load_table(self._name)
        except NoSuchTableError as error:
            raise StoreError(
                f"there is no table {self._name} in Glue: `skewless apply` makes it"
            ) from error
        except (ClientError, BotoCoreError, OSError) as error:
            raise StoreError(f"the table {self._name} could not be read: {error}") from error

    def exists(self) -> bool:
        """Say whether the table is there."""
        return bool(self._catalog.table_exists(self._name))

    def append(self, columns: Mapping[str, Any]) -> int:
        """Commit rows, and return the snapshot that holds them."""
        table = self.load()
        names = [field.name for field in table.schema().fields]
        if absent := [name for name in columns if name not in names]:
            raise StoreError(
                f"the table {self._name} has no column {', '.join(map(repr, absent))} yet: "
                "`skewless apply` adds it"
            )
        rows = len(columns[self._day_of])
        stored = {
            name: _without_zone(columns[name]) if name in columns else pa.nulls(rows)
            for name in names
        }
        schema = table.schema().as_arrow()
        arrays = {name: array.cast(schema.field(name).type) for name, array in stored.items()}
        try:
            return self._commit(list(self._files(table, pa.table(arrays).combine_chunks())))
        except (ClientError, BotoCoreError, OSError) as error:
            raise StoreError(f"{rows} rows for {self._name} were not written: {error}") from error

    def read(
        self,
        names: Collection[str],
        snapshot_id: int | None = None,
        span: tuple[int | None, int | None] = (None, None),
    ) -> Iterator[pa.RecordBatch]:
        """Read columns, of rows whose day column lies in the span; files outside are not opened."""
        table = self.load()
        schema = table.schema()
        if snapshot_id is not None:
            snapshot = table.snapshot_by_id(snapshot_id)
            if snapshot is None:
                raise StoreError(f"the table {self._name} has no snapshot {snapshot_id}")
            schema = table.schemas()[snapshot.schema_id or 0]
        there = {field.name for field in schema.fields}
        chosen = tuple(name for name in names if name in there)
        start, end = span
        after = AlwaysTrue() if start is None else _GREATER_EQUAL(self._day_of, start)
        before = AlwaysTrue() if end is None else _LESS(self._day_of, end)
        scan = table.scan(And(after, before), chosen, snapshot_id=snapshot_id)
        return iter(scan.to_arrow_batch_reader())

    def _fields(self) -> Iterator[NestedField]:
        for number, (name, type_) in enumerate(self._columns.items(), 1):
            yield NestedField(number, name, iceberg_type(type_, len(self._columns) + number))

    def _files(self, table: Table, rows: pa.Table) -> Iterator[DataFile]:
        """Write a file a day. pyiceberg's own way filters all rows once for each day."""
        times = rows[self._day_of].cast(pa.int64()).to_numpy()
        order = np.argsort(times, kind="stable")
        days = times[order] // DAY
        edges = [0, *(np.flatnonzero(np.diff(days)) + 1), len(days)]
        write, schema, spec = uuid.uuid4(), table.schema(), table.spec()
        tasks = (
            WriteTask(
                write_uuid=write,
                task_id=start,
                schema=schema,
                record_batches=_taken(rows, order[start : min(start + _ROWS_PER_FILE, end)]),
                partition_key=PartitionKey(
                    [PartitionFieldValue(spec.fields[0], int(days[start]))], spec, schema
                ),
            )
            for first, end in pairwise(edges)
            for start in range(int(first), int(end), _ROWS_PER_FILE)
        )
        return write_file(table.io, table.metadata, tasks)

    def _commit(self, files: Sequence[DataFile]) -> int:
        mine = {_APPEND_ID: uuid.uuid4().hex}
        for attempt in range(_COMMIT_ATTEMPTS):
            table = self.load()
            # A commit whose answer was lost may have happened.
            if attempt and (found := _snapshot_with(table, mine)) is not None:
                return found
            try:
                with (
                    table.transaction() as transaction,
                    transaction.update_snapshot(mine).merge_append() as update,
                ):
                    for file in files:
                        update.append_data_file(file)
                if (found := _snapshot_with(table, mine)) is not None:
                    return found
            except (CommitFailedException, CommitStateUnknownException):
                _wait(attempt)
        raise StoreError(
            f"{self._name} is written by others too often: {_COMMIT_ATTEMPTS} commits were refused"
        )


def iceberg_type(type_: ValueType, element_id: int = 0) -> IcebergType:
    """Return the type as Iceberg keeps it."""
    match type_:
        case types.Scalar():
            return _ICEBERG_TYPES[type_]
        case types.Decimal(precision=precision, scale=scale):
            return DecimalType(precision, scale)
        case types.Array(element=element):
            return ListType(element_id, iceberg_type(element), element_required=False)
        case types.Vector():
            return ListType(element_id, DoubleType(), element_required=False)


_ICEBERG_TYPES: Mapping[types.Scalar, IcebergType] = {
    types.Bool: BooleanType(),
    types.Int64: LongType(),
    types.Float64: DoubleType(),
    types.String: StringType(),
    types.Timestamp: TimestampType(),
    types.Bytes: BinaryType(),
}


def _taken(rows: pa.Table, numbers: Any) -> list[pa.RecordBatch]:
    """Return rows by number; a day's at a time, so that no column of text outgrows 2 GB."""
    first, last = int(numbers[0]), int(numbers[-1])
    if last - first == len(numbers) - 1 and (np.diff(numbers) == 1).all():
        chosen = rows.slice(first, len(numbers))
    else:
        chosen = rows.take(pa.array(numbers))
    batches: list[pa.RecordBatch] = chosen.to_batches()
    return batches


def _snapshot_with(table: Table, summary: Mapping[str, str]) -> int | None:
    for snapshot in reversed(table.snapshots()):
        found = snapshot.summary
        if found is not None and all(found.get(key) == value for key, value in summary.items()):
            return snapshot.snapshot_id
    return None


def _wait(attempt: int) -> None:
    longest = min(0.1 * 2**attempt, _LONGEST_WAIT_SECONDS)
    time.sleep(random.uniform(0, longest))  # noqa: S311 - jitter


def _stamps(given: Any, rows: int) -> Any:
    """Return ingest times, one a row."""
    instant = arrow_type(types.Timestamp)
    if isinstance(given, datetime):
        given = to_microseconds(given, "ingest_time")
    if isinstance(given, int):
        return pa.repeat(pa.scalar(given, pa.int64()), rows).cast(instant)
    column = given if isinstance(given, pa.Array | pa.ChunkedArray) else pa.array(given)
    if len(column) != rows or column.null_count:
        raise InputError(f"ingest_time has {len(column)} values, or nulls, for {rows} rows")
    return column.cast(instant)


def _earlier(happened: Any, known: Any) -> Any:
    """Return event times, none of them after its ingest time."""
    return pc.if_else(pc.greater(happened, known), known, happened)


def _without_zone(column: Any) -> Any:
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    return column


def _fitting(column: Any, type_: ValueType, where: str) -> Any:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if pa.types.is_floating(array.type):
        # What did not pass the front door: an infinity is null there, as in Athena.
        array = pc.if_else(pc.is_inf(array), pa.scalar(None, array.type), array)
    values, findings = conform(array, type_)
    for bad, allowed in findings:
        if bad.any():
            raise InputError(f"{where} is {array[int(bad.argmax())].as_py()!r}: {allowed}")
    return values


def _schema(kinds: Mapping[str, ValueType]) -> pa.Schema:
    return pa.schema([(name, arrow_type(type_)) for name, type_ in kinds.items()])


def _physical_schema(kinds: Mapping[str, ValueType]) -> pa.Schema:
    empty = {name: pa.nulls(0, arrow_type(type_)) for name, type_ in kinds.items()}
    columns = {name: physical(empty[name], type_) for name, type_ in kinds.items()}
    return pa.table(columns).schema


def _shaped(
    table: Any, kinds: Mapping[str, ValueType], shape: pa.Schema, clamped: str | None
) -> list[pa.RecordBatch]:
    """Bring read columns into the canonical or the physical types; absent ones are null."""
    columns = {}
    for name, type_ in kinds.items():
        if name not in table.schema.names:
            columns[name] = pa.nulls(table.num_rows, shape.field(name).type)
            continue
        canonical = table[name].cast(arrow_type(type_))
        is_physical = shape.field(name).type != arrow_type(type_)
        columns[name] = physical(canonical, type_) if is_physical else canonical
    if clamped is not None:
        columns[clamped] = _earlier(columns[clamped], columns[INGEST_TIME])
    batches: list[pa.RecordBatch] = pa.table(columns, schema=shape).to_batches()
    return batches


def _nonempty(tables: Iterator[list[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    try:
        for batches in tables:
            yield from (batch for batch in batches if batch.num_rows)
    except (ClientError, BotoCoreError, OSError) as error:
        raise StoreError(f"the log could not be read to its end: {error}") from error


class S3FileIO(FileIO):
    """pyiceberg's files on S3 by boto3."""

    def new_input(self, location: str) -> S3File:
        """Return a file to read."""
        return S3File(location, self.properties[frames.S3_CLIENT])

    def new_output(self, location: str) -> S3File:
        """Return a file to write."""
        return self.new_input(location)

    def delete(self, location: str | InputFile | OutputFile) -> None:
        """Delete a file."""
        path = location if isinstance(location, str) else location.location
        bucket, key = frames.split_uri(path)
        self.new_input(path).s3.delete_object(Bucket=bucket, Key=key)


class S3File(InputFile, OutputFile):
    """One object, to read or to write."""

    def __init__(self, location: str, s3: Any) -> None:
        super().__init__(location=location)
        self.s3 = s3
        self._size: int | None = None

    def __len__(self) -> int:
        if self._size is None:
            bucket, key = frames.split_uri(self.location)
            self._size = int(self.s3.head_object(Bucket=bucket, Key=key)["ContentLength"])
        return self._size

    def exists(self) -> bool:
        """Say whether there is such an object."""
        try:
            return len(self) >= 0
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] == HTTPStatus.NOT_FOUND:
                return False
            raise

    def open(self, seekable: bool = True) -> Any:  # noqa: FBT001, FBT002 - pyiceberg's signature
        """Open the object to read."""
        del seekable
        return frames.open_object(self.s3, self.location)

    def to_input_file(self) -> S3File:
        """Return the same object to read."""
        return self

    def create(self, overwrite: bool = False) -> Any:  # noqa: FBT001, FBT002 - as above
        """Open the object to write; it is stored when the stream is closed."""
        if not overwrite and self.exists():
            raise FileExistsError(f"{self.location} exists")
        return _Upload(self)

    def store(self, content: io.BytesIO) -> None:
        """Upload the content."""
        bucket, key = frames.split_uri(self.location)
        self._size = content.getbuffer().nbytes
        content.seek(0)
        if self._size <= frames.WHOLE:
            self.s3.put_object(Bucket=bucket, Key=key, Body=content.getvalue())
        else:  # by parts, side by side
            self.s3.upload_fileobj(io.BytesIO(content.getbuffer()), bucket, key)


class _Upload(io.BytesIO):
    def __init__(self, file: S3File) -> None:
        super().__init__()
        self._file = file

    def close(self) -> None:
        if not self.closed:
            self._file.store(self)
        super().close()
