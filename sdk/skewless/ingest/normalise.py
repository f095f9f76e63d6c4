"""Make a frame fit its source: canonical Arrow columns, and the rows that do not fit, with reasons.

Nothing is coerced silently and nothing is lost. `columns` converts whole columns; only refused rows
are examined one by one. This module does not know what the checks are about.
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
from skewless.offline.frames.columns import (
    BadValues,
    NaiveColumnError,
    arrow_type,
    as_mask,
    conform,
    either,
    wholly_wrong,
)
from skewless.offline.frames.remedies import remedy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType
    from skewless.ingest.checks import RowCheck
    from skewless.offline.frames.columns import Array, Mask

REJECTED = pa.schema([("row_number", pa.int64()), ("reason", pa.string()), ("row", pa.string())])
_BATCH = 1 << 20  # rows converted together: bounds the memory, and keeps strings below 2 GB
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Refused:
    """The rows that were refused for one reason.

    Attributes:
        columns: the columns that do not fit.
        allowed: what would fit.
        rows: how many rows.
        first: the first row's number, from 0.
    """

    columns: tuple[str, ...]
    allowed: str
    rows: int
    first: int

    def __str__(self) -> str:
        columns = " and ".join(map(repr, self.columns))
        rows = f"row {self.first}"
        if self.rows > 1:
            rows = f"{self.rows:,} rows, the first is {rows}"
        return f"{rows}: column {columns}: {self.allowed}"


@dataclass(frozen=True, slots=True)
class Normalised:
    """The outcome of fitting a frame to its source.

    Attributes:
        accepted: the source's columns, in order, in canonical types.
        rejected: `row_number` (from 0), `reason`, and the whole `row` as JSON.
        ignored: the frame's columns that the source does not have.
        reasons: the refused rows, counted by reason; a row may have several.
    """

    accepted: pa.Table
    rejected: pa.Table
    ignored: tuple[str, ...]
    reasons: tuple[Refused, ...] = ()


def listed(reasons: Sequence[Refused]) -> str:
    """Return the reasons, a line for each, the commonest first."""
    ordered = sorted(reasons, key=lambda reason: (-reason.rows, reason.first))
    return "".join(f"\n  - {reason}" for reason in ordered)


class _Refusal(NamedTuple):
    columns: tuple[str, ...]
    finding: BadValues


class _Conformed(NamedTuple):
    """A batch: its columns in canonical types, and the values that do not fit.

    `misfits` has for each column the kinds of its values if none of them can fit; None if one can.
    """

    batch: pa.RecordBatch
    columns: list[Array]
    refusals: list[_Refusal]
    misfits: dict[str, tuple[str, ...] | None]


def normalise(
    table: pa.Table,
    source: Source,
    *,
    kinds: Mapping[str, ValueType] | None = None,
    checks: Sequence[RowCheck] = (),
) -> Normalised:
    """Bring a frame into the source's types and normal forms (NaN is null, -0.0 is 0.0).

    Args:
        table: the frame; `frames.to_arrow` reads it.
        source: what it must fit.
        kinds: the columns that it must have; the source's by default.
        checks: further rules, for rows that fit.

    Raises:
        InputError: a column is missing, or is of a type of which no value fits.
        NaiveTimestampError: a column of times has no zone.
    """
    kinds = source.columns if kinds is None else kinds
    schema = pa.schema([(name, arrow_type(type_)) for name, type_ in kinds.items()])
    if not table.num_rows and not table.num_columns:
        return Normalised(schema.empty_table(), REJECTED.empty_table(), ())
    _check_columns(table, source, kinds)
    batches = table.combine_chunks().to_batches(max_chunksize=_BATCH)
    conformed = [_conform_batch(batch, source, kinds) for batch in batches]
    _check_types(conformed, source, kinds)
    accepted, rejected, start = [schema.empty_table()], [REJECTED.empty_table()], 0
    groups: dict[tuple[tuple[str, ...], str], Refused] = {}
    for found in conformed:
        good, bad, refusals = _checked_batch(found, schema, checks)
        accepted.append(good)
        rejected.append(_rejected(found.batch, refusals, bad, start))
        _group(groups, refusals, start)
        start += found.batch.num_rows
    ignored = tuple(name for name in table.column_names if name not in kinds)
    return Normalised(
        pa.concat_tables(accepted), pa.concat_tables(rejected), ignored, tuple(groups.values())
    )


def _check_columns(table: pa.Table, source: Source, kinds: Mapping[str, ValueType]) -> None:
    missing = [name for name in kinds if name not in table.column_names]
    if missing:
        names = ", ".join(f"{name!r} ({kinds[name]})" for name in missing)
        raise InputError(
            f"{source}: the frame lacks {_counted(len(missing), 'column')} {names}."
            f"{_hints(missing, table.column_names)}"
        )


def _hints(missing: Sequence[str], there: Sequence[str]) -> str:
    """Suggest near misses for each name, and list the existing names once."""
    hints = [did_you_mean(name, there) for name in missing]
    near = [hint for hint in hints if "Did you mean" in hint]
    return "".join(near) or hints[0]


def _counted(count: int, noun: str) -> str:
    return f"the {noun}" if count == 1 else f"the {noun}s"


def _conform_batch(
    batch: pa.RecordBatch, source: Source, kinds: Mapping[str, ValueType]
) -> _Conformed:
    columns, refusals, misfits = [], [], {}
    for name, type_ in kinds.items():
        given = batch.column(name)
        try:
            values, findings = conform(given, type_)
        except NaiveColumnError as error:
            raise NaiveTimestampError.of(f"{source}, column {name!r}") from error
        columns.append(values)
        refusals += [_Refusal((name,), finding) for finding in findings]
        misfits[name] = wholly_wrong(given, findings)
        if name == source.event_time:
            untimed = as_mask(given.is_null())
            refusals.append(_Refusal((name,), BadValues(untimed, "every event has its time")))
    return _Conformed(batch, columns, refusals, misfits)


def _check_types(
    batches: Sequence[_Conformed], source: Source, kinds: Mapping[str, ValueType]
) -> None:
    """Refuse a frame with a column of which not one value is of a type that fits."""
    problems = []
    for name, type_ in kinds.items():
        found = [batch.misfits[name] for batch in batches]
        wrong = dict.fromkeys(kind for some in found if some is not None for kind in some)
        if not wrong or None in found:
            continue
        given = " and ".join(wrong)
        way_out = remedy(name, next(iter(wrong)), type_)
        problems.append(f"column {name!r} is {given}, and {type_} is declared: {way_out}")
    if problems:
        lines = problems[0] if len(problems) == 1 else "".join(f"\n  - {one}" for one in problems)
        raise InputError(f"{source}: the frame does not fit, and nothing was written: {lines}")


def _checked_batch(
    found: _Conformed, schema: pa.Schema, checks: Sequence[RowCheck]
) -> tuple[pa.Table, Mask, list[_Refusal]]:
    """Return the rows that pass, and those that do not, with reasons."""
    refusals, count = list(found.refusals), found.batch.num_rows
    bad = either([refusal.finding.bad for refusal in refusals], count)
    fitting = pa.Table.from_arrays(found.columns, schema=schema)
    rows = np.arange(count)
    if bad.any():
        fitting, rows = fitting.filter(pa.array(~bad)), rows[~bad]
    for check in checks:
        wrong = np.zeros(count, np.bool_)
        wrong[rows] = as_mask(check.predicate(fitting))
        refusals.append(_Refusal(check.columns, BadValues(wrong, check.reason)))
    still_bad = either([refusal.finding.bad for refusal in refusals], count)
    if (dropped := still_bad[rows]).any():
        fitting = fitting.filter(pa.array(~dropped))
    return fitting, still_bad, refusals


def _group(
    groups: dict[tuple[tuple[str, ...], str], Refused], refusals: Sequence[_Refusal], start: int
) -> None:
    """Count the rows that were refused for each reason."""
    for columns, finding in refusals:
        numbers = np.flatnonzero(finding.bad)
        if not len(numbers):
            continue
        first = start + int(numbers[0])
        before = groups.get((columns, finding.allowed))
        groups[columns, finding.allowed] = Refused(
            columns,
            finding.allowed,
            len(numbers) + (0 if before is None else before.rows),
            first if before is None else before.first,
        )


def _rejected(batch: pa.RecordBatch, refusals: list[_Refusal], bad: Mask, start: int) -> pa.Table:
    numbers = np.flatnonzero(bad)
    if not len(numbers):
        return REJECTED.empty_table()
    rows = _python_rows(batch.take(pa.array(numbers)))
    reasons: list[list[str]] = [[] for _ in numbers]
    for columns, finding in refusals:
        for place in np.flatnonzero(finding.bad[numbers]):
            shown = " and ".join(f"{name!r} is {_shown(rows[place][name])}" for name in columns)
            reasons[place].append(f"column {shown}: {finding.allowed}")
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
    """Write NaN and infinities as text, because JSON has no form for them."""
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
