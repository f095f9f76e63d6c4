"""Parquet files read side by side into one Arrow table, by pyarrow.

Values stay as the files have them. `folders` finds files; `glue_rows` knows what a Glue table
declares.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
import pyarrow.parquet as pq

from skewless.errors import InputError
from skewless.offline.tables.hive_types import floor_divide, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import TypeAlias

    # Takes a file and its schema; returns the names of the columns to read.
    Choice: TypeAlias = Callable[["ParquetFile", pa.Schema], list[str]]

pc: Any = pyarrow.compute
_READERS = 16


@dataclass(frozen=True, slots=True)
class ParquetFile:
    """A Parquet file: its name, how to open it, and the columns in its path.

    Attributes:
        name: its path or address.
        open: opens it, as Arrow reads files.
        constants: columns that have one value in all rows of the file.
    """

    name: str
    open: Callable[[], Any]
    constants: Mapping[str, pa.Scalar[Any]] = field(default_factory=dict)

    def read(self, choose: Choice | None = None) -> pa.Table:
        """Read the file's columns, all or as chosen; constants are not added.

        Raises:
            InputError: it is no whole Parquet file, or has a time of INT96 that no type holds.
        """
        try:
            with pq.ParquetFile(self.open(), coerce_int96_timestamp_unit="us") as file:
                chosen = None if choose is None else choose(self, file.schema_arrow)
                table = file.read(columns=chosen)
                old = [name for name in _int96(file) if name in table.column_names]
            return self._with_nanoseconds(table, old) if old else table
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{self.name} cannot be read as Parquet: {error}") from error

    def _with_nanoseconds(self, table: pa.Table, old: Sequence[str]) -> pa.Table:
        """Return the table with nanoseconds in its INT96 columns, where they have some.

        Microseconds hold every time of INT96, nanoseconds those up to 2262; beyond, what Arrow
        reads as nanoseconds wraps round, and the difference is still what was cut off.
        """
        with pq.ParquetFile(self.open()) as file:
            exact = file.read(columns=list(old))
        for name in old:
            micros, nanos = table[name].cast(pa.int64()), exact[name].cast(pa.int64())
            lost = pc.subtract(nanos, pc.multiply(micros, 1000))
            if not pc.any(pc.not_equal(lost, 0)).as_py():
                continue
            if not pc.all(pc.equal(floor_divide(nanos, 1000), micros)).as_py():
                raise InputError(
                    f"{self.name}, column {name!r}: it has nanoseconds, and times that 64 bits of "
                    "nanoseconds do not hold; write it with microseconds"
                )
            table = table.set_column(table.schema.get_field_index(name), name, exact[name])
        return table


def read_all(files: Sequence[ParquetFile], read: Callable[[ParquetFile], pa.Table]) -> pa.Table:
    """Read files side by side into one table; a column that a file lacks is null there.

    Raises:
        InputError: a file cannot be read, or two disagree about a column's type.
    """
    with ThreadPoolExecutor(_READERS) as pool:
        tables = list(pool.map(read, files))
    return united([file.name for file in files], tables)


def united(names: Sequence[str], tables: Sequence[pa.Table]) -> pa.Table:
    """Concatenate tables, in the widest of their types that keeps every value.

    Raises:
        InputError: two disagree about a column's type.
    """
    try:
        return pa.concat_tables(tables, promote_options="default")
    except pa.ArrowException:
        tables = [_plain(table) for table in tables]
    seen: dict[str, tuple[str, pa.DataType]] = {}
    for name, table in zip(names, tables, strict=True):
        for column in table.schema:
            if pa.types.is_null(column.type):
                continue
            first, type_ = seen.setdefault(column.name, (name, column.type))
            # Arrow would unite integers or decimals with doubles, and lose digits.
            if _family(type_) != _family(column.type):
                raise InputError(
                    f"the files disagree about the type of column {column.name!r}: {type_} in "
                    f"{first}, and {column.type} in {name}. Write them anew with one type"
                )
    try:
        return pa.concat_tables(tables, promote_options="permissive")
    except pa.ArrowException as error:
        raise InputError(f"the files {names[0]} to {names[-1]} disagree: {error}") from error


def _plain(table: pa.Table) -> pa.Table:
    columns = {name: plain(table[name]) for name in table.column_names}
    return pa.table(columns) if columns else table


def _family(type_: pa.DataType) -> str:
    for name in ("integer", "floating", "decimal", "timestamp"):
        if getattr(pa.types, f"is_{name}")(type_):
            zone = " without a zone" if name == "timestamp" and type_.tz is None else ""
            return name + zone
    text = str(type_).removeprefix("large_")
    return "text" if text in ("string", "binary") else text.partition("<")[0].partition("[")[0]


def _int96(file: pq.ParquetFile) -> list[str]:
    columns = (file.schema.column(index) for index in range(len(file.schema)))
    return [column.path for column in columns if column.physical_type == "INT96"]
