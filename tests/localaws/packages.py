"""Lambda functions for tests: their zips, and how they are made and invoked."""

from __future__ import annotations

import io
import json
import textwrap
import uuid
import zipfile
from typing import TYPE_CHECKING, Any

from tests.localaws.roles import a_role_for_all

if TYPE_CHECKING:
    from localaws import LocalAws

ROLE_NAME = "function"


def a_zip(source: str, **others: str) -> bytes:
    """A package whose handler is `app.handler`; other modules by their names."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("app.py", textwrap.dedent(source))
        for module, text in others.items():
            archive.writestr(f"{module}.py", textwrap.dedent(text))
    return content.getvalue()


def a_layer(**modules: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for module, text in modules.items():
            archive.writestr(f"python/{module}.py", textwrap.dedent(text))
    return content.getvalue()


def a_role(aws: LocalAws) -> str:
    """The functions' role, which Lambda may assume; its ARN."""
    return a_role_for_all(aws, ROLE_NAME)


def a_function(aws: LocalAws, source: str, **options: Any) -> str:
    """Make a function; its name."""
    name = f"test-{uuid.uuid4().hex}"
    aws.client("lambda").create_function(
        **{
            "FunctionName": name,
            "Runtime": "python3.11",
            "Role": a_role(aws),
            "Handler": "app.handler",
            "Code": {"ZipFile": a_zip(source)},
            "Timeout": 30,
            "MemorySize": 512,
            **options,
        }
    )
    return name


def invoke(aws: LocalAws, function: str, event: Any = None, **options: Any) -> Any:
    """Invoke a function; its parsed answer, or the error object it answers with."""
    return json.loads(call(aws, function, event, **options)["Payload"].read())


def call(aws: LocalAws, function: str, event: Any = None, **options: Any) -> Any:
    payload = json.dumps({} if event is None else event)
    return aws.client("lambda").invoke(FunctionName=function, Payload=payload, **options)


def log_of(aws: LocalAws, group: str) -> list[str]:
    logs = aws.client("logs")
    return [
        event["message"]
        for stream in logs.describe_log_streams(logGroupName=group)["logStreams"]
        for event in logs.get_log_events(
            logGroupName=group, logStreamName=stream["logStreamName"], startFromHead=True
        )["events"]
    ]
