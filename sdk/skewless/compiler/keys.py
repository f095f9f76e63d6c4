"""The canonical text of an entity key: equal keys have equal texts, different keys different ones.

Key columns are joined by `|` in declared order; in a String, a backslash and `|` are escaped by a
backslash. The types are fixed by the view's fingerprint, so they need no tags.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.compiler.physical import to_physical
from skewless.definitions import types
from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.definitions.entity import Entity
    from skewless.definitions.types import ValueType

# DynamoDB takes 2,048 bytes of partition key, and the view and its fingerprint come first.
MAX_KEY_BYTES = 1_800


def physical_key(
    entity: Entity, row: Mapping[str, Any], columns: Mapping[str, str] | None = None
) -> tuple[Any, ...]:
    """Take an entity's key from a row, in physical values.

    Args:
        entity: whose key it is.
        row: the values by column.
        columns: for each key the column that holds it, if it has another name.

    Raises:
        InputError: a key column is not there, is null, or does not fit its type.
    """
    columns = columns or {name: name for name in entity.keys}
    missing = [name for name in columns.values() if name not in row]
    if missing:
        raise InputError(
            f"the row {dict(row)!r} lacks {', '.join(map(repr, missing))}: {entity} needs "
            f"{', '.join(map(repr, columns.values()))}"
        )
    found = []
    for key, type_ in entity.keys.items():
        name = columns[key]
        value = to_physical(row[name], type_, f"key {name!r} of entity {entity.name!r}")
        if value is None:
            raise InputError(f"key {name!r} of entity {entity.name!r} is null")
        found.append(value)
    return tuple(found)


class KeyReader:
    """Reads the canonical texts of an entity's keys from rows; made once for an entity."""

    __slots__ = ("_columns", "_entity", "_kinds", "_usual")

    def __init__(self, entity: Entity, columns: Mapping[str, str] | None = None) -> None:
        """Set up; the arguments are as for `physical_key`."""
        columns = columns or {name: name for name in entity.keys}
        self._entity = entity
        self._columns = columns
        self._kinds = tuple(entity.keys.values())
        # The usual value of a type, which is its own physical value.
        self._usual = [(columns[name], _USUAL.get(kind)) for name, kind in entity.keys.items()]

    def text(self, row: Mapping[str, Any]) -> str:
        """Return `encode_key` of `physical_key`.

        Raises:
            InputError: as these.
        """
        parts = []
        for name, usual in self._usual:
            value = row.get(name)
            if usual is None or type(value) is not usual or not _is_plain(value):
                return encode_key(physical_key(self._entity, row, self._columns), self._kinds)
            parts.append(str(value))
        return _checked("|".join(parts))


def encode_key(values: Sequence[Any], kinds: Sequence[ValueType]) -> str:
    """Return the canonical text of a physical key without nulls.

    Raises:
        InputError: the text is longer than DynamoDB takes.
    """
    return _checked(spell_key(values, kinds))


def _checked(text: str) -> str:
    if len(text) * 4 > MAX_KEY_BYTES and len(text.encode()) > MAX_KEY_BYTES:
        raise InputError(
            f"the key {text[:40]!r}… is longer than {MAX_KEY_BYTES} bytes, more than an online "
            "item's key can hold"
        )
    return text


def spell_key(values: Sequence[Any], kinds: Sequence[ValueType]) -> str:
    """Return the canonical text of a physical key of any length, for other uses than items."""
    return "|".join(_encode(value, kind) for value, kind in zip(values, kinds, strict=True))


def is_addressable(values: Sequence[Any], kinds: Sequence[ValueType]) -> bool:
    """Say whether an online item can have the key, which may be too long for one."""
    return len(spell_key(values, kinds).encode()) <= MAX_KEY_BYTES


def decode_key(text: str, kinds: Sequence[ValueType]) -> tuple[Any, ...]:
    """Return the physical key of a canonical text."""
    if not kinds:
        return ()
    parts = [""]
    letters = iter(text)
    for letter in letters:
        if letter == "|":
            parts.append("")
        else:
            parts[-1] += next(letters) if letter == "\\" else letter
    return tuple(_decode(part, kind) for part, kind in zip(parts, kinds, strict=True))


_USUAL: Mapping[ValueType, type] = {types.String: str, types.Int64: int}


def _is_plain(value: Any) -> bool:
    """Say whether a str or int is written as it is, and fits its type certainly."""
    if isinstance(value, int):
        return INT64_MIN <= value <= INT64_MAX
    return value.isascii() and "|" not in value and "\\" not in value


def _decode(text: str, kind: ValueType) -> Any:
    match kind:
        case types.String:
            return text
        case types.Bytes:
            return bytes.fromhex(text)
        case types.Bool:
            return text == "true"
        case _:
            return int(text)


def _encode(value: Any, kind: ValueType) -> str:
    match kind:
        case types.String:
            if "\\" in value or "|" in value:
                return str(value).replace("\\", "\\\\").replace("|", "\\|")
            return str(value)
        case types.Bytes:
            return bytes(value).hex()
        case types.Bool:
            return "true" if value else "false"
        case _:
            return str(value)
