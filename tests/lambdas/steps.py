"""The state machine's way through the handlers, one step after the other, in this process."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from lambdas.commit.handler import handle as commit
from lambdas.days.handler import handle as days
from lambdas.plan.handler import handle as plan
from lambdas.write.handler import handle as write

if TYPE_CHECKING:
    from collections.abc import Callable

    from skewless import FeatureStore

    Handler = Callable[[dict[str, Any], Any], Any]


def context(seconds: float = 300) -> Any:
    """What Lambda tells a function of its invocation."""
    end = time.monotonic() + seconds
    return SimpleNamespace(
        function_name="test",
        function_version="1",
        memory_limit_in_mb=256,
        invoked_function_arn="arn:aws:lambda:us-east-1:123456789012:function:test",
        aws_request_id="request",
        get_remaining_time_in_millis=lambda: int((end - time.monotonic()) * 1000),
    )


@dataclass
class Steps:
    """Runs the steps; a test may run some, or some twice."""

    store: FeatureStore

    def plan(self, view: str, cut: str | None = None) -> dict[str, Any]:
        """Plan, and give what passes from state to state: JSON."""
        return self._call(plan, {"view": view, "cut": cut, "attempt": 0, "execution": "x"})

    def query(self, statement: str) -> None:
        """Run a statement on Athena."""
        athena = self.store.aws.client("athena")
        query = athena.start_query_execution(
            QueryString=statement,
            WorkGroup=self.store.resources.workgroup,
            QueryExecutionContext={"Database": self.store.resources.database},
        )["QueryExecutionId"]
        while True:
            status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
                assert status["State"] == "SUCCEEDED", status
                return
            time.sleep(0.02)

    def keys(self, prefix: str) -> list[str]:
        """The objects under a prefix."""
        found = self.store.aws.client("s3").list_objects_v2(
            Bucket=self.store.resources.bucket, Prefix=prefix
        )
        return [item["Key"] for item in found.get("Contents", ())]

    def write(self, step: dict[str, Any]) -> int:
        """Write all objects of a step; return how many calls it took."""
        return self._over(write, step["prefix"], step["write"])

    def write_days(self, step: dict[str, Any]) -> int:
        """Write the days of a step, if it has any."""
        if not step["days"]:
            return 0
        self.query(step["days"]["statement"])
        return self._over(days, step["days"]["prefix"], step["days"]["write"])

    def commit(self, step: dict[str, Any]) -> dict[str, Any]:
        """Commit a step."""
        return self._call(commit, {"commit": step["commit"]})

    def run(self, view: str, cut: str | None = None) -> list[str]:
        """Run all cuts that are due; return their instants."""
        done = []
        while (step := self.plan(view, cut))["action"] == "cut":
            self.query(step["statement"])
            self.write(step)
            self.write_days(step)
            self.commit(step)
            done.append(step["cut"])
        assert step["action"] == "none"
        return done

    def _over(self, handler: Handler, prefix: str, planned: dict[str, Any]) -> int:
        calls = 0
        for key in self.keys(prefix):
            done = {"is_finished": False, "next": 0}
            while not done["is_finished"]:
                done = self._call(handler, {"key": key, "from": done["next"], "plan": planned})
                calls += 1
        return calls

    def _call(self, handler: Handler, event: dict[str, Any]) -> dict[str, Any]:
        answer = json.loads(json.dumps(handler(json.loads(json.dumps(event)), context())))
        assert isinstance(answer, dict)
        return answer
