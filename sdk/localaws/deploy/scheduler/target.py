"""What a schedule calls, as the role it names: a state machine, a function, any service's action.

A call that fails is not repeated: AWS would try again for a day before it gives up. It then sends
the request that it could not make to the schedule's dead-letter queue, and what happened in the
message's attributes.
"""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError, ParamValidationError

from localaws.deploy import roles

if TYPE_CHECKING:
    from datetime import datetime

    from localaws.core.session import LocalSession

_SESSION_NAME = "scheduler"
_SDK_NAMES = {"sfn": "stepfunctions"}
_ANY_ACTION = ":scheduler:::aws-sdk:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One invocation of a schedule's target."""

    schedule_arn: str
    target: dict[str, Any]
    due_at: datetime
    id: str

    @classmethod
    def of(cls, schedule: Any, due_at: datetime) -> Call:
        """The call of a schedule at an instant it is due at."""
        return cls(
            schedule_arn=schedule.arn, target=schedule.target, due_at=due_at, id=str(uuid.uuid4())
        )

    @property
    def due_text(self) -> str:
        """The instant as Scheduler writes it."""
        return f"{self.due_at:%Y-%m-%dT%H:%M:%SZ}"

    @property
    def payload(self) -> str:
        """The target's input, with Scheduler's own words filled in."""
        text = str(self.target.get("Input") or "{}")
        for word, value in {
            "schedule-arn": self.schedule_arn,
            "scheduled-time": self.due_text,
            "execution-id": self.id,
            "attempt-number": "1",
        }.items():
            text = text.replace(f"<aws.scheduler.{word}>", value)
        return text

    def make(self, endpoint: str, region: str) -> None:
        """Call the target; what fails goes to the dead-letter queue, if there is one."""
        session = roles.session_of(endpoint, region, self.target["RoleArn"], _SESSION_NAME)
        try:
            _call(session, self.target["Arn"], self.payload)
        except (ClientError, ParamValidationError, ValueError) as error:
            queue = (self.target.get("DeadLetterConfig") or {}).get("Arn")
            if queue:
                _send(session, queue, self._request(), self._failure(error))

    def _request(self) -> str:
        """The request that AWS makes of a target and its input."""
        arn = self.target["Arn"]
        if _ANY_ACTION in arn:
            return self.payload
        match arn.split(":")[2]:
            case "states":
                request = {"StateMachineArn": arn, "Input": self.payload}
            case "lambda":
                request = {
                    "FunctionName": arn,
                    "InvocationType": "Event",
                    "Payload": self.payload,
                }
            case _:
                request = {"QueueUrl": arn, "MessageBody": self.payload}
        return json.dumps(request)

    def _failure(self, error: Exception) -> dict[str, str]:
        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else "Invalid"
        return {
            "ERROR_CODE": code,
            "ERROR_MESSAGE": str(error),
            "EXECUTION_ID": self.id,
            "IS_PAYLOAD_TRUNCATED": "false",
            "RETRY_ATTEMPTS": "0",
            "SCHEDULE_ARN": self.schedule_arn,
            "SCHEDULED_TIME": self.due_text,
            "TARGET_ARN": self.target["Arn"],
        }


def _call(session: LocalSession, arn: str, payload: str) -> None:
    if _ANY_ACTION in arn:
        service, action = arn.split(_ANY_ACTION)[1].split(":")
        _call_any(session.client(_SDK_NAMES.get(service, service)), action, json.loads(payload))
        return
    match arn.split(":")[2]:
        case "states":
            session.client("stepfunctions").start_execution(stateMachineArn=arn, input=payload)
        case "lambda":
            session.client("lambda").invoke(
                FunctionName=arn, InvocationType="Event", Payload=payload
            )
        case "sqs":
            _send(session, arn, payload, {})
        case _:
            raise ValueError(f"The local scheduler cannot call {arn}")


def _call_any(client: Any, action: str, given: dict[str, Any]) -> None:
    method = xform_name(action)
    operation = client.meta.method_to_api_mapping[method]
    shape = client.meta.service_model.operation_model(operation).input_shape
    names = {name.lower(): name for name in (shape.members if shape else {})}
    getattr(client, method)(**{names.get(k.lower(), k): value for k, value in given.items()})


def _send(session: LocalSession, queue_arn: str, body: str, attributes: dict[str, str]) -> None:
    sqs = session.client("sqs")
    url = sqs.get_queue_url(QueueName=queue_arn.rsplit(":", 1)[-1])["QueueUrl"]
    sqs.send_message(
        QueueUrl=url,
        MessageBody=body,
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        },
    )
