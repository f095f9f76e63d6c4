"""The state machine of a cut, in Amazon's states language: pure, ARNs and names in, a document out.

    Begin, Plan, Due?     what is due follows from the watermark, so a run needs no memory
    Query, Look, Write    UNLOAD, then every result object written; the same for a stream's days
    Settle, Commit        readers move over; then Plan again, until nothing is due
    Again?, GiveUp        any failure plans anew, three times; then the queue of failed cuts

One child of a map writes one object in several calls, since a call's time may not be enough. An
entity that cannot be written is written as failed, alone. A line that does not belong to the view
does not fail the child, because that would stop its siblings. All other lines are written. Commit
finds the refused lines, and refuses the cut.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

State: TypeAlias = "dict[str, Any]"

MAX_ATTEMPTS = 3
REFUSED = "RefusedRowsError"

# A function that could not be reached, died (Runtime.ExitError) or ran out of time
# (Sandbox.Timedout) may be called again: every one of them may run twice.
_AGAIN_AT_ONCE = [
    "Lambda.Unknown",
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Runtime.ExitError",
    "Sandbox.Timedout",
    "States.Timeout",
    "OnlineStoreError",
]
# A throttled call never began. A new account runs ten functions at once, and all views with the
# same `Every` are cut at the same moment. Room comes after minutes, when their calls end.
_NO_FUNCTIONS_LEFT = ["Lambda.TooManyRequestsException"]
_NO_QUERIES_LEFT = ["Athena.TooManyRequestsException", "Athena.ThrottlingException"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """The resources that the state machine of a store calls, and its patience.

    Attributes:
        partition: the AWS partition, for the service integrations' ARNs.
        functions: ARNs by name: plan, write, days and commit.
        queue_url: where cuts go that gave up.
        concurrency: how many result objects are written at once.
        settle_seconds: between the last write and the commit: serving reads DynamoDB eventually
            consistently, and must not see a watermark before the items.
        pause_seconds: between a failure and the next attempt.
        query_seconds: when a query is given up.
    """

    partition: str
    functions: Mapping[str, str]
    bucket: str
    database: str
    workgroup: str
    queue_url: str
    concurrency: int = 8
    settle_seconds: int = 5
    pause_seconds: int = 30
    query_seconds: int = 1_860

    def document(self) -> dict[str, Any]:
        """Return the definition."""
        return {
            "Comment": "Runs the cuts of one view that are due",
            "StartAt": "Begin",
            "States": {
                **self._planning(),
                **self._writing(),
                **self._committing(),
                **self._failing(),
            },
        }

    def _planning(self) -> dict[str, State]:
        return {
            "Begin": _pass({"view.$": "$.view", "cut.$": "$.cut", "attempts": 0}, "Plan"),
            "Plan": self._call(
                "plan",
                {
                    "view.$": "$.view",
                    "cut.$": "$.cut",
                    "attempt.$": "$.attempts",
                    "execution.$": "$$.Execution.Name",
                },
                ResultPath="$.plan",
                Catch=_CAUGHT,
                Next="Due?",
            ),
            "Due?": {
                "Type": "Choice",
                "Choices": [
                    _if_text("$.plan.action", "none", "Done"),
                    _if_text("$.plan.action", "wait", "WaitForLog"),
                    _if_text("$.plan.action", "cut", "Query"),
                ],
            },
            "WaitForLog": {"Type": "Wait", "TimestampPath": "$.plan.until", "Next": "Plan"},
            "Done": {"Type": "Succeed"},
        }

    def _writing(self) -> dict[str, State]:
        has_days = {"Variable": "$.plan.days.statement", "IsPresent": True, "Next": "QueryDays"}
        return {
            "Query": self._query("$.plan.statement", "Look"),
            "Look": self._look("$.plan.prefix", "Any?"),
            "Any?": _if_any("Write", "Days?"),
            "Write": self._map("write", "$.plan.prefix", "$.plan.write", "Days?"),
            "Days?": {
                "Type": "Choice",
                "Choices": [has_days],
                "Default": "Settle",
            },
            "QueryDays": self._query("$.plan.days.statement", "LookForDays"),
            "LookForDays": self._look("$.plan.days.prefix", "AnyDays?"),
            "AnyDays?": _if_any("WriteDays", "Settle"),
            "WriteDays": self._map("days", "$.plan.days.prefix", "$.plan.days.write", "Settle"),
        }

    def _committing(self) -> dict[str, State]:
        return {
            "Settle": {"Type": "Wait", "Seconds": self.settle_seconds, "Next": "Commit"},
            "Commit": self._call(
                "commit",
                {"commit.$": "$.plan.commit"},
                ResultPath=None,
                Catch=_CAUGHT,
                Next="Next",
            ),
            "Next": _pass({"view.$": "$.view", "cut.$": "$.cut", "attempts": 0}, "Plan"),
        }

    def _failing(self) -> dict[str, State]:
        return {
            "Again": _pass(
                {
                    "view.$": "$.view",
                    "cut.$": "$.cut",
                    "attempts.$": "States.MathAdd($.attempts, 1)",
                    "error.$": "$.error",
                },
                "Again?",
            ),
            "Again?": {
                "Type": "Choice",
                "Choices": [
                    {
                        "Variable": "$.attempts",
                        "NumericLessThan": MAX_ATTEMPTS,
                        "Next": "Pause",
                    }
                ],
                "Default": "GiveUp",
            },
            "Pause": {"Type": "Wait", "Seconds": self.pause_seconds, "Next": "Plan"},
            "GiveUp": self._tell_queue(),
            "Failed": {
                "Type": "Fail",
                "ErrorPath": "$.error.Error",
                "CausePath": "$.error.Cause",
            },
        }

    def _call(self, function: str, payload: State, **rest: Any) -> State:
        return {
            "Type": "Task",
            "Resource": self.functions[function],
            "Parameters": payload,
            "Retry": [_wait_for_room(_NO_FUNCTIONS_LEFT), _retry(_AGAIN_AT_ONCE)],
            **rest,
        }

    def _query(self, statement: str, then: str) -> State:
        return {
            "Type": "Task",
            "Resource": self._integration("athena:startQueryExecution.sync"),
            "Parameters": {
                "QueryString.$": statement,
                "WorkGroup": self.workgroup,
                "QueryExecutionContext": {"Database": self.database},
            },
            "TimeoutSeconds": self.query_seconds,
            # Retry only if the query was not started: a prefix takes a single UNLOAD.
            "Retry": [_wait_for_room(_NO_QUERIES_LEFT)],
            "ResultPath": None,
            "Catch": _CAUGHT,
            "Next": then,
        }

    def _look(self, prefix: str, then: str) -> State:
        """Ask whether a query left any object; without rows there is nothing for a map to read."""
        return {
            "Type": "Task",
            "Resource": self._integration("aws-sdk:s3:listObjectsV2"),
            "Parameters": {"Bucket": self.bucket, "Prefix.$": prefix, "MaxKeys": 1},
            "ResultSelector": {"count.$": "$.KeyCount"},
            "ResultPath": "$.objects",
            "Retry": [_retry(["States.TaskFailed"])],
            "Catch": _CAUGHT,
            "Next": then,
        }

    def _map(self, function: str, prefix: str, plan: str, then: str) -> State:
        return {
            "Type": "Map",
            "Label": function.capitalize(),
            "ItemReader": {
                "Resource": self._integration("s3:listObjectsV2"),
                "Parameters": {"Bucket": self.bucket, "Prefix.$": prefix},
            },
            "ItemSelector": {"key.$": "$$.Map.Item.Value.Key", "plan.$": plan},
            "MaxConcurrency": self.concurrency,
            # No failed child is tolerated: the default.
            "ItemProcessor": {
                # A child may take longer than the five minutes of an express execution.
                "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
                "StartAt": "Start",
                "States": self._writing_of_one_object(function),
            },
            "ResultPath": None,
            "Catch": _CAUGHT,
            "Next": then,
        }

    def _writing_of_one_object(self, function: str) -> dict[str, State]:
        one = {"key.$": "$.key", "plan.$": "$.plan"}
        return {
            "Start": _pass({**one, "from": 0}, "WriteSome"),
            "WriteSome": self._call(
                function,
                {**one, "from.$": "$.from"},
                ResultPath="$.done",
                Next="Finished?",
            ),
            "Finished?": {
                "Type": "Choice",
                "Choices": [
                    {"Variable": "$.done.is_finished", "BooleanEquals": True, "Next": "Written"}
                ],
                "Default": "GoOn",
            },
            "GoOn": _pass({**one, "from.$": "$.done.next"}, "WriteSome"),
            # A map's results are passed on together, so each must be small.
            "Written": {"Type": "Pass", "Result": {}, "End": True},
        }

    def _tell_queue(self) -> State:
        return {
            "Type": "Task",
            "Resource": self._integration("sqs:sendMessage"),
            "Parameters": {
                "QueueUrl": self.queue_url,
                "MessageBody": {
                    "view.$": "$.view",
                    "cut.$": "$.cut",
                    "error.$": "$.error",
                    "execution.$": "$$.Execution.Name",
                },
            },
            "Retry": [_retry(["States.ALL"])],
            "ResultPath": None,
            # An unreachable queue must not hide why the cut failed.
            "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.told", "Next": "Failed"}],
            "Next": "Failed",
        }

    def _integration(self, call: str) -> str:
        return f"arn:{self.partition}:states:::{call}"


_CAUGHT = [
    {"ErrorEquals": [REFUSED], "ResultPath": "$.error", "Next": "GiveUp"},
    {"ErrorEquals": ["States.ALL"], "ResultPath": "$.error", "Next": "Again"},
]


def _pass(parameters: State, then: str) -> State:
    return {"Type": "Pass", "Parameters": parameters, "Next": then}


def _if_any(then: str, otherwise: str) -> State:
    found = {"Variable": "$.objects.count", "NumericGreaterThan": 0, "Next": then}
    return {"Type": "Choice", "Choices": [found], "Default": otherwise}


def _if_text(variable: str, text: str, then: str) -> State:
    return {"Variable": variable, "StringEquals": text, "Next": then}


def _wait_for_room(errors: list[str]) -> State:
    """Try again for about ten minutes, with jitter so that waiting calls do not collide again."""
    return {**_retry(errors), "MaxAttempts": 20}


def _retry(errors: list[str]) -> State:
    return {
        "ErrorEquals": errors,
        "IntervalSeconds": 2,
        "BackoffRate": 2,
        "MaxAttempts": 4,
        "MaxDelaySeconds": 60,
        "JitterStrategy": "FULL",
    }
