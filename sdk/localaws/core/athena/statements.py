"""Which statement a query is, and who runs it. SELECT, UNLOAD and SHOW are run here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from localaws.core.athena import output, rows, storage, tables
from localaws.core.athena.failure import QueryFailedError
from localaws.core.athena.output import FileOptions
from localaws.core.athena.run import Outcome, Run
from localaws.core.athena.transpile import parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_NAME = r"[`\"]?([\w]+)[`\"]?"
_TABLE = rf"(?:{_NAME}\s*\.\s*)?{_NAME}"
_PROPERTY = re.compile(r"(\w+)\s*=\s*(?:ARRAY\s*\[([^\]]*)\]|'([^']*)'|(\w+))", re.IGNORECASE)


def execute(run: Run) -> Outcome:
    """Run the query's statement.

    Raises:
        QueryFailedError: With the code that Athena gives.
    """
    sql = run.query.sql.strip().rstrip(";").strip()
    # sqlglot does not parse these: they are recognized by their text.
    for pattern, statement in _BY_TEXT:
        if match := pattern.fullmatch(sql):
            return statement(run, match)
    return _execute_tree(run, parse(sql))


def _execute_tree(run: Run, tree: exp.Expr) -> Outcome:
    match tree:
        case exp.Query() | exp.Values():
            return _select(run, tree)
        case exp.Create():
            return tables.create(run, tree)
        case exp.Drop():
            return tables.drop(run, tree)
        case exp.Insert():
            return rows.insert(run, tree)
        case exp.Delete() | exp.Update() | exp.Merge():
            return rows.change(run, tree)
        case exp.Describe():
            return _show_columns(run, *run.identifier(tree.this))
        case exp.Alter():
            return tables.alter(run, tree)
        case _:
            raise QueryFailedError.not_supported(run.query.sql[:80])


def _select(run: Run, tree: exp.Expr) -> Outcome:
    return Outcome(
        output=f"{run.query.output}{run.query.id}.csv",
        relation=run.rows(tree),
    )


def _unload(run: Run, match: re.Match[str]) -> Outcome:
    location = storage.folder_of(match["location"])
    storage.refuse_unsafe(location)
    if storage.keys(run.aws.s3, location):
        raise QueryFailedError(
            "HIVE_PATH_ALREADY_EXISTS", f"Target directory for table '{location}' already exists"
        )
    relation = run.rows(parse(match["query"]))
    options = FileOptions.of(_properties(match["properties"] or ""))
    files = output.write(run, relation, location, options)
    return Outcome(
        output=f"{run.query.output}{run.query.id}",
        manifest=output.write_manifest(run, files),
        update_count=relation.table.num_rows,
    )


def _properties(text: str) -> Mapping[str, Any]:
    return {
        name.lower(): re.findall(r"'([^']*)'", array) if array else quoted or bare
        for name, array, quoted, bare in _PROPERTY.findall(text)
    }


def _explain(run: Run, match: re.Match[str]) -> Outcome:
    return _select(run, parse(match["query"]))


def _repair(run: Run, match: re.Match[str]) -> Outcome:
    tables.repair(run, match[1] or run.query.database, match[2])
    return run.done()


def _add_partitions(run: Run, match: re.Match[str]) -> Outcome:
    tables.add_partitions(run, match[1] or run.query.database, match[2], match["partitions"])
    return run.done()


def _show_databases(run: Run, _: re.Match[str]) -> Outcome:
    pages = run.aws.glue.get_paginator("get_databases").paginate()
    return run.shown([one["Name"] for page in pages for one in page["DatabaseList"]])


def _show_tables(run: Run, match: re.Match[str]) -> Outcome:
    database = (match[1] or run.query.database).lower()
    pages = run.aws.glue.get_paginator("get_tables").paginate(DatabaseName=database)
    return run.shown(sorted(one["Name"] for page in pages for one in page["TableList"]))


def _show_partitions(run: Run, match: re.Match[str]) -> Outcome:
    database, name = match[1] or run.query.database, match[2]
    keys = [key["Name"] for key in run.aws.table(database, name).get("PartitionKeys", [])]
    return run.shown(
        [
            "/".join(f"{key}={value}" for key, value in zip(keys, one["Values"], strict=True))
            for one in run.aws.partitions(run.aws.table(database, name))
        ]
    )


def _show_table_columns(run: Run, match: re.Match[str]) -> Outcome:
    return _show_columns(run, match[1] or run.query.database, match[2])


def _show_columns(run: Run, database: str, name: str) -> Outcome:
    table = run.aws.table(database, name)
    described = [*table["StorageDescriptor"]["Columns"], *table.get("PartitionKeys", [])]
    return run.shown([f"{column['Name']}\t{column['Type']}" for column in described])


def _nothing(run: Run, _: re.Match[str]) -> Outcome:
    return run.done()


def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE | re.DOTALL)


_BY_TEXT: tuple[tuple[re.Pattern[str], Callable[[Run, re.Match[str]], Outcome]], ...] = (
    (
        _pattern(
            r"UNLOAD\s*\((?P<query>.*)\)\s*TO\s*'(?P<location>[^']+)'"
            r"(?:\s*WITH\s*\((?P<properties>.*)\))?"
        ),
        _unload,
    ),
    (_pattern(r"EXPLAIN\s+(?:ANALYZE\s+)?(?P<query>.*)"), _explain),
    (_pattern(rf"MSCK\s+REPAIR\s+TABLE\s+{_TABLE}"), _repair),
    (_pattern(rf"ALTER\s+TABLE\s+{_TABLE}\s+ADD\s+(?P<partitions>.*PARTITION.*)"), _add_partitions),
    (_pattern(r"SHOW\s+(?:DATABASES|SCHEMAS)"), _show_databases),
    (_pattern(rf"SHOW\s+TABLES(?:\s+(?:IN|FROM)\s+{_NAME})?"), _show_tables),
    (_pattern(rf"SHOW\s+PARTITIONS\s+{_TABLE}"), _show_partitions),
    (_pattern(rf"SHOW\s+COLUMNS\s+(?:IN|FROM)\s+{_TABLE}"), _show_table_columns),
    # Maintenance changes no rows, so there is nothing to imitate.
    (_pattern(r"(?:OPTIMIZE|VACUUM)\b.*"), _nothing),
)
