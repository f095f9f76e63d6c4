"""The replacement of moto's Athena.

Stock moto runs no SQL: every query succeeds and has no rows, even if it cannot be parsed or names a
missing table; an unknown workgroup is described as null.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse

_PAGE = 1000
# For how long an answer may wait for a query's end. Who polls then learns of it at once, and by
# fewer requests.
_HELD_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Asked:
    """The request of StartQueryExecution."""

    sql: str
    context: dict[str, Any]
    configuration: dict[str, Any]
    workgroup: str | None
    parameters: list[str]


def apply(endpoint: str) -> None:
    """Let moto's Athena execute, with the services at this endpoint."""

    def start(
        self: Any,
        query: str,
        context: dict[str, Any] | None,
        config: dict[str, Any] | None,
        workgroup: str | None,
        execution_parameters: list[str] | None,
    ) -> str:
        # DuckDB, pyiceberg and sqlglot take a second to import, so only queries load them.
        from localaws.core.athena.start import start as begin  # noqa: PLC0415

        asked = Asked(query, context or {}, config or {}, workgroup, execution_parameters or [])
        return begin(self, asked, endpoint)

    backend: Any = AthenaBackend
    backend.start_query_execution = start
    backend.stop_query_execution = _stop
    response: Any = AthenaResponse
    response.get_query_execution = _get_query_execution
    response.batch_get_query_execution = _batch_get_query_execution
    response.get_query_results = _get_query_results
    response.get_work_group = _get_work_group


def _stop(self: Any, exec_id: str) -> None:
    self.executions[exec_id].cancel()


def _get_query_execution(self: Any) -> Any:
    asked = self._get_param("QueryExecutionId")
    execution = self.athena_backend.executions.get(asked)
    if execution is None:
        return self.error(f"QueryExecution {asked} was not found", 400)
    if execution.is_unfinished:
        execution.wait(_HELD_SECONDS)
    return json.dumps({"QueryExecution": execution.describe()})


def _batch_get_query_execution(self: Any) -> str:
    executions = self.athena_backend.executions
    asked = self._get_param("QueryExecutionIds")
    return json.dumps(
        {
            "QueryExecutions": [executions[one].describe() for one in asked if one in executions],
            "UnprocessedQueryExecutionIds": [
                {"QueryExecutionId": one} for one in asked if one not in executions
            ],
        }
    )


def _get_query_results(self: Any) -> Any:
    asked = self._get_param("QueryExecutionId")
    execution = self.athena_backend.executions.get(asked)
    if execution is None:
        return self.error(f"QueryExecution {asked} was not found", 400)
    if execution.is_unfinished:
        return self.error(f"Query has not yet finished. Current state: {execution.status}", 400)
    if execution.status != "SUCCEEDED":
        return self.error(
            f"Query did not finish successfully. Final query state: {execution.status}", 400
        )
    if execution.result is None:
        nothing = {"Rows": [], "ResultSetMetadata": {"ColumnInfo": []}}
        return json.dumps({"UpdateCount": execution.update_count, "ResultSet": nothing})
    limit = int(self._get_param("MaxResults") or _PAGE)
    offset = int(self._get_param("NextToken") or 0)
    return json.dumps(execution.result.page(offset, limit))


def _get_work_group(self: Any) -> Any:
    name = self._get_param("WorkGroup")
    group = self.athena_backend.get_work_group(name)
    if group is None:
        return self.error(f"WorkGroup {name} is not found.", 400)
    return json.dumps({"WorkGroup": group})
