"""A user's own table, as Glue describes it: which engine can read it, and whether it fits a source.

Both engines check here before they read, so that they refuse a table alike. No Arrow, no pyiceberg.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from skewless.definitions import types
from skewless.errors import InputError, did_you_mean
from skewless.offline.storage.glue_table import iceberg_metadata, is_iceberg
from skewless.offline.tables.projection import injected_keys, is_projected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws
    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType

WAY_OUT = (
    "Athena reads it: use engine='athena', or load what a query of Athena's makes of it by backfill"
)
_WHOLE = ("tinyint", "smallint", "int", "integer", "bigint")
_OF_ICEBERG = {"long": "bigint", "timestamptz": "timestamp"}
_WIDER = {  # the types that a partition may declare for a table's type
    "smallint": _WHOLE[:1],
    "int": _WHOLE[:2],
    "integer": _WHOLE[:3],
    "bigint": _WHOLE[:4],
    "double": ("float",),
}


def declared_columns(described: Mapping[str, Any]) -> dict[str, str]:
    """Return the Hive types of a table's columns, partition keys last, by name in lower case."""
    columns = (*described["StorageDescriptor"]["Columns"], *(described.get("PartitionKeys") or ()))
    return {column["Name"].lower(): column["Type"] for column in columns}


def location_of(name: str, described: Mapping[str, Any]) -> str:
    """Return the folder of a table or partition, as an `s3://` address.

    Raises:
        InputError: it is not on S3.
    """
    location = described["StorageDescriptor"].get("Location", "")
    if not re.match(r"s3[an]?://[^/]", location):
        raise InputError(f"the Glue table {name!r} is at {location!r}, which is no s3:// address")
    return normal_location(location)


def normal_location(location: str) -> str:
    """Return an S3 address in canonical form; a folder ends in a slash."""
    return re.sub(r"^s3[an]://", "s3://", location).rstrip("/") + "/"


def check_readable_here(name: str, described: Mapping[str, Any]) -> None:
    """Refuse a Hive table that this process cannot read as Athena does.

    Raises:
        InputError: it says what the table is and which engine reads it.
    """
    _check_injected(name, described)
    if (reason := _unreadable(described)) is not None:
        raise InputError(f"the Glue table {name!r} {reason}, which is not read here. {WAY_OUT}")


def _unreadable(described: Mapping[str, Any]) -> str | None:
    parameters = {key.lower(): text for key, text in described.get("Parameters", {}).items()}
    kind = (
        parameters.get("table_type") or parameters.get("spark.sql.sources.provider") or ""
    ).lower()
    stored = described.get("StorageDescriptor") or {}
    serde = stored.get("SerdeInfo") or {}
    library = serde.get("SerializationLibrary") or ""
    formats = f"{stored.get('InputFormat') or ''} {library}".lower()
    by_index = (serde.get("Parameters") or {}).get("parquet.column.index.access", "").lower()
    if described.get("TableType") == "VIRTUAL_VIEW":
        return "is a view"
    if described.get("IsRegisteredWithLakeFormation"):
        return "is under Lake Formation, whose filters Athena alone applies"
    if kind == "delta":
        return "is a table of Delta Lake"
    if kind == "hudi" or "hoodie" in formats:
        return "is a table of Hudi"
    if "parquet" not in (library or stored.get("InputFormat") or "").lower() or (
        "symlink" in formats
    ):
        return f"is not Parquet but {stored.get('InputFormat')} ({library})"
    if by_index == "true":
        return "finds its columns by their place (parquet.column.index.access)"
    return None


def check_partition(name: str, described: Mapping[str, Any], partition: Mapping[str, Any]) -> None:
    """Refuse a partition that differs from its table.

    Raises:
        InputError: its format or the type of a column differs.
    """
    stored, own = described["StorageDescriptor"], partition["StorageDescriptor"]
    label = "/".join(partition["Values"])
    for what in ("InputFormat", "SerdeInfo.SerializationLibrary"):
        expected, found = _member(stored, what), _member(own, what)
        if found and expected and found != expected:
            raise InputError(
                f"the Glue table {name!r}: its partition {label} is {found}, and the table "
                f"{expected}. A table and its partitions have one format"
            )
    declared = {column["Name"].lower(): column["Type"].lower() for column in stored["Columns"]}
    for column in own.get("Columns") or ():
        expected, found = declared.get(column["Name"].lower()), column["Type"].lower()
        if expected is None or _same(expected, found) or found in _WIDER.get(expected, ()):
            continue
        raise InputError(
            f"the Glue table {name!r}: its partition {label} declares {column['Name']!r} as "
            f"{found}, and the table as {expected}. Athena refuses that too "
            "(HIVE_PARTITION_SCHEMA_MISMATCH); update the partition in Glue"
        )


def _member(stored: Mapping[str, Any], path: str) -> str | None:
    found: Any = stored
    for name in path.split("."):
        found = (found or {}).get(name)
    return str(found) if found else None


def _same(expected: str, found: str) -> bool:
    text, whole = ("string", "varchar"), {"integer": "int"}
    if expected.startswith(text) and found.startswith(text):
        return True
    return whole.get(expected, expected) == whole.get(found, found)


def check_source(source: Source, described: Mapping[str, Any], aws: Aws) -> None:
    """Refuse a source whose columns its table does not have, or not with types that fit.

    Raises:
        InputError: with each column that does not fit.
    """
    name = str(source.table)
    _check_injected(name, described)
    if is_iceberg(described):
        declared = _iceberg_columns(iceberg_metadata(described, aws))
    else:
        declared = declared_columns(described)
    needed: dict[str, ValueType] = dict(source.columns)
    if source.ingest_time is not None:
        needed[source.ingest_time] = types.Timestamp
    problems = []
    for column, type_ in needed.items():
        found = declared.get(column.lower())
        if found is None:
            hint = did_you_mean(column, declared)
            raise InputError(f"the Glue table {name!r} has no column {column!r}.{hint}")
        if not _fits(found.lower().replace(" ", ""), type_):
            problems.append(f"column {column!r} is {found}, of which {type_} cannot be made")
    if problems:
        raise InputError(
            f"{source}: the Glue table {name!r} does not fit: {'; '.join(problems)}. Declare the "
            "source's column as the table has it, or load the table by backfill"
        )


def _iceberg_columns(metadata: Mapping[str, Any]) -> dict[str, str]:
    """Return the columns of an Iceberg table in Hive's types."""
    schemas = metadata.get("schemas") or [metadata["schema"]]
    current = metadata.get("current-schema-id", 0)
    schema = next(one for one in schemas if one.get("schema-id", 0) == current)
    return {field["name"].lower(): _hive_type(field["type"]) for field in schema["fields"]}


def _hive_type(type_: Any) -> str:
    match type_:
        case {"type": "list", "element": element}:
            return f"array<{_hive_type(element)}>"
        case {"type": "map", "key": key, "value": value}:
            return f"map<{_hive_type(key)},{_hive_type(value)}>"
        case str():
            return _OF_ICEBERG.get(type_, type_)
    return str(type_["type"])


def _check_injected(name: str, described: Mapping[str, Any]) -> None:
    if is_projected(described) and (keys := injected_keys(described)):
        raise InputError(
            f"the Glue table {name!r}: the values of its partition key {keys[0]!r} are injected, "
            "so that only a query which names one can read it. Register its partitions, or give it "
            "an enum, integer or date projection"
        )


def _fits(declared: str, type_: ValueType) -> bool:  # noqa: C901, PLR0911 - one case for each type
    is_whole = declared in _WHOLE
    decimal = re.fullmatch(r"decimal(?:\((\d+)(?:,(\d+))?\))?", declared)
    scale = int(decimal[2] or 0) if decimal else 0
    match type_:
        case types.Int64:
            return is_whole or (decimal is not None and not scale)
        case types.Float64:
            # Beyond 2^53 Athena would silently round a bigint.
            return declared in ("float", "double") or (is_whole and declared != "bigint")
        case types.Decimal():
            return is_whole or (decimal is not None and scale <= type_.scale)
        case types.String:
            return declared == "string" or declared.startswith("varchar")
        case types.Bool:
            return declared == "boolean"
        case types.Timestamp:
            return declared == "timestamp"
        case types.Date:
            return declared == "date"
        case types.Bytes:
            return declared == "binary"
        case types.Array(element=element):
            return declared.startswith("array<") and _fits(declared[6:-1], element)
        case types.Map(key=key, value=value):
            kind, _, of_value = declared.removeprefix("map<").removesuffix(">").partition(",")
            return declared.startswith("map<") and _fits(kind, key) and _fits(of_value, value)
        case _:  # a vector
            return declared.startswith("array<") and _fits(declared[6:-1], types.Float64)
