"""Iceberg tables that only grow, partitioned by day: made, extended, appended to, read.

pyiceberg writes and reads them through the session's own clients. Nothing here knows what the rows
mean.
"""

from __future__ import annotations

import uuid
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute
from botocore.exceptions import BotoCoreError, ClientError
from pyiceberg.conversions import from_bytes
from pyiceberg.exceptions import (
    CommitFailedException,
    CommitStateUnknownException,
    NoSuchNamespaceError,
    NoSuchTableError,
    TableAlreadyExistsError,
)
from pyiceberg.expressions import AlwaysTrue, And, GreaterThanOrEqual, LessThan
from pyiceberg.io.pyarrow import write_file
from pyiceberg.partitioning import PartitionField, PartitionFieldValue, PartitionKey, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import WriteTask
from pyiceberg.transforms import DayTransform
from pyiceberg.types import (
    BinaryType,
    BooleanType,
    DateType,
    DecimalType,
    DoubleType,
    ListType,
    LongType,
    MapType,
    NestedField,
    StringType,
    TimestampType,
)

from skewless.compiler.instants import DAY
from skewless.definitions import types
from skewless.errors import PublishError, StoreError
from skewless.offline.lake import catalog
from skewless.offline.lake.commits import Append, commit, snapshot_of, wait
from skewless.offline.lake.log_catalog import LogCatalog
from skewless.offline.storage import file_io
from skewless.offline.tables import nested

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

    from pyiceberg.manifest import DataFile
    from pyiceberg.table import DataScan, Table
    from pyiceberg.table.metadata import TableMetadata
    from pyiceberg.types import IcebergType

    from skewless.aws import Aws, Resources
    from skewless.definitions.types import ValueType
    from skewless.offline.lake.commits import Claim, Outcome, Queue

Seen = TypeVar("Seen")
Days: TypeAlias = tuple[int | None, int | None]  # of the day column, in microseconds

pc: Any = pyarrow.compute
_GREATER_EQUAL: Any = GreaterThanOrEqual  # typed without their shorthand arguments
_LESS: Any = LessThan
_EXTEND_ATTEMPTS = 12
_LOOKS = 4
_MOST_SHARED_FILES = 4
_ROWS_PER_FILE = 1 << 21
_PROPERTIES = {
    "write.parquet.compression-codec": "zstd",
    # Appends are many and small: without merging, a scan would open a manifest for each of them.
    "commit.manifest-merge.enabled": "true",
}


class LogFiles(NamedTuple):
    """Files of Parquet that hold all rows asked for.

    Attributes:
        addresses: where they are; the file with the most rows comes first.
        fields: the columns asked for that the table has, and the number of each in the files.
        is_uniform: whether every file has all these columns.
        size: the bytes that these columns take in the files, compressed, as far as it is known.
    """

    addresses: tuple[str, ...]
    fields: Mapping[str, int]
    is_uniform: bool
    size: int = 0


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
        self.name = f"{resources.database}.{name}"
        self.location = catalog.log_location(resources.bucket, name).rstrip("/")
        self._columns = columns
        self._day_of = day_of

    @cached_property
    def _catalog(self) -> LogCatalog:
        properties = file_io.iceberg_properties(self._aws)
        return LogCatalog("skewless", client=self._aws.client("glue"), **properties)

    def create(self) -> bool:
        """Make the table; return whether there was none."""
        schema = Schema(*self._fields())
        day = schema.find_field(self._day_of).field_id
        spec = PartitionSpec(PartitionField(day, 1000, DayTransform(), f"{self._day_of}_day"))
        try:
            # Ask first: pyiceberg would write metadata before Glue refuses a second table.
            if self.exists():
                return False
            self._catalog.create_table(
                self.name, schema, self.location, spec, properties=_PROPERTIES
            )
        except TableAlreadyExistsError:
            return False
        except (NoSuchNamespaceError, ClientError, BotoCoreError) as error:
            raise StoreError(f"the table {self.name} could not be made: {error}") from error
        return True

    def extend(self) -> None:
        """Add the columns that the table lacks."""
        for attempt in range(_EXTEND_ATTEMPTS):
            table = self.load()
            there = {field.name: field.field_type for field in table.schema().fields}
            for name, type_ in self._columns.items():
                wanted = iceberg_type(type_)
                if name in there and str(there[name]) != str(wanted):
                    raise PublishError(
                        f"column {name!r} of the log {self.name} is {there[name]}, and {type_} "
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
                wait(attempt)
            else:
                return
        raise StoreError(f"the table {self.name} is changed by others too often to extend it")

    def load(self) -> Table:
        """Read the table's current metadata.

        Raises:
            StoreError: there is no such table, or AWS refused.
        """
        try:
            return self._current()
        except NoSuchTableError as error:
            raise StoreError(
                f"there is no table {self.name} in Glue: `skewless apply` makes it"
            ) from error
        except (ClientError, BotoCoreError, OSError) as error:
            raise StoreError(f"the table {self.name} could not be read: {error}") from error

    def _current(self) -> Table:
        for attempt in range(_LOOKS - 1):
            try:
                return self._catalog.load_table(self.name)
            except FileNotFoundError:
                # An erasure replaced the metadata since Glue named it.
                wait(attempt)
        return self._catalog.load_table(self.name)

    def exists(self) -> bool:
        """Say whether the table exists."""
        return bool(self._catalog.table_exists(self.name))

    def append(
        self,
        columns: Mapping[str, Any],
        claim: Claim | None = None,
        queue: Queue | None = None,
        committing: Callable[[], None] = lambda: None,
    ) -> int:
        """Commit rows, and return the snapshot that holds them.

        Args:
            columns: the rows.
            claim: what nobody else may have committed; the commit itself checks it.
            queue: joins this append with those of other producers in one commit.
            committing: is called when all files are written, right before the commit.

        Raises:
            ShardTakenError: others committed such numbers; nothing was.
            RepeatedLoadError: rows with this content are there; nothing was committed.
            StoreError: the table is not there, or could not be committed to.
        """
        table = self.load()
        names = [field.name for field in table.schema().fields]
        if absent := [name for name in columns if name not in names]:
            raise StoreError(
                f"the table {self.name} has no column {', '.join(map(repr, absent))} yet: "
                "`skewless apply` adds it"
            )
        rows = len(columns[self._day_of])
        stored = {
            name: _without_zone(columns[name]) if name in columns else pa.nulls(rows)
            for name in names
        }
        schema = table.schema().as_arrow()
        arrays = {
            name: nested.cast(array, schema.field(name).type) for name, array in stored.items()
        }
        try:
            files = tuple(self.write_files(table, pa.table(arrays)))
            append = Append(uuid.uuid4().hex, files, claim)
            committing()
            if queue is not None and len(files) <= _MOST_SHARED_FILES:
                return queue.commit(append, self._commit)
            return snapshot_of(self._commit([append])[append.id])
        except (ClientError, BotoCoreError, OSError) as error:
            raise StoreError(f"{rows} rows for {self.name} were not written: {error}") from error

    def days(self) -> set[int]:
        """Return the UTC days that have rows, counted from the epoch; no file is opened.

        Raises:
            StoreError: the table is not there, or could not be read.
        """
        return self._looked_at(
            lambda table: {int(task.file.partition[0]) for task in table.scan().plan_files()}
        )

    def read(
        self,
        names: Collection[str],
        snapshot_id: int | None = None,
        span: Days = (None, None),
    ) -> Iterator[pa.RecordBatch]:
        """Read columns of the rows in a span of the day column; other files are not opened."""

        def look(table: Table) -> Iterable[pa.RecordBatch]:
            scan, _ = self._scan(table, names, snapshot_id, span)
            batches: Iterable[pa.RecordBatch] = scan.to_arrow_batch_reader()
            return batches

        return iter(self._looked_at(look))

    def files(
        self,
        names: Collection[str],
        snapshot_id: int | None = None,
        span: Days = (None, None),
    ) -> LogFiles | None:
        """Return the files that hold rows in a span of the day column, beside rows of the same day.

        None if some of their rows are deleted by another file: then only `read` knows the rows.
        """

        def look(table: Table) -> LogFiles | None:
            scan, fields = self._scan(table, names, snapshot_id, span)
            tasks = list(scan.plan_files())
            if any(task.delete_files for task in tasks):
                return None
            files = sorted((task.file for task in tasks), key=lambda file: -file.record_count)
            counted = {_counted(table.schema().find_field(number)) for number in fields.values()}
            is_uniform = len(fields) == len(set(names)) and all(
                counted <= set(file.value_counts or ()) for file in files
            )
            sizes = (file.column_sizes or {} for file in files)
            size = sum(some.get(number, 0) for some in sizes for number in counted)
            return LogFiles(tuple(file.file_path for file in files), fields, is_uniform, size)

        return self._looked_at(look)

    def longest(self, earlier: str, snapshot_id: int | None, span: Days) -> int | None:
        """Return how far the day column is after an earlier one in any row, or more.

        It is told from the least and greatest values of files, in microseconds; none is opened.
        None if a file does not say.

        Args:
            earlier: a column of instants.
            snapshot_id: the table as it was; the latest if None.
            span: rows of other days do not count, as far as they are in other files.
        """

        def look(table: Table) -> int | None:
            scan, fields = self._scan(table, (earlier, self._day_of), snapshot_id, span)
            longest = 0
            for task in scan.plan_files():
                least = (task.file.lower_bounds or {}).get(fields.get(earlier, 0))
                greatest = (task.file.upper_bounds or {}).get(fields.get(self._day_of, 0))
                if least is None or greatest is None:
                    return None
                longest = max(longest, _instant(greatest) - _instant(least))
            return longest

        return self._looked_at(look)

    def _scan(
        self, table: Table, names: Collection[str], snapshot_id: int | None, span: Days
    ) -> tuple[DataScan, dict[str, int]]:
        """Return a scan, and the numbers of the columns that the snapshot has."""
        schema = table.schema()
        if snapshot_id is not None:
            snapshot = table.snapshot_by_id(snapshot_id)
            if snapshot is None:
                raise StoreError(f"the table {self.name} has no snapshot {snapshot_id}")
            schema = table.schemas()[snapshot.schema_id or 0]
        fields = {field.name: field.field_id for field in schema.fields if field.name in names}
        start, end = span
        after = AlwaysTrue() if start is None else _GREATER_EQUAL(self._day_of, start)
        before = AlwaysTrue() if end is None else _LESS(self._day_of, end)
        scan = table.scan(And(after, before), tuple(fields), snapshot_id=snapshot_id)
        return scan, fields

    def _looked_at(self, look: Callable[[Table], Seen]) -> Seen:
        """Look at the table as it is now; again where an erasure deleted that state meanwhile."""
        for attempt in range(_LOOKS):
            table = self.load()
            try:
                return look(table)
            except (ClientError, BotoCoreError, OSError) as error:
                if not isinstance(error, FileNotFoundError) or attempt == _LOOKS - 1:
                    raise StoreError(f"the table {self.name} could not be read: {error}") from error
                wait(attempt)
        raise AssertionError("the last attempt returns or raises")  # pragma: no cover

    def write_files(self, table: Table, rows: pa.Table) -> Iterator[DataFile]:
        """Write a file a day, to be committed. pyiceberg filters all rows once for each day."""
        schema = table.schema().as_arrow()
        columns = [nested.cast(rows[field.name], field.type) for field in schema]
        rows = pa.Table.from_arrays(columns, schema=schema).combine_chunks()
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
        return write_file(table.io, _with_valid_bounds(table.metadata, rows), tasks)

    def _commit(self, appends: Sequence[Append]) -> Mapping[str, Outcome]:
        return commit(self.load, appends)

    def _fields(self) -> Iterator[NestedField]:
        # What is inside a column has numbers too, two at most.
        inside = len(self._columns) + 1
        for number, (name, type_) in enumerate(self._columns.items(), 1):
            yield NestedField(number, name, iceberg_type(type_, inside + 2 * number))


def _instant(bound: bytes) -> int:
    """Read a bound of a timestamp, in microseconds."""
    return int(from_bytes(TimestampType(), bound))


def _with_valid_bounds(metadata: TableMetadata, rows: pa.Table) -> TableMetadata:
    """Return metadata that makes writers leave out the bounds of some text columns.

    pyiceberg cuts bounds after 16 characters and increments the last one. U+D7FF would become a
    surrogate, which is no UTF-8, and the whole commit would fail. So columns with U+D7FF get none.
    """
    modes = {
        f"write.metadata.metrics.column.{field.name}": "counts"
        for field in metadata.schema().fields
        if isinstance(field.field_type, StringType)
        and pc.any(pc.match_substring(rows[field.name], "\ud7ff")).as_py()
    }
    return metadata.model_copy(update={"properties": {**metadata.properties, **modes}})


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
        case types.Map(key=key, value=value):
            kinds = iceberg_type(key), iceberg_type(value)
            return MapType(element_id, kinds[0], element_id + 1, kinds[1], value_required=False)


_ICEBERG_TYPES: Mapping[types.Scalar, IcebergType] = {
    types.Bool: BooleanType(),
    types.Int64: LongType(),
    types.Float64: DoubleType(),
    types.String: StringType(),
    types.Timestamp: TimestampType(),
    types.Date: DateType(),
    types.Bytes: BinaryType(),
}


def _counted(field: NestedField) -> int:
    """Return the number by which a file counts a field: a list's elements, a map's keys."""
    match field.field_type:
        case ListType(element_id=number) | MapType(key_id=number):
            return number
        case _:
            return field.field_id


def _taken(rows: pa.Table, numbers: Any) -> list[pa.RecordBatch]:
    """Return rows by number, for a day at a time so that no text column exceeds 2 GB."""
    first, last = int(numbers[0]), int(numbers[-1])
    if last - first == len(numbers) - 1 and (np.diff(numbers) == 1).all():
        chosen = rows.slice(first, len(numbers))
    else:
        chosen = rows.take(pa.array(numbers))
    batches: list[pa.RecordBatch] = chosen.to_batches()
    return batches


def _without_zone(column: Any) -> Any:
    if pa.types.is_timestamp(column.type):
        return column.cast(pa.timestamp("us", "UTC")).cast(pa.timestamp("us"))
    return column
