"""A query reads and writes with the rights of whoever starts it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from botocore.exceptions import ClientError

from tests.localaws.permissions import allow

if TYPE_CHECKING:
    from localaws import LocalAws
    from localaws.core.session import LocalSession
    from tests.localaws.sandbox import Sandbox

ACCOUNT = "123456789012"


def reader(aws: LocalAws, database: str, *without: str) -> LocalSession:
    """A session with what it takes to query a database, but for some of it."""
    bucket = f"arn:aws:s3:::{database}"
    glue = f"arn:aws:glue:us-east-1:{ACCOUNT}"
    whole = {
        "queries": allow(
            ["athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults"],
            f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/primary",
        ),
        "tables": allow(
            ["glue:GetDatabase", "glue:GetTable"],
            [f"{glue}:catalog", f"{glue}:database/{database}", f"{glue}:table/{database}/*"],
        ),
        "default": allow("glue:GetDatabase", [f"{glue}:catalog", f"{glue}:database/default"]),
        "events": allow("s3:GetObject", f"{bucket}/events/*"),
        "results": allow(["s3:GetObject", "s3:PutObject"], f"{bucket}/results/*"),
        "bucket": allow(["s3:GetBucketLocation", "s3:ListBucket"], bucket),
    }
    return aws.as_policy(*(one for name, one in whole.items() if name not in without))


def query(session: LocalSession, database: str, sql: str) -> tuple[str, Any]:
    """The final state of a query and its reason, or its second row."""
    athena = session.client("athena")
    started = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": f"s3://{database}/results/"},
    )["QueryExecutionId"]
    while True:
        status = athena.get_query_execution(QueryExecutionId=started)["QueryExecution"]["Status"]
        if status["State"] in {"FAILED", "SUCCEEDED"}:
            break
        time.sleep(0.01)
    if status["State"] == "FAILED":
        return "FAILED", status["StateChangeReason"]
    rows = athena.get_query_results(QueryExecutionId=started)["ResultSet"]["Rows"]
    return "SUCCEEDED", rows[1]["Data"][0]["VarCharValue"]


@pytest.fixture(params=["hive", "iceberg"])
def events(request: pytest.FixtureRequest, sandbox: Sandbox) -> Sandbox:
    """A database with a table `t` of three rows at `events/`."""
    if request.param == "iceberg":
        schema = pa.schema([("n", pa.int64())])
        location = sandbox.path("events").rstrip("/")
        table = sandbox.iceberg().create_table(f"{sandbox.database}.t", schema, location=location)
        table.append(pa.table({"n": [1, 2, 3]}))
    else:
        sandbox.run(
            f"CREATE TABLE t WITH (external_location = '{sandbox.path('events')}') AS "
            "SELECT * FROM (VALUES 1, 2, 3) v(n)"
        )
    return sandbox


SUM = "select sum(n) from t"


def test_a_query_with_the_rights_it_needs_succeeds(aws: LocalAws, events: Sandbox) -> None:
    session = reader(aws, events.database)
    assert query(session, events.database, SUM) == ("SUCCEEDED", "6")
    through = {call.action for call in aws.calls.of(session.principal) if call.via}
    assert through >= {"glue:GetDatabase", "glue:GetTable", "s3:GetObject", "s3:PutObject"}
    assert not aws.calls.refused_of(session.principal)


@pytest.mark.parametrize(
    ("without", "refused"),
    [
        ("tables", "glue:GetDatabase"),
        ("default", "glue:GetDatabase"),
        ("events", "s3:GetObject"),
        ("results", "s3:PutObject"),
    ],
)
def test_a_query_without_one_of_them_fails(
    aws: LocalAws, events: Sandbox, without: str, refused: str
) -> None:
    events.run(SUM)  # others may
    session = reader(aws, events.database, without)
    state, reason = query(session, events.database, SUM)
    assert state == "FAILED"
    assert reason.startswith("PERMISSION_DENIED")
    assert refused in aws.calls.refused_of(session.principal)


def test_a_query_whose_result_bucket_is_not_its_caller_s_to_find_does_not_begin(
    aws: LocalAws, events: Sandbox
) -> None:
    session = reader(aws, events.database, "bucket")
    with pytest.raises(ClientError, match="Unable to verify/create output bucket") as refused:
        query(session, events.database, SUM)
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"


def test_only_what_athena_does_is_via_athena(aws: LocalAws, events: Sandbox) -> None:
    only = {"StringEquals": {"aws:CalledViaLast": "athena.amazonaws.com"}}
    session = aws.as_policy(
        allow("athena:*"),
        allow("glue:*", Condition=only),
        allow("s3:*"),
    )
    assert query(session, events.database, SUM) == ("SUCCEEDED", "6")
    with pytest.raises(ClientError, match="is not authorized to perform: glue:GetTable"):
        session.client("glue").get_table(DatabaseName=events.database, Name="t")
