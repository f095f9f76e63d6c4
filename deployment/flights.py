"""The flights, on deployed stacks: what a team does with a store, in the order it does it.

The flights are real, and moved in time: by a whole number of days, so that the last of them landed
within the last day. The functions of the store go by the machine's clock, and so does serving.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from deployment.cdk_cli import PROJECT
from localaws.deploy.roles import credentials_of
from skewless import FeatureStore
from skewless.demo.example import Example

if TYPE_CHECKING:
    from pathlib import Path

    from localaws import LocalAws
    from skewless.jobs.executions import Execution
    from skewless.verify import Report

EXAMPLE = PROJECT / "examples" / "flights"
SERVICE = "arrival_model"
_PATIENCE = 600


# Lambda's own line after an invocation; the first of a process says how long its start took.
_REPORT = re.compile(r"Max Memory Used: (\d+) MB\s+Init Duration: ([\d.]+) ms")


@dataclass(frozen=True, slots=True)
class Started:
    """A function's first start.

    Attributes:
        function: its name.
        megabytes: of its zip.
        seconds: that its process took to be ready.
        memory: megabytes, at most, of its first call.
    """

    function: str
    megabytes: float
    seconds: float
    memory: int


class DeploymentError(RuntimeError):
    """Something deployed did not do what it is for."""


@dataclass
class Flights:
    """One deployed store and its flights.

    Attributes:
        aws: where it is deployed.
        store_name: the store's.
        days: how many of the year's last days are loaded; None for all.
    """

    aws: LocalAws
    store_name: str = "dev"
    days: int | None = None
    live: pd.DataFrame = field(default_factory=pd.DataFrame)

    @cached_property
    def store(self) -> FeatureStore:
        """The store as a person with all rights uses it."""
        return FeatureStore.connect(self.store_name, session=self.aws.session())

    @cached_property
    def example(self) -> Example:
        """The example's modules."""
        return Example.load()

    @cached_property
    def _frames(self) -> dict[str, pd.DataFrame]:
        """What the year 2013 holds."""
        data = self.example.data
        names = ("flights", "weather", "planes", "departures")
        return {name: getattr(data, name)() for name in names}

    @cached_property
    def moved_by(self) -> pd.Timedelta:
        """How far the year 2013 is moved."""
        last = self._frames["flights"]["arrived_at"].max()
        return pd.Timedelta(days=(pd.Timestamp.now(tz="UTC") - last) // pd.Timedelta(days=1))

    def read(self) -> None:
        """Read the year 2013, which takes a while."""
        self.moved_by  # noqa: B018 - it is kept, as are the frames

    def load(self) -> dict[str, int]:
        """Publish the definitions and load history; return the rows by source.

        The flights of the last six hours are kept back: they arrive while the store is in use.
        """
        self.store.apply(self.example.definitions)
        frames = {
            "flights": self._moved(self._frames["flights"], "arrived_at"),
            "weather": self._moved(self._frames["weather"], "observed_at"),
            "plane_registry": self._moved(self._frames["planes"], "registered_at", whole=True),
        }
        is_live = frames["flights"]["arrived_at"] > _last(frames["flights"]) - pd.Timedelta("6h")
        self.live = frames["flights"][is_live]
        frames["flights"] = frames["flights"][~is_live]
        rows = {}
        for source, frame in frames.items():
            rows[source] = self.store.backfill(source, frame).accepted
        return rows

    def ingest(self) -> int:
        """Take in the flights that were kept back, as they would arrive."""
        return self.store.ingest("flights", self.live).accepted

    def labels(self) -> pd.DataFrame:
        """Departures with their labels, as far as history is loaded."""
        return self._moved(self._frames["departures"], "event_timestamp", "label_known_at")

    def fire(self) -> list[Execution]:
        """Let every schedule fire as at its view's next cut."""
        midnight = pd.Timestamp.now(tz="UTC").normalize() + pd.Timedelta(days=1)
        machine = self._jobs["state_machine"]
        client = self.aws.client("stepfunctions")
        before = {item["executionArn"] for item in _executions(client, machine)}
        self.aws.scheduler.tick(midnight.to_pydatetime())
        return [item for item in _executions(client, machine) if item["executionArn"] not in before]

    def wait(self) -> int:
        """Wait until no execution runs; return how many there were.

        Raises:
            DeploymentError: one failed.
        """
        client, machine = self.aws.client("stepfunctions"), self._jobs["state_machine"]
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found = {item["executionArn"]: item["status"] for item in _executions(client, machine)}
            if "RUNNING" not in found.values():
                break
            time.sleep(0.5)
        failed = [arn for arn, status in found.items() if status != "SUCCEEDED"]
        if failed:
            told = [client.describe_execution(executionArn=arn) for arn in failed]
            causes = "\n".join(
                f"{item['status']} {item['input']}: {item.get('error')}: {item.get('cause')}"
                for item in told
            )
            raise DeploymentError(f"{len(failed)} executions did not succeed:\n{causes}")
        return len(found)

    def lock(self, path: Path) -> Path:
        """Pin the service, for the inference function's bundle."""
        self.store.lock(SERVICE, path)
        return path

    def ask(self, rows: list[dict[str, Any]], now: str | None = None) -> dict[str, Any]:
        """Invoke the inference function."""
        event = {"flights": rows} if now is None else {"flights": rows, "now": now}
        answer = self.aws.client("lambda").invoke(
            FunctionName=self._output("InferenceFunction"), Payload=json.dumps(event).encode()
        )
        body = json.loads(answer["Payload"].read())
        if "FunctionError" in answer:
            raise DeploymentError(f"the inference function failed: {body}")
        found: dict[str, Any] = body
        return found

    def packages(self) -> list[Started]:
        """What each function's package weighs, and how its first process started."""
        client, found = self.aws.client("lambda"), []
        for page in client.get_paginator("list_functions").paginate():
            for function in page["Functions"]:
                group = function.get("LoggingConfig", {}).get("LogGroup")
                report = self._first_report(group or f"/aws/lambda/{function['FunctionName']}")
                if report is not None:
                    size = function["CodeSize"] / 1e6
                    found.append(Started(function["FunctionName"], size, *report))
        return found

    def train(self, folder: Path, labels: int = 2000) -> str:
        """Run the training script as SageMaker's script mode runs it, as the training role.

        The channel is a folder of Parquet files, arguments are hyperparameters, and the
        environment is that of a training container. Returns what the job printed.
        """
        channel = folder / "input" / "data" / "labels"
        for made in (channel, folder / "model", folder / "output" / "data"):
            made.mkdir(parents=True, exist_ok=True)
        sample = self.labels().tail(20 * labels).sample(labels, random_state=7)
        sample = sample.sort_values("event_timestamp", kind="stable", ignore_index=True)
        sample.to_parquet(channel / "part-0.parquet")
        middle = sample["event_timestamp"].iloc[3 * labels // 4].isoformat()
        role = self._credentials(self._output("TrainingRole"))
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, str(EXAMPLE / "train.py"), "--train-until", middle],
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(PROJECT / "sdk"),
                **self.aws.environment,
                **role,
                "SKEWLESS_STORE": self.store_name,
                "SM_CHANNEL_LABELS": str(channel),
                "SM_MODEL_DIR": str(folder / "model"),
                "SM_OUTPUT_DATA_DIR": str(folder / "output" / "data"),
            },
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise DeploymentError(f"the training job failed:\n{done.stdout}{done.stderr}")
        return str(done.stdout)

    def verify(self, sample: int = 200, engine: str = "athena") -> Report:
        """Compare history and serving as bits."""
        return self.store.verify(SERVICE, sample=sample, engine=engine)

    def requests(self, count: int) -> list[dict[str, Any]]:
        """Flights to ask for: the last to depart."""
        last = self.labels().tail(count)
        fields = ["carrier", "origin", "dest", "tailnum", "distance", "scheduled_hour", "weekday"]
        rows: list[dict[str, Any]] = json.loads(last[fields].to_json(orient="records"))
        return rows

    def _credentials(self, role: str) -> dict[str, str]:
        given = credentials_of(self.aws.endpoint, self.aws.region, role, "training")
        return {name.upper(): value for name, value in given.items()}

    def _moved(self, frame: pd.DataFrame, *times: str, whole: bool = False) -> pd.DataFrame:
        moved = frame.assign(**{time_: frame[time_] + self.moved_by for time_ in times})
        if self.days is None or whole:
            return moved
        first = pd.Timestamp.now(tz="UTC") - pd.Timedelta(days=self.days)
        return moved[moved[times[0]] >= first].reset_index(drop=True)

    def _first_report(self, group: str) -> tuple[float, int] | None:
        logs = self.aws.client("logs")
        try:
            pages = logs.get_paginator("filter_log_events").paginate(logGroupName=group)
            lines = [event["message"] for page in pages for event in page["events"]]
        except logs.exceptions.ResourceNotFoundException:
            return None
        for line in lines:
            if (found := _REPORT.search(line)) is not None:
                return float(found[2]) / 1000, int(found[1])
        return None

    def _output(self, name: str) -> str:
        stacks = self.aws.client("cloudformation").describe_stacks(StackName="skewless-flights")
        outputs = {
            item["OutputKey"]: item["OutputValue"] for item in stacks["Stacks"][0]["Outputs"]
        }
        return str(outputs[name])

    @cached_property
    def _jobs(self) -> dict[str, str]:
        name = f"/skewless/{self.store_name}/jobs"
        value = self.aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"]
        found: dict[str, str] = json.loads(value)
        return found


def _executions(client: Any, machine: str) -> list[Any]:
    pages = client.get_paginator("list_executions").paginate(stateMachineArn=machine)
    return [item for page in pages for item in page["executions"]]


def _last(flights: pd.DataFrame) -> pd.Timestamp:
    last: pd.Timestamp = flights["arrived_at"].max()
    return last
