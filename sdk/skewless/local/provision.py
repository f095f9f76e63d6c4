"""What the stacks provision on AWS, made on the local AWS: one store's bucket, tables and names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from skewless.aws import PARAMETER_PREFIX, Resources

if TYPE_CHECKING:
    from skewless.local.server import LocalAws


def provision(aws: LocalAws, store: str) -> Resources:
    """Make a store's resources, or find them where they were made before."""
    parameter = PARAMETER_PREFIX + store
    ssm = aws.client("ssm")
    found = ssm.get_parameters(Names=[parameter])["Parameters"]
    if found:
        return Resources.parse(store, json.loads(found[0]["Value"]))
    resources = Resources(
        store=store,
        bucket=f"skewless-{store.replace('_', '-')}",
        database=f"skewless_{store.replace('-', '_')}",
        workgroup=f"skewless-{store}",
        online_table=f"skewless-{store}-online",
        registry_table=f"skewless-{store}-registry",
        engine="duckdb",
    )
    aws.client("s3").create_bucket(Bucket=resources.bucket)
    aws.client("glue").create_database(DatabaseInput={"Name": resources.database})
    aws.client("athena").create_work_group(
        Name=resources.workgroup,
        Configuration={
            "ResultConfiguration": {"OutputLocation": f"s3://{resources.bucket}/athena/"},
            "EnforceWorkGroupConfiguration": False,
        },
    )
    for table in (resources.online_table, resources.registry_table):
        aws.client("dynamodb").create_table(
            TableName=table,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            AttributeDefinitions=[
                {"AttributeName": "pk", "AttributeType": "S"},
                {"AttributeName": "sk", "AttributeType": "S"},
            ],
        )
    aws.client("dynamodb").update_time_to_live(
        TableName=resources.online_table,
        TimeToLiveSpecification={"Enabled": True, "AttributeName": "e"},
    )
    ssm.put_parameter(Name=parameter, Type="String", Value=json.dumps(resources.document()))
    return resources
