"""A frame made to fit its source: canonical Arrow columns, and the rows that do not fit with a why.

Nothing is coerced silently and nothing is lost. Conversions run on whole columns; only rows that
are refused are looked at one by one.
"""

from __future__ import annotations

import base64
import decimal
import json
import math
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute

from skewless.compiler.bound import Apply, Column, Constant, Primitive
from skewless.compiler.interpret import compile_python
from skewless.compiler.keys import MAX_KEY_BYTES
from skewless.definitions import types
from skewless.definitions.expression import INT64_MAX, INT64_MIN
from skewless.errors import (
    InputError,
    NaiveTimestampError,
    SkewlessError,
    ValueOverflowError,
    did_you_mean,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from skewless.compiler.bound import Bound
    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.entity import Entity
    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType

    Mask: TypeAlias = NDArray[np.bool_]

pc: Any = pyarrow.compute
Array: TypeAlias = Any  # an Arrow array; Arrow ships no types
REJECTED = pa.schema([("row_number", pa.int64()), ("reason", pa.string()), ("row", pa.string())])
_BATCH = 1 << 20  # rows converted together: bounds the memory, and keeps strings below 2 GB
_SHOWN = 80
_EXACT_DOUBLE = 2**53
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # of the years 1 and 9999
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_CANONICAL: Mapping[types.Scalar, pa.DataType] = {
    types.Bool: pa.bool_(),
    types.Int64: pa.int64(),
    types.Float64: pa.float64(),
    types.String: pa.string(),
    types.Timestamp: pa.timestamp("us", "UTC"),
    types.Bytes: pa.binary(),
}


class NaiveColumnError(SkewlessError, ValueError):
    """A timestamp column has no zone; whoever knows its name says so."""


@dataclass(frozen=True, slots=True)
class RowCheck:
    """A rule for rows that fit their types.

    Attributes:
        columns: the source's columns that it reads; a refusal shows their values.
        predicate: from the accepted rows' canonical table to booleans; true is a bad row.
        reason: what is wrong with a bad row, and what is allowed.
    """

    columns: tuple[str, ...]
    predicate: Callable[[pa.Table], Any]
    reason: str


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


class Finding(NamedTuple):
    """Values of a column that do not fit, and what would."""

    bad: Mask
    allowed: str


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


def arrow_type(type_: ValueType) -> pa.DataType:
    """Return the canonical Arrow type."""
    match type_:
        case types.Scalar():
            return _CANONICAL[type_]
        case types.Decimal(precision=precision, scale=scale):
            return pa.decimal128(precision, scale)
        case types.Array(element=element):
            return pa.list_(arrow_type(element))
        case types.Vector():
            return pa.list_(pa.float64())


def physical(column: Any, type_: ValueType) -> Any:
    """Return a canonical column in physical form: Timestamps and Decimals as int64."""
    array = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    match type_:
        case types.Timestamp:
            return array.cast(pa.int64())
        case types.Decimal():
            # 18 digits fit in the low half of the 128 bits, which come first.
            low = np.frombuffer(array.buffers()[1] or b"", np.int64)[::2]
            values = low[array.offset : array.offset + len(array)]
            return pa.array(values, mask=_mask(array.is_null()))
        case types.Array(element=types.Timestamp):
            return array.cast(pa.list_(pa.int64()))
        case _:
            return array


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
            untimed = _mask(batch.column(name).is_null())
            refusals.append(_Refusal((name,), Finding(untimed, "every event has its time")))
    bad = _either([refusal.finding.bad for refusal in refusals], batch.num_rows)
    fitting = pa.Table.from_arrays(columns, schema=schema)
    rows = np.arange(batch.num_rows)
    if bad.any():
        fitting, rows = fitting.filter(pa.array(~bad)), rows[~bad]
    for check in checks:
        wrong = np.zeros(batch.num_rows, np.bool_)
        wrong[rows] = _mask(check.predicate(fitting))
        refusals.append(_Refusal(check.columns, Finding(wrong, check.reason)))
    still_bad = _either([refusal.finding.bad for refusal in refusals], batch.num_rows)
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


def conform(  # noqa: C901, PLR0911 - one case for each type
    array: Array, type_: ValueType
) -> tuple[Array, list[Finding]]:
    """Return a column in its canonical type, and which of its values do not fit.

    Raises:
        NaiveColumnError: times without a zone.
    """
    array = _decoded(array)
    if pa.types.is_null(array.type):
        return pa.nulls(len(array), arrow_type(type_)), []
    if pa.types.is_union(array.type):
        return _conform_union(array, type_)
    match type_:
        case types.Int64:
            return _integers(array)
        case types.Float64:
            return _doubles(array)
        case types.String:
            return _strings(array)
        case types.Timestamp:
            return _instants(array)
        case types.Bytes if _is_binary(array.type):
            return array.cast(pa.binary()), []
        case types.Bool if pa.types.is_boolean(array.type):
            return array, []
        case types.Decimal():
            return _decimals(array, type_)
        case types.Array(element=element) if _is_list(array.type):
            return _lists(array, element, None)
        case types.Vector(size=size) if _is_list(array.type):
            return _lists(array, types.Float64, size)
    return _refused(array, type_)


def _decoded(array: Array) -> Array:
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        return array.dictionary_decode()
    if pa.types.is_run_end_encoded(array.type):
        return pc.run_end_decode(array)
    return array


def _conform_union(array: Any, type_: ValueType) -> tuple[Array, list[Finding]]:
    """Convert each kind of value by itself, then put the rows in order again."""
    codes = array.type_codes.to_numpy()
    places, parts, findings = [], [], []
    for code in range(array.type.num_fields):
        rows = np.flatnonzero(codes == code)
        child = array.field(code).take(array.offsets.take(pa.array(rows)))
        values, found = conform(child, type_)
        places.append(rows)
        parts.append(values)
        for bad, allowed in found:
            findings.append(Finding(_scattered(bad, rows, len(array)), allowed))
    order = np.argsort(np.concatenate(places))
    return pa.concat_arrays(parts).take(pa.array(order)), findings


def _refused(array: Array, type_: ValueType) -> tuple[Array, list[Finding]]:
    """Refuse every value: it is of another type altogether."""
    given = "text" if _is_text(array.type) else str(array.type)
    finding = Finding(_mask(array.is_valid()), f"{type_} is needed, and this is {given}")
    return pa.nulls(len(array), arrow_type(type_)), [finding]


def _integers(array: Array) -> tuple[Array, list[Finding]]:
    kind = array.type
    if pa.types.is_uint64(kind):
        beyond = _mask(pc.greater(array, pa.scalar(INT64_MAX, pa.uint64())))
        return array.cast(pa.int64(), safe=False), _found(beyond, "Int64 ends at 2^63 - 1")
    if pa.types.is_integer(kind):
        return array.cast(pa.int64()), []
    if pa.types.is_floating(kind):
        values = _numpy_doubles(array)
        absent = np.isnan(values)
        fits = (values == np.trunc(values)) & (values >= -(2.0**63)) & (values < 2.0**63)
        integers = np.where(fits, values, 0.0).astype(np.int64)
        allowed = "Int64 takes whole numbers of 64 bits"
        return pa.array(integers, mask=absent), _found(~fits & ~absent, allowed)
    if pa.types.is_decimal(kind):
        return _row_by_row(array, types.Int64, _whole, "Int64 takes whole numbers of 64 bits")
    return _refused(array, types.Int64)


def _whole(value: decimal.Decimal) -> int | None:
    whole = int(value)
    return whole if whole == value and INT64_MIN <= whole <= INT64_MAX else None


def _doubles(array: Array) -> tuple[Array, list[Finding]]:
    if pa.types.is_floating(array.type):
        values = _numpy_doubles(array)
        infinite = np.isinf(values)
        column = pa.array(values + 0.0, mask=np.isnan(values))
        return column, _found(infinite, "an infinity is not a value; leave it null")
    if pa.types.is_integer(array.type):
        wide, findings = _integers(array)
        inexact = _mask(pc.or_(pc.greater(wide, _EXACT_DOUBLE), pc.less(wide, -_EXACT_DOUBLE)))
        if pa.types.is_uint64(array.type):
            inexact = _mask(pc.greater(array, pa.scalar(_EXACT_DOUBLE, pa.uint64())))
            findings = []
        allowed = "Float64 holds whole numbers exactly up to 2^53; give a float, or declare Int64"
        return wide.cast(pa.float64(), safe=False), [*findings, *_found(inexact, allowed)]
    return _refused(array, types.Float64)


def _decimals(array: Array, type_: types.Decimal) -> tuple[Array, list[Finding]]:
    if pa.types.is_integer(array.type):
        array = array.cast(pa.decimal128(20, 0))
    if not pa.types.is_decimal(array.type):
        return _refused(array, type_)
    try:
        return array.cast(arrow_type(type_)), []
    except pa.ArrowInvalid:
        allowed = f"{type_} takes {type_.precision} digits, {type_.scale} of them after the point"
        return _row_by_row(array, type_, lambda value: _rescaled(value, type_), allowed)


def _rescaled(value: decimal.Decimal, type_: types.Decimal) -> decimal.Decimal | None:
    with decimal.localcontext(prec=80):
        unscaled = value.scaleb(type_.scale)
        fits = unscaled == int(unscaled) and abs(unscaled) < 10**type_.precision
        return value.quantize(decimal.Decimal(1).scaleb(-type_.scale)) if fits else None


def _strings(array: Array) -> tuple[Array, list[Finding]]:
    if not _is_text(array.type) and not _is_binary(array.type):
        return _refused(array, types.String)
    try:
        column = array.cast(pa.string())
        column.validate(full=True)
    except pa.ArrowInvalid:
        raw = array.cast(pa.binary())
        return _row_by_row(raw, types.String, _utf8, "a String is valid UTF-8")
    return column, []


def _utf8(value: bytes) -> str | None:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return None


def _instants(array: Array) -> tuple[Array, list[Finding]]:
    if not pa.types.is_timestamp(array.type):
        return _refused(array, types.Timestamp)
    if array.type.tz is None:
        raise NaiveColumnError
    present = _mask(array.is_valid())
    ticks = np.where(present, array.cast(pa.int64()).fill_null(0).to_numpy(), 0)
    second = _PER_SECOND[array.type.unit]
    beyond = (ticks < _FIRST_SECOND * second) if second < 10**9 else np.zeros(len(ticks), np.bool_)
    if second < 10**9:  # 64 bits of nanoseconds end in 2262
        beyond |= ticks >= (_LAST_SECOND + 1) * second
    findings = _found(beyond, "a Timestamp lies in the years 1 to 9999")
    if second > 10**6:
        finer = ticks % 1000 != 0
        findings += _found(finer, "a Timestamp is whole microseconds; truncate it if that is meant")
        micros = ticks // 1000
    else:
        micros = np.where(beyond, 0, ticks) * (10**6 // second)
    column = pa.array(micros, pa.int64(), mask=~present).cast(arrow_type(types.Timestamp))
    return column, findings


def _lists(array: Array, element: types.Scalar, size: int | None) -> tuple[Array, list[Finding]]:
    if "view" in str(array.type):
        array = pa.array(array.to_pylist(), pa.list_(array.type.value_type))
    plain: Any = array.cast(pa.list_(array.type.value_type))
    lengths = pc.list_value_length(plain)
    counts = lengths.fill_null(0).to_numpy()
    rows = np.repeat(np.arange(len(array)), counts)
    flat = plain.flatten()
    values, inner = conform(flat, element)
    count = len(array)
    findings = [
        Finding(_scattered(bad, rows, count), f"an element does not fit: {allowed}")
        for bad, allowed in inner
    ]
    refused = _either([bad for bad, _ in inner], len(flat))
    absent = _mask(values.is_null()) & ~refused
    findings += _found(_scattered(absent, rows, count), "no element is null; leave it out")
    if size is not None:
        wrong = _mask(pc.not_equal(lengths, size))
        findings += _found(wrong, f"Vector({size}) has exactly {size} elements")
    offsets = pa.array(np.concatenate([[0], np.cumsum(counts)]).astype(np.int32))
    mask = array.is_null()
    return pa.ListArray.from_arrays(offsets, values, mask=mask), findings


def _row_by_row(
    array: Array, type_: ValueType, convert: Callable[[Any], Any], allowed: str
) -> tuple[Array, list[Finding]]:
    """Convert one by one, where a column as a whole cannot be; None from `convert` is a misfit."""
    given = array.to_pylist()
    values = [None if value is None else convert(value) for value in given]
    bad = [value is None and raw is not None for value, raw in zip(values, given, strict=True)]
    return pa.array(values, arrow_type(type_)), _found(np.array(bad, np.bool_), allowed)


def _numpy_doubles(array: Array) -> NDArray[np.float64]:
    """Return doubles with NaN for null."""
    return np.asarray(array.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def _mask(condition: Any) -> Mask:
    """Return an Arrow condition as booleans; null is false."""
    if isinstance(condition, pa.ChunkedArray):
        condition = condition.combine_chunks()
    if isinstance(condition, pa.Array):
        condition = condition.fill_null(pa.scalar(value=False)).to_numpy(zero_copy_only=False)
    return np.asarray(condition, np.bool_)


def _found(bad: Mask, allowed: str) -> list[Finding]:
    return [Finding(bad, allowed)] if bad.any() else []


def _either(masks: Sequence[Mask], length: int) -> Mask:
    found = np.zeros(length, np.bool_)
    for mask in masks:
        found |= mask
    return found


def _scattered(mask: Mask, rows: NDArray[np.int64], length: int) -> Mask:
    found = np.zeros(length, np.bool_)
    found[rows[mask]] = True
    return found


def _is_text(kind: pa.DataType) -> bool:
    return pa.types.is_string(kind) or pa.types.is_large_string(kind) or "string_view" in str(kind)


def _is_binary(kind: pa.DataType) -> bool:
    return str(kind).startswith(("binary", "large_binary", "fixed_size_binary"))


def _is_list(kind: pa.DataType) -> bool:
    return str(kind).startswith(("list", "large_list", "fixed_size_list"))


def key_check(entity: Entity) -> RowCheck:
    """Refuse rows whose key is longer than an online item's key can be; a null key is no entity."""

    def is_too_long(table: pa.Table) -> Any:
        lengths = [_key_length(table[name], type_) for name, type_ in entity.keys.items()]
        total = lengths[0]
        for length in lengths[1:]:
            total = pc.add(pc.add(total, length), 1)  # a separator
        return pc.greater(total, MAX_KEY_BYTES)

    reason = f"the key of {entity.name!r} is longer than {MAX_KEY_BYTES} bytes"
    return RowCheck(tuple(entity.keys), is_too_long, reason)


def _key_length(column: Any, type_: ValueType) -> Any:
    match type_:
        case types.String:
            escaped = pc.add(pc.count_substring(column, "\\"), pc.count_substring(column, "|"))
            return pc.add(pc.binary_length(column), escaped)
        case types.Bytes:
            return pc.multiply(pc.binary_length(column), 2)
        case _:  # never long; 20 is the longest integer
            return pc.if_else(column.is_null(), pa.scalar(None, pa.int32()), 20)


def units_check(plan: ViewPlan) -> list[RowCheck]:
    """Refuse rows with a number whose units, which sums are taken over, leave 64 bits."""
    measured = {m.units: m for m in plan.measures if m.units is not None}
    checks = []
    for units, measure in measured.items():
        if measure.type != types.Float64:
            continue  # its units are itself, or its unscaled value: 64 bits already
        names = tuple(dict.fromkeys(_columns(units)))
        reason = (
            f"sums of {plan.view.name!r} count in units of 10^-{measure.scale}, and so many of "
            "them do not fit in 64 bits; declare a smaller scale, or leave the value null"
        )
        if isinstance(measure.value, Column):
            predicate = _column_overflows(measure.value.name, units)
        else:
            predicate = _expression_overflows(units, names, plan)
        checks.append(RowCheck(names, predicate, reason))
    return checks


def _columns(bound: Bound) -> Iterator[str]:
    match bound:
        case Column(name):
            yield name
        case Apply(arguments=arguments):
            yield from chain.from_iterable(map(_columns, arguments))


def _column_overflows(name: str, units: Bound) -> Callable[[pa.Table], Any]:
    match units:
        case Apply(Primitive.ROUND_HALF_AWAY, (Apply(Primitive.MULTIPLY, (_, Constant(factor))),)):
            power = float(factor)
        case _:
            raise AssertionError(units)

    def overflows(table: pa.Table) -> Any:
        # Doubles of this size are whole numbers, so that rounding moves none over the edge.
        scaled = pc.multiply(table[name], power)
        return pc.or_(pc.greater_equal(scaled, 2.0**63), pc.less(scaled, -(2.0**63)))

    return overflows


def _expression_overflows(
    units: Bound, names: Sequence[str], plan: ViewPlan
) -> Callable[[pa.Table], Any]:
    evaluate = compile_python(units)
    kinds = plan.view.source.columns

    def overflows(table: pa.Table) -> Any:
        columns = [physical(table[name], kinds[name]).to_pylist() for name in names]
        keys = [Column(name) for name in names]
        return np.array(
            [refused(dict(zip(keys, row, strict=True))) for row in zip(*columns, strict=True)],
            np.bool_,
        )

    def refused(values: Mapping[Bound, Any]) -> bool:
        try:
            evaluate(values)
        except ValueOverflowError:
            return True
        return False

    return overflows
