"""Rules for rows whose values fit their types: keys that DynamoDB takes, units that 64 bits hold.

A check returns the bad rows and the reason; `normalise` decides what happens to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from skewless.compiler.bound import Apply, Column, Constant, Primitive
from skewless.compiler.interpret import compile_python
from skewless.compiler.keys import MAX_KEY_BYTES
from skewless.definitions import types
from skewless.errors import ValueOverflowError
from skewless.offline.frames.columns import physical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from skewless.compiler.bound import Bound
    from skewless.compiler.plan import ViewPlan
    from skewless.definitions.entity import Entity
    from skewless.definitions.types import ValueType

pc: Any = pyarrow.compute


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


def key_check(entity: Entity) -> RowCheck:
    """Refuse rows whose key is too long for an online item; a null key means no entity."""

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
    """Refuse rows with a number that is summed and whose units leave 64 bits."""
    measured = {m.units: m for m in plan.measures if m.units is not None}
    checks = []
    for units, measure in measured.items():
        if measure.type != types.Float64:
            continue  # the units are the integer or the unscaled value: within 64 bits
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
        # Doubles of this size are whole numbers, so rounding cannot move one over the limit.
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
