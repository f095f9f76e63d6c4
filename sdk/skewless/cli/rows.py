"""Rows that a user writes: `--row key=value ...`, a JSON file of rows, a file of events."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skewless.cli.values import from_text, read_json, row_from_json
from skewless.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType

    Row = dict[str, Any]
    Kinds = Mapping[str, ValueType]


def row_of_pairs(text: str, kinds: Kinds) -> Row:
    """Read a row of `key=value`, one to a line.

    Raises:
        InputError: a part is no pair, or names nothing that is asked for.
    """
    row: Row = {}
    for pair in text.splitlines():
        name, sign, value = pair.partition("=")
        if not sign:
            raise InputError(
                f"--row {pair!r} is no pair; write key=value, with one --row for a row"
            )
        if name not in kinds:
            raise InputError(
                f"--row {pair!r}: {name!r} is neither a key nor a request field of these features."
                f"{did_you_mean(name, kinds)}"
            )
        row[name] = from_text(value, kinds[name])
    return row


def rows_of_file(path: Path, kinds: Kinds) -> list[Row]:
    """Read a JSON file that holds a list of rows, or one row.

    Raises:
        InputError: it holds something else.
    """
    try:
        found = read_json(path.read_bytes())
    except ValueError as error:
        raise InputError(f"{path} is not JSON: {error}") from error
    rows = found if isinstance(found, list) else [found]
    if not all(isinstance(row, dict) for row in rows):
        raise InputError(f'{path} must hold a list of rows, such as [{{"customer_id": "c1"}}]')
    return [row_from_json(row, kinds) for row in rows]


def events_of(name: str, source: Source) -> str | list[Row]:
    """Return what the store takes for a file: the name itself unless it is CSV or JSON lines.

    Raises:
        InputError: a line cannot be read.
    """
    path = Path(name)
    if not path.is_file():
        return name
    match path.suffix.lower():
        case ".csv":
            return list(_rows_of_csv(path, source))
        case ".jsonl" | ".ndjson":
            return list(_rows_of_lines(path, source))
        case ".json":
            return rows_of_file(path, source.columns)
        case _:
            return name


def _rows_of_csv(path: Path, source: Source) -> Iterator[Row]:
    kinds = source.columns
    with path.open(encoding="utf-8-sig", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=1):
            if None in row or None in row.values():
                raise InputError(f"{path}, row {number}: the header has another number of fields")
            # A CSV cannot tell a missing text from an empty one; missing is the usual meaning.
            yield {
                name: from_text(text, kinds[name]) if text and name in kinds else text or None
                for name, text in row.items()
            }


def _rows_of_lines(path: Path, source: Source) -> Iterator[Row]:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = read_json(line)
            except ValueError as error:
                raise InputError(f"{path}, line {number} is not JSON: {error}") from error
            if not isinstance(row, dict):
                raise InputError(f"{path}, line {number} is no JSON object")
            yield row_from_json(row, source.columns)
