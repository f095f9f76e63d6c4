"""One expression over rows: Python, DuckDB, Athena's SQL and the oracle agree, as bits."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from localaws.core.athena.engine import connect
from localaws.core.athena.transpile import parse, to_duckdb
from skewless.compiler.binding import bind
from skewless.compiler.bound import Column, parts_of
from skewless.compiler.interpret import compile_python
from skewless.definitions.typing import Scope
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.render import Renderer
from tests.parity.bits import bits
from tests.parity.in_duckdb import arrow_type, connection, physical
from tests.reference import evaluate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.definitions.expression import Expr
    from skewless.offline.query.sql import Sql
    from skewless.types import ValueType


def expected_values(
    expression: Expr, columns: Mapping[str, ValueType], rows: Sequence[Mapping[str, Any]]
) -> list[Any]:
    """Return the bits that the oracle says."""
    type_ = Scope(columns=columns, columns_of="it").type_of(expression.node)
    assert type_ is not None
    assert bind(expression.node, columns).type == type_
    return [
        bits(physical(evaluate(expression.node, row, {}, {}, column_types=columns), type_))
        for row in rows
    ]


def physical_table(columns: Mapping[str, ValueType], rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    return pa.table(
        {
            name: pa.array([physical(row[name], kind) for row in rows], arrow_type(kind))
            for name, kind in columns.items()
        }
    )


def written(expression: Expr, columns: Mapping[str, ValueType], dialect: Dialect) -> Sql:
    bound = bind(expression.node, columns).bound
    return Renderer(dialect, {Column(name): sql.column(name) for name in columns}).render(bound)


def assert_one_value(
    expression: Expr, columns: Mapping[str, ValueType], rows: Sequence[Mapping[str, Any]]
) -> None:
    bound = bind(expression.node, columns).bound
    columns = {
        part.name: columns[part.name] for part in parts_of(bound) if isinstance(part, Column)
    }
    rows = different(columns, rows)
    expected = expected_values(expression, columns, rows)
    function = compile_python(bound)
    kept: list[dict[Any, Any]] = [
        {Column(name): physical(row[name], kind) for name, kind in columns.items()} for row in rows
    ]
    assert [bits(function(row)) for row in kept] == expected
    table = physical_table(columns, rows)
    for engine in EngineName:
        value = written(expression, columns, Dialect(engine))
        got, text = values_of(value, table, engine)
        assert [bits(value) for value in got] == expected, text


def different(
    columns: Mapping[str, ValueType], rows: Sequence[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Return each row of these columns once: others differ in what the expression never reads."""
    each = ({name: row[name] for name in columns} for row in rows)
    return list({bits(list(row.values())): row for row in each}.values())


def values_of(value: Sql, table: pa.Table, engine: EngineName) -> tuple[list[Any], str]:
    """Return a value for each row of a table, and the statement that DuckDB ran for it."""
    query = sql.select(sql.aliased(value, "value")).from_(sql.table("given"))
    text = Dialect(engine).render(query)
    if engine is EngineName.ATHENA:
        text = to_duckdb(parse(text))
    opened = closing(connect()) if engine is EngineName.ATHENA else connection()
    with opened as cursor:
        cursor.register("given", table)
        return [found for (found,) in cursor.execute(text).fetchall()], text
