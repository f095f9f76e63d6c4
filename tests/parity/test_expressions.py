"""Expressions over hostile rows: Python, DuckDB, Athena's SQL and the oracle agree, as bits."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal as Number
from typing import TYPE_CHECKING, Any

import pytest

from skewless import (
    atan2,
    bucketize,
    coalesce,
    col,
    concat,
    greatest,
    haversine,
    least,
    nullif,
    when,
)
from skewless.definitions.expression import to_microseconds
from skewless.types import Bool, Date, Decimal, Float64, Int64, String, Timestamp
from tests.parity.one_value import assert_one_value

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.definitions.expression import Expr
    from skewless.types import ValueType

COLUMNS: Mapping[str, ValueType] = {
    "x": Float64,
    "y": Float64,
    "i": Int64,
    "j": Int64,
    "m": Decimal(9, 3),
    "p": Bool,
    "s": String,
    "t": Timestamp,
    "u": Timestamp,
    "e": Date,
}
FLOATS: Sequence[float | None] = (
    None, 0.0, 0.5, -0.5, 2.5, -2.5, 2.675, 1.005, -1.005, 0.49999999999999994, 1e-320, 0.1, 1e15,
    123456789.123456789, -4503599627370497.5, 4503599627370495.5, 9007199254740991.0, 1e22, 1e300,
    -9.3e18, 9.2e18, 9223372036854775807.0, 99999.9995, 5e-324, 1.7976931348623157e308,
)  # fmt: skip
INTEGERS: Sequence[int | None] = (
    None, 0, 1, -1, 2, -2, 7, -7, 10**6, -(10**6) - 1, 2**53 + 1, 2**63 - 1, -(2**63), -(2**63) + 1,
)  # fmt: skip
TEXTS: Sequence[str | None] = (
    None, "", "a", "Ab", " \t a b \r\n", "a,b,,c", "ÄÖ ß I", "😀x😀", "e\u0301E", "a\n", "%_\\'\"",
    "\u00a0x\u00a0", ",", "AbAbA", "\n", "x\x0b",
)  # fmt: skip
INSTANTS: Sequence[int | None] = (
    None, 0, -1, 1, 86_399_999_999, -86_400_000_000, 951_782_400_000_000, 1_709_164_800_123_456,
    to_microseconds(datetime(1, 1, 1, 12, tzinfo=UTC), "t"),
    to_microseconds(datetime(9999, 12, 31, 11, 59, 59, tzinfo=UTC), "t"),
    to_microseconds(datetime(1900, 2, 28, 23, 59, 59, 999_999, tzinfo=UTC), "t"),
)  # fmt: skip
DECIMALS = (None, *(Number(n).scaleb(-3) for n in (0, 5, -5, 1499, 1500, -1500, 2675, 999_999_999)))
DAYS = (None, 0, -1, 1, 59, 19_782, 11_016, -25_567, -719_162, 2_932_896)
BOOLS = (None, True, False)


def rows() -> list[dict[str, Any]]:
    """Each value of a column beside many of the others."""
    kept: Mapping[str, Sequence[Any]] = {
        "x": FLOATS, "y": FLOATS[::-1], "i": INTEGERS, "j": INTEGERS, "m": DECIMALS, "p": BOOLS,
        "s": TEXTS, "t": INSTANTS, "u": INSTANTS, "e": DAYS,
    }  # fmt: skip
    steps = {"j": len(INTEGERS), "y": len(FLOATS), "u": len(INSTANTS)}
    return [
        {name: values[n // steps.get(name, 1) % len(values)] for name, values in kept.items()}
        for n in range(len(FLOATS) ** 2)
    ]


ROWS = rows()
x, y, i, j, m, p, s, t, u, e = (col(name) for name in COLUMNS)
EXPRESSIONS: Sequence[Expr] = [
    when(p).then(x).when(x > 0).then(y).otherwise(1.5),
    when(p).then("yes").otherwise(s),
    when(p).then(None).when(x > 0).then(x).otherwise(None),
    coalesce(x, y, 0.25),
    coalesce(i, m),
    coalesce(s, "none"),
    nullif(x, y),
    nullif(i, 7),
    nullif(s, "a"),
    nullif(m, x),
    greatest(x, y, -x),
    least(x, y, i),
    greatest(i, j),
    least(s, "b"),
    greatest(t, u),
    least(m, 1.5),
    greatest(p, x > y),
    1 / greatest(x * 0, -(y * 0)),
    x.clip(-1, 1.5),
    i.clip(j, 10),
    i.clip(-7, 7),
    i // j,
    i % j,
    i // 7,
    i % -7,
    i // -1,
    i % -1,
    -5 // i,
    i // 0,
    x.sign(),
    i.sign(),
    (-x).sign(),
    *(x.round(n) for n in (0, 1, 2, 3, 7, 15)),
    *(m.round(n) for n in (0, 1, 2, 3, 5)),
    i.round(2),
    (x / 3).round(2),
    *(each.cast(Int64) for each in (x, i, m, p)),
    *(each.cast(Float64) for each in (x, i, m, p)),
    *(each.cast(Bool) for each in (x, i, m, p)),
    *(each.cast(String) for each in (i, p, s)),
    *(each.cast(Decimal(9, 2)) for each in (x, i, m, p)),
    *(each.cast(Decimal(18, 0)) for each in (x, i, m)),
    m.cast(Decimal(18, 12)),
    x.cast(Decimal(18, 18)),
    s.str.lower(),
    s.str.upper(),
    s.str.strip(),
    s.str.len(),
    s.str.slice(0, 2),
    s.str.slice(1, 1),
    s.str.slice(3, 0),
    s.str.replace("a", "bb"),
    s.str.replace("\n", ""),
    s.str.split_part(",", 1),
    s.str.split_part(",", 3),
    s.str.split_part("Ab", 2),
    *(s.str.starts_with(text) for text in ("", "a", "😀", "%")),
    *(s.str.ends_with(text) for text in ("", "A", "😀", '"', "\n")),
    *(s.str.contains(text) for text in ("", "b", "_", "\\'", "ß")),
    concat(s, "-", s),
    concat(s),
    *(each.hash_mod(n) for each in (s, i, p, m, t) for n in (1, 10, 2**31)),
    *(
        part(utc_offset=offset)
        for part in (
            t.dt.year, t.dt.month, t.dt.day, t.dt.hour, t.dt.minute, t.dt.second, t.dt.weekday,
            t.dt.ordinal_day,
        )
        for offset in ("+00:00", "+02:00", "-05:30")
    ),
    *(t.dt.truncate(every) for every in ("1h", "7d", "1us", "365d")),
    *(part() for part in (e.dt.year, e.dt.month, e.dt.day, e.dt.weekday, e.dt.ordinal_day)),
    e.cast(Timestamp),
    t.cast(Date),
    t.cast(Date).cast(Timestamp) + "1d",
    (e.cast(Timestamp) - t) / 86400,
    e == t.cast(Date),
    e > date(2000, 2, 28),
    e.isin([date(1, 1, 1), date(9999, 12, 31)]),
    e.fill_null(date(1970, 1, 1)),
    greatest(e, t.cast(Date)),
    e.clip(date(1900, 1, 1), date(2000, 1, 1)),
    e.hash_mod(1000),
    t - u,
    t + "1h",
    t - "7d",
    (t + "36500d").dt.year(),
    (t - u) / 3600 > 1,
    bucketize(x, [-1, 0, 0.5, 2.675]),
    bucketize(i, [-7, 0, 2**53 + 1]),
    bucketize(i, [0.5]),
    bucketize(m, [0, 1.5]),
    p & s.str.contains("a").fill_null(other=False),
    *(m.log1p(), i.exp(), (x * y).ln(), (x / y).atan(), x.sin() * y, (-x) ** j, 2**x),
    *(greatest(x.exp(), y.ln(), i.sin()), least(x.tanh(), y)),
    *(atan2(i, x * y), haversine(x, i, x + 1e-5, 90)),
    x.exp().ln().sin().sigmoid().tanh(),
    when(x.sin() > 0.5).then((x.exp() - y).sqrt()).otherwise(x.cos().round(3)),
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS, ids=repr)
def test_an_expression_has_one_value_in_every_engine(expression: Expr) -> None:
    assert_one_value(expression, COLUMNS, ROWS)
