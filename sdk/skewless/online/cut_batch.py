"""The states of many entities in few calls: 25 statements each, every one under its own condition.

A call costs the client as much as writing 25 statements into it. DynamoDB charges each statement as
the write that it is, and refuses each alone. So what a statement does not decide is asked again:
an UPDATE without an item becomes an INSERT, an INSERT over an item an UPDATE. What is refused for
any other reason is written by a call of its own, whose answer counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from botocore.exceptions import ClientError

from skewless.errors import ItemTooLargeError, OnlineStoreError
from skewless.online.address import BATCH, described
from skewless.online.attribute import NEVER, plain, wire
from skewless.online.call import Deadline, call, units
from skewless.online.record import CutOutcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from skewless.online.record import Cut

    Alone = Callable[[Cut], tuple[CutOutcome, float]]

MOST = 25  # statements that DynamoDB takes in a call
_MOST_BYTES = 1_000_000  # of states: a call has to end within the client's timeout
_LARGE = 100_000  # bytes of a state that gains nothing from company, and may not fit an item at all
_SECONDS = 30.0
_BUSY = frozenset(
    {
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingError",
        "TransactionConflict",
    }
)
_NO_RIGHT = "AccessDeniedException"


class CutsPut(NamedTuple):
    """What became of many cuts.

    Attributes:
        outcomes: of each, in order; the error if DynamoDB takes no item of that size.
        write_units: what all of them consumed.
    """

    outcomes: list[CutOutcome | ItemTooLargeError]
    write_units: float


def put_cuts(
    client: Any, table: str, alone: Alone, cuts: Sequence[Cut], *, is_first: bool
) -> CutsPut:
    """Write entities' states, each unless it has that cut or a newer one.

    Args:
        client: boto3's, for DynamoDB.
        table: its name.
        alone: writes one state by a call of its own, and returns the outcome and its capacity.
        cuts: the states; an entity may be among them more than once.
        is_first: whether the entities probably have no items yet.

    Raises:
        OnlineStoreError: DynamoDB refused; what was written stays written.
    """
    put = _Put(client, table, cuts)
    left = [number for number, cut in enumerate(cuts) if len(cut.state) <= _LARGE]
    put.unsure.update(set(range(len(cuts))) - set(left))
    for insert in (is_first, not is_first):
        left = [number for some in put.calls(left) for number in put.run(some, insert=insert)]
    for number in sorted({*left, *put.unsure}):
        put.alone(number, alone)
    return CutsPut([put.outcomes[number] for number in range(len(cuts))], put.write_units)


class _Put:
    """The work on some cuts, which are known by their numbers.

    Attributes:
        outcomes: of those that are decided.
        unsure: those that a statement cannot decide.
        write_units: consumed so far.
    """

    def __init__(self, client: Any, table: str, cuts: Sequence[Cut]) -> None:
        self._client = client
        self._table = table
        self._cuts = cuts
        self.outcomes: dict[int, CutOutcome | ItemTooLargeError] = {}
        self.unsure: set[int] = set()
        self.write_units = 0.0

    def calls(self, numbers: list[int]) -> Iterator[list[int]]:
        """Split them as calls can carry them: DynamoDB refuses two statements of one item."""
        some: list[int] = []
        keys: set[str] = set()
        size = 0
        for number in numbers:
            cut = self._cuts[number]
            size += len(cut.state)
            if some and (len(some) == MOST or size > _MOST_BYTES or cut.key in keys):
                yield some
                some, keys, size = [], set(), len(cut.state)
            some.append(number)
            keys.add(cut.key)
        if some:
            yield some

    def run(self, numbers: list[int], *, insert: bool) -> list[int]:
        """Run their statements; return those whose item is missing, or for an INSERT is there."""
        deadline = Deadline(_SECONDS)
        waiting, others = numbers, []
        while waiting:
            busy, refusal = [], ""
            for number, error in zip(waiting, self._execute(waiting, insert=insert), strict=True):
                code = error.get("Code")
                if code is None:
                    self.outcomes[number] = CutOutcome.WRITTEN
                elif code in _BUSY:
                    busy.append(number)
                    refusal = f"{code}: {error.get('Message')}"
                elif code == "DuplicateItem" or (
                    code == "ConditionalCheckFailed" and "Item" not in error
                ):
                    others.append(number)
                else:
                    self._decide(number, error)
            waiting = busy
            if waiting and not deadline.pause():
                raise OnlineStoreError(f"DynamoDB refused {self._what(waiting)}: {refusal}")
        return others

    def alone(self, number: int, write: Alone) -> None:
        """Write one by a call of its own."""
        try:
            self.outcomes[number], consumed = write(self._cuts[number])
        except ItemTooLargeError as error:
            self.outcomes[number] = error
        else:
            self.write_units += consumed

    def _execute(self, numbers: list[int], *, insert: bool) -> list[dict[str, Any]]:
        """Run statements; return each one's error, empty for those that were carried out."""
        write = _insert if insert else _update
        try:
            answer = call(
                self._client.batch_execute_statement,
                _SECONDS,
                self._what(numbers),
                Statements=[write(self._table, self._cuts[number]) for number in numbers],
                ReturnConsumedCapacity="TOTAL",
            )
        except OnlineStoreError as error:
            if not _is_no_right(error):
                raise
            return [{"Code": _NO_RIGHT}] * len(numbers)
        self.write_units += units(answer)
        return [response.get("Error", {}) for response in answer["Responses"]]

    def _decide(self, number: int, error: dict[str, Any]) -> None:
        there = plain(error.get("Item", {})).get("g")
        if there is None or there < self._cuts[number].cut:
            self.unsure.add(number)
        elif there == self._cuts[number].cut:
            self.outcomes[number] = CutOutcome.ALREADY_THERE
        else:
            self.outcomes[number] = CutOutcome.NEWER_THERE

    def _what(self, numbers: list[int]) -> str:
        first = described(self._cuts[numbers[0]].key)
        others = f" and of {len(numbers) - 1} others" if len(numbers) > 1 else ""
        return f"to write item {BATCH!r} of {first}{others}"


def _is_no_right(error: OnlineStoreError) -> bool:
    """Say whether a role may not run statements, as those of stacks of an earlier release."""
    cause = error.__cause__
    return isinstance(cause, ClientError) and cause.response["Error"]["Code"] == _NO_RIGHT


def _insert(table: str, cut: Cut) -> dict[str, Any]:
    # An empty state cannot stand in a statement, as a number can.
    previous = f", 'p': ?, 'pg': {NEVER}" if cut.keep_previous else ""
    expiry = "" if cut.expires_at is None else f", 'e': {cut.expires_at}"
    return {
        "Statement": f"INSERT INTO \"{table}\" VALUE {{'sk': '{BATCH}', 'pk': ?, 'c': ?, "
        f"'g': {cut.cut}, 'v': 1{previous}{expiry}}}",
        "Parameters": [wire(cut.key), wire(cut.state), *[wire(b"")] * cut.keep_previous],
    }


def _update(table: str, cut: Cut) -> dict[str, Any]:
    # What an attribute was before counts on every right-hand side, in whichever order.
    previous = 'SET "p" = "c" SET "pg" = "g" ' if cut.keep_previous else ""
    expiry = 'REMOVE "e"' if cut.expires_at is None else f'SET "e" = {cut.expires_at}'
    return {
        "Statement": f'UPDATE "{table}" {previous}SET "c" = ? SET "g" = {cut.cut} '
        f'SET "v" = "v" + 1 {expiry} '
        f'WHERE "pk" = ? AND "sk" = \'{BATCH}\' AND "g" < {cut.cut}',
        "Parameters": [wire(cut.state), wire(cut.key)],
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
