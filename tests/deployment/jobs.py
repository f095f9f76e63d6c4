"""A deployed store's jobs: start cuts, wait for them, look at what they left."""

from __future__ import annotations

import itertools
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from skewless import Entity, Every, FeatureView, Source, agg
from skewless.aws import Jobs
from skewless.compiler.plan import plan_view
from skewless.online.address import view_partition
from skewless.types import Float64, String

if TYPE_CHECKING:
    from localaws import LocalAws
    from skewless import FeatureStore

STORE = "trial"
_NUMBERS = itertools.count(1)
_PATIENCE = 240


@dataclass
class RunningJobs:
    """The jobs of a store."""

    aws: LocalAws
    store: FeatureStore

    @cached_property
    def names(self) -> Jobs:
        """What runs the cuts."""
        found = Jobs.fetch(self.store.name, self.store.aws)
        assert found is not None
        return found

    def a_view(self, entities: int = 40, *, stream: bool = False) -> FeatureView:
        """Publish a view of a source of its own, and load three days of history.

        A stream has new events as well.
        """
        number = next(_NUMBERS)
        source = Source(
            f"payments_{number}",
            schema={"card": String, "amount": Float64, "shop": String},
            event_time="paid_at",
            delay="1m",
        )
        features: Any = {
            "mean_7d": agg.mean("amount", window="7d"),
            "largest_7d": agg.max("amount", window="7d"),
            "last_shop_7d": agg.last("shop", window="7d"),
        }
        view = FeatureView(
            f"spending_{number}",
            entity=Entity("card", keys={"card": String}),
            source=source,
            refresh="stream" if stream else Every("1d", delay="2h"),
            features=features,
        )
        self.store.apply([source, view])
        start = datetime.now(UTC) - timedelta(days=3)
        rows = [
            {
                "card": f"c{index % entities}",
                "amount": index / 7,
                "shop": "book",
                "paid_at": start + timedelta(seconds=60 * index),
            }
            for index in range(3 * entities)
        ]
        self.store.backfill(source, rows)
        if stream:
            self.store.ingest(source, rows[:entities:2])
        return view

    def start(self, view: FeatureView, cut: datetime | None = None) -> str:
        """Start a view's cuts; the execution."""
        return self.store.start_materialization(view, cut).arn

    def wait(self, execution: str) -> dict[str, Any]:
        """Wait for an execution to end."""
        client = self.aws.client("stepfunctions")
        deadline = time.monotonic() + _PATIENCE
        while time.monotonic() < deadline:
            found: dict[str, Any] = client.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.1)
        raise TimeoutError(execution)

    def run(self, view: FeatureView, cut: datetime | None = None) -> dict[str, Any]:
        """Start a view's cuts, and wait for them."""
        return self.wait(self.start(view, cut))

    def states(self, execution: str) -> list[str]:
        """The names of the states that an execution entered, in order."""
        pages = self.aws.client("stepfunctions").get_paginator("get_execution_history")
        return [
            event["stateEnteredEventDetails"]["name"]
            for page in pages.paginate(executionArn=execution)
            for event in page["events"]
            if "stateEnteredEventDetails" in event
        ]

    def watermark(self, view: FeatureView) -> int | None:
        """The view's committed cut."""
        return self.store._table.read_watermark(view_partition(plan_view(view))).cut

    def items(self, view: FeatureView) -> list[dict[str, Any]]:
        """The view's items."""
        pages = self.aws.client("dynamodb").get_paginator("scan")
        prefix = view_partition(plan_view(view)) + "#"
        return [
            item
            for page in pages.paginate(TableName=self.store.resources.online_table)
            for item in page["Items"]
            if item["pk"]["S"].startswith(prefix)
        ]

    def statuses(self, view: FeatureView, entities: int = 40) -> set[str]:
        """How the view is answered for its entities."""
        rows = [{"card": f"c{index}"} for index in range(entities)]
        answer = self.store.get_online_features([view], rows)
        return {row[view.name].status for row in answer.status}

    def assert_parity(self, view: FeatureView) -> None:
        """What is served is history, and no item is of a cut that was not committed."""
        report = self.store.verify([view], sample=40, engine="duckdb")
        report.raise_if_different()
        assert report.stale == 0
        cut = self.watermark(view)
        assert cut is not None
        batches = [item for item in self.items(view) if item["sk"]["S"] == "B"]
        assert batches
        assert max(int(item["g"]["N"]) for item in batches) <= cut

    def failed(self) -> list[dict[str, Any]]:
        """What waits in the queue of failed cuts; it stays there."""
        client = self.aws.client("sqs")
        answer = client.receive_message(
            QueueUrl=self.names.failed_queue, MaxNumberOfMessages=10, VisibilityTimeout=0
        )
        return [json.loads(message["Body"]) for message in answer.get("Messages", ())]

    def shorten_pauses(self) -> None:
        """Make the machine wait a second wherever it waits longer."""
        client, machine = self.aws.client("stepfunctions"), self.names.state_machine
        found = client.describe_state_machine(stateMachineArn=machine)
        definition = json.loads(found["definition"])
        for state in ("Pause", "Settle"):
            definition["States"][state]["Seconds"] = 1
        for state in definition["States"].values():
            for retry in state.get("Retry", ()):
                retry.update(IntervalSeconds=1, MaxDelaySeconds=1, BackoffRate=1.0)
        client.update_state_machine(stateMachineArn=machine, definition=json.dumps(definition))

    def set_write_rate(self, per_second: float | None) -> None:
        """Let a function write so many items a second."""
        client, name = self.aws.client("lambda"), f"skewless-{self.store.name}-write"
        variables = client.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        variables["WRITES_PER_SECOND"] = "" if per_second is None else str(per_second)
        client.update_function_configuration(
            FunctionName=name, Environment={"Variables": variables}
        )
