"""One query while it runs: what was asked, the services and DuckDB it uses, and its outcome."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.core.athena import engine
from localaws.core.athena.catalog import Catalog
from localaws.core.athena.transpile import name_columns, to_duckdb, with_parameters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlglot import exp

    from localaws.core.athena.aws import Aws
    from localaws.core.athena.engine import Relation


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What StartQueryExecution was asked."""

    id: str
    sql: str
    database: str
    parameters: Sequence[str]
    output: str
    """The folder for results, ending in a slash."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a statement left behind."""

    output: str
    """Where Athena says the result is."""
    relation: Relation | None = None
    lines: tuple[str, ...] | None = None
    """The text that SHOW and DESCRIBE give, without a header."""
    update_count: int | None = None
    manifest: str | None = None
    """The list of the data files written, for UNLOAD and CTAS."""


class Run:
    """The query, its connection to DuckDB, and the tables that it reads."""

    def __init__(self, query: Query, aws: Aws) -> None:
        self.query = query
        self.aws = aws
        self.connection = engine.connect()
        self.catalog = Catalog(aws, self.connection)

    def rows(self, query: exp.Expr) -> Relation:
        """Evaluate a SELECT written in Athena SQL."""
        filled = with_parameters(query, self.query.parameters)
        name_columns(filled)
        bound = self.catalog.bind(filled, self.query.database)
        return engine.evaluate(self.connection, to_duckdb(bound))

    def identifier(self, table: exp.Table) -> tuple[str, str]:
        """The database and name of a table that a statement names, in lower case."""
        return (table.db or self.query.database).lower(), table.name.lower()

    def done(self, update_count: int | None = None) -> Outcome:
        """The outcome of a statement that has no rows."""
        return Outcome(output=f"{self.query.output}{self.query.id}.txt", update_count=update_count)

    def shown(self, lines: Sequence[str]) -> Outcome:
        """The outcome of a statement that shows lines of text."""
        return Outcome(output=f"{self.query.output}{self.query.id}.txt", lines=tuple(lines))
