"""Read the file that a command is given: one reader for all commands.

Text (CSV, JSON lines, JSON) is read here, by the types of the columns that will be used; other
columns stay as they are in the file. Parquet, folders and tables are left to the store.
"""

from __future__ import annotations

import csv
import io
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import typer
from botocore.exceptions import BotoCoreError, ClientError

from skewless.cli.values import from_text, in_zone, read_json, row_from_json
from skewless.definitions import types
from skewless.errors import InputError, NaiveTimestampError
from skewless.offline.tables.named_file import NamedFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.aws import Aws
    from skewless.definitions.types import ValueType

    Row = dict[str, Any]
    Kinds = Mapping[str, ValueType]

READABLE = (
    "a Parquet file, folder or s3:// address, a Glue table database.table, or a file ending in "
    ".csv, .json or .jsonl"
)


def _checked_zone(value: str | None) -> str | None:
    if value is not None:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise typer.BadParameter(
                f"{value!r} is no time zone; write one such as UTC or Europe/Berlin"
            ) from error
    return value


Timezone = Annotated[
    str | None,
    typer.Option(
        "--timezone",
        callback=_checked_zone,
        metavar="ZONE",
        help="The zone of times that have none in the file, such as Europe/Berlin.",
        show_default=False,
    ),
]


@contextmanager
def zone_hint() -> Iterator[None]:
    """Add, to the error for a time without a zone, the option that gives one."""
    try:
        yield
    except NaiveTimestampError as error:
        raise NaiveTimestampError(f"{error} Here, --timezone says the zone.") from error


def frame_of(
    name: str, kinds: Kinds, aws: Aws | None, *, timezone: str | None = None
) -> str | NamedFile | list[Row]:
    """Return what the store takes for a name, or the name itself if the store can read it.

    Args:
        name: a file, a folder, an address or a Glue table.
        kinds: the types of the columns that will be used.
        aws: where `s3://` and Glue are.
        timezone: the zone of times that have none.

    Raises:
        InputError: a line cannot be read, or a time does not say which instant it is.
    """
    suffix = name[name.rfind(".") :].lower() if "." in name else ""
    zone = None if timezone is None else ZoneInfo(timezone)
    if suffix in (".csv", ".json", ".jsonl", ".ndjson"):
        content = _content(name, aws)
        if content is not None:
            rows = list(_rows(name, suffix, content, kinds))
            return rows if zone is None else [_localized(row, kinds, zone, name) for row in rows]
    return name if timezone is None else NamedFile(name, timezone)


def _content(name: str, aws: Aws | None) -> bytes | None:
    """Return the bytes of a file, here or on S3; None if there is no such file."""
    if name.startswith("s3://") and aws is not None:
        bucket, _, key = name.removeprefix("s3://").partition("/")
        try:
            answer = aws.client("s3").get_object(Bucket=bucket, Key=key)
            content: bytes = answer["Body"].read()
        except (ClientError, BotoCoreError) as error:
            raise InputError(f"{name} cannot be read: {error}") from error
        return content
    return Path(name).read_bytes() if Path(name).is_file() else None


def _rows(name: str, suffix: str, content: bytes, kinds: Kinds) -> Iterator[Row]:
    match suffix:
        case ".csv":
            return _rows_of_csv(name, content, kinds)
        case ".json":
            return iter(rows_of_json(name, content, kinds))
        case _:
            return _rows_of_lines(name, content, kinds)


def rows_of_json(name: str, content: bytes, kinds: Kinds) -> list[Row]:
    """Read JSON that holds a list of rows, or one row.

    Raises:
        InputError: it holds something else.
    """
    try:
        found = read_json(content)
    except ValueError as error:
        raise InputError(f"{name} is not JSON: {error}") from error
    rows = found if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f'{name} must hold a list of rows, such as [{{"customer_id": "c1"}}]')
    return [row_from_json(row, kinds) for row in rows]


def _rows_of_csv(name: str, content: bytes, kinds: Kinds) -> Iterator[Row]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name} is no UTF-8, at byte {error.start}") from error
    reader = csv.DictReader(io.StringIO(text, newline=""))
    header = reader.fieldnames or ()
    if twice := sorted({column for column in header if list(header).count(column) > 1}):
        raise InputError(f"{name} has several columns named {twice[0]!r}")
    for number, row in enumerate(reader, start=1):
        if None in row or None in row.values():
            raise InputError(f"{name}, row {number}: the header has another number of fields")
        # A CSV cannot tell a missing text from an empty one; missing is the usual meaning.
        yield {
            column: from_text(field, kinds[column]) if field and column in kinds else field or None
            for column, field in row.items()
        }


def _rows_of_lines(name: str, content: bytes, kinds: Kinds) -> Iterator[Row]:
    for number, line in enumerate(content.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row = read_json(line)
        except ValueError as error:
            raise InputError(f"{name}, line {number} is not JSON: {error}") from error
        if not isinstance(row, dict):
            raise InputError(f"{name}, line {number} is no JSON object")
        yield row_from_json(row, kinds)


def _localized(row: Row, kinds: Kinds, zone: ZoneInfo, name: str) -> Row:
    """Give the zone to times that have none; columns that nobody uses stay as they are."""
    try:
        return {
            column: in_zone(value, zone) if kinds.get(column) == types.Timestamp else value
            for column, value in row.items()
        }
    except ValueError as error:
        raise InputError(f"{name}: {error}") from error
