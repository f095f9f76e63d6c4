"""The Glue catalog as DuckDB sees it: each table that a query names becomes a view or Arrow rows.

Hive tables (Parquet, JSON, CSV; partitioned or not) are read from local copies of their objects,
Iceberg tables through pyiceberg, views by running their own text.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from localaws.core.athena import hive, iceberg
from localaws.core.athena.aws import Aws, is_iceberg
from localaws.core.athena.scan import scan_of
from localaws.core.athena.transpile import parse, to_duckdb

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb

    from localaws.core.athena.scan import Scan

_VIEW_PREFIX, _VIEW_SUFFIX = "/* Presto View: ", " */"


class Catalog:
    """The tables that one query reads."""

    def __init__(self, aws: Aws, connection: duckdb.DuckDBPyConnection) -> None:
        self._aws = aws
        self._connection = connection
        self._views = 0
        # As Athena counts and charges: compressed, without skipped columns, files and row groups.
        self.scanned_bytes = 0

    def bind(self, query: exp.Expr, database: str, known: frozenset[str] = frozenset()) -> exp.Expr:
        """The query with the catalog's tables replaced by DuckDB's.

        Args:
            query: A query or a change, in Athena SQL.
            database: Where tables named without one are.
            known: Names that are DuckDB's tables already.

        Raises:
            QueryFailedError: A table does not exist.
        """
        bound = query.copy()
        databases = set()
        tables = [one for one in _catalog_tables(bound) if one.name not in known]
        # Examine all tables before replacing the first, which removes its name from the query.
        for table, scan in [(table, scan_of(table)) for table in tables]:
            databases.add((table.db or database).lower())
            self._replace(table, table.db or database, scan)
        for column in bound.find_all(exp.Column):
            # `database.table.column` is `table.column` now that the table has an alias.
            if column.args.get("db") is not None and column.args["db"].name.lower() in databases:
                column.set("db", None)
                column.set("catalog", None)
        return bound

    def _replace(self, table: exp.Table, database: str, scan: Scan) -> None:
        name = table.name
        view = self._view(database, name, table.args.get("version"), scan)
        if table.args.get("alias") is None:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(name, quoted=True)))
        table.set("this", exp.to_identifier(view))
        for part in ("db", "catalog", "version"):
            table.set(part, None)

    def _view(self, database: str, name: str, version: exp.Expr | None, scan: Scan) -> str:
        self._views += 1
        view = f"catalog_table_{self._views}"
        base, _, inspected = name.partition("$")
        self._aws.look_up(database)
        table = self._aws.table(database, base)
        if table.get("TableType") == "VIRTUAL_VIEW":
            text = to_duckdb(self.bind(parse(view_text(table)), database))
            self._connection.execute(f"create temp view {view} as {text}")
        elif is_iceberg(table):
            instant = iceberg.version_of(version, self._connection)
            arrow, size = iceberg.read(self._aws, table, inspected, instant, scan)
            self.scanned_bytes += size
            self._connection.register(view, arrow)
        else:
            selection, size = hive.selection_of(self._aws, table, self._connection, scan.columns)
            self.scanned_bytes += scan.times * size
            self._connection.execute(f"create temp view {view} as {selection}")
        return view


def view_text(table: dict[str, Any]) -> str:
    """The SELECT behind a Glue view."""
    text: str = table["ViewOriginalText"]
    if not text.startswith(_VIEW_PREFIX):
        return text
    encoded = text.removeprefix(_VIEW_PREFIX).removesuffix(_VIEW_SUFFIX)
    query: str = json.loads(base64.b64decode(encoded))["originalSql"]
    return query


def encode_view(definition: dict[str, Any]) -> str:
    """A view's definition in the form in which Athena keeps it in Glue."""
    encoded = base64.b64encode(json.dumps(definition).encode()).decode()
    return f"{_VIEW_PREFIX}{encoded}{_VIEW_SUFFIX}"


def _catalog_tables(query: exp.Expr) -> Iterator[exp.Table]:
    for table in query.find_all(exp.Table):
        is_function = isinstance(table.this, exp.Func)
        if not is_function and (table.db or table.name.lower() not in _ctes_seen_by(table)):
            yield table


def _ctes_seen_by(table: exp.Table) -> set[str]:
    """The names of the CTEs in scope: inside a CTE only the earlier ones, as in Trino."""
    seen: set[str] = set()
    inside: exp.Expr = table
    ancestor = table.parent
    while ancestor is not None:
        if isinstance(ancestor, exp.With):
            earlier = ancestor.expressions[: ancestor.expressions.index(inside)]
            own = [inside] if ancestor.recursive else []
            seen |= {cte.alias.lower() for cte in (*earlier, *own)}
        elif (clause := ancestor.args.get("with_")) is not None and clause is not inside:
            seen |= {cte.alias.lower() for cte in clause.expressions}
        inside, ancestor = ancestor, ancestor.parent
    return seen
