"""Producer: the process that brought an event, and the event's number there.

Online items remember, for each producer, up to which number they are applied. So two processes must
not be one producer. A fork, a pickle or a copy of a store gets its own identity here. Two copies of
a whole machine cannot notice each other: the log refuses the second one, which then goes on under
another name (`FrontDoor`).
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from typing import TYPE_CHECKING, Generic, TypeVar

from skewless import process
from skewless.online.attribute import NEVER

if TYPE_CHECKING:
    from skewless.process import Process

B = TypeVar("B")


class Producer(Generic[B]):
    """One process's place in the log; `of_this_process` makes sure of it.

    Attributes:
        shard: names the producer in the log.
        lock: its holder may stamp and append.
        waiting: batches that nobody has appended yet, in the order in which they came.
        next_number: the sequence number of its next event.
        last_stamp: the last ingest time that it gave, in microseconds.
    """

    def __init__(self, last_stamp: int = NEVER) -> None:
        self.shard = f"ingest-{uuid.uuid4().hex[:16]}"
        self.lock = threading.RLock()
        self.waiting: deque[B] = deque()
        self._process: Process = process.current()
        self.next_number = 0
        self.last_stamp = last_stamp

    def of_this_process(self) -> Producer[B]:
        """Return this producer, or another one if it was made before a fork.

        Batches that waited in the parent stay with the parent.
        """
        if self._process == process.current():
            return self
        return Producer(self.last_stamp)

    def take(self) -> list[B]:
        """Take all waiting batches; the caller holds the lock."""
        taken = []
        while self.waiting:
            taken.append(self.waiting.popleft())
        return taken

    def renamed(self) -> None:
        """Take another name, because someone else writes under this one."""
        self.shard = f"ingest-{uuid.uuid4().hex[:16]}"
        self.next_number = 0

    def numbers(self, count: int) -> int:
        """Return the first of as many sequence numbers that nobody else has."""
        first = self.next_number
        self.next_number += count
        return first
