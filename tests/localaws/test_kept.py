"""What a local AWS keeps in a folder, seen by real processes that end well or are killed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import localaws
from localaws import LocalAws
from localaws.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.slow  # each test starts processes

SDK = Path(localaws.__file__).parents[1]
BEGIN = """
import json, sys
from pathlib import Path
from localaws import LocalAws
aws = LocalAws.start(data=Path(sys.argv[1]))
s3, dynamodb, glue = (aws.client(name) for name in ("s3", "dynamodb", "glue"))
"""
FILL = """
s3.create_bucket(Bucket="lake")
s3.put_bucket_versioning(Bucket="lake", VersioningConfiguration={"Status": "Enabled"})
for body in (b"first", b"second", b"x" * 100_000):
    s3.put_object(Bucket="lake", Key="a/b c", Body=body, Metadata={"made": "here"})
s3.put_object(Bucket="lake", Key="gone", Body=b"gone")
s3.delete_object(Bucket="lake", Key="gone")
dynamodb.create_table(
    TableName="items", BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"},
               {"AttributeName": "sk", "KeyType": "RANGE"}],
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"},
                          {"AttributeName": "sk", "AttributeType": "B"}],
)
dynamodb.put_item(TableName="items", Item={
    "pk": {"S": "one"}, "sk": {"B": b"\\x00\\xff"}, "n": {"N": "1.50"}, "no": {"NULL": True},
    "b": {"BOOL": False}, "ss": {"SS": ["a", "b"]}, "bs": {"BS": [b"\\x01"]},
    "l": {"L": [{"N": "1"}, {"M": {"in": {"B": b"\\x02"}}}, {"L": []}]}, "m": {"M": {}},
})
dynamodb.update_time_to_live(
    TableName="items", TimeToLiveSpecification={"Enabled": True, "AttributeName": "e"})
glue.create_database(DatabaseInput={"Name": "lake"})
table = {"Name": "events", "StorageDescriptor": {"Columns": [{"Name": "a", "Type": "int"}]}}
glue.create_table(DatabaseName="lake", TableInput=table)
glue.update_table(DatabaseName="lake", TableInput={**table, "Description": "changed"})
glue.create_table_optimizer(
    CatalogId="123456789012", DatabaseName="lake", TableName="events", Type="compaction",
    TableOptimizerConfiguration={"roleArn": "arn:aws:iam::123456789012:role/r", "enabled": True})
aws.client("ssm").put_parameter(
    Name="/a", Type="String", Value="1", Tags=[{"Key": "k", "Value": "v"}])
aws.client("ssm").put_parameter(Name="/a", Type="String", Value="2", Overwrite=True)
aws.client("athena").create_work_group(Name="team")
aws.client("sqs").create_queue(QueueName="left")
aws.client("sqs").send_message(QueueUrl=aws.client("sqs").get_queue_url(
    QueueName="left")["QueueUrl"], MessageBody="hello")
aws.client("kms").create_alias(
    AliasName="alias/own", TargetKeyId=aws.client("kms").create_key(
        KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"])
"""
SHOW = """
def plain(answer):
    answer.pop("ResponseMetadata", None)
    return json.loads(json.dumps(answer, default=repr))

versions = s3.list_object_versions(Bucket="lake")
kms, ssm = aws.client("kms"), aws.client("ssm")
print(json.dumps([plain(answer) for answer in (
    {"bodies": [s3.get_object(Bucket="lake", Key="a/b c", VersionId=one["VersionId"])[
        "Body"].read().decode() for one in versions["Versions"] if one["Key"] == "a/b c"]},
    versions,
    s3.head_object(Bucket="lake", Key="a/b c"),
    dynamodb.describe_table(TableName="items"),
    dynamodb.describe_time_to_live(TableName="items"),
    dynamodb.scan(TableName="items"),
    glue.get_table_versions(DatabaseName="lake", TableName="events"),
    glue.get_table_optimizer(CatalogId="123456789012", DatabaseName="lake", TableName="events",
                             Type="compaction"),
    ssm.get_parameter_history(Name="/a"),
    ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId="/a"),
    aws.client("athena").get_work_group(WorkGroup="team")["WorkGroup"]["Configuration"],
    kms.get_public_key(KeyId="alias/own"),
    aws.client("sqs").get_queue_attributes(QueueUrl=aws.client("sqs").get_queue_url(
        QueueName="left")["QueueUrl"], AttributeNames=["ApproximateNumberOfMessages"]),
)]))
"""
STOP = "\naws.stop()\n"


def arguments(program: str, folder: Path) -> list[str]:
    code = f"import sys; sys.path.insert(0, {str(SDK)!r})\n{BEGIN}{program}"
    return [sys.executable, "-I", "-c", code, str(folder)]


def ran(program: str, folder: Path) -> str:
    """What a process prints that starts a local AWS with the folder."""
    done = subprocess.run(  # noqa: S603 - our own program
        arguments(program, folder), check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@contextmanager
def running(program: str, folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(  # noqa: S603 - our own program
        arguments(program, folder),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def refusal(program: str, folder: Path) -> str:
    done = subprocess.run(  # noqa: S603 - our own program
        arguments(program, folder), check=False, capture_output=True, text=True
    )
    assert done.returncode == 1
    return done.stderr.splitlines()[-1]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Any]:
    """A folder that a process filled and left, and what that process saw in its AWS."""
    folder = tmp_path_factory.mktemp("kept") / "data"
    return folder, json.loads(ran(FILL + SHOW + STOP, folder))


def test_another_process_sees_what_the_one_before_saw(filled: tuple[Path, Any]) -> None:
    folder, seen = filled
    assert json.loads(ran(SHOW + STOP, folder)) == seen


def test_a_key_signs_as_the_same_key_in_another_process(filled: tuple[Path, Any]) -> None:
    folder, _ = filled
    named = 'KeyId="alias/own", Message=b"m", SigningAlgorithm="ECDSA_SHA_256"'
    signature = ran(f"print(aws.client('kms').sign({named})['Signature'].hex())", folder).strip()
    check = f"aws.client('kms').verify({named}, Signature=bytes.fromhex('{signature}'))"
    assert ran(f"print({check}['SignatureValid'])", folder).strip() == "True"


def test_what_a_query_wrote_is_read_by_a_query_of_another_process(tmp_path: Path) -> None:
    query = """
import awswrangler as wr
wr.config.athena_query_wait_polling_delay = 0.02
def rows(sql):
    return wr.athena.read_sql_query(
        sql, "lake", ctas_approach=False, s3_output="s3://lake/results/",
        boto3_session=aws.session(),
    ).to_dict("records")
"""
    make = """
s3.create_bucket(Bucket="lake")
glue.create_database(DatabaseInput={"Name": "lake"})
wr.athena.start_query_execution(
    "CREATE TABLE made WITH (external_location = 's3://lake/made/') AS SELECT 7 AS seven",
    "lake", s3_output="s3://lake/results/", boto3_session=aws.session(), wait=True)
"""
    ran(query + make + STOP, tmp_path)
    assert ran(query + "print(rows('SELECT seven FROM made'))", tmp_path) == "[{'seven': 7}]\n"


def test_a_users_key_is_good_in_another_process(tmp_path: Path) -> None:
    make = """
iam = aws.client("iam")
iam.create_user(UserName="ann")
iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=json.dumps({
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sqs:ListQueues", "Resource": "*"}]}))
key = iam.create_access_key(UserName="ann")["AccessKey"]
print(json.dumps([key["AccessKeyId"], key["SecretAccessKey"]]))
"""
    key_id, secret = json.loads(ran(make + STOP, tmp_path))
    use = f"""
from localaws.core.session import LocalSession
key = {{"aws_access_key_id": {key_id!r}, "aws_secret_access_key": {secret!r}}}
ann = LocalSession(aws.endpoint, aws.region, key)
ann.client("sqs").list_queues()
try:
    ann.client("s3").list_buckets()
except Exception as error:
    print(error.response["Error"]["Code"])
"""
    assert ran(use, tmp_path).strip() == "AccessDenied"


def test_the_key_of_the_local_aws_is_not_in_the_folder(filled: tuple[Path, Any]) -> None:
    folder, _ = filled
    show = 'print(aws.environment["AWS_ACCESS_KEY_ID"])\ns3.create_bucket(Bucket="another")'
    key = ran(show + STOP, folder).strip()
    assert len(key) > 20
    assert not any(key.encode() in file.read_bytes() for file in folder.iterdir())


def test_the_folder_is_its_owners_alone(filled: tuple[Path, Any]) -> None:
    folder, _ = filled
    kept = list(folder.iterdir())  # SQLite has files beside the first one while it is written
    assert kept
    for path in (folder, *kept):
        assert path.stat().st_mode & 0o077 == 0, path


WRITE_ON = """
import time
from itertools import count
s3.create_bucket(Bucket="lake")
dynamodb.create_table(
    TableName="items", BillingMode="PAY_PER_REQUEST",
    KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}])
for number in count():
    s3.put_object(Bucket="lake", Key=f"{number:06}", Body=f"{number}".encode() * 5000)
    dynamodb.put_item(TableName="items", Item={"pk": {"S": f"{number:06}"}})
    print(number, flush=True)
    if number % 40 == 0:
        time.sleep(1.2)  # a pause, in which a snapshot begins
"""
COUNT = """
objects = s3.list_objects_v2(Bucket="lake").get("Contents", [])
bodies = [s3.get_object(Bucket="lake", Key=one["Key"])["Body"].read().decode() for one in objects]
items = dynamodb.scan(TableName="items")["Items"]
print(json.dumps([[one["Key"] for one in objects], bodies,
                  sorted(one["pk"]["S"] for one in items)]))
"""


@pytest.mark.parametrize("moment", [90, 215])
def test_a_killed_process_leaves_what_there_was_at_one_instant(tmp_path: Path, moment: int) -> None:
    # It dies at any point of writing to AWS or to the folder: the folder is written all the time.
    with running(WRITE_ON, tmp_path) as process:
        assert process.stdout is not None
        while int(process.stdout.readline()) < moment:
            pass
        process.kill()
    keys, bodies, items = json.loads(ran(COUNT, tmp_path))
    written = [f"{number:06}" for number in range(len(keys))]
    assert keys == written
    assert bodies == [str(number) * 5000 for number in range(len(keys))]
    assert items in (written, written[:-1])
    assert keys


def test_bytes_that_nothing_refers_to_leave_the_folder(tmp_path: Path) -> None:
    def size() -> int:
        return sum(file.stat().st_size for file in tmp_path.iterdir())

    make = 's3.create_bucket(Bucket="lake")\ns3.put_object(Bucket="lake", Key="k", Body=b"%a" % {})'
    ran(make.format("list(range(200_000))") + STOP, tmp_path)
    large = size()
    ran('s3.delete_object(Bucket="lake", Key="k")' + STOP, tmp_path)
    assert large > 1_000_000 > size()


def test_two_processes_do_not_share_a_folder(tmp_path: Path) -> None:
    with running("print('up', flush=True)\nsys.stdin.read()", tmp_path) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        assert refusal("", tmp_path).endswith(f"another local AWS uses the folder {tmp_path}")


def test_what_another_moto_wrote_is_refused(tmp_path: Path) -> None:
    ran(STOP, tmp_path)
    with sqlite3.connect(tmp_path / "localaws.sqlite") as database:
        database.execute("UPDATE about SET value = '4.0.1' WHERE name = 'moto'")
    database.close()
    assert "was written with moto 4.0.1" in refusal("", tmp_path)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "localaws.sqlite").write_bytes(b"something else entirely" * 100)
    assert "cannot be used: file is not a database" in refusal("", tmp_path)


def test_a_state_that_is_none_is_refused(tmp_path: Path) -> None:
    ran('s3.create_bucket(Bucket="lake")' + STOP, tmp_path)
    with sqlite3.connect(tmp_path / "localaws.sqlite") as database:
        database.execute("UPDATE state SET content = ?", (b"\x80\x05}.",))
    database.close()
    assert f"the folder {tmp_path} cannot be read" in refusal("", tmp_path)


def test_a_local_aws_that_runs_already_takes_no_folder(aws: LocalAws, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="runs already"):
        LocalAws.start(data=tmp_path)
    assert aws.client("s3").list_buckets()


def test_a_process_whose_aws_holds_something_takes_no_folder(tmp_path: Path) -> None:
    again = 'aws.stop()\nLocalAws.start(data=Path("elsewhere"))'
    assert "needs a process of its own" in refusal(
        's3.create_bucket(Bucket="lake")\n' + again, tmp_path
    )


def test_who_makes_what_is_not_kept_is_told(tmp_path: Path) -> None:
    program = """
template = {"Resources": {"B": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "lake"}}}}
aws.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps(template))
aws.client("cloudformation").get_waiter("stack_create_complete").wait(StackName="s")
"""
    with running(program + STOP, tmp_path) as process:
        _, told = process.communicate()
    assert process.returncode == 0, told
    assert "what cloudformation holds is not kept" in told
    assert "what s3 holds" not in told


def test_what_is_erased_is_erased_in_the_folder(tmp_path: Path) -> None:
    reset = """
s3.create_bucket(Bucket="lake")
import urllib.request
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
asked = AWSRequest("POST", aws.endpoint + "/moto-api/reset")
SigV4Auth(aws.session().get_credentials(), "moto", "us-east-1").add_auth(asked)
urllib.request.urlopen(urllib.request.Request(
    asked.url, method="POST", headers=dict(asked.headers))).read()
"""
    ran(reset + STOP, tmp_path)
    assert ran('print(s3.list_buckets()["Buckets"])', tmp_path) == "[]\n"
