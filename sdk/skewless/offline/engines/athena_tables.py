"""Athena's names for a source's rows: the log's table, or the user's own table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from skewless.offline.lake.catalog import table_of
from skewless.offline.query import sql
from skewless.offline.query.events import Relation

if TYPE_CHECKING:
    from skewless.definitions.source import Source


def relation_of(source: Source, database: str, snapshot: int | None = None) -> Relation:
    """Name a source's table, as of a snapshot of it if one is given."""
    own, _, name = table_of(source, database).partition(".")
    table = sql.table(name, own)
    if snapshot is not None:
        version = exp.Version(
            this="VERSION", kind="AS OF", expression=exp.Literal.number(str(snapshot))
        )
        table.set("version", version)
    return Relation(table, is_physical=False, is_log=source.table is None)
