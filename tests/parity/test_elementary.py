"""Elementary functions over hostile doubles: the same bits in every engine."""

from __future__ import annotations

from contextlib import closing

import pytest
import sqlglot

from localaws.core.athena.engine import connect
from localaws.core.athena.transpile import to_duckdb
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from tests.parity.bits import bits
from tests.parity.elementary import by_python, query, table
from tests.parity.in_duckdb import connection


@pytest.mark.parametrize("engine", EngineName)
def test_an_elementary_function_has_one_value_in_every_engine(engine: EngineName) -> None:
    given = table()
    dialect = Dialect(engine)
    text = dialect.render(query(dialect, sql.table("given")))
    if engine is EngineName.ATHENA:
        text = to_duckdb(sqlglot.parse_one(text, dialect="athena"))
    opened = closing(connect()) if engine is EngineName.ATHENA else connection()
    with opened as cursor:
        cursor.register("given", given)
        found = cursor.execute(text).fetchall()
    expected = by_python(given)
    for (name, values), got in zip(expected.items(), zip(*found, strict=True), strict=True):
        assert [bits(value) for value in got] == values, name
