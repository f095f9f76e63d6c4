"""Refused rows, with reasons: nothing that reached the front door is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from skewless.definitions.expression import to_microseconds
from skewless.errors import InputError
from skewless.ingest.normalise import REJECTED
from skewless.offline.frames.columns import arrow_type
from skewless.offline.lake import catalog
from skewless.offline.lake.day_table import DayTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from skewless.aws import Aws, Resources
    from skewless.definitions.source import Source

pc: Any = pyarrow.compute


class Quarantine:
    """The tables of refused rows, one for each source, made with its first refused row.

    With a table for each source, a producer can be kept from the refused rows of others.
    """

    def __init__(self, aws: Aws, resources: Resources) -> None:
        self._aws = aws
        self._resources = resources

    def keep(
        self, source: Source | str, rejected: pa.Table, refused_at: datetime, shard: str
    ) -> int | None:
        """Add refused rows in one commit and return its snapshot; without rows, do nothing.

        Args:
            source: whose rows.
            rejected: `row_number`, `reason` and `row`, as `normalise` gives them.
            refused_at: when.
            shard: names the producer.

        Raises:
            StoreError: AWS refused.
        """
        rows = rejected.num_rows
        if not rows:
            return None
        if missing := [name for name in REJECTED.names if name not in rejected.column_names]:
            raise InputError(f"refused rows lack {', '.join(map(repr, missing))}")
        instant = pa.scalar(to_microseconds(refused_at, "refused_at"), pa.int64())
        name = _name(source)
        table = self.table(catalog.quarantine_table(name))
        table.create()
        return table.append(
            {
                "source": pa.repeat(name, rows),
                catalog.REFUSED_AT: pa.repeat(instant, rows).cast(pa.timestamp("us", "UTC")),
                "shard": pa.repeat(shard, rows),
                **{name: rejected[name] for name in REJECTED.names},
            }
        )

    def list(self, source: Source | str | None = None) -> pa.Table:
        """Return refused rows, those of one source or all, in order of refusal."""
        kinds = catalog.QUARANTINE_COLUMNS
        schema = pa.schema([(name, arrow_type(type_)) for name, type_ in kinds.items()])
        tables = self._all() if source is None else self.tables([_name(source)])
        batches = [
            pa.RecordBatch.from_arrays(
                [batch.column(name).cast(schema.field(name).type) for name in schema.names],
                schema=schema,
            )
            for table in tables
            for batch in table.read(schema.names)
        ]
        table = pa.Table.from_batches(batches, schema)
        if source is not None:
            table = table.filter(pc.equal(table["source"], _name(source)))
        order = [(catalog.REFUSED_AT, "ascending"), ("shard", "ascending")]
        return table.sort_by([*order, ("row_number", "ascending")])

    def tables(self, sources: Iterable[str]) -> Iterator[DayTable]:
        """Yield the existing tables that may hold rows of these sources.

        They include the table of older releases, which holds the rows of all sources.
        """
        for name in (catalog.QUARANTINE_TABLE, *map(catalog.quarantine_table, sources)):
            if (table := self.table(name)).exists():
                yield table

    def table(self, name: str) -> DayTable:
        """Return an Iceberg table of refused rows, which may not exist yet."""
        return DayTable(
            self._aws,
            self._resources,
            name,
            catalog.QUARANTINE_COLUMNS,
            day_of=catalog.REFUSED_AT,
        )

    def _all(self) -> Iterator[DayTable]:
        pages = self._aws.client("glue").get_paginator("get_tables")
        for page in pages.paginate(DatabaseName=self._resources.database):
            for found in page["TableList"]:
                if found["Name"].startswith(catalog.QUARANTINE_TABLE):
                    yield self.table(found["Name"])


def _name(source: Source | str) -> str:
    return source if isinstance(source, str) else source.name
