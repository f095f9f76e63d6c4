"""Exported lines: the result of a cut's query on S3, one JSON object for each entity.

`offline.query.export` writes them in SQL. All values are texts: integers in decimal, a double as
the integer of its 64 bits (IEEE 754, big endian), bytes in hexadecimal, an array as JSON of texts,
a map as JSON of its keys and of its values.
"""

from __future__ import annotations

import json
import struct
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.compiler.fingerprint import used_columns
from skewless.compiler.state_rows import SEEN, Field, key_fields, state_fields
from skewless.definitions import types
from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.types import ValueType

    Row = dict[str, Any]
    Parse = Callable[[str], Any]

KEY, DAY, ROWS = "key", "day", "rows"


class EntityRows(NamedTuple):
    """One line: an entity and its rows.

    Attributes:
        key: its physical key.
        rows: values by column; rows of states also have `is_seen`.
        day: of logged events, the UTC day on which they were ingested, in microseconds; else None.
    """

    key: tuple[Any, ...]
    rows: list[Row]
    day: int | None = None


class LineReader:
    """Reads the lines of one view.

    Args:
        plan: the view's.
        fields: the columns of a row, in order.
    """

    def __init__(self, plan: ViewPlan, fields: Sequence[Field]) -> None:
        self._key = [_parser(field.type) for field in key_fields(plan)]
        self._columns = [(field.name, _parser(field.type)) for field in fields]

    @classmethod
    def of_states(cls, plan: ViewPlan) -> LineReader:
        """Read what `offline.query.export.states_statement` exported."""
        return cls(plan, state_fields(plan))

    @classmethod
    def of_events(cls, plan: ViewPlan) -> LineReader:
        """Read what `offline.query.export.events_statement` exported."""
        return cls(plan, event_fields(plan))

    def read(self, line: str | bytes) -> EntityRows:
        """Read a line.

        Raises:
            ValueError, KeyError, TypeError: the line is not one of this view.
        """
        document = json.loads(line)
        key = tuple(parse(text) for parse, text in zip(self._key, document[KEY], strict=True))
        rows = [self._row(texts) for texts in document[ROWS]]
        if SEEN in document:
            for row in rows:
                row[SEEN] = document[SEEN]
        day = document.get(DAY)
        return EntityRows(key, rows, None if day is None else int(day))

    def _row(self, texts: list[str | None]) -> Row:
        return {
            name: None if text is None else parse(text)
            for (name, parse), text in zip(self._columns, texts, strict=True)
        }


def event_fields(plan: ViewPlan) -> tuple[Field, ...]:
    """Return the columns of a logged event: its place in the stream, and what the view reads."""
    source = plan.view.source
    names = dict.fromkeys([*used_columns(plan.view), source.event_time])
    return (
        Field(INGEST_SHARD, types.String),
        Field(INGEST_SEQUENCE, types.Int64),
        Field(INGEST_TIME, types.Int64),
        *(Field(name, source.columns[name]) for name in names),
    )


def _parser(type_: ValueType) -> Parse:
    match type_:
        case types.String:
            return str
        case types.Bytes:
            return bytes.fromhex
        case types.Bool:
            return "true".__eq__
        case types.Float64:
            return _double
        case types.Array(element=element):
            return _array(_parser(element))
        case types.Vector():
            return _array(_double)
        case types.Map(key=key, value=value):
            return _map(_parser(key), _parser(value))
        case _:
            return int


def _double(text: str) -> float:
    found: float = struct.unpack(">d", struct.pack(">q", int(text)))[0]
    return found


def _map(parse_key: Parse, parse_value: Parse) -> Parse:
    def parse(text: str) -> Any:
        keys, values = json.loads(text)
        return dict(sorted(zip(map(parse_key, keys), map(parse_value, values), strict=True)))

    return parse


def _array(parse: Parse) -> Parse:
    # A list of tiebreaks may have nulls.
    return lambda text: tuple(None if item is None else parse(item) for item in json.loads(text))
