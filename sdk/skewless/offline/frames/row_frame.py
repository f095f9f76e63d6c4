"""Labels as a list of dicts: each keeps its own keys and values."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from skewless.errors import InputError, did_you_mean
from skewless.offline.frames import incoming
from skewless.offline.frames.pandas_frame import pandas_of, polars_of

_WAY_OUT = "Drop it, or take to_frame() or to_pandas(), where it stays as it is"


@dataclass(frozen=True)
class RowFrame:
    """See `own_frame.OwnFrame`."""

    own: tuple[dict[str, Any], ...]

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The keys of all rows, in order of appearance."""
        return tuple(incoming.names_of_rows(self.own))

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.own)

    def column(self, name: str) -> pa.ChunkedArray:
        """Read a column; a row that lacks the key has null."""
        return pa.chunked_array([incoming.column_of(self._values(name))])

    def to_arrow(self) -> pa.Table:
        """Return all columns."""
        try:
            return pa.table(
                {str(name): incoming.column_of(self._values(name), name) for name in self.names}
            )
        except incoming.NoArrowFormError as error:
            raise InputError(f"{error.what}. {_WAY_OUT}") from error

    def to_pandas(self) -> Any:
        """Return all columns in pandas; values without an Arrow type are Python objects."""
        import pandas as pd  # noqa: PLC0415 - asked for by to_pandas

        found, objects = {}, {}
        for name in self.names:
            try:
                found[str(name)] = incoming.column_of(self._values(name), name)
            except incoming.NoArrowFormError:
                found[str(name)] = pa.nulls(self.rows)
                objects[name] = pd.Series(self._values(name), dtype=object)
        frame = pandas_of(pa.table(found))
        for name, values in objects.items():
            frame[name] = values
        return frame

    def to_polars(self) -> Any:
        """Return all columns in polars."""
        return polars_of(self.to_arrow(), "take to_frame(), where it stays as it is")

    def hint(self, name: str) -> str:
        """Suggest names for a missing column."""
        return did_you_mean(name, self.names)

    def joined(self, features: pa.Table) -> list[dict[str, Any]]:
        """Return the rows with features."""
        return [{**row, **found} for row, found in zip(self.own, features.to_pylist(), strict=True)]

    def _values(self, name: str) -> list[Any]:
        return [row.get(name) for row in self.own]
