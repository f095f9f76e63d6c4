from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from tests.localaws.stacks import allow, attribute, bucket, function, role, table

if TYPE_CHECKING:
    from tests.localaws.stacks import Stack

EVERYBODY = {"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject"}
TLS_ONLY = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:*",
    "Resource": "*",
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def test_a_bucket_has_its_settings(stack: Stack) -> None:
    rule = {"Status": "Enabled", "Prefix": "a/", "ExpirationInDays": "3"}
    encryption = [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}]
    made = bucket(
        stack.name,
        VersioningConfiguration={"Status": "Enabled"},
        LifecycleConfiguration={"Rules": [rule]},
        BucketEncryption={"ServerSideEncryptionConfiguration": encryption},
        PublicAccessBlockConfiguration={"BlockPublicAcls": "true"},
    )
    stack.deploy({"B": made})
    s3 = stack.aws.client("s3")
    named = {"Bucket": stack.name}
    (found,) = s3.get_bucket_lifecycle_configuration(**named)["Rules"]
    encrypted = s3.get_bucket_encryption(**named)["ServerSideEncryptionConfiguration"]["Rules"]
    blocked = s3.get_public_access_block(**named)["PublicAccessBlockConfiguration"]
    assert s3.get_bucket_versioning(**named)["Status"] == "Enabled"
    assert (found["Expiration"], found["Filter"]) == ({"Days": 3}, {"Prefix": "a/"})
    default = encrypted[0]["ApplyServerSideEncryptionByDefault"]
    assert default["SSEAlgorithm"] == "AES256"
    assert blocked["BlockPublicAcls"] is True


def test_a_buckets_policy_is_all_but_what_demands_tls(stack: Stack) -> None:
    everybody = {**EVERYBODY, "Resource": {"Fn::Sub": "${B.Arn}/*"}}
    document = {"Version": "2012-10-17", "Statement": [TLS_ONLY, everybody]}
    policy = resource("AWS::S3::BucketPolicy", Bucket={"Ref": "B"}, PolicyDocument=document)
    stack.deploy({"B": bucket(stack.name), "P": policy})
    s3 = stack.aws.client("s3")
    stored = json.loads(s3.get_bucket_policy(Bucket=stack.name)["Policy"])
    assert stored["Statement"] == [{**EVERYBODY, "Resource": f"arn:aws:s3:::{stack.name}/*"}]
    s3.put_object(Bucket=stack.name, Key="reached", Body=b"")


def test_a_table_has_its_settings(stack: Stack) -> None:
    made = table(stack.name, ttl="e", DeletionProtectionEnabled=True)
    made["Properties"]["StreamSpecification"] = {"StreamViewType": "NEW_IMAGE"}
    sections = {"Outputs": {"Stream": {"Value": attribute("T", "StreamArn")}}}
    stack.deploy({"T": made}, sections=sections)
    dynamodb = stack.aws.client("dynamodb")
    found = dynamodb.describe_table(TableName=stack.name)["Table"]
    ttl = dynamodb.describe_time_to_live(TableName=stack.name)["TimeToLiveDescription"]
    assert found["DeletionProtectionEnabled"] is True
    assert stack.outputs["Stream"] == found["LatestStreamArn"]
    assert ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "e"}


def test_a_key_signs_under_its_alias(stack: Stack) -> None:
    policy = allow("kms:*")
    policy["Statement"][0]["Principal"] = {"AWS": "*"}
    key = resource(
        "AWS::KMS::Key", KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", KeyPolicy=policy
    )
    alias = resource(
        "AWS::KMS::Alias", AliasName=f"alias/{stack.name}", TargetKeyId=attribute("K", "Arn")
    )
    stack.deploy({"K": key, "A": alias})
    kms = stack.aws.client("kms")
    asked = {"KeyId": f"alias/{stack.name}", "Message": b"m", "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(**asked)["Signature"]
    assert kms.verify(**asked, Signature=signature)["SignatureValid"] is True


def test_a_function_has_its_settings(stack: Stack) -> None:
    made = function(
        stack.name,
        Architectures=["arm64"],
        DeadLetterConfig={"TargetArn": attribute("Q", "Arn")},
        LoggingConfig={"LogGroup": {"Ref": "L"}, "LogFormat": "JSON"},
        MemorySize="512",
        ReservedConcurrentExecutions=2,
        TracingConfig={"Mode": "Active"},
    )
    group = resource("AWS::Logs::LogGroup", LogGroupName=f"/{stack.name}", RetentionInDays=7)
    stack.deploy({"Role": role(), "Q": resource("AWS::SQS::Queue"), "L": group, "F": made})
    functions = stack.aws.client("lambda")
    found = functions.get_function_configuration(FunctionName=stack.name)
    limit = functions.get_function_concurrency(FunctionName=stack.name)
    assert found["Architectures"] == ["arm64"]
    assert found["DeadLetterConfig"]["TargetArn"].startswith("arn:aws:sqs:")
    assert found["LoggingConfig"]["LogGroup"] == f"/{stack.name}"
    assert found["MemorySize"] == 512
    assert found["TracingConfig"] == {"Mode": "Active"}
    assert limit["ReservedConcurrentExecutions"] == 2


def test_an_alias_names_a_version_that_may_be_called(stack: Stack) -> None:
    version = resource("AWS::Lambda::Version", FunctionName={"Ref": "F"})
    number = attribute("V", "Version")
    alias = resource(
        "AWS::Lambda::Alias", FunctionName={"Ref": "F"}, Name="live", FunctionVersion=number
    )
    permission = resource(
        "AWS::Lambda::Permission",
        FunctionName={"Ref": "F"},
        Action="lambda:InvokeFunction",
        Principal="events.amazonaws.com",
    )
    resources = {"Role": role(), "F": function(stack.name), "V": version, "A": alias}
    assert stack.deploy({**resources, "P": permission}) == "CREATE_COMPLETE"
    functions = stack.aws.client("lambda")
    found = functions.get_alias(FunctionName=stack.name, Name="live")
    policy = json.loads(functions.get_policy(FunctionName=stack.name)["Policy"])
    assert found["FunctionVersion"] == "1"
    assert policy["Statement"][0]["Principal"] == {"Service": "events.amazonaws.com"}


def test_a_schedule_is_in_its_group(stack: Stack) -> None:
    target = {"Arn": attribute("Q", "Arn"), "RoleArn": attribute("Role", "Arn")}
    schedule = resource(
        "AWS::Scheduler::Schedule",
        Name="tick",
        GroupName={"Ref": "G"},
        FlexibleTimeWindow={"Mode": "OFF"},
        ScheduleExpression="rate(5 minutes)",
        Target=target,
    )
    group = resource("AWS::Scheduler::ScheduleGroup", Name=stack.name)
    resources = {"Role": role(), "Q": resource("AWS::SQS::Queue"), "G": group, "S": schedule}
    assert stack.deploy(resources) == "CREATE_COMPLETE"
    found = stack.aws.client("scheduler").get_schedule(GroupName=stack.name, Name="tick")
    assert found["Target"]["Arn"].startswith("arn:aws:sqs:")


def test_a_topic_sends_to_its_subscribers(stack: Stack) -> None:
    subscription = resource(
        "AWS::SNS::Subscription",
        TopicArn={"Ref": "T"},
        Protocol="sqs",
        Endpoint=attribute("Q", "Arn"),
        RawMessageDelivery="true",
    )
    resources = {"T": resource("AWS::SNS::Topic"), "Q": resource("AWS::SQS::Queue")}
    stack.deploy({**resources, "S": subscription})
    stack.aws.client("sns").publish(TopicArn=stack.physical_id("T"), Message="said")
    received = stack.aws.client("sqs").receive_message(QueueUrl=stack.physical_id("Q"))
    assert [it["Body"] for it in received["Messages"]] == ["said"]


def test_a_composite_alarm_and_a_dashboard_are_made(stack: Stack) -> None:
    composite = resource("AWS::CloudWatch::CompositeAlarm", AlarmName=stack.name, AlarmRule="TRUE")
    dashboard = resource(
        "AWS::CloudWatch::Dashboard", DashboardName=stack.name, DashboardBody='{"widgets":[]}'
    )
    stack.deploy({"A": composite, "D": dashboard})
    cloudwatch = stack.aws.client("cloudwatch")
    kinds = {"AlarmNames": [stack.name], "AlarmTypes": ["CompositeAlarm"]}
    (found,) = cloudwatch.describe_alarms(**kinds)["CompositeAlarms"]
    body = cloudwatch.get_dashboard(DashboardName=stack.name)["DashboardBody"]
    assert found["AlarmRule"] == "TRUE"
    assert json.loads(body) == {"widgets": []}


def test_a_database_and_a_table_of_glue_are_made(stack: Stack) -> None:
    database = resource(
        "AWS::Glue::Database",
        CatalogId={"Ref": "AWS::AccountId"},
        DatabaseName=stack.name,
        DatabaseInput={"Name": stack.name, "Description": "said"},
    )
    made = resource(
        "AWS::Glue::Table",
        CatalogId={"Ref": "AWS::AccountId"},
        DatabaseName={"Ref": "D"},
        TableInput={"Name": "t", "TableType": "EXTERNAL_TABLE"},
    )
    stack.deploy({"D": database, "T": made})
    glue = stack.aws.client("glue")
    assert glue.get_database(Name=stack.name)["Database"]["Description"] == "said"
    assert glue.get_table(DatabaseName=stack.name, Name="t")["Table"]["Name"] == "t"
