"""What a local AWS loads when it starts: seen from an interpreter of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import localaws

SDK = Path(localaws.__file__).parents[1]
# moto.iam and moto.sts are no part of this: moto itself finds the account of a key there.
OF_DEPLOYMENTS = ("awslambda", "cloudformation", "ec2", "scheduler", "stepfunctions")
OF_QUERIES = {"duckdb", "pandas", "pyarrow", "pyiceberg", "sqlglot"}


def loaded_by(code: str) -> set[str]:
    program = f"import sys; sys.path.insert(0, {str(SDK)!r})\n{code}\nprint(*sys.modules)"
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-I", "-c", program], check=True, capture_output=True, text=True
    )
    return set(ran.stdout.split())


def of_deployments(modules: set[str]) -> set[str]:
    rooms = tuple(f"moto.{service}" for service in OF_DEPLOYMENTS)
    return {one for one in modules if one.startswith(("localaws.deploy", *rooms))}


def test_a_store_for_tests_loads_nothing_of_what_deployments_need() -> None:
    loaded = loaded_by("from skewless import FeatureStore; FeatureStore.local()")
    assert "localaws.core.dynamodb" in loaded
    assert not of_deployments(loaded)
    assert not loaded & OF_QUERIES


def test_items_objects_and_parameters_load_nothing_of_what_deployments_need() -> None:
    loaded = loaded_by("""
from localaws import LocalAws
aws = LocalAws.start()
aws.client("s3").create_bucket(Bucket="events")
aws.client("s3").put_object(Bucket="events", Key="a", Body=b"a")
aws.client("ssm").put_parameter(Name="a", Type="String", Value="b")
aws.client("dynamodb").list_tables()
aws.client("glue").create_database(DatabaseInput={"Name": "lake"})
aws.client("athena").list_work_groups()
""")
    assert not of_deployments(loaded)
    assert not loaded & OF_QUERIES


def test_a_query_loads_the_engine_and_nothing_of_what_deployments_need() -> None:
    loaded = loaded_by("""
from localaws import LocalAws
aws = LocalAws.start()
aws.client("s3").create_bucket(Bucket="results")
athena = aws.client("athena")
query = athena.start_query_execution(
    QueryString="SELECT 1", ResultConfiguration={"OutputLocation": "s3://results/"}
)["QueryExecutionId"]
while athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"] in (
    "QUEUED", "RUNNING"
):
    pass
""")
    assert {"duckdb", "sqlglot"} <= loaded
    assert not of_deployments(loaded)


def test_a_role_loads_iam() -> None:
    loaded = loaded_by("""
from localaws import LocalAws
LocalAws.start().as_policy()
""")
    assert "localaws.deploy.iam" in loaded
    assert "localaws.deploy.cloudformation" not in loaded
