"""Expressions whose value in Trino is not what DuckDB makes of the same words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

if TYPE_CHECKING:
    from tests.localaws.sandbox import Sandbox

# awswrangler 3.17 calls pandas 3 in ways that pandas 4 will refuse.
pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("mod(-7, 2)", "-1"),
        ("7 / 2e0", "3.5"),
        ("1e0 / 0", "Infinity"),
        ("-1e0 / 0", "-Infinity"),
        ("0e0 / 0", "NaN"),
        ("try(1 / 0)", None),
        ("sqrt(-1e0)", "NaN"),
        ("ln(0e0)", "-Infinity"),
        ("is_finite(1e0 / 0)", "false"),
        ("infinity() > 1", "true"),
        ("is_nan(nan())", "true"),
    ],
)
def test_division_is_by_type(sandbox: Sandbox, expression: str, value: str | None) -> None:
    assert sandbox.row(expression) == [value]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("cast(7 AS decimal(38,0)) / cast(2 AS decimal(38,0))", "4"),
        ("cast(-7 AS decimal(38,0)) / 2", "-4"),
        ("decimal '99999999999999999999999999999999999998' / 3", "3" * 37 + "3"),
        ("1.00 / 3.000", "0.333"),
        ("1.00 / 3.000 / 0.5", "0.666"),
        ("cast(cast(7 AS decimal) / cast(2 AS decimal) AS decimal) / cast(-3 AS decimal)", "-1"),
        ("mod(decimal '-5', decimal '3')", "-2"),
        ("bigint '9007199254740993' * cast(1 AS decimal(38,0))", "9007199254740993"),
        (
            "cast(9223372036854775807 AS decimal(38,0)) * decimal '9223372036854775807'",
            str((2**63 - 1) ** 2),
        ),
        ("truncate(2.75)", "2"),
    ],
)
def test_decimals_stay_exact(sandbox: Sandbox, expression: str, value: str) -> None:
    assert sandbox.row(expression) == [value]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("cast(2.5e0 AS bigint)", "3"),
        ("cast(-2.5e0 AS bigint)", "-3"),
        ("cast(3.5 AS integer)", "4"),
        ("cast(9007199254740993 AS bigint)", "9007199254740993"),
        ("cast(1e10 AS varchar)", "1.0E10"),
        ("cast(1.2e-4 AS varchar)", "1.2E-4"),
        ("cast(0.1e0 AS varchar)", "0.1"),
        ("cast(row(1, 'x') AS row(a bigint, b varchar)).b", "x"),
        ("round(2.5e0)", "3.0"),
        ("truncate(-2.7e0)", "-2.0"),
    ],
)
def test_casts_round_away_from_zero(sandbox: Sandbox, expression: str, value: str) -> None:
    assert sandbox.row(expression) == [value]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        (
            (
                "date_diff('second', timestamp '2020-01-01 00:00:00.9', "
                "timestamp '2020-01-01 00:00:01.1')"
            ),
            "0",
        ),
        ("date_diff('day', date '2020-01-01', date '2020-03-01')", "60"),
        ("date_add('day', 1, date '2020-02-28')", "2020-02-29"),
        (
            "date_add('microsecond', 5, timestamp '2020-01-01 00:00:00')",
            "2020-01-01 00:00:00.000005",
        ),
        ("date_trunc('week', date '2020-01-01')", "2019-12-30"),
        ("date_trunc('hour', timestamp '2020-01-01 10:20:30')", "2020-01-01 10:00:00.000"),
        ("from_unixtime(1.1234567e0)", "1970-01-01 00:00:01.123 UTC"),
        ("to_unixtime(timestamp '2020-01-01 00:00:00.5')", "1.5778368005E9"),
        ("day_of_week(date '2020-01-05')", "7"),
    ],
)
def test_time_is_trinos(sandbox: Sandbox, expression: str, value: str) -> None:
    assert sandbox.row(expression) == [value]


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("reduce(array[1, 2], 0, (s, x) -> s + x, s -> s * 2)", "6"),
        ("array[10, 20][2]", "20"),
        ("array[array[1, 2], array[3, 4]][2][1 + 0]", "3"),
        ("(select xs[n] from (values (array[10, 20], 2)) t(xs, n))", "20"),
        ("map(array[5, 6], array[7, 8])[5]", "7"),
        ("element_at(array[10, 20], 1)", "10"),
        ("element_at(map(array[5, 6], array[7, 8]), 6)", "8"),
        ("slice(array[1, 2, 3, 4], 2, 2)", "[2, 3]"),
        ("format('%05d', 42)", "00042"),
        ("from_big_endian_64(substr(md5(to_utf8('a')), 1, 8))", "919145239626757800"),
        ("greatest(1, null)", None),
    ],
)
def test_functions_are_trinos(sandbox: Sandbox, expression: str, value: str | None) -> None:
    assert sandbox.row(expression) == [value]


def test_aggregates_have_trinos_types(sandbox: Sandbox) -> None:
    read = sandbox.row(
        "sum(x) / count(*), max(x) / 2, cast(sum(x) AS double) / 2, sum(x) / 2e0,"
        " sum(cast(x AS decimal(38,0))) / 2, max_by(x, -x), min_by(x, -x)"
        " FROM (VALUES 1, 2, 4) t(x)"
    )
    assert read == ["2", "2", "3.5", "3.5", "4", "1", "4"]


def test_a_sum_over_a_window_is_a_bigint(sandbox: Sandbox) -> None:
    read = sandbox.select(
        "SELECT x, sum(x) OVER (ORDER BY x ROWS UNBOUNDED PRECEDING) / 2 AS half,"
        " sum(x) FILTER (WHERE x > 1) OVER (ORDER BY x) AS some FROM (VALUES 1, 2, 4) t(x)"
    )
    assert read.dtypes.astype(str).tolist() == ["Int32", "Int64", "Int64"]
    assert read["half"].tolist() == [0, 1, 3]


def test_range_frames_take_bounds_from_each_row(sandbox: Sandbox) -> None:
    read = sandbox.select(
        "SELECT k, sum(v) OVER (ORDER BY k RANGE BETWEEN x PRECEDING AND y PRECEDING) AS s"
        " FROM (VALUES (bigint '1', bigint '5', bigint '0', 10),"
        " (bigint '2', bigint '1', bigint '1', 20),"
        " (bigint '4', bigint '3', bigint '2', 40)) t(k, x, y, v)"
    )
    assert read["s"].tolist() == [10, 10, 30]


def test_the_greatest_row_is_found_in_a_window_and_in_a_group(sandbox: Sandbox) -> None:
    rows = "(VALUES (1, 'p'), (3, 'q'), (2, 'r')) t(a, b)"
    greatest = "max(cast(row(a, b) AS row(x bigint, y varchar)))"
    assert sandbox.row(f"{greatest}.y FROM {rows}") == ["q"]
    read = sandbox.select(
        f"SELECT m.y AS y FROM (SELECT a, {greatest} OVER (ORDER BY a ROWS UNBOUNDED PRECEDING)"
        f" AS m FROM {rows}) ORDER BY a"
    )
    assert read["y"].tolist() == ["p", "r", "q"]


@pytest.mark.parametrize("name", ["rank", "ROW_NUMBER", "ntile", "dense_rank", "trino_sum"])
def test_a_column_may_have_the_name_of_a_function(sandbox: Sandbox, name: str) -> None:
    cast = f'cast("t"."{name}" as bigint) / 2'
    assert sandbox.row(f'(select {cast} from (values 7) as "t" ("{name}"))') == ["3"]


def test_a_null_beside_the_greatest_is_picked(sandbox: Sandbox) -> None:
    read = sandbox.select(
        "SELECT max_by(x, y) AS a, min_by(x, y) AS b, max_by(s, y) AS c"
        " FROM (VALUES (1, 'p', 1), (2, 'q', 2), (null, null, 3), (4, 'r', null)) t(x, s, y)"
    )
    (row,) = read.itertuples(index=False, name=None)
    assert pd.isna(row[0])
    assert row[1] == 1
    assert pd.isna(row[2])
