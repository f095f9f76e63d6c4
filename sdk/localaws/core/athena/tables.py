"""CREATE, DROP, ALTER and MSCK: statements that change the Glue catalog."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from sqlglot import exp

from localaws.core.athena import hive, iceberg, output, storage
from localaws.core.athena.aws import is_iceberg
from localaws.core.athena.catalog import encode_view
from localaws.core.athena.engine import evaluate
from localaws.core.athena.failure import QueryFailedError
from localaws.core.athena.output import FileOptions
from localaws.core.athena.run import Outcome, Run
from localaws.core.athena.transpile import is_named
from localaws.core.athena.types import athena_type, duckdb_type, hive_type

if TYPE_CHECKING:
    import pyarrow as pa

    from localaws.core.athena.engine import Relation


def create(run: Run, tree: exp.Create) -> Outcome:
    """CREATE DATABASE, VIEW, EXTERNAL TABLE, TABLE (Iceberg), or TABLE AS."""
    if tree.kind in {"DATABASE", "SCHEMA"}:
        return _create_database(run, tree)
    if tree.kind == "VIEW":
        return _create_view(run, tree)
    database, name = run.identifier(tree.find(exp.Table) or exp.Table())
    if _exists(run, database, name):
        if tree.args.get("exists"):
            return run.done()
        raise QueryFailedError("TABLE_ALREADY_EXISTS", f"Table '{database}.{name}' already exists")
    if isinstance(tree.expression, exp.Query):
        return _create_as(run, tree, database, name)
    return _create_empty(run, tree, database, name)


def drop(run: Run, tree: exp.Drop) -> Outcome:
    """DROP DATABASE, TABLE or VIEW. The objects of a Hive table stay, as in Athena."""
    table = tree.find(exp.Table) or exp.Table()
    database, name = run.identifier(table)
    try:
        if tree.args["kind"] in {"DATABASE", "SCHEMA"}:
            run.aws.glue.delete_database(Name=name)
        else:
            run.aws.glue.delete_table(DatabaseName=database, Name=name)
    except run.aws.glue.exceptions.EntityNotFoundException as error:
        if not tree.args.get("exists"):
            raise QueryFailedError.table_not_found(database, name) from error
    return run.done()


def alter(run: Run, tree: exp.Alter) -> Outcome:
    """ALTER TABLE ... ADD COLUMNS of a table of either kind."""
    database, name = run.identifier(tree.find(exp.Table) or exp.Table())
    added = [
        (column.name.lower(), _hive_type_of(column))
        for action in tree.args["actions"]
        for column in action.find_all(exp.ColumnDef)
    ]
    table = run.aws.table(database, name)
    if is_iceberg(table):
        with run.aws.iceberg.load_table(f"{database}.{name}").update_schema() as update:
            update.union_by_name(_arrow_schema(run, added))
        return run.done()
    stored = table["StorageDescriptor"]
    stored["Columns"] += [{"Name": column, "Type": kind} for column, kind in added]
    kept = ("Name", "TableType", "Parameters", "PartitionKeys", "StorageDescriptor")
    run.aws.glue.update_table(
        DatabaseName=database, TableInput={key: table[key] for key in kept if key in table}
    )
    return run.done()


def repair(run: Run, database: str, name: str) -> None:
    """MSCK REPAIR TABLE: register the partitions that are stored."""
    hive.add_partitions(run.aws, database, run.aws.table(database, name))


def add_partitions(run: Run, database: str, name: str, clauses: str) -> None:
    """ALTER TABLE ... ADD PARTITION (...) LOCATION '...', one or more."""
    table = run.aws.table(database, name)
    stored = table["StorageDescriptor"]
    for pairs, location in re.findall(
        r"PARTITION\s*\(([^)]*)\)\s*(?:LOCATION\s*'([^']+)')?", clauses, re.IGNORECASE
    ):
        given = {
            key.lower(): value
            for key, value in re.findall(r"[`\"]?(\w+)[`\"]?\s*=\s*'?([^',]+)'?", pairs)
        }
        values = [given[key["Name"]] for key in table["PartitionKeys"]]
        folder = "/".join(f"{key}={value}" for key, value in given.items())
        at = location or f"{storage.folder_of(stored['Location'])}{folder}/"
        partition = {"Values": values, "StorageDescriptor": {**stored, "Location": at}}
        try:
            run.aws.glue.create_partition(
                DatabaseName=database.lower(), TableName=name.lower(), PartitionInput=partition
            )
        except run.aws.glue.exceptions.AlreadyExistsException as error:
            if "IF NOT EXISTS" not in clauses.upper():
                raise QueryFailedError(
                    "ALREADY_EXISTS", f"Partition already exists: {pairs}"
                ) from error


def _exists(run: Run, database: str, name: str) -> bool:
    try:
        run.aws.table(database, name)
    except QueryFailedError:
        return False
    return True


def _create_database(run: Run, tree: exp.Create) -> Outcome:
    name = tree.this.name.lower()
    try:
        run.aws.glue.create_database(DatabaseInput={"Name": name})
    except run.aws.glue.exceptions.AlreadyExistsException as error:
        if not tree.args.get("exists"):
            raise QueryFailedError(
                "SCHEMA_ALREADY_EXISTS", f"Schema '{name}' already exists"
            ) from error
    return run.done()


def _create_view(run: Run, tree: exp.Create) -> Outcome:
    database, name = run.identifier(tree.find(exp.Table) or exp.Table())
    relation = run.rows(tree.expression)
    text = encode_view(
        {
            "originalSql": tree.expression.sql("athena"),
            "catalog": "awsdatacatalog",
            "schema": database,
            "columns": [
                {"name": column.name, "type": athena_type(column.type)}
                for column in relation.columns
            ],
        }
    )
    view = {
        "Name": name,
        "TableType": "VIRTUAL_VIEW",
        "ViewOriginalText": text,
        "ViewExpandedText": "/* Presto View */",
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "StorageDescriptor": {"Columns": _glue_columns(relation)},
    }
    if not _exists(run, database, name):
        run.aws.glue.create_table(DatabaseName=database, TableInput=view)
    elif tree.args.get("replace"):
        run.aws.glue.update_table(DatabaseName=database, TableInput=view)
    else:
        raise QueryFailedError("TABLE_ALREADY_EXISTS", f"View '{database}.{name}' already exists")
    return run.done()


def _create_as(run: Run, tree: exp.Create, database: str, name: str) -> Outcome:
    properties = _properties(tree)
    _refuse_unnamed_columns(tree.expression)
    relation = run.rows(tree.expression)
    target = f"{run.query.output}tables/{run.query.id}"
    location = properties.get("external_location") or properties.get("location") or target
    if str(properties.get("table_type", "")).upper() == "ICEBERG":
        partitioning = ", ".join(properties.get("partitioning", ()))
        identifier = f"{database}.{name}"
        iceberg.create(run.aws, identifier, relation.table.schema, location, partitioning)
        iceberg.append(run.aws, identifier, relation.table)
        return run.done(relation.table.num_rows)
    location = storage.folder_of(location)
    if storage.keys(run.aws.s3, location):
        raise QueryFailedError(
            "HIVE_PATH_ALREADY_EXISTS", f"Target directory for table '{location}' already exists"
        )
    options = FileOptions.of(properties)
    files = output.write(run, relation, location, options)
    columns = [(column.name, hive_type(column.type)) for column in relation.columns]
    described = hive.table_input(
        name,
        [column for column in columns if column[0] not in options.partitioned_by],
        [column for column in columns if column[0] in options.partitioned_by],
        location,
        options.format,
        {},
    )
    run.aws.glue.create_table(DatabaseName=database, TableInput=described)
    if options.partitioned_by:
        repair(run, database, name)
    return Outcome(
        output=target,
        manifest=output.write_manifest(run, files),
        update_count=relation.table.num_rows,
    )


def _create_empty(run: Run, tree: exp.Create, database: str, name: str) -> Outcome:
    """CREATE EXTERNAL TABLE, or CREATE TABLE with 'table_type'='ICEBERG'."""
    schema, properties = tree.this, _properties(tree)
    if not isinstance(schema, exp.Schema) or "location" not in properties:
        raise QueryFailedError("INVALID_TABLE_PROPERTY", "A table needs columns and a LOCATION")
    columns = [(one.name.lower(), _hive_type_of(one)) for one in schema.expressions]
    partitioned = tree.find(exp.PartitionedByProperty)
    table_properties = {
        one.name: one.args["value"].name
        for one in tree.find_all(exp.Property)
        if type(one) is exp.Property
    }
    if table_properties.get("table_type", "").upper() == "ICEBERG":
        listed = re.search(
            r"PARTITIONED\s+BY\s*\((.*?)\)\s*(?:COMMENT|LOCATION|TBLPROPERTIES|$)",
            run.query.sql,
            re.IGNORECASE | re.DOTALL,
        )
        iceberg.create(
            run.aws,
            f"{database}.{name}",
            _arrow_schema(run, columns),
            properties["location"],
            listed[1] if listed else "",
        )
        return run.done()
    keys = (
        [(key.name.lower(), _hive_type_of(key)) for key in partitioned.this.expressions]
        if (partitioned is not None)
        else []
    )
    delimited = tree.find(exp.RowFormatDelimitedProperty)
    described = hive.table_input(
        name,
        columns,
        keys,
        properties["location"],
        _file_format(run.query.sql),
        table_properties,
        delimited.args["fields"].name if delimited and delimited.args.get("fields") else None,
    )
    try:
        run.aws.glue.create_table(DatabaseName=database, TableInput=described)
    except ClientError as error:
        raise QueryFailedError("GENERIC_USER_ERROR", str(error)) from error
    return run.done()


def _refuse_unnamed_columns(query: exp.Query) -> None:
    for position, column in enumerate(query.selects, start=1):
        if not is_named(column):
            raise QueryFailedError(
                "MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {position}"
            )


def _properties(tree: exp.Create) -> dict[str, Any]:
    """The properties of a WITH clause, and LOCATION."""
    found: dict[str, Any] = {}
    listed = tree.args.get("properties")
    for one in listed.expressions if listed is not None else ():
        match one:
            case exp.FileFormatProperty():
                found["format"] = one.name
            case exp.PartitionedByProperty():
                found["partitioned_by"] = [value.name for value in one.this.expressions]
            case exp.LocationProperty():
                found["location"] = one.name
            case exp.Property() if isinstance(one.args.get("value"), exp.Array):
                found[one.name.lower()] = [value.name for value in one.args["value"].expressions]
            case exp.Property() if isinstance(one.args.get("value"), exp.Expr):
                found[one.name.lower()] = one.args["value"].name
    return found


def _file_format(sql: str) -> str:
    if re.search(r"STORED\s+AS\s+PARQUET|ParquetHiveSerDe", sql, re.IGNORECASE):
        return "PARQUET"
    return "JSON" if re.search(r"JsonSerDe", sql, re.IGNORECASE) else "TEXTFILE"


def _hive_type_of(column: exp.Expr) -> str:
    written: str = column.args["kind"].sql("hive")
    return written.lower().replace(" ", "")


def _arrow_schema(run: Run, columns: list[tuple[str, str]]) -> pa.Schema:
    nulls = ", ".join(f'cast(null as {duckdb_type(kind)}) as "{name}"' for name, kind in columns)
    return evaluate(run.connection, f"select {nulls}").table.schema


def _glue_columns(relation: Relation) -> list[dict[str, str]]:
    return [{"Name": column.name, "Type": hive_type(column.type)} for column in relation.columns]
