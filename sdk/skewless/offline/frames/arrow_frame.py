"""A user's Arrow table, or data read into one; schema and metadata stay unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from skewless.errors import did_you_mean
from skewless.offline.frames.pandas_frame import pandas_of, place_of, polars_of

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True, slots=True)
class ArrowFrame:
    """See `own_frame.OwnFrame`."""

    table: pa.Table

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self.table.column_names)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.table.num_rows)

    def column(self, name: str) -> pa.ChunkedArray:
        """Return a column."""
        return self.table.column(place_of(self.names, name))

    def to_arrow(self) -> pa.Table:
        """Return the table itself, which nothing changes."""
        return self.table

    def to_pandas(self) -> Any:
        """Return all columns in pandas."""
        return pandas_of(self.table)

    def to_polars(self) -> Any:
        """Return all columns in polars."""
        return polars_of(self.table, "take to_arrow(), where it stays as it is")

    def hint(self, name: str) -> str:
        """Suggest names for a missing column."""
        return did_you_mean(name, self.names)

    def joined(self, features: pa.Table) -> pa.Table:
        """Return the table with features."""
        return appended(self.table, features)


def appended(table: pa.Table, features: pa.Table) -> pa.Table:
    """Return a table with the columns of another after its own."""
    for field, column in zip(features.schema, features.columns, strict=True):
        table = table.append_column(field, column)
    return table
