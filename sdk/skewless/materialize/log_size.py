"""How large a source's table is now: of its metadata, one look for each source, and no rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.errors import InputError, StoreError
from skewless.materialize.log_state import LogState
from skewless.offline.lake.catalog import table_of
from skewless.offline.storage.glue_table import describe_table, iceberg_metadata, is_iceberg
from skewless.registry.fill import LogSize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws, Resources
    from skewless.definitions.source import Source

# What crawlers and engines write beside a table that is no Iceberg.
_ROWS, _BYTES = ("recordCount", "numRows"), ("sizeKey", "totalSize")
_EMPTY = LogSize(0, 0)


def log_size(source: Source, aws: Aws, resources: Resources) -> LogSize:
    """Look how large a source's table is; whatever AWS refuses is told and does not fail."""
    try:
        described = describe_table(table_of(source, resources.database), aws)
        parameters = described.get("Parameters", {})
        if not is_iceberg(described) or "metadata_location" not in parameters:
            return _of_statistics(source, parameters)
        return size_of(iceberg_metadata(described, aws))
    except InputError as error:
        return LogSize(None, None, None, str(error)) if source.table else _EMPTY
    except StoreError as error:
        return LogSize(None, None, None, str(error))
    except ValueError as error:
        return LogSize(None, None, None, f"the table's metadata cannot be read: {error}")


def size_of(metadata: Mapping[str, Any]) -> LogSize:
    """Return the size of an Iceberg table by its metadata."""
    state = LogState(metadata)
    snapshots = metadata.get("snapshots") or []
    current = [each for each in snapshots if each["snapshot-id"] == state.current]
    if not current:
        return _EMPTY
    summary = current[0].get("summary", {})
    rows, size = _number(summary, "total-records"), _number(summary, "total-files-size")
    if rows is None or size is None:
        return LogSize(None, None, None, "the table's latest snapshot does not say its size")
    deleted = _number(summary, "total-position-deletes") or 0
    written = current[0].get("timestamp-ms")
    return LogSize(
        max(rows - deleted, 0),
        size,
        state.earliest(),
        written=None if written is None else written * 1_000,
    )


def _of_statistics(source: Source, parameters: Mapping[str, Any]) -> LogSize:
    rows, size = (
        next((found for name in names if (found := _number(parameters, name)) is not None), None)
        for names in (_ROWS, _BYTES)
    )
    if rows is None or size is None:
        why = f"Glue has neither Iceberg's metadata of {source.table!r} nor statistics"
        return LogSize(None, None, None, why)
    return LogSize(rows, size)


def _number(texts: Mapping[str, Any], name: str) -> int | None:
    text = str(texts.get(name, ""))
    return int(text) if text.isascii() and text.isdigit() else None
