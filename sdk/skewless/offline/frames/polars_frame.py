"""A user's polars DataFrame of labels, and features beside them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from skewless.errors import InputError, did_you_mean
from skewless.offline.frames import incoming
from skewless.offline.frames.pandas_frame import pandas_of, place_of, polars_of


@dataclass(frozen=True, slots=True)
class PolarsFrame:
    """See `own_frame.OwnFrame`."""

    frame: Any

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names."""
        return tuple(self.frame.columns)

    @property
    def rows(self) -> int:
        """The number of rows."""
        return int(self.frame.height)

    def column(self, name: str) -> pa.ChunkedArray:
        """Read a column."""
        array = incoming.polars_array(self.frame.to_series(place_of(self.names, name)))
        return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])

    def to_arrow(self) -> pa.Table:
        """Return all columns."""
        try:
            found = {one.name: incoming.polars_array(one) for one in self.frame.get_columns()}
        except incoming.NoArrowFormError as error:
            raise InputError(
                f"{error.what}. Drop it, or take to_polars(), where it stays as it is"
            ) from error
        return pa.table(found)

    def to_pandas(self) -> Any:
        """Return all columns in pandas; values without an Arrow type are Python objects."""
        import pandas as pd  # noqa: PLC0415 - asked for by to_pandas

        found, objects = {}, {}
        for one in self.frame.get_columns():
            try:
                found[one.name] = incoming.polars_array(one)
            except incoming.NoArrowFormError:
                found[one.name] = pa.nulls(self.rows)
                objects[one.name] = pd.Series(one.to_list(), dtype=object)
        frame = pandas_of(pa.table(found))
        for name, values in objects.items():
            frame[name] = values
        return frame

    def to_polars(self) -> Any:
        """Return a copy."""
        return self.frame.clone()

    def hint(self, name: str) -> str:
        """Suggest names for a missing column."""
        return did_you_mean(name, self.names)

    def joined(self, features: pa.Table) -> Any:
        """Return the frame with features."""
        return self.frame.hstack(polars_of(features, "take to_arrow()"))
