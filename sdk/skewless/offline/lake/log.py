"""The event log: one append-only Iceberg table a source, partitioned by the UTC day of ingestion.

A source with `table=` is read in place, in the same shape, and never written. `day_table` handles
Iceberg tables, `glue_rows` reads others.
"""

from __future__ import annotations

import errno
import shutil
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
from botocore.exceptions import BotoCoreError, ClientError

from skewless.definitions import types
from skewless.definitions.expression import to_microseconds
from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from skewless.errors import InputError, StoreError, did_you_mean
from skewless.offline.frames.clamp import clamped
from skewless.offline.frames.columns import (
    arrow_type,
    conform,
    physical,
    without_incomplete,
)
from skewless.offline.lake import catalog
from skewless.offline.lake.commits import Claim
from skewless.offline.lake.day_table import DayTable
from skewless.offline.storage.copies import copy_files
from skewless.offline.storage.glue_table import describe_table
from skewless.offline.tables import nested, user_table
from skewless.offline.tables.glue_rows import open_glue_table

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from skewless.aws import Aws, Resources
    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType
    from skewless.offline.lake.commits import Queue
    from skewless.offline.lake.day_table import LogFiles

pc: Any = pyarrow.compute


class EventLog:
    """The logs of a store's sources.

    Args:
        aws: where they are.
        resources: the store's.
        only: by key column, the values of the events that `scan` returns, if asked for physical
            rows; all if None.
    """

    def __init__(
        self, aws: Aws, resources: Resources, only: Mapping[str, pa.Array] | None = None
    ) -> None:
        self._aws = aws
        self._resources = resources
        self._only = only or {}

    def of_entities(self, plan: ViewPlan, keys: Collection[tuple[Any, ...]]) -> EventLog:
        """Return the logs as if they held no other entities' events.

        Args:
            plan: of a view of the entities.
            keys: physical. Where an entity has several key columns, events of a few others may be
                left: those that have each value of a key in some of these keys.
        """
        shape = _physical_schema(plan.view.entity.keys)
        only = {
            field.name: pa.array({key[place] for key in keys}, field.type)
            for place, field in enumerate(shape)
        }
        return EventLog(self._aws, self._resources, only)

    def table(self, source: Source) -> DayTable:
        """Return the Iceberg table of the log that the store keeps for a source."""
        return DayTable(
            self._aws,
            self._resources,
            source.name,
            catalog.log_columns(source),
            day_of=INGEST_TIME,
        )

    def create(self, source: Source) -> None:
        """Make the source's log, or add the columns that an existing one lacks.

        Raises:
            PublishError: a column exists with another type.
            InputError: the source names a table, and there is none.
        """
        if source.table is not None:
            describe_table(source.table, self._aws)
        elif not self.table(source).create():
            self.evolve(source)

    def evolve(self, source: Source) -> None:
        """Add the source's new columns, null in the rows that are there; nothing is removed.

        Raises:
            PublishError: a column is there with another type.
        """
        if source.table is None:
            self.table(source).extend()

    def append(  # noqa: PLR0913 - all that a commit is made of, by keyword
        self,
        source: Source,
        table: pa.Table,
        *,
        ingest_time: Any,
        shard: str,
        first_sequence: int,
        content: str | None = None,
        queue: Queue | None = None,
        committing: Callable[[], None] = lambda: None,
    ) -> int | None:
        """Add normalised rows in one commit and return its snapshot; without rows, do nothing.

        An event time after its ingest time is moved to it.

        Args:
            source: whose log.
            table: rows as `normalise` accepted them.
            ingest_time: a datetime or microseconds for all rows, or an Arrow column of either.
            shard: names the producer.
            first_sequence: the first row's number within the shard; the others follow.
            content: a digest of the rows, if they may not have been appended before.
            queue: where to wait for other producers that come now, to share a commit.
            committing: is called when all files are written, right before the commit.

        Raises:
            InputError: the source names a table of its own, or a column is missing.
            ShardTakenError: someone else appended these numbers of the shard; nothing was.
            RepeatedLoadError: rows with this content were appended before; nothing was.
            StoreError: the log is not there, or could not be committed to.
        """
        if source.table is not None:
            raise InputError(
                f"{source} is the table {source.table!r}, which the store reads and never writes; "
                "append to that table, or leave table= out and let the store keep a log"
            )
        if missing := [name for name in source.columns if name not in table.column_names]:
            raise InputError(f"{source}: the rows lack {', '.join(map(repr, missing))}")
        if not (count := table.num_rows):
            return None
        known = _stamps(ingest_time, count)
        columns = {name: table[name] for name in source.columns}
        columns[source.event_time], _ = clamped(columns[source.event_time], known)
        columns[INGEST_TIME] = known
        columns[INGEST_SHARD] = pa.repeat(shard, count)
        columns[INGEST_SEQUENCE] = pa.array(np.arange(first_sequence, first_sequence + count))
        earliest = pc.min(known.cast(pa.int64())).as_py()
        claim = Claim(shard, first_sequence, first_sequence + count, content, earliest)
        return self.table(source).append(columns, claim, queue, committing)

    def days(self, source: Source) -> set[int]:
        """Return the UTC days of ingestion that have rows, counted from the epoch.

        Raises:
            StoreError: the log is not there, or AWS refused.
        """
        return self.table(source).days()

    def lateness(
        self,
        source: Source,
        *,
        snapshot_id: int,
        ingest_from: int | None,
        ingest_before: int | None,
    ) -> int | None:
        """Return a time, in microseconds, after which every event was known; see `scan`.

        None if the log's files do not say. It may be longer than needed: files of a day say a day.

        Raises:
            StoreError: the log is not there, or AWS refused.
        """
        days = ingest_from, ingest_before
        return self.table(source).longest(source.event_time, snapshot_id, days)

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
        wanted = _chosen(source, None if columns is None else [*columns, *self._only])
        names = list(wanted)
        span = (ingest_from, ingest_before)
        if source.table is not None:
            tables: Iterator[Any] = iter([self._existing(source, names, snapshot_id, span)])
        else:
            tables = self.table(source).read(names, snapshot_id, span)
        shape = _physical_schema(wanted) if physical else _schema(wanted)
        event_time = source.event_time if physical and source.event_time in wanted else None
        batches = _nonempty(_shaped(table, wanted, shape, event_time) for table in tables)
        return pa.RecordBatchReader.from_batches(shape, map(self._chosen_rows, batches))

    def copy(
        self,
        source: Source,
        columns: Sequence[str],
        folder: Path,
        *,
        snapshot_id: int | None = None,
        ingest_from: int | None = None,
        ingest_before: int | None = None,
    ) -> LogFiles | None:
        """Copy the files that hold events of a span into a folder, for an engine that reads them.

        The files hold other events of the same days too.

        Args:
            source: whose events.
            columns: what will be read, as for `scan`.
            folder: exists, and is empty.
            snapshot_id: the log as it was; the latest by default.
            ingest_from: the earliest ingest time, in microseconds.
            ingest_before: ingest times end before this.

        Returns:
            The files that were copied; None if there are none to copy, and `scan` has to be asked.

        Raises:
            InputError: no such column.
            StoreError: the log is not there, AWS refused, or the disk is full.
        """
        if source.table is not None or self._only:
            return None
        names = _chosen(source, columns)
        found = self.table(source).files(names, snapshot_id, (ingest_from, ingest_before))
        if found is None or not found.addresses:
            return None
        free = shutil.disk_usage(folder).free
        if found.size > free:
            raise _too_large(source, folder, f"{found.size / 1e9:,.1f} GB, {free / 1e9:,.1f} free")
        with _read_to_the_end():
            fields = frozenset(found.fields.values())
            try:
                copy_files(self._aws.client("s3"), found.addresses, fields, folder)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
                raise _too_large(source, folder, "now full") from error
        return found

    def _chosen_rows(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        for name, values in self._only.items():
            batch = batch.filter(pc.is_in(batch[name], values))
        return batch

    def physical(self, source: Source, table: pa.Table) -> pa.Table:
        """Return normalised rows with Timestamps and Decimals as integers, as `scan` gives them."""
        kinds = {name: source.columns[name] for name in table.column_names}
        return pa.table({name: physical(table[name], type_) for name, type_ in kinds.items()})

    def _existing(
        self,
        source: Source,
        names: Sequence[str],
        snapshot_id: int | None,
        span: tuple[int | None, int | None],
    ) -> pa.Table:
        """Read a user's table in our types and normal forms."""
        stamp = source.ingest_time or source.event_time
        own = [name for name in names if name in source.columns]
        user_table.check_source(source, describe_table(str(source.table), self._aws), self._aws)
        existing = open_glue_table(
            str(source.table), self._aws, snapshot_id=snapshot_id, as_athena=True
        )
        times = {source.event_time, stamp}
        rows = existing.read({*own, *times}, {*own, *times})
        for name in times:
            rows = rows.filter(pc.is_valid(rows[name]))
        found: dict[str, Any] = {
            name: _fitting(rows[name], source.columns[name], f"{source.table}, column {name!r}")
            for name in own
        }
        known = _fitting(rows[stamp], types.Timestamp, f"{source.table}, column {stamp!r}")
        if source.ingest_time is None:
            known = pc.add(known, pa.scalar(source.delay.microseconds, pa.duration("us")))
        found[INGEST_TIME] = known
        # These rows have no shard of ours and no order.
        found |= {
            INGEST_SHARD: pa.repeat("", len(known)),
            INGEST_SEQUENCE: pa.repeat(0, len(known)),
        }
        table = pa.table({name: found[name] for name in names})
        for limit, compare in zip(span, (pc.greater_equal, pc.less), strict=True):
            if limit is not None:
                table = table.filter(compare(table[INGEST_TIME].cast(pa.int64()), limit))
        return table


def _chosen(source: Source, columns: Sequence[str] | None) -> dict[str, ValueType]:
    """Return the types of the columns to read, which always include the ingest time."""
    kinds = catalog.log_columns(source)
    names = list(dict.fromkeys([*(kinds if columns is None else columns), INGEST_TIME]))
    if unknown := [name for name in names if name not in kinds]:
        hints = "".join(did_you_mean(name, kinds) for name in unknown)
        raise InputError(f"{source} has no column {', '.join(map(repr, unknown))}.{hints}")
    return {name: kinds[name] for name in names}


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


def _fitting(column: Any, type_: ValueType, where: str) -> Any:
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    values, findings = conform(without_incomplete(array, type_), type_)
    for found in findings:
        if found.bad.any():
            value = array[int(found.bad.argmax())].as_py()
            raise InputError(f"{where} is {value!r}: {found.allowed}")
    return values


def _schema(kinds: Mapping[str, ValueType]) -> pa.Schema:
    return pa.schema([(name, arrow_type(type_)) for name, type_ in kinds.items()])


def _physical_schema(kinds: Mapping[str, ValueType]) -> pa.Schema:
    empty = {name: pa.nulls(0, arrow_type(type_)) for name, type_ in kinds.items()}
    columns = {name: physical(empty[name], type_) for name, type_ in kinds.items()}
    return pa.table(columns).schema


def _shaped(
    table: Any, kinds: Mapping[str, ValueType], shape: pa.Schema, event_time: str | None
) -> list[pa.RecordBatch]:
    """Bring read columns into the canonical or the physical types; absent ones are null.

    Event times, if their column is named, are clamped.
    """
    columns = {}
    for name, type_ in kinds.items():
        if name not in table.schema.names:
            columns[name] = pa.nulls(table.num_rows, shape.field(name).type)
            continue
        canonical = nested.cast(table[name], arrow_type(type_))
        is_physical = shape.field(name).type != arrow_type(type_)
        columns[name] = physical(canonical, type_) if is_physical else canonical
    if event_time is not None:
        columns[event_time], _ = clamped(columns[event_time], columns[INGEST_TIME])
    batches: list[pa.RecordBatch] = pa.table(columns, schema=shape).to_batches()
    return batches


def _nonempty(tables: Iterator[list[pa.RecordBatch]]) -> Iterator[pa.RecordBatch]:
    with _read_to_the_end():
        for batches in tables:
            yield from (batch for batch in batches if batch.num_rows)


def _too_large(source: Source, folder: Path, sizes: str) -> StoreError:
    return StoreError(
        f"the disk of {folder} is too full for the files of {source}, which DuckDB reads there "
        f"({sizes}): let TMPDIR name a larger one, ask for fewer columns or a smaller span of "
        'labels, or ask with engine="athena"'
    )


@contextmanager
def _read_to_the_end() -> Iterator[None]:
    """Tell what keeps a log from being read to its end."""
    try:
        yield
    except FileNotFoundError as error:
        raise StoreError(
            f"the log could not be read to its end: {error}. An erasure may have removed it "
            "meanwhile: do this again"
        ) from error
    except (ClientError, BotoCoreError, OSError) as error:
        raise StoreError(f"the log could not be read to its end: {error}") from error
