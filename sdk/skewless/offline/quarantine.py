"""Rows that were refused, with why: nothing that reached the front door is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute

from skewless.definitions.expression import to_microseconds
from skewless.errors import InputError
from skewless.offline import catalog
from skewless.offline.columns import arrow_type
from skewless.offline.day_table import DayTable
from skewless.offline.normalise import REJECTED

if TYPE_CHECKING:
    from datetime import datetime

    from skewless.aws import Aws, Resources
    from skewless.definitions.source import Source

pc: Any = pyarrow.compute


class Quarantine:
    """The table of a store's refused rows; it is made with the first of them."""

    def __init__(self, aws: Aws, resources: Resources) -> None:
        self._aws = aws
        self._resources = resources

    def create(self) -> None:
        """Make the table, if it is not there."""
        self.table.create()

    def keep(
        self, source: Source | str, rejected: pa.Table, refused_at: datetime, shard: str
    ) -> int | None:
        """Add refused rows in one commit, and return its snapshot; no rows, no commit.

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
        self.create()
        return self.table.append(
            {
                "source": pa.repeat(source if isinstance(source, str) else source.name, rows),
                catalog.REFUSED_AT: pa.repeat(instant, rows).cast(pa.timestamp("us", "UTC")),
                "shard": pa.repeat(shard, rows),
                **{name: rejected[name] for name in REJECTED.names},
            }
        )

    def list(self, source: Source | str | None = None) -> pa.Table:
        """Return refused rows, those of one source or all, in order of refusal."""
        kinds = catalog.QUARANTINE_COLUMNS
        schema = pa.schema([(name, arrow_type(type_)) for name, type_ in kinds.items()])
        if not self.table.exists():
            return schema.empty_table()
        batches = [
            pa.RecordBatch.from_arrays(
                [batch.column(name).cast(schema.field(name).type) for name in schema.names],
                schema=schema,
            )
            for batch in self.table.read(schema.names)
        ]
        table = pa.Table.from_batches(batches, schema)
        if source is not None:
            name = source if isinstance(source, str) else source.name
            table = table.filter(pc.equal(table["source"], name))
        order = [(catalog.REFUSED_AT, "ascending"), ("shard", "ascending")]
        return table.sort_by([*order, ("row_number", "ascending")])

    @property
    def table(self) -> DayTable:
        """The Iceberg table; it may not be there yet."""
        return DayTable(
            self._aws,
            self._resources,
            catalog.QUARANTINE_TABLE,
            catalog.QUARANTINE_COLUMNS,
            day_of=catalog.REFUSED_AT,
        )
