"""The entity to forget: its key, and which rows and items belong to it.

Refused rows and labels did not pass the front door. They may hold the key in another type: there,
values with the same text are the same key.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute
from pyiceberg.expressions import AlwaysTrue, And, EqualTo

from skewless.compiler.keys import is_addressable, physical_key, spell_key
from skewless.definitions import types
from skewless.definitions.dates import to_date
from skewless.definitions.expression import to_microseconds
from skewless.errors import InputError

if TYPE_CHECKING:
    from pyiceberg.expressions import BooleanExpression

    from skewless.definitions.entity import Entity
    from skewless.definitions.types import ValueType

pc: Any = pyarrow.compute
_EQUAL: Any = EqualTo  # typed without its shorthand arguments
# The Arrow types in which a log's keys compare with physical values that are integers.
_INTEGERS: Mapping[ValueType, pa.DataType] = {
    types.Timestamp: pa.int64(),
    types.Date: pa.int32(),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """An entity's key.

    Attributes:
        entity: its definition.
        key: in physical values.
    """

    entity: Entity
    key: tuple[Any, ...]

    @classmethod
    def of(cls, entity: Entity, key: object) -> Subject:
        """Read a key as a user gives it: a mapping, or the value of an entity's only key column.

        Raises:
            InputError: a column is missing, unknown, null, or does not fit its type.
        """
        names = list(entity.keys)
        if not isinstance(key, Mapping):
            if len(names) != 1:
                raise InputError(
                    f"{entity} has {len(names)} key columns; give each its value: "
                    f"{{{', '.join(f'{name!r}: ...' for name in names)}}}"
                )
            key = {names[0]: key}
        if unknown := [name for name in key if name not in entity.keys]:
            raise InputError(f"{entity} has no key {', '.join(map(repr, unknown))}")
        return cls(entity, physical_key(entity, key))

    @property
    def text(self) -> str:
        """The key as online items spell it, even if it is too long for an item."""
        return spell_key(self.key, tuple(self.entity.keys.values()))

    @property
    def has_items(self) -> bool:
        """Whether online items can have the key at all."""
        return is_addressable(self.key, tuple(self.entity.keys.values()))

    def digest(self, store: str, salt: str) -> str:
        """Return the key's SHA-256 as a report shows it: `<salt>/<store>/<entity>/<key text>`."""
        told = f"{salt}/{store}/{self.entity.name}/{self.text}"
        return hashlib.sha256(told.encode()).hexdigest()

    def is_in(self, row: Mapping[str, Any]) -> bool:
        """Say whether a row, read from JSON, belongs to this entity."""
        return all(
            name in row and _is_alike(row[name], value, type_)
            for (name, type_), value in zip(self.entity.keys.items(), self.key, strict=True)
        )

    def is_told_in(self, text: str) -> bool:
        """Say whether a text that is no JSON holds all of the key."""
        parts = (
            spell_key((value,), (type_,))
            for value, type_ in zip(self.key, self.entity.keys.values(), strict=True)
        )
        return all(part in text or json.dumps(part)[1:-1] in text for part in parts)

    def mask_of_labels(self, rows: pa.Table, places: Mapping[str, str]) -> Any:
        """Return for each row of a frame whether it is the entity's.

        Args:
            rows: the frame.
            places: for each key the column that holds it.
        """
        masks = []
        for (name, type_), value in zip(self.entity.keys.items(), self.key, strict=True):
            column = rows[places[name]]
            if pa.types.is_dictionary(column.type):
                column = column.cast(column.type.value_type)
            alike = [found for found in pc.unique(column) if _is_alike(found.as_py(), value, type_)]
            masks.append(pc.is_in(column, pa.array([one.as_py() for one in alike], column.type)))
        return reduce(pc.and_, masks)


@dataclass(frozen=True, slots=True)
class LoggedRows:
    """The entity's events in a log, whose columns have the entity's own types."""

    subject: Subject

    @property
    def columns(self) -> tuple[str, ...]:
        """The key columns."""
        return tuple(self.subject.entity.keys)

    @property
    def bounds(self) -> BooleanExpression:
        """The key lies within the bounds of each key column."""
        pairs = zip(self.columns, self.subject.key, strict=True)
        found: BooleanExpression = reduce(And, (_EQUAL(name, value) for name, value in pairs))
        return found

    def mask(self, rows: pa.Table) -> Any:
        """Return for each row whether it is an event of the entity."""
        masks = []
        for (name, type_), value in zip(
            self.subject.entity.keys.items(), self.subject.key, strict=True
        ):
            column = rows[name]
            if type_ in _INTEGERS:
                column = column.cast(_INTEGERS[type_])
            masks.append(pc.equal(column, pa.scalar(value).cast(column.type)))
        return reduce(pc.and_, masks)


@dataclass(frozen=True, slots=True)
class RefusedRows:
    """The quarantined rows of some sources that mention the entity."""

    subject: Subject
    sources: frozenset[str]

    @property
    def columns(self) -> tuple[str, ...]:
        """The row's source, and the row as JSON."""
        return "source", "row"

    @property
    def bounds(self) -> BooleanExpression:
        """Bounds of a JSON text say nothing about the key, so every file may match."""
        return AlwaysTrue()

    def mask(self, rows: pa.Table) -> Any:
        """Return, for each row, whether it mentions the entity."""
        pairs = zip(rows["source"].to_pylist(), rows["row"].to_pylist(), strict=True)
        return pa.array(
            [source in self.sources and self._tells(text) for source, text in pairs], pa.bool_()
        )

    def _tells(self, text: str | None) -> bool:
        try:
            row = json.loads(text or "null")
        except (ValueError, RecursionError):
            return self.subject.is_told_in(text or "")
        return isinstance(row, dict) and self.subject.is_in(row)


def _is_alike(value: Any, key: Any, type_: ValueType) -> bool:
    """Say whether a value of any type has the same text as a key's physical value."""
    if value is None:
        return False
    match type_, value:
        case types.Bool, _:
            return str(value).lower() == str(key).lower()
        case types.Int64, float():
            return bool(value == key)
        case types.Int64, str():
            return bool(value.strip().removesuffix(".0") == str(key))
        case types.Bytes, bytes():
            return bool(value == key)
        case types.Bytes, str():
            return value in (base64.b64encode(key).decode(), key.hex())
        case types.Timestamp, datetime() | str():
            return bool(_instant(value) == key)
        case _:
            return str(value) == str(to_date(key) if type_ == types.Date else key)


def _instant(value: datetime | str) -> int | None:
    try:
        instant = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return to_microseconds(aware, "a key")
