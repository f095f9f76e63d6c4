"""A user's pandas DataFrame of labels, and features beside them."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from skewless.errors import InputError, did_you_mean
from skewless.offline.frames import incoming

_WAY_OUT = "Drop it, or take to_pandas(), where it stays as it is"


@dataclass(frozen=True, slots=True)
class PandasFrame:
    """See `own_frame.OwnFrame`."""

    frame: Any

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names as text."""
        return tuple(map(_text_of, self.frame.columns))

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.frame)

    def column(self, name: str) -> pa.ChunkedArray:
        """Read a column."""
        array = incoming.pandas_array(self.frame.iloc[:, place_of(self.names, name)], name)
        return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])

    def to_arrow(self) -> pa.Table:
        """Return all columns; an index is none."""
        names = [str(name) for name in self.frame.columns]
        arrays = []
        for place, name in enumerate(names):
            series = self.frame.iloc[:, place]
            try:
                arrays.append(incoming.pandas_array(series, name, keeps_zone=True))
            except incoming.NoArrowFormError as error:
                raise InputError(f"{error.what}. {_WAY_OUT}") from error
        return pa.Table.from_arrays(arrays, names)

    def to_pandas(self) -> Any:
        """Return a copy of the frame, which shares the values."""
        return self.frame.copy(deep=False)

    def to_polars(self) -> Any:
        """Return all columns in polars."""
        return polars_of(self.to_arrow(), "take to_pandas(), where it stays as it is")

    def joined(self, features: pa.Table) -> Any:
        """Return the frame with features."""
        return with_columns(self.frame, pandas_of(features, are_features=True))

    def hint(self, name: str) -> str:
        """Suggest where a missing column is."""
        if name in self.frame.index.names:
            return f" {name!r} is in the index: entity_df.reset_index() makes it a column."
        return did_you_mean(name, self.names)


def with_columns(frame: Any, features: Any) -> Any:
    """Return a copy of a DataFrame with the columns of another beside it, by position."""
    import pandas as pd  # noqa: PLC0415 - the caller's frame is pandas, so it is there

    columns = features.columns
    if isinstance(frame.columns, pd.MultiIndex):
        # As pandas itself names a column that is added by its first level.
        rest = ("",) * (frame.columns.nlevels - 1)
        columns = pd.MultiIndex.from_tuples([(name, *rest) for name in columns])
    columns.names = frame.columns.names
    # With one index object for both, pandas joins by position, whatever the index holds.
    features = features.set_axis(columns, axis=1).set_axis(frame.index, axis=0)
    joined = pd.concat([frame, features], axis=1)
    if frame.columns.nlevels == 1 and frame.columns.dtype == object:
        # pandas would infer the type of the names anew.
        joined.columns = pd.Index([*frame.columns, *columns], dtype=object, name=frame.columns.name)
    joined.attrs = copy.deepcopy(frame.attrs)
    return joined


def pandas_of(table: pa.Table, *, are_features: bool = False) -> Any:
    """Return a table in pandas.

    Integers and booleans with nulls are `Int64` and `boolean` (never floats), times keep their
    zone, columns without nulls have NumPy's types, and Decimals are Python's own. The table's
    metadata about a pandas index is used. Maps of features are dicts, as in online answers.
    """
    own = {place for place in range(table.num_columns) if _is_changed(table.column(place))}
    plain = table
    for place in own:
        plain = plain.set_column(place, table.field(place).name, pa.nulls(table.num_rows))
    frame = plain.to_pandas(maps_as_pydicts="strict" if are_features else None)
    return _with_own(frame, table, own) if own else frame


def _is_changed(column: pa.ChunkedArray) -> bool:
    """Say whether pandas would change a column's values by itself."""
    kind = column.type
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind):
        return bool(column.null_count)
    return pa.types.is_nested(kind) and "union" in str(kind)


def _with_own(frame: Any, table: pa.Table, own: set[int]) -> Any:
    """Put columns whose values pandas would change in place of empty ones."""
    import pandas as pd  # noqa: PLC0415 - asked for by to_pandas

    integers = ("Int8", "Int16", "Int32", "Int64", "UInt8", "UInt16", "UInt32", "UInt64")
    nullable = {getattr(pa, name.lower())(): getattr(pd, f"{name}Dtype")() for name in integers}
    nullable[pa.bool_()] = pd.BooleanDtype()
    index = _index_of(table)
    kept = [place for place, name in enumerate(table.column_names) if name not in index]
    shown = sorted(own & {*kept})
    values = {
        place: table.column(place)
        for place in shown
        if not pa.types.is_nested(table.column(place).type)
    }
    made = pa.table({str(place): column for place, column in values.items()})
    plain = [at for at, place in enumerate(kept) if place not in own]
    nested = {
        place: pd.Series(table.column(place).to_pylist(), dtype=object)
        for place in shown
        if place not in values
    }
    parts = [made.to_pandas(types_mapper=nullable.get), *nested.values()]
    # All at once, and then in their order: to set one after the other takes time by the square.
    parts = [frame.iloc[:, plain], *(part.set_axis(frame.index, axis=0) for part in parts)]
    found = pd.concat(parts, axis=1)
    places = [*(kept[at] for at in plain), *values, *nested]
    found = found.iloc[:, sorted(range(len(places)), key=places.__getitem__)]
    found.columns = frame.columns
    found.attrs = frame.attrs
    return found


def _index_of(table: pa.Table) -> frozenset[str]:
    """Return the columns that hold the index of the pandas frame that the table was made of."""
    about = (table.schema.pandas_metadata or {}).get("index_columns", ())
    return frozenset(name for name in about if isinstance(name, str))


def polars_of(table: pa.Table, way_out: str) -> Any:
    """Return a table in polars.

    Raises:
        InputError: a column has no form there.
    """
    import polars as pl  # noqa: PLC0415 - asked for by to_polars

    found: dict[str, Any] = {}
    for name, column in zip(table.column_names, table.columns, strict=True):
        if name in found:
            raise InputError(f"polars takes no two columns named {name!r}; {way_out}")
        reason: object = "polars does not know the type"
        if not isinstance(column.type, pa.BaseExtensionType):
            try:
                found[name] = pl.from_arrow(pa.table({"x": column}))["x"]  # type: ignore[index]
                continue
            except (pl.exceptions.PolarsError, pa.ArrowException) as error:
                reason = error
        raise InputError(
            f"column {name!r} ({column.type}) has no form in polars: {reason}. Drop it, or "
            f"{way_out}"
        )
    return pl.DataFrame(found)


def place_of(names: tuple[str, ...], name: str) -> int:
    """Return where a column is.

    Raises:
        InputError: it is there twice.
    """
    if names.count(name) > 1:
        raise InputError(f"the frame has several columns named {name!r}; which is meant?")
    return names.index(name)


def _text_of(name: Any) -> str:
    """Return a column's name; ("card", "") of a frame with two levels is "card"."""
    if isinstance(name, tuple) and name and all(part == "" for part in name[1:]):
        name = name[0]
    return str(name)
