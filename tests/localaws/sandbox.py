"""A bucket and a database for one test, and short ways to query them."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any

import awswrangler as wr
import pyarrow.parquet as pq
from awswrangler.exceptions import QueryFailed
from pyarrow import fs
from pyiceberg.catalog.glue import GlueCatalog

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from localaws import LocalAws
    from localaws.core.session import LocalSession


class Sandbox:
    def __init__(self, aws: LocalAws, session: LocalSession, name: str) -> None:
        self.aws = aws
        self.database = name
        self.session = session

    def path(self, *parts: str) -> str:
        return "/".join((f"s3://{self.database}", *parts, ""))

    def new_path(self) -> str:
        return self.path(uuid.uuid4().hex)

    def select(self, sql: str, **options: Any) -> pd.DataFrame:
        """A query's result by awswrangler: read from CSV, unless options say otherwise."""
        result: pd.DataFrame = wr.athena.read_sql_query(
            sql,
            database=self.database,
            boto3_session=self.session,
            s3_output=self.new_path(),
            **{"ctas_approach": False, **options},
        )
        return result

    def row(self, select_list: str) -> list[Any]:
        """The text of each column of a query of one row, as GetQueryResults gives it."""
        query = self.run(f"select {select_list}")
        rows = self.aws.client("athena").get_query_results(QueryExecutionId=query)
        return [value.get("VarCharValue") for value in rows["ResultSet"]["Rows"][1]["Data"]]

    def run(self, sql: str, **options: Any) -> str:
        """Run a statement to its end; the query's id.

        By boto3 and not by awswrangler, which makes new clients for each call.
        """
        athena = self.aws.client("athena")
        query: str = athena.start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": self.new_path()},
            **options,
        )["QueryExecutionId"]
        while True:
            status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if status["State"] == "SUCCEEDED":
                return query
            if status["State"] in {"FAILED", "CANCELLED"}:
                raise QueryFailed(status["StateChangeReason"])
            time.sleep(0.01)

    def unload(self, sql: str) -> pa.Table:
        """A query's rows by way of Parquet files."""
        target = self.new_path()
        self.run(f"UNLOAD ({sql}) TO '{target}' WITH (format = 'PARQUET')")
        endpoint = self.aws.endpoint.removeprefix("http://")
        own = self.aws.environment
        s3 = fs.S3FileSystem(
            access_key=own["AWS_ACCESS_KEY_ID"],
            secret_key=own["AWS_SECRET_ACCESS_KEY"],
            endpoint_override=endpoint,
            scheme="http",
            region=self.aws.region,
        )
        return pq.read_table(target.removeprefix("s3://").rstrip("/"), filesystem=s3)

    def iceberg(self) -> GlueCatalog:
        own = self.aws.environment
        return GlueCatalog(
            "test",
            client=self.aws.client("glue"),
            **{
                "s3.endpoint": self.aws.endpoint,
                "s3.access-key-id": own["AWS_ACCESS_KEY_ID"],
                "s3.secret-access-key": own["AWS_SECRET_ACCESS_KEY"],
                "s3.region": self.aws.region,
            },
        )
