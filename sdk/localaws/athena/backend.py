"""Where moto's Athena is replaced.

Stock moto runs no SQL: every query succeeds and has no rows, also one that cannot be parsed or that
names a table which does not exist; an unknown workgroup is described as null.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.athena.exceptions import InvalidArgumentException
from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse
from moto.core.exceptions import JsonRESTError
from moto.moto_api._internal import mock_random

from localaws.athena.aws import aws_of
from localaws.athena.execution import Execution
from localaws.athena.run import Query
from localaws.athena.storage import folder_of, split
from localaws.iam import caller

if TYPE_CHECKING:
    from localaws.athena.aws import Aws

_PAGE = 1000
_LONGEST_STATEMENT = 262_144


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
        _verify_length(query)
        group = self.work_groups[workgroup or "primary"]
        asked = Query(
            id=str(mock_random.uuid4()),
            sql=query,
            database=((context or {}).get("Database") or "default").lower(),
            parameters=tuple(execution_parameters or ()),
            output=_output_folder(group, config or {}),
        )
        execution = Execution(asked, context or {}, group)
        self.executions[execution.id] = execution
        aws = aws_of(endpoint, self.region_name, caller.credentials(endpoint))
        if aws.is_restricted:
            _verify_output(aws, asked.output)
        execution.submit(aws)
        return execution.id

    backend: Any = AthenaBackend
    backend.start_query_execution = start
    backend.stop_query_execution = _stop
    response: Any = AthenaResponse
    response.get_query_execution = _get_query_execution
    response.batch_get_query_execution = _batch_get_query_execution
    response.get_query_results = _get_query_results
    response.get_work_group = _get_work_group


def _verify_length(query: str) -> None:
    """Refuse a statement that is too long: its limit is in bytes, and no quota that AWS raises."""
    if len(query.encode()) > _LONGEST_STATEMENT:
        raise JsonRESTError(
            "InvalidRequestException",
            "1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_LONGEST_STATEMENT}",
        )


def _output_folder(group: Any, config: dict[str, Any]) -> str:
    of_group = (group.configuration.get("ResultConfiguration") or {}).get("OutputLocation")
    enforced = of_group if group.configuration.get("EnforceWorkGroupConfiguration") else None
    location = enforced or config.get("OutputLocation") or of_group
    if not location:
        raise InvalidArgumentException(
            "No output location provided. An output location is required either through the "
            "Workgroup result configuration setting or as an API input."
        )
    return folder_of(location)


def _verify_output(aws: Aws, location: str) -> None:
    """Find the bucket of the results as the caller, without whose right to that nothing begins."""
    bucket, _ = split(location)
    try:
        aws.s3.get_bucket_location(Bucket=bucket)
    except ClientError as error:
        refused = JsonRESTError(
            "InvalidRequestException", f"Unable to verify/create output bucket {bucket}"
        )
        raise refused from error


def _stop(self: Any, exec_id: str) -> None:
    self.executions[exec_id].cancel()


def _get_query_execution(self: Any) -> Any:
    asked = self._get_param("QueryExecutionId")
    execution = self.athena_backend.executions.get(asked)
    if execution is None:
        return self.error(f"QueryExecution {asked} was not found", 400)
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
    if execution.status in {"QUEUED", "RUNNING"}:
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
