"""Executions of the state machine: start one, and start again those that gave up."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from skewless.errors import StoreError

if TYPE_CHECKING:
    from skewless.aws import Aws, Jobs


@dataclass(frozen=True, slots=True)
class Execution:
    """A started execution.

    Attributes:
        view: `name@version`.
        arn: the execution's.
    """

    view: str
    arn: str


@dataclass(frozen=True, slots=True)
class Executions:
    """The executions of one store."""

    aws: Aws
    jobs: Jobs

    def start(self, view: str, cut: str | None = None) -> Execution:
        """Start the cuts of a view that are due.

        Args:
            view: `name@version`.
            cut: ISO time of a cut; the latest that is due if None.

        Raises:
            StoreError: AWS refused.
        """
        name = f"{view.replace('@', '-')[:60]}-{uuid.uuid4().hex[:12]}"
        try:
            answer = self.aws.client("stepfunctions").start_execution(
                stateMachineArn=self.jobs.state_machine,
                name=name,
                input=json.dumps({"view": view, "cut": cut}),
            )
        except ClientError as error:
            raise StoreError(f"view {view}: its cuts could not be started: {error}") from error
        return Execution(view, answer["executionArn"])

    def redrive(self) -> list[Execution]:
        """Start again what gave up; a view that gave up several times is started once.

        What is due follows from the view's watermark, so a new execution is as good as the old.
        A message is deleted once its execution has started.

        Raises:
            StoreError: AWS refused.
        """
        started: dict[str, Execution] = {}
        try:
            while messages := self._receive():
                for message in messages:
                    view = str(json.loads(message["Body"])["view"])
                    if view not in started:
                        started[view] = self.start(view)
                    self._queue.delete_message(
                        QueueUrl=self.jobs.failed_queue, ReceiptHandle=message["ReceiptHandle"]
                    )
        except ClientError as error:
            raise StoreError(f"the queue of failed cuts could not be read: {error}") from error
        return list(started.values())

    def _receive(self) -> list[Any]:
        answer = self._queue.receive_message(
            QueueUrl=self.jobs.failed_queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        return list(answer.get("Messages", ()))

    @property
    def _queue(self) -> Any:
        return self.aws.client("sqs")
