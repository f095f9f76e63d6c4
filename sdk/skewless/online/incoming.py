"""Turn whatever a caller sends into rows of keys and request fields.

If a caller has a frame, its library is loaded already. So libraries are looked up and never
imported, and serving from dicts stays small. Only the needed columns are touched.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from skewless.errors import InputError, did_you_mean, shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from skewless.definitions.types import ValueType

    Row = Mapping[str, Any]

Kind: TypeAlias = Literal["rows", "pandas", "polars", "arrow"]
TAKEN = (
    "a dict, a list of dicts, a pandas, polars or Arrow frame, or anything with the Arrow C stream "
    "interface"
)

_CALL = "get_online_features('model', rows)"


@dataclass(frozen=True, slots=True)
class Received:
    """The rows or frame of a request.

    Attributes:
        rows: keys and request fields by name; other columns may be there where rows were sent.
        kind: the library of the frame; "rows" if none came.
        frame: the columns of the frame that are needed, in its own library; None without a frame.
    """

    rows: Sequence[Row]
    kind: Kind = "rows"
    frame: Any = None


def receive(given: Any, wanted: Mapping[str, ValueType]) -> Received:
    """Return the rows that were sent.

    Args:
        given: one dict, dicts, or a frame; other columns than those wanted are not looked at.
        wanted: the columns that a frame must have, and their types.

    Raises:
        InputError: it is neither rows nor a frame, or lacks a column.
    """
    if isinstance(given, Mapping):
        return Received([given])
    if isinstance(given, list | tuple):
        return Received(_checked(given))
    if isinstance(given, _loaded("pandas", "DataFrame")):
        return _from_pandas(given, wanted)
    if isinstance(given, _loaded("polars", "DataFrame", "LazyFrame", "Series")):
        return _from_polars(given, wanted)
    if isinstance(given, _loaded("pyarrow", "Table", "RecordBatch", "RecordBatchReader")):
        return _from_arrow(given, wanted)
    if isinstance(given, _loaded("pandas", "Series")):
        raise InputError(
            "a pandas Series is either a row or a column; give a frame: frame.iloc[[0]] is one of "
            "one row, series.to_frame('name') of one column"
        )
    if hasattr(given, "__arrow_c_stream__") or hasattr(given, "__arrow_c_array__"):
        return _from_stream(given, wanted)
    if isinstance(given, Iterable) and not isinstance(given, str | bytes):
        return Received(_checked(list(given)))
    raise InputError(f"entity_rows is {shown(given)}, which is no rows; give {TAKEN}")


def is_rows(given: object) -> bool:
    """Say whether an object is rows or a frame, rather than a selection of features."""
    if isinstance(given, Mapping) or hasattr(given, "__arrow_c_stream__"):
        return True
    if isinstance(given, list | tuple):
        return all(isinstance(row, Mapping) for row in given)
    frames = (*_loaded("pandas", "DataFrame"), *_loaded("polars", "LazyFrame"))
    return isinstance(given, frames)


def told_apart(features: object, given: Any, *, is_locked: bool) -> tuple[Any, Any]:
    """Return features and rows, told apart: a locked store may be given rows alone.

    Raises:
        InputError: there are no rows, or they stand in the place of features.
    """
    if not is_rows(features):
        if given is None:
            raise InputError(f"entity_rows is missing; give {TAKEN}")
        return features, given
    if given is not None:
        raise InputError(f"features and entity_rows change places: {_CALL}")
    if not is_locked:
        raise InputError(
            f"features is missing: {_CALL} needs a service, views or features before the rows; "
            "only a store of a lock has a service of its own"
        )
    return None, features


def _loaded(library: str, *names: str) -> tuple[type, ...]:
    """Return classes of a library, or none if it is not imported."""
    module = sys.modules.get(library)
    return tuple(getattr(module, name) for name in names if hasattr(module, name))


def _checked(rows: Sequence[Any]) -> Sequence[Row]:
    for number, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InputError(
                f"row {number} is {shown(row)}; a row maps the names of keys and request fields "
                "to values, as a dict does"
            )
    return rows


def _from_pandas(frame: Any, wanted: Mapping[str, ValueType]) -> Received:
    names = list(frame.columns)
    if not names and frame.empty:
        return Received([], "pandas", frame)
    _check_columns(names, wanted, [name for name in frame.index.names if name is not None])
    kept = frame.loc[:, list(wanted)]
    rows = _rows({name: kept[name].tolist() for name in wanted}, len(frame))
    return Received(rows, "pandas", kept)


def _from_polars(frame: Any, wanted: Mapping[str, ValueType]) -> Received:
    polars: Any = sys.modules["polars"]
    if isinstance(frame, polars.Series):
        frame = frame.struct.unnest() if frame.dtype == polars.Struct else frame.to_frame()
    names = frame.collect_schema().names()
    if not names:
        return Received([], "polars", frame.lazy().collect())
    _check_columns(names, wanted)
    kept = frame.lazy().select(list(wanted)).collect()
    if not wanted:
        rows = _rows({}, frame.lazy().collect().height)
        return Received(rows, "polars", kept)
    for name in wanted:
        _check_nanoseconds(kept[name], name, polars)
    return Received(_rows(kept.to_dict(as_series=False), kept.height), "polars", kept)


def _check_nanoseconds(series: Any, name: str, polars: Any) -> None:
    """Refuse times finer than microseconds, which polars would truncate for Python."""
    if isinstance(series.dtype, polars.Datetime) and series.dtype.time_unit == "ns":
        finer = (series.to_physical() % 1000 != 0).fill_null(value=False)
        if finer.any():
            raise InputError(
                f"row {finer.arg_true()[0]}: {name!r} is finer than microseconds; truncate it if "
                "that is meant"
            )


def _from_arrow(table: Any, wanted: Mapping[str, ValueType]) -> Received:
    pyarrow: Any = sys.modules["pyarrow"]
    if isinstance(table, pyarrow.RecordBatchReader):
        table = table.read_all()
    if isinstance(table, pyarrow.RecordBatch):
        table = pyarrow.Table.from_batches([table])
    names = table.column_names
    if not names:
        return Received([], "arrow", table)
    _check_columns(names, wanted)
    kept = table.select(list(wanted))
    columns = {}
    for name in wanted:
        try:
            columns[name] = kept[name].to_pylist()
        except (ValueError, OverflowError, pyarrow.ArrowException) as error:
            raise InputError(f"column {name!r} ({kept[name].type}): {error}") from error
    return Received(_rows(columns, table.num_rows), "arrow", kept)


def _from_stream(given: Any, wanted: Mapping[str, ValueType]) -> Received:
    try:
        import pyarrow as pa  # noqa: PLC0415 - only what speaks Arrow and is no frame needs it
    except ImportError as error:
        raise InputError(
            f"a {type(given).__name__} is read by pyarrow, which is not installed; install it, or "
            f"give {TAKEN}"
        ) from error
    try:
        table = pa.table(given)
    except (TypeError, pa.ArrowException) as error:
        raise InputError(f"a {type(given).__name__} is no table: {error}; give {TAKEN}") from error
    return _from_arrow(table, wanted)


def _check_columns(
    names: Sequence[Any], wanted: Mapping[str, ValueType], index: Sequence[Any] = ()
) -> None:
    missing = [name for name in wanted if name not in names]
    if missing:
        listed = ", ".join(f"{name!r} ({wanted[name]})" for name in missing)
        if any(name in index for name in missing):
            hint = " It is in the index: frame.reset_index() makes it a column."
        else:
            hint = did_you_mean(missing[0], [str(name) for name in names])
        raise InputError(f"the frame lacks {listed}.{hint}")
    for name in wanted:
        if sum(name == other for other in names) > 1:
            raise InputError(f"the frame has several columns named {name!r}")


def _rows(columns: Mapping[str, Sequence[Any]], count: int) -> list[Row]:
    if not columns:
        return [{} for _ in range(count)]
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]
