"""A frame made to fit its source: canonical Arrow columns, and the rows that do not fit with a why.

Nothing is coerced silently and nothing is lost. Columns are converted whole, by `columns`; only
rows that are refused are looked at one by one. What the checks are about is not known here.
"""

from __future__ import annotations

import base64
import json
import math
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pyarrow as pa

from skewless.errors import InputError, NaiveTimestampError, did_you_mean
from skewless.offline.columns import Finding, NaiveColumnError, arrow_type, as_mask, conform, either

if TYPE_CHECKING:
    from collections.abc import Sequence

    from skewless.definitions.source import Source
    from skewless.offline.checks import RowCheck
    from skewless.offline.columns import Array, Mask

REJECTED = pa.schema([("row_number", pa.int64()), ("reason", pa.string()), ("row", pa.string())])
_BATCH = 1 << 20  # rows converted together: bounds the memory, and keeps strings below 2 GB
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Normalised:
    """What became of a frame.

    Attributes:
        accepted: the source's columns, in order, in canonical types.
        rejected: `row_number` (from 0), `reason`, and the whole `row` as JSON.
        ignored: the frame's columns that the source does not have.
    """

    accepted: pa.Table
    rejected: pa.Table
    ignored: tuple[str, ...]


class _Refusal(NamedTuple):
    columns: tuple[str, ...]
    finding: Finding


def normalise(table: pa.Table, source: Source, *, checks: Sequence[RowCheck] = ()) -> Normalised:
    """Bring a frame into the source's types and normal forms (NaN is null, -0.0 is 0.0).

    Args:
        table: the frame; `frames.to_arrow` reads it.
        source: what it must fit.
        checks: further rules, for rows that fit.

    Raises:
        InputError: a column is missing.
        NaiveTimestampError: a column of times has no zone.
    """
    schema = pa.schema([(name, arrow_type(type_)) for name, type_ in source.columns.items()])
    if not table.num_rows and not table.num_columns:
        return Normalised(schema.empty_table(), REJECTED.empty_table(), ())
    _check_columns(table, source)
    accepted, rejected, start = [schema.empty_table()], [REJECTED.empty_table()], 0
    for batch in table.combine_chunks().to_batches(max_chunksize=_BATCH):
        good, bad = _normalise_batch(batch, source, schema, checks, start)
        accepted.append(good)
        rejected.append(bad)
        start += batch.num_rows
    ignored = tuple(name for name in table.column_names if name not in source.columns)
    return Normalised(pa.concat_tables(accepted), pa.concat_tables(rejected), ignored)


def _check_columns(table: pa.Table, source: Source) -> None:
    missing = [name for name in source.columns if name not in table.column_names]
    if missing:
        lacks = "; ".join(
            f"{name!r} ({source.columns[name]})" + did_you_mean(name, table.column_names)
            for name in missing
        )
        raise InputError(f"{source}: the frame lacks the columns {lacks}")


def _normalise_batch(
    batch: pa.RecordBatch,
    source: Source,
    schema: pa.Schema,
    checks: Sequence[RowCheck],
    start: int,
) -> tuple[pa.Table, pa.Table]:
    columns, refusals = [], []
    for name, type_ in source.columns.items():
        try:
            values, findings = conform(batch.column(name), type_)
        except NaiveColumnError as error:
            raise NaiveTimestampError.of(f"{source}, column {name!r}") from error
        columns.append(values)
        refusals += [_Refusal((name,), finding) for finding in findings]
        if name == source.event_time:
            untimed = as_mask(batch.column(name).is_null())
            refusals.append(_Refusal((name,), Finding(untimed, "every event has its time")))
    bad = either([refusal.finding.bad for refusal in refusals], batch.num_rows)
    fitting = pa.Table.from_arrays(columns, schema=schema)
    rows = np.arange(batch.num_rows)
    if bad.any():
        fitting, rows = fitting.filter(pa.array(~bad)), rows[~bad]
    for check in checks:
        wrong = np.zeros(batch.num_rows, np.bool_)
        wrong[rows] = as_mask(check.predicate(fitting))
        refusals.append(_Refusal(check.columns, Finding(wrong, check.reason)))
    still_bad = either([refusal.finding.bad for refusal in refusals], batch.num_rows)
    if (dropped := still_bad[rows]).any():
        fitting = fitting.filter(pa.array(~dropped))
    return fitting, _rejected(batch, refusals, still_bad, start)


def _rejected(batch: pa.RecordBatch, refusals: list[_Refusal], bad: Mask, start: int) -> pa.Table:
    numbers = np.flatnonzero(bad)
    if not len(numbers):
        return REJECTED.empty_table()
    rows = _python_rows(batch.take(pa.array(numbers)))
    reasons: list[list[str]] = [[] for _ in numbers]
    for columns, (wrong, allowed) in refusals:
        for place in np.flatnonzero(wrong[numbers]):
            shown = " and ".join(f"{name!r} is {_shown(rows[place][name])}" for name in columns)
            reasons[place].append(f"column {shown}: {allowed}")
    return pa.table(
        [
            pa.array(numbers + start, pa.int64()),
            pa.array(["; ".join(texts) for texts in reasons]),
            pa.array([json.dumps(_finite(row), default=_json, ensure_ascii=False) for row in rows]),
        ],
        schema=REJECTED,
    )


def _python_rows(batch: pa.RecordBatch) -> list[dict[str, Any]]:
    columns = {name: _python(batch.column(name)) for name in batch.schema.names}
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)
    ]


def _python(column: Array) -> list[Any]:
    found: list[Any]
    try:
        found = column.to_pylist()
    except (ValueError, OverflowError):  # no UTF-8, or a time that Python has no datetime for
        if pa.types.is_timestamp(column.type):
            return [f"{column.type} {value}" for value in column.cast(pa.int64()).to_pylist()]
        found = column.cast(pa.binary()).to_pylist()
    return found


def _shown(value: Any) -> str:
    text = "null" if value is None else str(value) if isinstance(value, datetime) else repr(value)
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _finite(value: Any) -> Any:
    """Write NaN and infinities as text: JSON has no word for them."""
    match value:
        case float() if not math.isfinite(value):
            return str(value)
        case dict():
            return {name: _finite(item) for name, item in value.items()}
        case list():
            return [_finite(item) for item in value]
        case _:
            return value


def _json(value: Any) -> Any:
    match value:
        case date():
            return value.isoformat()
        case bytes():
            return base64.b64encode(value).decode()
        case _:
            return str(value)
