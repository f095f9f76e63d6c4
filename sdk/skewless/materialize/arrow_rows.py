"""Turn an Arrow table of the states query into the rows of each entity."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from skewless.compiler.exported import EntityRows
from skewless.compiler.state_rows import key_fields

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pyarrow as pa

    from skewless.compiler.exported import Row
    from skewless.compiler.plan import ViewPlan


def entity_rows(plan: ViewPlan, table: pa.Table) -> Iterator[EntityRows]:
    """Yield the entities of the table, whose rows may be in any order."""
    if table.num_rows == 0:  # an empty table may also have no columns
        return
    names = [field.name for field in key_fields(plan)]
    ordered = table if not names else table.sort_by([(name, "ascending") for name in names])
    for key, rows in groupby(_rows(ordered), key=lambda row: tuple(row[name] for name in names)):
        yield EntityRows(key, list(rows))


def _rows(table: pa.Table) -> Iterator[Row]:
    # In batches: one list of all rows would need many times the table's memory.
    for batch in table.to_batches(max_chunksize=10_000):
        yield from batch.to_pylist()
