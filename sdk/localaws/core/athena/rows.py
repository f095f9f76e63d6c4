"""INSERT into tables of either kind; DELETE, UPDATE and MERGE of Iceberg tables.

A change of Iceberg rows reads the whole table, lets DuckDB change it, and replaces all of it: the
right rows, though not the files that Athena would leave.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.core.athena import engine, hive, iceberg, output
from localaws.core.athena.aws import is_iceberg
from localaws.core.athena.engine import Column, Relation
from localaws.core.athena.failure import QueryFailedError
from localaws.core.athena.output import FileOptions
from localaws.core.athena.transpile import to_duckdb, with_parameters
from localaws.core.athena.types import duckdb_type

if TYPE_CHECKING:
    from typing import Any

    from localaws.core.athena.run import Outcome, Run

_TARGET = "target_rows"


def insert(run: Run, tree: exp.Insert) -> Outcome:
    """INSERT INTO a table, of a query or of values."""
    target = tree.this
    named = [column.name.lower() for column in target.expressions]
    database, name = run.identifier(target.find(exp.Table))
    table = run.aws.table(database, name)
    described = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    names = named or [column["Name"] for column in described]
    relation = run.rows(tree.expression)
    if len(names) != len(relation.columns):
        raise QueryFailedError("SYNTAX_ERROR", "line 1:1: Insert query has mismatched column types")
    rows = relation.table.rename_columns(names)
    if is_iceberg(table):
        iceberg.append(run.aws, f"{database}.{name}", rows)
        return run.done(rows.num_rows)
    run.connection.register("rows_to_insert", rows)
    _insert_files(run, table, set(names))
    return run.done(rows.num_rows)


def change(run: Run, tree: exp.Expr) -> Outcome:
    """DELETE, UPDATE or MERGE."""
    target = tree.this
    database, name = run.identifier(target)
    if not is_iceberg(run.aws.table(database, name)):
        raise QueryFailedError.not_supported(
            "Modifying Hive table rows is only supported for transactional tables"
        )
    if target.args.get("alias") is None:
        target.set("alias", exp.TableAlias(this=exp.to_identifier(target.name, quoted=True)))
    target.set("this", exp.to_identifier(_TARGET))
    target.set("db", None)
    filled = with_parameters(tree, run.query.parameters)
    bound = run.catalog.bind(filled, run.query.database, known=frozenset({_TARGET}))
    sql = to_duckdb(bound)
    return run.done(iceberg.retrying(lambda: _replace_rows(run, f"{database}.{name}", sql)))


def _replace_rows(run: Run, identifier: str, sql: str) -> int:
    """Read the table, change its rows, and replace the old; return how many were changed."""
    stored = run.aws.iceberg.load_table(identifier)
    before = stored.scan().to_arrow()
    run.connection.register("stored_rows", before)
    run.connection.execute(f"create or replace temp table {_TARGET} as from stored_rows")
    counts = run.connection.execute(sql).fetchall()
    changed = engine.evaluate(run.connection, f"select * from {_TARGET}")
    rows = iceberg.conform(changed.table, stored.schema().as_arrow())
    # pyiceberg warns of an overwrite that finds nothing to delete.
    write = stored.overwrite if before.num_rows else stored.append
    write(rows)
    return int(counts[0][0]) if counts else 0


def _insert_files(run: Run, table: dict[str, Any], given: set[str]) -> None:
    keys = [key["Name"] for key in table.get("PartitionKeys", [])]
    described = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    types = {column["Name"]: duckdb_type(column["Type"]) for column in described}
    chosen = [
        f'cast({f"{chr(34)}{name}{chr(34)}" if name in given else "null"} as {kind}) as "{name}"'
        for name, kind in types.items()
    ]
    converted = engine.evaluate(run.connection, f"select {', '.join(chosen)} from rows_to_insert")
    relation = Relation(
        columns=tuple(Column(name=name, type=kind) for name, kind in types.items()),
        table=converted.table,
    )
    serde = table["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"].lower()
    file_format = "PARQUET" if "parquet" in serde else "JSON" if "json" in serde else "TEXTFILE"
    options = FileOptions(format=file_format, partitioned_by=tuple(keys))
    output.write(run, relation, table["StorageDescriptor"]["Location"], options)
    if keys:
        hive.add_partitions(run.aws, table["DatabaseName"], table)
