"""The user's own frame of labels: columns are read when asked for, and nothing else is touched.

A training set is the user's frame with columns added. Columns that nobody reads are never
converted, so index, zones, types and objects come back as they were.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import narwhals as nw

from skewless.offline.frames import incoming
from skewless.offline.frames.arrow_frame import ArrowFrame
from skewless.offline.frames.pandas_frame import PandasFrame
from skewless.offline.frames.polars_frame import PolarsFrame
from skewless.offline.frames.row_frame import RowFrame

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from skewless.aws import Aws
    from skewless.definitions.types import ValueType


class OwnFrame(Protocol):
    """A frame of some library. It holds a copy, so later changes of the original do not matter.

    Attributes:
        names: the columns' names as text, in order; a name may occur twice.
        rows: how many.
    """

    @property
    def names(self) -> tuple[str, ...]: ...  # noqa: D102

    @property
    def rows(self) -> int: ...  # noqa: D102

    def column(self, name: str) -> pa.ChunkedArray:
        """Read a column.

        Raises:
            InputError: it is there twice, or has no Arrow form.
        """
        ...

    def to_arrow(self) -> pa.Table:
        """Return all columns.

        Raises:
            InputError: a column has no Arrow form.
        """
        ...

    def to_pandas(self) -> Any:
        """Return all columns as a pandas DataFrame, which may share values with others."""
        ...

    def to_polars(self) -> Any:
        """Return all columns as a polars DataFrame.

        Raises:
            InputError: a column has no form in polars.
        """
        ...

    def hint(self, name: str) -> str:
        """Suggest where a missing column is, or what it may be called."""
        ...

    def joined(self, features: pa.Table) -> Any:
        """Return a frame of the same kind with feature columns, row by row."""
        ...


def own_frame(
    frame: Any, aws: Aws | None = None, kinds: Mapping[str, ValueType] | None = None
) -> OwnFrame:
    """Wrap a user's frame; `incoming.to_arrow` lists what may be one.

    Args:
        frame: the frame, or the name of one.
        aws: where `s3://` and Glue are.
        kinds: the types of the columns that will be read.

    Raises:
        InputError: it is no frame, or cannot be read.
        StoreError: AWS refused.
    """
    frame = incoming.collected(frame)
    if nw.dependencies.is_pandas_dataframe(frame):
        return PandasFrame(frame.copy())
    if nw.dependencies.is_polars_dataframe(frame):
        return PolarsFrame(frame.clone())
    if incoming.is_rows(frame):
        return RowFrame(tuple(dict(row) for row in frame))
    return ArrowFrame(incoming.arrow_table(frame, aws, kinds))
