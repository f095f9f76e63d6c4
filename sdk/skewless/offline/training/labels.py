"""Labels: the rows of a training set, checked and made physical."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skewless.definitions import types
from skewless.errors import InputError, NaiveTimestampError
from skewless.offline.frames.columns import NaiveColumnError, conform, physical, wholly_wrong
from skewless.offline.frames.remedies import remedy
from skewless.offline.query import identifiers
from skewless.offline.query.history import INSTANT, ROW, WATERMARK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.types import ValueType
    from skewless.offline.frames.columns import BadValues
    from skewless.offline.frames.own_frame import OwnFrame


@dataclass(frozen=True, slots=True)
class Labels:
    """Prepared labels.

    Attributes:
        table: what `offline.query.history.Spine` describes.
        first, last: the least and greatest instant, in microseconds.
    """

    table: pa.Table
    first: int
    last: int


def prepare_labels(
    frame: OwnFrame, plan: SelectionPlan, *, timestamp: str, watermark: str | None = None
) -> Labels:
    """Check a frame of labels, and return its physical columns.

    Args:
        frame: has key columns, the timestamp and request fields; other columns are not read.
        plan: the features asked for.
        timestamp: the column of instants.
        watermark: for a replay, the column that says which ingest times count.

    Raises:
        InputError: it lists everything that is wrong with the frame.
        NaiveTimestampError: an instant has no time zone.
    """
    given = {**plan.keys, **dict(plan.request)}
    wanted = {timestamp: types.Timestamp, **given}
    if watermark is not None:
        wanted[watermark] = types.Timestamp
    _check_times({"timestamp": timestamp, "watermark": watermark}, given)
    _check_there(frame, wanted)
    required = {timestamp, *plan.keys} | ({watermark} if watermark is not None else set())
    columns: dict[str, pa.ChunkedArray] = {}
    problems: list[str] = []
    for name, type_ in wanted.items():
        try:
            column = physical_column(frame.column(name), type_, name)
        except NaiveTimestampError:
            raise
        except InputError as error:
            problems.append(str(error))
            continue
        if name in required and column.null_count:
            row = pc.index(pc.is_null(column), True).as_py()
            problems.append(
                f"entity_df column {name!r} has {column.null_count} nulls, the first in row {row}; "
                "drop those rows, or fill the column"
            )
        columns[name] = column
    if problems:
        raise InputError("; ".join(problems))
    return _labels(columns, plan, timestamp, watermark)


def physical_column(column: pa.ChunkedArray, type_: ValueType, name: str) -> pa.ChunkedArray:
    """Return a column of the labels in physical values, by the same rule as for events.

    Raises:
        InputError: the column's type does not fit, or a value would change.
        NaiveTimestampError: timestamps without a zone.
    """
    chunks: list[pa.Array] = []
    start = 0
    for chunk in column.chunks or [pa.nulls(0, column.type)]:
        try:
            values, findings = conform(chunk, type_)
        except NaiveColumnError as error:
            raise NaiveTimestampError.of(f"entity_df column {name!r}") from error
        if findings:
            raise InputError(_refusal(chunk, findings, type_, name, start))
        chunks.append(physical(values, type_))
        start += len(chunk)
    return pa.chunked_array(chunks)


def _refusal(
    chunk: pa.Array, findings: list[BadValues], type_: ValueType, name: str, start: int
) -> str:
    """Say what is wrong with a column: its type, or its first value that does not fit."""
    where = f"entity_df column {name!r}"
    if kinds := wholly_wrong(chunk, findings):
        way_out = remedy(name, kinds[0], type_, "entity_df")
        return f"{where} is {chunk.type}, which is not {type_}: {way_out}"
    first = min(findings, key=lambda found: int(np.argmax(found.bad)))
    row = int(np.argmax(first.bad))
    value = chunk[row].as_py()
    return f"{where} is {value!r} in row {start + row}: {first.allowed}"


def _check_times(times: Mapping[str, str | None], given: Mapping[str, ValueType]) -> None:
    """Refuse a column of instants that is a key or request field as well, of another type."""
    for option, name in times.items():
        if name is not None and given.get(name, types.Timestamp) != types.Timestamp:
            raise InputError(
                f"{option}={name!r} is a key or request field of the features, {given[name]}, and "
                f"no instant; give the instants a column of their own, and name it by {option}="
            )


def _check_there(frame: OwnFrame, wanted: dict[str, ValueType]) -> None:
    missing = [name for name in wanted if name not in frame.names]
    if missing:
        hints = "".join(frame.hint(name) for name in missing[:1])
        names = ", ".join(f"{name!r} ({wanted[name]})" for name in missing)
        raise InputError(f"entity_df lacks {names}.{hints}")
    if frame.rows == 0:
        raise InputError("entity_df is empty: there is nothing to make a training set for")


def _labels(
    columns: dict[str, pa.ChunkedArray],
    plan: SelectionPlan,
    timestamp: str,
    watermark: str | None,
) -> Labels:
    instants = columns[timestamp]
    found: dict[str, Any] = {
        ROW: pa.array(range(len(instants)), pa.int64()),
        INSTANT: instants,
    }
    if watermark is not None:
        found[WATERMARK] = columns[watermark]
    for entity in dict.fromkeys(item.view.entity for item in plan.views):
        if not entity.keys:
            continue
        roles = [role for role in plan.roles if role.plan.view.entity == entity]
        places = {identifiers.number_of(role): tuple(role.columns.values()) for role in roles}
        found.update(_numbered(places, columns))
    for name in (*plan.keys, *dict(plan.request)):
        found[identifiers.given(name)] = columns[name]
    extremes = pc.min_max(instants).as_py()
    return Labels(pa.table(found), extremes["min"], extremes["max"])


def _numbered(
    places: Mapping[str, tuple[str, ...]], columns: dict[str, pa.ChunkedArray]
) -> dict[str, pa.Array]:
    """Number an entity's keys: equal keys get equal numbers, in whatever role of a row they are.

    Args:
        places: by the name of its numbers, the columns of the keys in each role.
        columns: the rows.
    """
    numbers: Any = None
    for names in zip(*places.values(), strict=True):
        chunks = [chunk for name in names for chunk in columns[name].chunks]
        encoded = pa.chunked_array(chunks).combine_chunks().dictionary_encode()
        encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
        codes = pc.cast(encoded.indices, pa.int64())
        if numbers is None:
            numbers = codes
            continue
        # Renumbered after each column, so that the product stays small.
        paired = pc.add(pc.multiply(numbers, len(encoded.dictionary)), codes)
        numbers = pc.cast(paired.dictionary_encode().indices, pa.int64())
    rows = len(numbers) // len(places)
    return {name: numbers.slice(at * rows, rows) for at, name in enumerate(places)}
