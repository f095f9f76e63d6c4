"""Source: a stream or table of events, and how its two times are known."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any

from skewless.definitions import types
from skewless.definitions.duration import Duration
from skewless.definitions.foreign import DEFINED, answering
from skewless.definitions.frozen import FrozenMapping
from skewless.definitions.names import (
    INGEST_TIME,
    TOMBSTONE,
    column_name_problems,
    object_name_problems,
    text_problems,
)
from skewless.errors import DefinitionError, did_you_mean, shown
from skewless.quick import dataclass

if TYPE_CHECKING:
    from datetime import timedelta

    from skewless.definitions.types import ValueType

# System columns beside a source's own. Stored tables have them, so they cannot be renamed.
_TAKEN = {
    f"{INGEST_TIME}_day": "the partitions of a log",
    **dict.fromkeys(
        ("__filename", "__fragment_index", "__batch_index", "__last_in_fragment"),
        "a column that Arrow adds when it reads a table",
    ),
}
_TABLE = re.compile(r"[a-z0-9_]+\.[a-z0-9_]+")


@answering(DEFINED)
@dataclass(frozen=True, slots=True, init=False)
class Source:
    """Events with a schema and an event time.

    Args:
        name: lower case identifier; also the name of the Glue table that logs the events.
        schema: the columns and their types. A Bool column `is_deleted` marks tombstones.
        event_time: the column that says when an event happened; it need not be in `schema`.
        delay: history counts as known this long after it happened.
        event_id: a column that names an event; repeats within 15 minutes are ignored.
        tiebreak: a column that decides between events of one entity at one instant.
        table: `"database.table"` of events that exist in Glue already; then nothing is copied.
        ingest_time: the column that says when a row became known: of `table`, or, without a
            table, of the frames that `backfill` loads; `ingest` stamps new events itself. A row
            without it counts as known at its event time plus `delay`.
    """

    name: str
    schema: Mapping[str, ValueType] = field(kw_only=True)
    event_time: str = field(kw_only=True)
    delay: Duration = field(default=Duration(0), kw_only=True)
    event_id: str | None = field(default=None, kw_only=True)
    tiebreak: str | None = field(default=None, kw_only=True)
    table: str | None = field(default=None, kw_only=True)
    ingest_time: str | None = field(default=None, kw_only=True)
    description: str = field(default="", kw_only=True, compare=False)
    owner: str = field(default="", kw_only=True, compare=False)
    tags: Mapping[str, str] = field(default_factory=dict, kw_only=True, compare=False)

    def __init__(  # noqa: PLR0913 - what a user may say about a source, all but the name by keyword
        self,
        name: str,
        *,
        schema: Mapping[str, ValueType],
        event_time: str,
        delay: str | timedelta | Duration = "0s",
        event_id: str | None = None,
        tiebreak: str | None = None,
        table: str | None = None,
        ingest_time: str | None = None,
        description: str = "",
        owner: str = "",
        tags: Mapping[str, str] | None = None,
    ) -> None:
        problems: list[str] = []
        try:
            parsed = Duration.parse(delay)
        except ValueError as error:
            problems.append(f"delay: {error}")
            parsed = Duration(0)
        fields = {
            "name": name,
            "schema": schema,
            "event_time": event_time,
            "delay": parsed,
            "event_id": event_id,
            "tiebreak": tiebreak,
            "table": table,
            "ingest_time": ingest_time,
            "description": description,
            "owner": owner,
            "tags": {} if tags is None else tags,
        }
        for label, value in fields.items():
            object.__setattr__(self, label, value)
        problems.extend(self._problems())
        if problems:
            raise DefinitionError(f"Source {name!r}", problems)
        object.__setattr__(self, "schema", FrozenMapping(self.schema))
        object.__setattr__(self, "tags", FrozenMapping(self.tags))

    @classmethod
    def from_frame(cls, name: str, frame: Any, *, event_time: str, **options: Any) -> Source:
        """Make a source with the schema that a frame has, and print it as code, for review.

        Write what was printed into your definitions: a later frame may have other types, and a
        published source is not to change with them.

        Args:
            name: the source's name.
            frame: pandas, polars, Arrow, rows as dicts, a Parquet path or URI, a Glue table.
            event_time: the column that says when an event happened.
            options: all else that `Source` takes, but `schema`.

        Raises:
            DefinitionError: with each column that has no type, and what would have one.
            InputError: the frame cannot be read.
        """
        subject = f"Source {name!r}"
        if "schema" in options:
            raise DefinitionError(subject, ["from_frame takes no schema: it is the frame's"])
        # Definitions stand below frames and load no libraries, until there is a frame to read.
        inferred = importlib.import_module("skewless.offline.frames.inferred")
        times = [item for item in (event_time, options.get("ingest_time")) if item is not None]
        schema = inferred.inferred_schema(frame, subject, times)
        if missing := [item for item in times if item not in schema]:
            raise DefinitionError(
                subject,
                [f"the frame has no column {x!r}.{did_you_mean(str(x), schema)}" for x in missing],
            )
        columns = {item: type_ for item, type_ in schema.items() if item not in times}
        made = cls(name, schema=columns, event_time=event_time, **options)
        print(made.code())  # noqa: T201 - it is to be seen
        return made

    def code(self) -> str:
        """Return Python code that makes the source."""
        used = {str(type_) for type_ in self.schema.values()}
        names = sorted({word for text in used for word in re.findall(r"[A-Za-z]\w*", text)})
        columns = "".join(f"        {name!r}: {type_},\n" for name, type_ in self.schema.items())
        given: dict[str, object] = {"event_time": self.event_time}
        if self.delay.microseconds:
            given["delay"] = str(self.delay)
        for label in ("event_id", "tiebreak", "table", "ingest_time", "description", "owner"):
            if value := getattr(self, label):
                given[label] = value
        if self.tags:
            given["tags"] = dict(self.tags)
        rest = "".join(f"    {label}={value!r},\n" for label, value in given.items())
        return (
            f"from skewless import Source\nfrom skewless.types import {', '.join(names)}\n\n"
            f"{self.name} = Source(\n    {self.name!r},\n    schema={{\n{columns}    }},\n{rest})\n"
        )

    @property
    def columns(self) -> Mapping[str, ValueType]:
        """The schema with the event time, which an expression may use as well."""
        if self.event_time in self.schema:
            return self.schema
        return FrozenMapping({**self.schema, self.event_time: types.Timestamp})

    @property
    def arrival(self) -> str | None:
        """The column by which history tells its own ingest times; None for an existing table."""
        return self.ingest_time if self.table is None else None

    @property
    def history_columns(self) -> Mapping[str, ValueType]:
        """The columns that a frame of history has."""
        if self.arrival is None or self.arrival in self.columns:
            return self.columns
        return FrozenMapping({**self.columns, self.arrival: types.Timestamp})

    @property
    def has_tombstones(self) -> bool:
        """Whether rows can say that their entity was deleted."""
        return self.schema.get(TOMBSTONE) == types.Bool

    def _problems(self) -> Iterator[str]:
        yield from object_name_problems(self.name)
        yield from text_problems(self.description, self.owner, self.tags)
        if not isinstance(self.schema, Mapping) or not self.schema:
            yield "schema must map at least one column to its type"
            return
        if not_names := list(self._not_names()):
            yield from not_names
            return
        yield from column_name_problems("column", [*self.schema, *self._extra_times()])
        yield from self._taken_names()
        for name, type_ in self.schema.items():
            for problem in types.type_problems(type_):
                yield f"column {name!r}: {problem}"
        if self.schema.get(self.event_time, types.Timestamp) != types.Timestamp:
            found = self.schema[self.event_time]
            yield f"the event time {self.event_time!r} is {found}, not a Timestamp"
        yield from self._reference_problems()
        yield from self._table_problems()

    def _not_names(self) -> Iterator[str]:
        if not isinstance(self.event_time, str):
            yield f"event_time is {shown(self.event_time)}; give the name of a column"
        for label in ("event_id", "tiebreak", "ingest_time"):
            name = getattr(self, label)
            if name is not None and not isinstance(name, str):
                yield f"{label} is {shown(name)}; give the name of a column"

    def _extra_times(self) -> Iterator[str]:
        if self.event_time not in self.schema:
            yield self.event_time
        # It may have the name of the store's own column: then it is that system column too.
        known = (*self.schema, self.event_time, INGEST_TIME)
        if self.ingest_time is not None and self.ingest_time not in known:
            yield self.ingest_time

    def _taken_names(self) -> Iterator[str]:
        for name in (*self.schema, *self._extra_times()):
            if isinstance(name, str) and (taken := _TAKEN.get(name.lower())) is not None:
                yield f"the column {name!r} has the name of {taken}; choose another"

    def _reference_problems(self) -> Iterator[str]:
        for label, name in (("event_id", self.event_id), ("tiebreak", self.tiebreak)):
            if name is None:
                continue
            if name not in self.schema:
                yield f"{label} {name!r} is not in the schema.{did_you_mean(name, self.schema)}"
            elif not types.is_ordered(self.schema[name]):
                yield f"{label} {name!r} is {self.schema[name]}, which has no order"
        if TOMBSTONE in self.schema and self.schema[TOMBSTONE] != types.Bool:
            yield f"{TOMBSTONE!r} marks tombstones and must be Bool, not {self.schema[TOMBSTONE]}"
        for name in self.schema:
            if isinstance(name, str) and name != TOMBSTONE and name.lower() == TOMBSTONE:
                yield f"the column {name!r} would mark tombstones if it were called {TOMBSTONE!r}"

    def _table_problems(self) -> Iterator[str]:
        if self.table is not None and not (
            isinstance(self.table, str) and _TABLE.fullmatch(self.table)
        ):
            yield f"table {self.table!r} must be 'database.table' as Glue names them"
        if self.ingest_time is not None and self.schema.get(self.ingest_time) not in (
            None,
            types.Timestamp,
        ):
            yield f"ingest_time {self.ingest_time!r} must be a Timestamp"

    def __str__(self) -> str:
        return f"Source({self.name!r})"

    __repr__ = __str__
