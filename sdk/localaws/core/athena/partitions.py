"""The partitions of a Hive table as Athena sees them: their places and formats."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localaws.core.athena.failure import QueryFailedError
from localaws.core.athena.projection import injected_keys, is_projected, projected

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from localaws.core.athena.aws import Aws

_NAMES = {"integer": "int"}
_TEXT = ("string", "varchar")
_NARROWER = {  # the types that a partition may declare for a table's type
    "smallint": ("tinyint",),
    "int": ("tinyint", "smallint"),
    "bigint": ("tinyint", "smallint", "int"),
    "double": ("float",),
}


def of_table(
    aws: Aws, table: Mapping[str, Any]
) -> Iterator[tuple[Sequence[str], Mapping[str, Any]]]:
    """The values of each partition, and its storage; of a table without keys there is one.

    Raises:
        QueryFailedError: A partition does not fit its table, or a projection is wrong.
    """
    stored = table["StorageDescriptor"]
    if not table.get("PartitionKeys"):
        yield (), stored
    elif is_projected(table):
        yield from _projected(table)
    else:
        for partition in aws.partitions(table):
            _check(table, partition)
            own = {key: value for key, value in partition["StorageDescriptor"].items() if value}
            yield partition["Values"], {**stored, **own}


def _projected(table: Mapping[str, Any]) -> Iterator[tuple[Sequence[str], Mapping[str, Any]]]:
    if keys := injected_keys(table):
        raise QueryFailedError(
            "CONSTRAINT_VIOLATION",
            f"For the injected projected partition column {keys[0]}, the WHERE clause must contain "
            "only static equality conditions, and at least one such condition must be present.",
        )
    for one in projected(table, datetime.now(UTC)):
        yield one.values, {**table["StorageDescriptor"], "Location": one.location}


def _check(table: Mapping[str, Any], partition: Mapping[str, Any]) -> None:
    """Refuse a partition that differs from its table."""
    stored, own = table["StorageDescriptor"], partition["StorageDescriptor"]
    for what in (("InputFormat",), ("SerdeInfo", "SerializationLibrary")):
        expected, found = _member(stored, what), _member(own, what)
        if found and expected and found != expected:
            raise _mismatch(table, partition, f"is {found}, and the table {expected}")
    types = {column["Name"].lower(): column["Type"].lower() for column in stored["Columns"]}
    for column in own.get("Columns") or ():
        kind, name = column["Type"].lower(), column["Name"].lower()
        if name in types and not _may_stand_for(kind, types[name]):
            how = f"declares {column['Name']!r} as {kind}, and the table as {types[name]}"
            raise _mismatch(table, partition, how)


def _mismatch(
    table: Mapping[str, Any], partition: Mapping[str, Any], what: str
) -> QueryFailedError:
    name = f"{table['DatabaseName']}.{table['Name']}"
    label = "/".join(partition["Values"])
    return QueryFailedError(
        "HIVE_PARTITION_SCHEMA_MISMATCH", f"table {name!r}: its partition {label} {what}"
    )


def _member(stored: Mapping[str, Any], path: Sequence[str]) -> str | None:
    found: Any = stored
    for name in path:
        found = (found or {}).get(name)
    return str(found) if found else None


def _may_stand_for(found: str, expected: str) -> bool:
    found, expected = (_NAMES.get(kind, kind) for kind in (found, expected))
    if all(kind.startswith(_TEXT) for kind in (found, expected)):
        return True
    return found == expected or found in _NARROWER.get(expected, ())
