"""Rows that a user writes: `--row key=value ...`, or a JSON file of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.cli.files import rows_of_json
from skewless.cli.values import from_text
from skewless.errors import InputError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
    return rows_of_json(str(path), path.read_bytes(), kinds)
