"""StartQueryExecution: check the request as far as Athena does, and begin the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.athena.exceptions import InvalidArgumentException
from moto.core.exceptions import JsonRESTError
from moto.moto_api._internal import mock_random

from localaws.core import caller
from localaws.core.athena.aws import aws_of
from localaws.core.athena.execution import Execution
from localaws.core.athena.run import Query
from localaws.core.athena.storage import folder_of, split

if TYPE_CHECKING:
    from localaws.core.athena.aws import Aws
    from localaws.core.athena.backend import Asked

_LONGEST_STATEMENT = 262_144


def start(backend: Any, asked: Asked, endpoint: str) -> str:
    """Start a query, and return its id.

    Args:
        backend: moto's, which keeps the execution.
        asked: the request.
        endpoint: where the services are that the query reads.
    """
    _verify_length(asked.sql)
    group = backend.work_groups[asked.workgroup or "primary"]
    query = Query(
        id=str(mock_random.uuid4()),
        sql=asked.sql,
        database=(asked.context.get("Database") or "default").lower(),
        parameters=tuple(asked.parameters),
        output=_output_folder(group, asked.configuration),
    )
    execution = Execution(query, asked.context, group)
    backend.executions[execution.id] = execution
    aws = aws_of(endpoint, backend.region_name, caller.credentials(endpoint))
    if aws.is_restricted:
        _verify_output(aws, query.output)
    execution.submit(aws)
    return execution.id


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
    """Look for the results' bucket with the caller's rights; without them no query begins."""
    bucket, _ = split(location)
    try:
        aws.s3.get_bucket_location(Bucket=bucket)
    except ClientError as error:
        refused = JsonRESTError(
            "InvalidRequestException", f"Unable to verify/create output bucket {bucket}"
        )
        raise refused from error
