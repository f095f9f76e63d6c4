"""The packages that were deployed: what is in them, and that they start and do their work."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from deployment.cdk_cli import PROJECT
from tests.deployment.test_rights import role_of

if TYPE_CHECKING:
    from tests.deployment.jobs import RunningJobs

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")
NAMES = ("plan", "write", "days", "commit", "watch", "check")
# The managed layer brings them to the one function that compares with history.
FRAMES = ("pandas", "pyarrow", "numpy", "awswrangler", "duckdb", "pyiceberg", "moto")


def invoked(jobs: RunningJobs, name: str, event: dict[str, Any]) -> Any:
    """A function's answer."""
    answer = jobs.aws.client("lambda").invoke(
        FunctionName=f"skewless-{jobs.store.name}-{name}", Payload=json.dumps(event).encode()
    )
    body = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, body
    return body


@pytest.mark.parametrize("name", NAMES)
def test_a_package_is_small_and_carries_no_frames(jobs: RunningJobs, name: str) -> None:
    function = jobs.aws.client("lambda").get_function(
        FunctionName=f"skewless-{jobs.store.name}-{name}"
    )
    assert function["Configuration"]["Architectures"] == ["arm64"]
    assert function["Configuration"]["CodeSize"] < 8_000_000
    inside = zipfile.ZipFile(io.BytesIO(_code(jobs, name))).namelist()
    assert f"lambdas/{name}/handler.py" in inside
    tops = {path.partition("/")[0] for path in inside}
    assert not tops & set(FRAMES)
    assert any(path.endswith(".pyc") for path in inside)


def test_the_watch_measures_and_asks_for_nothing_it_may_not(jobs: RunningJobs) -> None:
    view = jobs.a_view()
    assert jobs.run(view)["status"] == "SUCCEEDED"
    answer = invoked(jobs, "watch", {})
    assert answer["views"] >= 1
    role = role_of(jobs.aws, f"skewless-{jobs.store.name}-watch")
    assert not jobs.aws.calls.refused_of(role)
    found = jobs.aws.client("cloudwatch").list_metrics(
        Namespace="skewless", MetricName="OverdueSeconds"
    )
    dimensions = [
        {item["Name"]: item["Value"] for item in metric["Dimensions"]}
        for metric in found["Metrics"]
    ]
    assert {"Store": jobs.store.name, "View": f"{view.name}@1"} in dimensions


def test_the_check_compares_under_its_own_rights(jobs: RunningJobs) -> None:
    view = jobs.a_view()
    assert jobs.run(view)["status"] == "SUCCEEDED"
    answer = invoked(jobs, "check", {})
    assert answer["compared"] > 0
    assert answer["mismatches"] == 0
    role = role_of(jobs.aws, f"skewless-{jobs.store.name}-check")
    assert not jobs.aws.calls.refused_of(role)


def test_an_event_that_lacks_something_is_refused_with_what_it_lacks(jobs: RunningJobs) -> None:
    answer = jobs.aws.client("lambda").invoke(
        FunctionName=f"skewless-{jobs.store.name}-plan", Payload=b"{}"
    )
    body = json.loads(answer["Payload"].read())
    assert answer["FunctionError"] == "Unhandled"
    assert body["errorType"] == "InputError"
    assert "the event has no 'view'" in body["errorMessage"]


def _code(jobs: RunningJobs, name: str) -> bytes:
    """The zip that was uploaded: by its hash among the packages that were built."""
    wanted = jobs.aws.client("lambda").get_function_configuration(
        FunctionName=f"skewless-{jobs.store.name}-{name}"
    )["CodeSha256"]
    for path in (PROJECT / ".skewless" / "packages").glob(f"{name}-*.zip"):
        content = path.read_bytes()
        if base64.b64encode(hashlib.sha256(content).digest()).decode() == wanted:
            return content
    raise AssertionError(f"no package of {name} has the hash {wanted}")
