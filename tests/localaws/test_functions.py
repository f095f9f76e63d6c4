"""Lambda functions run: their zips, as processes, with what the managed runtime has."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from localaws.deploy import functions
from tests.localaws.packages import a_function, a_layer, a_zip, call, invoke, log_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from localaws import LocalAws

ECHO = "def handler(event, context): return event"
ABOUT = """
import os, sys
def handler(event, context):
    return {"pid": os.getpid(), "path": sys.path, "variables": dict(os.environ),
            "function": context.function_name, "version": context.function_version,
            "arn": context.invoked_function_arn, "left": context.get_remaining_time_in_millis(),
            "memory": context.memory_limit_in_mb, "id": context.aws_request_id}
"""
SLEEP = """
import time
def handler(event, context):
    time.sleep(event["seconds"])
    return "awake"
"""


def eventually(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_function_answers_what_its_handler_returns(aws: LocalAws) -> None:
    answer = call(aws, a_function(aws, ECHO), {"key": [1, "ä"]})

    assert json.loads(answer["Payload"].read()) == {"key": [1, "ä"]}
    assert (answer["StatusCode"], answer["ExecutedVersion"]) == (200, "$LATEST")
    assert "FunctionError" not in answer


def test_a_function_sees_what_lambda_tells_it(aws: LocalAws) -> None:
    name = a_function(
        aws, ABOUT, Timeout=60, MemorySize=256, Environment={"Variables": {"STORE": "demo"}}
    )

    seen = invoke(aws, name)

    assert seen["function"] == seen["variables"]["AWS_LAMBDA_FUNCTION_NAME"] == name
    assert seen["arn"].endswith(f":function:{name}")
    assert (seen["memory"], seen["version"]) == ("256", "$LATEST")
    assert 0 < seen["left"] <= 60_000
    assert seen["variables"]["STORE"] == "demo"
    assert seen["variables"]["AWS_REGION"] == "us-east-1"
    assert seen["variables"]["AWS_ENDPOINT_URL"] == aws.endpoint


def test_nothing_of_the_hosts_environment_is_visible(
    aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOST_SECRET", "visible")

    seen = invoke(aws, a_function(aws, ABOUT))

    assert "HOST_SECRET" not in seen["variables"]
    assert seen["variables"]["HOME"] != str(Path.home())
    assert not any("site-packages" in entry for entry in seen["path"])


@pytest.mark.parametrize(
    "module", ["pandas", "pyarrow", "numpy", "skewless", "moto", "duckdb", "pytest", "yaml"]
)
def test_a_function_cannot_import_what_it_does_not_bring(aws: LocalAws, module: str) -> None:
    __import__(module)  # it is there, for us

    answer = invoke(aws, a_function(aws, f"import {module}\n{ECHO}"))

    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert f"No module named '{module}'" in answer["errorMessage"]


def test_a_function_has_the_managed_runtimes_boto3_and_its_roles_credentials(
    aws: LocalAws,
) -> None:
    source = """
    import boto3
    def handler(event, context):
        return boto3.client("sts").get_caller_identity()["Arn"]
    """
    name = a_function(aws, source)

    assert invoke(aws, name) == f"arn:aws:sts::123456789012:assumed-role/function/{name}"


def test_an_exception_is_the_functions_error(aws: LocalAws) -> None:
    source = """
    class Poisoned(Exception): pass
    def handler(event, context): raise Poisoned("row 7")
    """
    answer = call(aws, a_function(aws, source))

    error = json.loads(answer["Payload"].read())
    assert answer["FunctionError"] == "Unhandled"
    assert (error["errorType"], error["errorMessage"]) == ("Poisoned", "row 7")


def test_a_function_that_takes_too_long_is_killed(aws: LocalAws) -> None:
    name = a_function(aws, SLEEP, Timeout=1)

    error = invoke(aws, name, {"seconds": 60})

    assert error["errorType"] == "Sandbox.Timedout"
    assert error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    eventually(lambda: not functions.environments(name))
    assert invoke(aws, name, {"seconds": 0}) == "awake"


def test_a_function_that_exits_is_an_exit_error(aws: LocalAws) -> None:
    name = a_function(aws, "import os\ndef handler(event, context): os._exit(3)")

    error = invoke(aws, name)

    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith("Runtime exited with error: exit status 3")


def test_a_function_that_cannot_be_loaded_says_why_each_time(aws: LocalAws) -> None:
    name = a_function(aws, "1 / 0")

    for _ in range(2):
        assert invoke(aws, name)["errorType"] == "ZeroDivisionError"


def test_an_environment_killed_in_the_middle_is_replaced(aws: LocalAws) -> None:
    name = a_function(aws, SLEEP)
    answers = []
    caller = threading.Thread(target=lambda: answers.append(invoke(aws, name, {"seconds": 25})))
    caller.start()
    eventually(lambda: any(running.is_busy for running in functions.environments(name)))

    (running,) = functions.environments(name)
    running.kill()

    caller.join()
    assert answers[0]["errorType"] == "Runtime.ExitError"
    assert answers[0]["errorMessage"].endswith("signal: killed")
    assert invoke(aws, name, {"seconds": 0}) == "awake"


def test_an_idle_environment_is_used_again(aws: LocalAws) -> None:
    name = a_function(aws, ABOUT)

    assert invoke(aws, name)["pid"] == invoke(aws, name)["pid"]


def test_an_environment_works_on_one_event_at_a_time(aws: LocalAws) -> None:
    source = """
    import os, time
    def handler(event, context):
        time.sleep(1)
        return os.getpid()
    """
    name = a_function(aws, source)

    with ThreadPoolExecutor(3) as pool:
        pids = set(pool.map(lambda _: invoke(aws, name), range(3)))

    assert len(pids) == 3
    assert len(functions.environments(name)) == 3


def test_new_code_and_new_configuration_replace_the_environments(aws: LocalAws) -> None:
    name = a_function(aws, "import os\ndef handler(event, context): return os.environ.get('A')")
    client = aws.client("lambda")
    assert invoke(aws, name) is None

    client.update_function_configuration(FunctionName=name, Environment={"Variables": {"A": "new"}})
    assert invoke(aws, name) == "new"

    client.update_function_code(FunctionName=name, ZipFile=a_zip(ECHO))
    assert invoke(aws, name, 7) == 7
    assert len(functions.environments(name)) == 1


def test_a_deleted_functions_environments_end(aws: LocalAws) -> None:
    name = a_function(aws, ABOUT)
    pid = invoke(aws, name)["pid"]

    aws.client("lambda").delete_function(FunctionName=name)

    assert functions.environments(name) == []
    eventually(lambda: not is_running(pid))


def test_an_alias_stays_with_its_version(aws: LocalAws) -> None:
    name = a_function(aws, "def handler(event, context): return context.function_version")
    client = aws.client("lambda")
    version = client.publish_version(FunctionName=name)["Version"]
    client.create_alias(FunctionName=name, Name="live", FunctionVersion=version)
    client.update_function_code(FunctionName=name, ZipFile=a_zip(ECHO))

    assert invoke(aws, name, "new") == "new"
    assert invoke(aws, name, Qualifier="live") == version
    assert invoke(aws, f"{name}:live") == version
    assert call(aws, name, Qualifier="live")["ExecutedVersion"] == version


def test_code_comes_from_s3(aws: LocalAws) -> None:
    bucket = f"test-{uuid.uuid4().hex}"
    s3 = aws.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="asset.zip", Body=a_zip(ECHO))

    name = a_function(aws, "", Code={"S3Bucket": bucket, "S3Key": "asset.zip"})

    assert invoke(aws, name, 1) == 1


def test_a_layers_modules_can_be_imported(aws: LocalAws) -> None:
    layer = aws.client("lambda").publish_layer_version(
        LayerName=f"test-{uuid.uuid4().hex}", Content={"ZipFile": a_layer(shared="ANSWER = 42")}
    )
    source = "import shared\ndef handler(event, context): return shared.ANSWER"

    assert invoke(aws, a_function(aws, source, Layers=[layer["LayerVersionArn"]])) == 42


def test_an_answer_of_more_than_six_megabytes_is_an_error(aws: LocalAws) -> None:
    name = a_function(aws, "def handler(event, context): return 'x' * event")

    assert len(invoke(aws, name, 6_000_000)) == 6_000_000
    assert invoke(aws, name, 6_300_000)["errorType"] == "Function.ResponseSizeTooLarge"


def test_a_dry_run_runs_nothing(aws: LocalAws) -> None:
    name = a_function(aws, ECHO)

    assert call(aws, name, InvocationType="DryRun")["StatusCode"] == 204
    assert functions.environments(name) == []


def test_an_event_is_worked_on_after_the_answer(aws: LocalAws) -> None:
    name = a_function(aws, SLEEP)

    assert call(aws, name, {"seconds": 0.5}, InvocationType="Event")["StatusCode"] == 202
    eventually(lambda: any(running.is_busy for running in functions.environments(name)))
    eventually(lambda: not any(running.is_busy for running in functions.environments(name)))
    eventually(lambda: any("REPORT" in line for line in log_of(aws, f"/aws/lambda/{name}")))


def test_a_payload_that_is_no_json_is_refused(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        aws.client("lambda").invoke(FunctionName=a_function(aws, ECHO), Payload="{")


def test_no_more_run_at_once_than_are_reserved(aws: LocalAws) -> None:
    name = a_function(aws, SLEEP)
    client = aws.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=1)
    call(aws, name, {"seconds": 25}, InvocationType="Event")
    eventually(lambda: any(running.is_busy for running in functions.environments(name)))

    with pytest.raises(client.exceptions.TooManyRequestsException):
        invoke(aws, name, {"seconds": 0})

    functions.environments(name)[0].kill()


def test_a_reservation_of_none_stops_a_function(aws: LocalAws) -> None:
    name = a_function(aws, ECHO)
    client = aws.client("lambda")
    client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)

    with pytest.raises(client.exceptions.TooManyRequestsException):
        invoke(aws, name)

    client.delete_function_concurrency(FunctionName=name)
    assert invoke(aws, name, 1) == 1


def test_the_log_has_the_functions_lines_between_lambdas(aws: LocalAws) -> None:
    name = a_function(aws, "def handler(event, context): print('one shard'); return 1")

    answer = call(aws, name, LogType="Tail")
    invoke(aws, name)

    first, second = log_of(aws, f"/aws/lambda/{name}")[:4], log_of(aws, f"/aws/lambda/{name}")[4:]
    assert [line.split()[0] for line in first] == ["START", "one", "END", "REPORT"]
    assert "Init Duration: " in first[3]
    assert "Max Memory Used: " in first[3]
    assert "Init Duration" not in second[3]
    assert base64.b64decode(answer["LogResult"]).decode().splitlines() == first


def test_a_log_goes_where_the_function_says(aws: LocalAws) -> None:
    group = f"/skewless/{uuid.uuid4().hex}"
    source = "import logging\ndef handler(event, context): logging.warning('late'); return 1"
    name = a_function(aws, source, LoggingConfig={"LogFormat": "JSON", "LogGroup": group})

    invoke(aws, name)

    records = [json.loads(line) for line in log_of(aws, group)]
    assert [record.get("type", record.get("message")) for record in records] == [
        "platform.start",
        "late",
        "platform.report",
    ]
    told = aws.client("lambda").get_function_configuration(FunctionName=name)
    assert told["LoggingConfig"] == {"LogFormat": "JSON", "LogGroup": group}


def test_metrics_embedded_in_the_log_are_counted(aws: LocalAws) -> None:
    namespace = f"test-{uuid.uuid4().hex}"
    source = f"""
    import json, time
    def handler(event, context):
        about = {{"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [{{
            "Namespace": "{namespace}", "Dimensions": [["view"]],
            "Metrics": [{{"Name": "Written", "Unit": "Count"}}]}}]}}
        print(json.dumps({{"_aws": about, "view": "clicks", "Written": [2, 3]}}))
    """
    invoke(aws, a_function(aws, source))

    (metric,) = aws.client("cloudwatch").list_metrics(Namespace=namespace)["Metrics"]
    assert metric["Dimensions"] == [{"Name": "view", "Value": "clicks"}]
    now = time.time()
    (point,) = aws.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName="Written",
        Dimensions=metric["Dimensions"],
        StartTime=now - 600,
        EndTime=now + 600,
        Period=3600,
        Statistics=["Sum", "SampleCount"],
    )["Datapoints"]
    assert (point["Sum"], point["SampleCount"]) == (5, 2)


def test_a_function_ends_with_the_interpreter_that_started_it() -> None:
    work = (
        "import json, sys, threading, time, os, uuid\n"
        "from localaws import LocalAws\nfrom localaws.deploy import functions\n"
        "from tests.localaws.packages import a_function, call\n"
        "aws = LocalAws.start(functions=True)\n"
        "name = a_function(aws, 'import time\\ndef handler(e, c): time.sleep(25)')\n"
        "call(aws, name, InvocationType='Event')\n"
        "while not any(e.is_busy for e in functions.environments(name)): time.sleep(0.01)\n"
        "print(functions.environments(name)[0].pid, flush=True)\n"
        "time.sleep(100)\n"
    )
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join((f"{root}/sdk", str(root)))}
    with subprocess.Popen(  # noqa: S603 our own interpreter and our own words
        [sys.executable, "-c", work], env=environment, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        pid = int(other.stdout.readline())
        os.kill(pid, 0)
        other.send_signal(signal.SIGKILL)

    eventually(lambda: not is_running(pid))


def is_running(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rsplit(")", 1)[1].split()[0] != "Z"


def test_no_more_run_at_once_than_an_account_may(aws: LocalAws) -> None:
    busy, other = a_function(aws, SLEEP), a_function(aws, ECHO)
    client = aws.client("lambda")
    with functions.limited(1) as fleet:
        call(aws, busy, {"seconds": 25}, InvocationType="Event")
        eventually(lambda: any(running.is_busy for running in functions.environments(busy)))
        with pytest.raises(client.exceptions.TooManyRequestsException):
            invoke(aws, other, 1)
        assert fleet.refused > 0
    assert invoke(aws, other, 1) == 1
    functions.environments(busy)[0].kill()


UNASKED = """
import json
from botocore.exceptions import ClientError
from moto.awslambda.models import lambda_backends
from localaws import LocalAws
from tests.localaws.packages import a_function, call

SOURCE = "def handler(event, context): return 1"
aws = LocalAws.start()


def refused(made):
    try:
        return made()
    except ClientError as error:
        return error.response["Error"]


found = [refused(lambda: a_function(aws, SOURCE))]
LocalAws.start(functions=True)
name = a_function(aws, SOURCE)
found.append(call(aws, name)["Payload"].read().decode())
aws.runs_functions = False
found.append(refused(lambda: call(aws, name)))
found.append(refused(lambda: call(aws, name, InvocationType="Event")))
print(json.dumps(found))
"""


def test_functions_are_made_and_run_only_if_the_user_says_so() -> None:
    ran = subprocess.run(  # noqa: S603 our own interpreter and our own words
        [sys.executable, "-c", UNASKED], capture_output=True, text=True, check=True
    )
    made, answer, *refused = json.loads(ran.stdout)
    assert answer == "1"
    for error in (made, *refused):
        assert error["Code"] == "AccessDeniedException"
        assert "Start it with --functions" in error["Message"]


UNSIGNED_WAY = """
import urllib3
from moto.awslambda.models import lambda_backends
from localaws import LocalAws

aws = LocalAws.start()
scope = f"{aws.environment['AWS_ACCESS_KEY_ID']}/20260101/us-east-1/s3/aws4_request"
made = urllib3.request(
    "POST",
    f"{aws.endpoint}/lambda_us-east-1/functions?X-Amz-Credential={scope}",
    json={"FunctionName": "f", "Runtime": "python3.11", "Role": "arn:aws:iam::1:role/r",
          "Handler": "a.b", "Code": {"ZipFile": "eA=="}},
    timeout=60,
)
assert made.status in {403, 404, 405}, made.data
assert not lambda_backends["123456789012"]["us-east-1"].list_functions()
"""


def test_moto_s_own_way_to_lambda_asks_as_well() -> None:
    subprocess.run([sys.executable, "-c", UNSIGNED_WAY], check=True)  # noqa: S603 our own words
