"""Read a Glue table into Arrow: Iceberg by pyiceberg, Hive tables of Parquet by pyarrow.

Rows and values are the same as in Athena: the files of a table, its partitions and their places,
and the types that a file's column may have. Anything else is refused by name.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from skewless.errors import InputError, did_you_mean
from skewless.offline.storage.glue_table import describe_table, is_iceberg, list_partitions
from skewless.offline.tables import folders, hive_types, user_table
from skewless.offline.tables.parquet import ParquetFile, read_all
from skewless.offline.tables.projection import is_projected, projected

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from pyiceberg.schema import Schema
    from pyiceberg.table import StaticTable

    from skewless.aws import Aws
    from skewless.offline.tables.folders import FoundFile

_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"


class GlueTable(Protocol):
    """A table that can be read."""

    @property
    def declared(self) -> Collection[str]:
        """The names of its columns, in lower case."""
        ...

    def read(self, columns: Collection[str], required: Collection[str]) -> pa.Table:
        """Read columns, by the names given, in any case.

        Args:
            columns: what to read.
            required: the columns that must have the declared type. Other columns are returned as
                the files have them.

        Raises:
            InputError: there is no such column, or it is not read here.
            StoreError: AWS refused.
        """
        ...


def open_glue_table(
    name: str, aws: Aws, *, snapshot_id: int | None = None, as_athena: bool = False
) -> GlueTable:
    """Open `"database.table"`; Glue's timestamps have no zone and are UTC.

    Args:
        name: the table.
        aws: where it is.
        snapshot_id: the state of an Iceberg table; the latest by default.
        as_athena: whether times of a Hive table are rounded to milliseconds, as in a query.

    Raises:
        InputError: there is no such table, or it is not read here.
        StoreError: AWS refused.
    """
    described = describe_table(name, aws)
    if is_iceberg(described):
        return _IcebergTable(name, _iceberg_table(described, aws), snapshot_id)
    user_table.check_readable_here(name, described)
    return _HiveTable(name, described, aws, as_athena)


@dataclass(frozen=True, slots=True)
class _HiveTable:
    """A table of Parquet files, as Glue describes it."""

    name: str
    described: Mapping[str, Any]
    aws: Aws
    as_athena: bool

    @property
    def declared(self) -> Collection[str]:
        return user_table.declared_columns(self.described)

    def read(self, columns: Collection[str], required: Collection[str]) -> pa.Table:
        declared = user_table.declared_columns(self.described)
        wanted = {column: column.lower() for column in columns}
        _check_declared(self.name, wanted, declared)
        keys = {key["Name"].lower() for key in self.described.get("PartitionKeys") or ()}
        chosen = {lower: declared[lower] for lower in wanted.values() if lower not in keys}
        strict = {column.lower() for column in required}
        files = list(self._files())
        if files:
            rows = read_all(files, lambda file: self._read(file, chosen, strict))
        else:
            types = {lower: hive_types.arrow_type(declared[lower]) for lower in wanted.values()}
            fields = [(lower, type_ or pa.null()) for lower, type_ in types.items()]
            rows = pa.schema(fields).empty_table()
        return pa.Table.from_arrays([rows[lower] for lower in wanted.values()], list(wanted))

    def _read(
        self, file: ParquetFile, chosen: Mapping[str, str], strict: Collection[str]
    ) -> pa.Table:
        """Read a file's columns as the table declares them; one that it lacks is null."""

        def choose(file: ParquetFile, schema: pa.Schema) -> list[str]:
            names = [name for name in schema.names if name.lower() in chosen]
            lower = [name.lower() for name in names]
            if twice := sorted({name for name in lower if lower.count(name) > 1}):
                raise InputError(
                    f"the Glue table {self.name!r}: {file.name} has several columns that are "
                    f"{twice[0]!r} but for upper and lower case"
                )
            return names

        table = file.read(choose)
        found = {name.lower(): table[name] for name in table.column_names}
        columns = dict(file.constants)
        rows = table.num_rows
        arrays: dict[str, Any] = {key: pa.repeat(value, rows) for key, value in columns.items()}
        for name, declared in chosen.items():
            if name in found:
                arrays[name] = self._as_declared(found[name], name, declared, file, strict)
            else:
                arrays[name] = pa.nulls(rows, hive_types.arrow_type(declared) or pa.null())
        # An Arrow table without columns has no rows: a placeholder column is dropped afterwards.
        return pa.table(arrays) if arrays else table

    def _as_declared(
        self, column: Any, name: str, declared: str, file: ParquetFile, strict: Collection[str]
    ) -> Any:
        try:
            values = hive_types.as_declared(column, declared)
        except hive_types.MismatchError as error:
            if name not in strict:
                return column
            raise InputError(
                f"the Glue table {self.name!r}: column {name!r} in {file.name} {error}. Write the "
                "file anew, or declare the column as it is there"
            ) from error
        return hive_types.times(values, hive_types.to_milliseconds) if self.as_athena else values

    def _files(self) -> Iterator[ParquetFile]:
        s3 = self.aws.client("s3")
        keys = self.described.get("PartitionKeys") or ()
        if not keys:
            location = user_table.location_of(self.name, self.described)
            yield from (
                ParquetFile(file.name, file.open) for file in folders.files_on_s3(location, s3)
            )
            return
        for values, files in self._partitions(s3):
            if not files:
                continue
            constants = {
                key["Name"].lower(): self._value(key, value)
                for key, value in zip(keys, values, strict=True)
            }
            yield from (ParquetFile(file.name, file.open, constants) for file in files)

    def _partitions(self, s3: Any) -> Iterator[tuple[Sequence[str], Sequence[FoundFile]]]:
        if is_projected(self.described):
            found = projected(self.described, datetime.now(UTC))
            places = {user_table.normal_location(one.location): one.values for one in found}
            yield from (
                (places[place], files) for place, files in folders.files_by_folder(places, s3)
            )
            return
        for partition in list_partitions(self.described, self.aws):
            user_table.check_partition(self.name, self.described, partition)
            location = user_table.location_of(self.name, partition)
            yield partition["Values"], folders.files_on_s3(location, s3)

    def _value(self, key: Mapping[str, str], text: str) -> pa.Scalar[Any]:
        type_ = hive_types.arrow_type(key["Type"])
        if type_ is None or pa.types.is_nested(type_):
            raise InputError(
                f"the Glue table {self.name!r}: partitions by {key['Name']!r}, which is "
                f"{key['Type']}, are not read"
            )
        if text == _NO_VALUE:
            return pa.scalar(None, type_)
        try:
            return pa.scalar(text).cast(type_)
        except pa.ArrowException as error:
            raise InputError(
                f"the Glue table {self.name!r} has a partition with {key['Name']} = {text!r}, "
                f"which is no {key['Type']}: {error}"
            ) from error


def _check_declared(name: str, wanted: Mapping[str, str], declared: Collection[str]) -> None:
    if missing := [column for column, lower in wanted.items() if lower not in declared]:
        hints = "".join(did_you_mean(column, declared) for column in missing)
        raise InputError(
            f"the Glue table {name!r} has no column {', '.join(map(repr, missing))}.{hints}"
        )


@dataclass(frozen=True, slots=True)
class _IcebergTable:
    """An Iceberg table, at a snapshot."""

    name: str
    table: StaticTable
    snapshot_id: int | None

    @property
    def declared(self) -> Collection[str]:
        return [field.name.lower() for field in self.table.schema().fields]

    def read(self, columns: Collection[str], required: Collection[str]) -> pa.Table:
        del required  # Iceberg has no files of other types than the table's
        now = {field.name.lower(): field for field in self.table.schema().fields}
        wanted = {column: column.lower() for column in columns}
        _check_declared(self.name, wanted, now)
        names = {now[lower].field_id: lower for lower in wanted.values()}
        there = {
            field.field_id: field.name for field in self._schema().fields if field.field_id in names
        }
        try:
            scan = self.table.scan(
                selected_fields=tuple(there.values()) or ("*",), snapshot_id=self.snapshot_id
            )
            rows = scan.to_arrow()
        except (ValueError, TypeError, NotImplementedError, pa.ArrowException, OSError) as error:
            # raised, for example, for files of equality deletes
            raise InputError(
                f"the Iceberg table {self.name!r} cannot be read here: {error}. "
                f"{user_table.WAY_OUT}"
            ) from error
        arrays = []
        for lower in wanted.values():
            name = there.get(now[lower].field_id)
            arrays.append(pa.nulls(rows.num_rows) if name is None else _with_utc(rows[name]))
        return pa.Table.from_arrays(arrays, list(wanted))

    def _schema(self) -> Schema:
        """Return the columns that the snapshot has: later ones are null there."""
        if self.snapshot_id is None:
            return self.table.schema()
        snapshot = self.table.snapshot_by_id(self.snapshot_id)
        if snapshot is None:
            raise InputError(f"the Iceberg table {self.name!r} has no snapshot {self.snapshot_id}")
        return self.table.schemas().get(snapshot.schema_id or 0, self.table.schema())


def _with_utc(column: Any) -> Any:
    return hive_types.times(column, hive_types.utc)


def _iceberg_table(described: Mapping[str, Any], aws: Aws) -> StaticTable:
    """Return the current state of an Iceberg table that Glue describes."""
    # Deferred: a function without room for pyiceberg reads Iceberg tables through Athena.
    from pyiceberg.table import StaticTable  # noqa: PLC0415

    from skewless.offline.storage.file_io import iceberg_properties  # noqa: PLC0415

    location = described["Parameters"]["metadata_location"]
    return StaticTable.from_metadata(location, properties=iceberg_properties(aws))
