"""Executions of the state machine: start one, and start again those that gave up."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from skewless.errors import InputError, RedriveError, StoreError
from skewless.jobs.failed_cut import failed_view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from skewless.aws import Aws, Jobs


# SQS answers from some of its hosts, so a batch without new messages is not yet the end.
_KNOWN_BATCHES = 3


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
        name = f"{_slug(view)}-{uuid.uuid4()}"
        execution = self._start(view, cut, name)
        if execution is None:
            raise StoreError(f"view {view}: there is an execution {name} already; start it again")
        return execution

    def redrive(self) -> list[Execution]:
        """Start again the cuts that gave up; a view that gave up several times is started once.

        What is due follows from the view's watermark, so a new execution is as good as the old.
        A message is deleted once its execution has started. One that cannot be read, or whose
        execution cannot be started, stays in the queue and holds up none of the others.

        Raises:
            RedriveError: messages stay in the queue; what could be started was.
            StoreError: AWS refused.
        """
        started: dict[str, Execution] = {}
        left: dict[str, str] = {}
        try:
            for message in self._messages(left):
                try:
                    self._restart(message, started)
                except (InputError, StoreError) as error:
                    left[message["MessageId"]] = str(error)
        except ClientError as error:
            raise StoreError(f"the queue of failed cuts could not be read: {error}") from error
        if left:
            raise RedriveError(self.jobs.failed_queue, tuple(started.values()), left)
        return list(started.values())

    def _messages(self, left: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
        """Receive messages until the queue has only those that stay in it."""
        known_only = 0
        while known_only < _KNOWN_BATCHES and (messages := self._receive()):
            # Messages that stay become visible again while the rest is still being read.
            new = [message for message in messages if message["MessageId"] not in left]
            known_only = 0 if new else known_only + 1
            yield from new

    def _restart(self, message: Mapping[str, Any], started: dict[str, Execution]) -> None:
        view = failed_view(message["Body"], self.jobs.state_machine)
        if view not in started:
            # The execution is named after the message, so an undeleted message starts it only once.
            execution = self._start(view, None, f"{_slug(view)}-{message['MessageId']}")
            if execution is not None:
                started[view] = execution
        self._queue.delete_message(
            QueueUrl=self.jobs.failed_queue, ReceiptHandle=message["ReceiptHandle"]
        )

    def _start(self, view: str, cut: str | None, name: str) -> Execution | None:
        """Start an execution; None if the name was used before, and that execution has ended."""
        client = self.aws.client("stepfunctions")
        try:
            answer = client.start_execution(
                stateMachineArn=self.jobs.state_machine,
                name=name,
                input=json.dumps({"view": view, "cut": cut}),
            )
        except client.exceptions.ExecutionAlreadyExists:
            return None
        except ClientError as error:
            raise StoreError(f"view {view}: its cuts could not be started: {error}") from error
        return Execution(view, answer["executionArn"])

    def _receive(self) -> list[Any]:
        answer = self._queue.receive_message(
            QueueUrl=self.jobs.failed_queue, MaxNumberOfMessages=10, WaitTimeSeconds=1
        )
        return list(answer.get("Messages", ()))

    @property
    def _queue(self) -> Any:
        return self.aws.client("sqs")


def _slug(view: str) -> str:
    """Return a view's part of an execution's name, which takes 80 characters with an id."""
    return view.replace("@", "-")[:40]
