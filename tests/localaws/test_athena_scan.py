"""What a query reads of a table is less than all of it, and never too little."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from pyiceberg.schema import Schema
from pyiceberg.types import LongType, NestedField, StringType, TimestampType
from sqlglot import exp

from localaws.core.athena.scan import Scan, scan_of
from localaws.core.athena.transpile import parse

if TYPE_CHECKING:
    from tests.localaws.sandbox import Sandbox

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

SCHEMA = Schema(
    NestedField(1, "id", LongType()),
    NestedField(2, "At", TimestampType()),
    NestedField(3, "s", StringType()),
)


def scan(sql: str) -> Scan:
    """How the query reads the table `t`."""
    (table,) = [one for one in parse(sql).find_all(exp.Table) if one.name == "t"]
    return scan_of(table)


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SELECT id FROM t WHERE s = 'x' ORDER BY at", {"id", "s", "at", "t"}),
        ("SELECT a.id FROM (SELECT id, u.z FROM t, u) a", {"id", "z", "t", "u"}),
        ("SELECT count(*) AS n FROM t", {"n", "t"}),
        ("SELECT u.*, t.id FROM t JOIN u USING (s)", {"u", "t", "id", "s"}),
        ("WITH w AS (SELECT id FROM t) SELECT * FROM w", {"id", "t"}),
        ("SELECT x FROM u WHERE EXISTS (SELECT 1 FROM t WHERE t.id = u.id)", {"id", "t", "u"}),
        ("SELECT * FROM t", None),
        ("SELECT t.* FROM t JOIN u ON true", None),
        ("SELECT id FROM t NATURAL JOIN u", None),
        ("SELECT a FROM t AS t2 (a, b, c)", None),
    ],
)
def test_the_columns_are_those_that_the_select_names(sql: str, columns: set[str] | None) -> None:
    assert scan(sql).columns == columns


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ("id < 3", "LessThan(term=Reference(name='id'), literal=LongLiteral(3))"),
        ("3 <= id", "GreaterThanOrEqual(term=Reference(name='id'), literal=LongLiteral(3))"),
        ("(t.s = 'x')", "EqualTo(term=Reference(name='s'), literal=literal('x'))"),
        (
            "CAST('1970-01-01 00:00:01.5' AS TIMESTAMP(6)) > at",
            "LessThan(term=Reference(name='At'), literal=LongLiteral(1500000))",
        ),
        ("at = TIMESTAMP '1970-01-01'", "literal=LongLiteral(0)"),
        *(
            (where, "AlwaysTrue()")
            for where in (
                "id < 3 OR s = 'x'",
                "NOT id < 3",
                "id + 1 < 3",
                "id < 3.5",
                "id < other",
                "s < 3",
                "id = '3'",
                "at < '2020-01-01'",
                "at < TIMESTAMP '2020-01-01 00:00:00.1234567'",
                "at < TIMESTAMP '2020-01-01 00:00:00 UTC'",
                "u.id < 3",
                "absent = 3",
                "id < NULL",
            )
        ),
    ],
)
def test_conditions_prune_where_they_mean_the_same_in_iceberg(where: str, expected: str) -> None:
    found = repr(scan(f"SELECT id FROM t WHERE {where}").filter_of(SCHEMA.fields))
    assert expected in found
    assert ("AlwaysTrue" in found) == ("AlwaysTrue" in expected)


def test_a_column_without_its_table_prunes_only_where_there_is_no_other_table() -> None:
    assert scan("SELECT id FROM t, u WHERE id < 3").conditions == ()
    assert len(scan("SELECT id FROM t, u WHERE t.id < 3").conditions) == 1


@pytest.mark.parametrize(
    ("sql", "times"),
    [
        ("SELECT * FROM t", 1),
        ("WITH a AS (SELECT * FROM t) SELECT 1 AS x", 0),
        ("WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a) SELECT 1 AS x", 0),
        ("SELECT * FROM (WITH a AS (SELECT * FROM t) SELECT 1 AS x) y", 0),
        ("WITH o AS (WITH a AS (SELECT * FROM t) SELECT * FROM a) SELECT 1 AS x", 0),
        ("WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a) SELECT * FROM B", 1),
        ("WITH a AS (SELECT * FROM t) SELECT * FROM a JOIN a AS b ON true", 2),
        ("WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a, a AS c) SELECT * FROM b, b AS d", 4),
        ("WITH a AS (SELECT * FROM t), b AS (SELECT * FROM a) SELECT * FROM a, b", 2),
        ("WITH o AS (WITH a AS (SELECT * FROM t) SELECT * FROM a, a AS b) SELECT * FROM o", 2),
        ("SELECT (WITH a AS (SELECT * FROM t) SELECT max(id) FROM a) AS x FROM u", 1),
    ],
)
def test_a_step_is_computed_for_each_of_its_readers(sql: str, times: int) -> None:
    assert scan(sql).times == times


QUERIES = [
    "SELECT count(*) AS n, sum(id) AS m FROM ice WHERE at {0}",
    (
        "SELECT count(*) AS n, sum(v) AS m FROM ice JOIN (VALUES 1, 2, 3, 4) u(k) ON k = id"
        " WHERE ice.at {0}"
    ),
    (
        "SELECT count(*) AS n, sum(k) AS m FROM (VALUES 1, 2, 9) u(k) LEFT JOIN ice ON k = id"
        " WHERE ice.at {0}"
    ),
    (
        "WITH a AS (SELECT * FROM ice WHERE at {0}), b AS (SELECT * FROM ice)"
        " SELECT count(*) AS n, (SELECT count(*) FROM b) AS m FROM a"
    ),
]


@pytest.mark.parametrize("query", QUERIES)
def test_pruning_changes_no_result(sandbox: Sandbox, query: str) -> None:
    sandbox.run(
        "CREATE TABLE ice (id bigint, v double, at timestamp) PARTITIONED BY (day(at))"
        f" LOCATION '{sandbox.path('ice')}' TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    rows = ", ".join(
        f"({n}, {n}e0, timestamp '2020-01-0{n} 12:00:00.00000{n}')" for n in range(1, 8)
    )
    sandbox.run(f"INSERT INTO ice VALUES {rows}, (8, 8e0, null)")
    for condition in (
        "< timestamp '2020-01-03 12:00:00.000003'",
        ">= timestamp '2020-01-03 12:00:00.000003'",
        "= timestamp '2020-01-03 12:00:00.000003'",
        "> timestamp '2021-01-01'",
    ):
        # What is added to zero is no plain column, and prunes nothing.
        whole = query.format(condition).replace("at <", "at + interval '0' day <")
        whole = whole.replace("at >", "at + interval '0' day >").replace(
            "at =", "at + interval '0' day ="
        )
        assert whole != query.format(condition)
        pruned = sandbox.select(query.format(condition))
        assert pruned.equals(sandbox.select(whole)), condition
