"""Applies: all of the definitions that one publishes are read, or none.

A transaction holds a hundred writes. An apply that needs more stages the others first: they lie
in a partition that counts for nothing. Its first transaction is the commit. Each item has the
apply's tag, which says how many items the apply wrote. So a reader that finds one of them, and not
all, takes what it lacks from the stage. Then the staged writes are moved, in order of dependency.

The item `head` counts the applies, and names the one that is not moved yet. Whoever applies next
moves it first. A reader of an older release knows no stage: it reads what was moved, of which
everything that it refers to is there.
"""

from __future__ import annotations

import time
from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from skewless.errors import DocumentError, PublishError
from skewless.registry.definition_write import DefinitionWrite, chunks_of
from skewless.registry.identity import Identity
from skewless.registry.registry_table import (
    ATTEMPTS,
    MAX_ITEM_BYTES,
    MAX_TRANSACTION_BYTES,
    MAX_WRITES,
    key_of,
    pause,
)
from skewless.registry.stored_item import APPLIES, PARTITION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from skewless.registry.registry_table import RegistryTable

STAGE = "staged"
HEAD = ("head", "applies")
_MOST_STAGED = 50  # in an item, beside at most one document of the largest size
_SECONDS_OF_A_STAGE = 3600


class _Staged(NamedTuple):
    """What an apply staged and did not empty yet.

    Attributes:
        writes: in order of dependency.
        tag: of the apply.
        size: how many there were.
    """

    writes: list[DefinitionWrite]
    tag: str
    size: int

    @property
    def is_whole(self) -> bool:
        """Whether all is there, and anything was."""
        return 0 < self.size == len(self.writes)


class Applies:
    """Writes of applies in the registry's table.

    Args:
        table: the registry's.
        lost: makes the error of whoever lost, of the sort keys that others published.
    """

    def __init__(self, table: RegistryTable, lost: Callable[[Sequence[str]], PublishError]) -> None:
        self._table = table
        self._lost = lost

    def publish(
        self, writes: Sequence[DefinitionWrite], entry: dict[str, Any], apply_id: str
    ) -> None:
        """Write definitions, in order of dependency, and the entry of the log.

        Raises:
            PublishError: someone else published one of them otherwise.
            StoreError: AWS refused.
        """
        tag = f"{apply_id}/{len(writes)}"
        first, *others = chunks_of(writes, MAX_WRITES - 2, MAX_TRANSACTION_BYTES)
        if not others:
            self.write([*(write.update(tag) for write in first), entry])
            return
        rest = [write for chunk in others for write in chunk]
        self._clear_old()
        for attempt in range(ATTEMPTS):
            head = self._settled()
            self._check(writes)
            self._stage(rest, apply_id, tag)
            commit = [*(write.update(tag) for write in first), entry, _committing(head, apply_id)]
            lost = self._table.transact(commit)
            if not lost:
                self.finish()
                return
            if HEAD not in lost:
                raise self._lost([key for _, key in lost])
            pause(attempt)
        raise _busy()

    def write(self, writes: Sequence[dict[str, Any]]) -> None:
        """Write what goes into one transaction.

        Raises:
            PublishError: a condition does not hold.
            StoreError: AWS refused.
        """
        for _ in range(ATTEMPTS):
            lost = self._table.transact([*writes, _counting()])
            if not lost:
                return
            if HEAD not in lost:
                raise self._lost([key for _, key in lost])
            self.finish()
        raise _busy()

    def finish(self) -> None:
        """Move what the last large apply staged, if anything is left of it. Any may do so.

        Raises:
            DocumentError: what is staged was edited by hand.
            PublishError: an older release published the same at that moment.
            StoreError: AWS refused.
        """
        apply_id = self._table.get(*HEAD).get("unfinished", {}).get("S")
        if apply_id is None:
            return
        staged = _staged(self._table.query(STAGE, f"{apply_id}#"))
        if not staged.is_whole:
            self._check_moved(apply_id)
            return
        chunks = [*chunks_of(staged.writes, MAX_WRITES - 1, MAX_TRANSACTION_BYTES)]
        for number, chunk in enumerate(chunks, 1):
            head = _moving(apply_id, is_last=number == len(chunks))
            lost = self._table.transact([*(write.update(staged.tag) for write in chunk), head])
            if HEAD in lost:
                return  # someone else has moved it
            if lost:
                raise _stuck([key for _, key in lost])
        self._clear(self._table.query(STAGE, f"{apply_id}#"))

    def whole(self, items: Iterable[dict[str, Any]]) -> tuple[list[dict[str, Any]], bool, bool]:
        """Complete items of applies of which others are staged.

        Returns:
            The items, whether something was taken from the stage, and whether every apply of which
            there is an item is there as a whole.
        """
        found = {item["sk"]["S"]: item for item in items}
        lacking = _lacking(found.values())
        for tag in lacking:
            apply_id = tag.partition("/")[0]
            for write in _staged(self._table.query(STAGE, f"{apply_id}#")).writes:
                item = found.get(write.key)
                if item is None or tag not in _tags(item):
                    found[write.key] = write.written_over(item, tag)
        # In the order of a query.
        ordered = [found[key] for key in sorted(found)] if lacking else [*found.values()]
        return ordered, bool(lacking), not _lacking(ordered)

    def _check_moved(self, apply_id: str) -> None:
        """Check that an apply of which not all is staged was finished by someone else."""
        if self._table.get(*HEAD).get("unfinished", {}).get("S") == apply_id:
            raise DocumentError(
                f"the registry table {self._table.name!r} names the apply {apply_id} as "
                "unfinished, and not all of it is staged: it was edited by hand. The table's "
                "backups have it as it was (aws dynamodb restore-table-to-point-in-time)"
            )

    def _settled(self) -> int:
        """Return how many applies there were, after the last one is finished."""
        for _ in range(ATTEMPTS):
            head = self._table.get(*HEAD)
            if "unfinished" not in head:
                return int(head["n"]["N"]) if "n" in head else 0
            self.finish()
        raise _busy()

    def _check(self, writes: Iterable[DefinitionWrite]) -> None:
        there = {item["sk"]["S"]: item for item in self._table.query(PARTITION)}
        if lost := [write.key for write in writes if not write.holds(there.get(write.key))]:
            raise self._lost(lost)

    def _stage(self, writes: Sequence[DefinitionWrite], apply_id: str, tag: str) -> None:
        for number, pack in enumerate(chunks_of(writes, _MOST_STAGED, MAX_ITEM_BYTES)):
            self._table.update(
                {
                    "Key": key_of(STAGE, f"{apply_id}#{number:05d}"),
                    "UpdateExpression": "SET staged = :staged, staged_count = :count, "
                    "tag = :tag, staged_at = :at",
                    "ExpressionAttributeValues": {
                        ":staged": {"L": [{"M": write.to_item()} for write in pack]},
                        ":count": {"N": str(len(writes))},
                        ":tag": {"S": tag},
                        ":at": {"N": str(int(time.time()))},
                    },
                }
            )

    def _clear_old(self) -> None:
        """Empty the stages of those who stopped before their commit."""
        before = time.time() - _SECONDS_OF_A_STAGE
        staged = self._table.query(STAGE)
        left = [
            each for each in staged if "staged" in each and int(each["staged_at"]["N"]) < before
        ]
        # One who only slept cannot commit after this, since the head is another.
        if left and not self._table.transact([_counting()]):
            self._clear(left)

    def _clear(self, staged: Iterable[dict[str, Any]]) -> None:
        # What is emptied stays as a key: nobody who publishes needs the right to delete.
        for item in [*staged]:
            write = {
                "Key": key_of(STAGE, item["sk"]["S"]),
                "UpdateExpression": "REMOVE staged",
                "ConditionExpression": "staged_at = :at",
                "ExpressionAttributeValues": {":at": item["staged_at"]},
            }
            self._table.transact([write])  # if it does not hold, it was staged anew


def _counting() -> dict[str, Any]:
    """Return the write that counts an apply; it holds if the last one is finished."""
    return {
        "Key": key_of(*HEAD),
        "UpdateExpression": "ADD n :one",
        "ConditionExpression": "attribute_not_exists(unfinished)",
        "ExpressionAttributeValues": {":one": {"N": "1"}},
    }


def _committing(count: int, apply_id: str) -> dict[str, Any]:
    """Return the write that commits what is staged; it holds if nobody has applied since."""
    condition = "n = :seen" if count else "attribute_not_exists(n)"
    values = {":one": {"N": "1"}, ":id": {"S": apply_id}}
    return {
        "Key": key_of(*HEAD),
        "UpdateExpression": "SET unfinished = :id ADD n :one",
        "ConditionExpression": f"{condition} AND attribute_not_exists(unfinished)",
        "ExpressionAttributeValues": values | ({":seen": {"N": str(count)}} if count else {}),
    }


def _moving(apply_id: str, *, is_last: bool) -> dict[str, Any]:
    """Return the write beside what is moved; it holds while the apply is not finished."""
    return {
        "Key": key_of(*HEAD),
        "UpdateExpression": "REMOVE unfinished" if is_last else "SET unfinished = :id",
        "ConditionExpression": "unfinished = :id",
        "ExpressionAttributeValues": {":id": {"S": apply_id}},
    }


def _staged(items: Iterable[dict[str, Any]]) -> _Staged:
    writes: list[DefinitionWrite] = []
    tag, size = "", 0
    for item in items:
        try:
            if "staged" in item:
                writes += [DefinitionWrite.in_item(each["M"]) for each in item["staged"]["L"]]
                tag, size = item["tag"]["S"], int(item["staged_count"]["N"])
        except (KeyError, TypeError, ValueError) as error:
            raise DocumentError(
                f"what the apply {item['sk']['S'].partition('#')[0]} staged in the registry's "
                f"table cannot be read ({error!r}): it was edited by hand. The table's backups "
                "have it as it was (aws dynamodb restore-table-to-point-in-time)"
            ) from error
    return _Staged(writes, tag, size)


def _tags(item: dict[str, Any]) -> list[str]:
    tags: list[str] = item.get(APPLIES, {}).get("SS", [])
    return tags


def _lacking(items: Iterable[dict[str, Any]]) -> list[str]:
    """Return the tags of applies that wrote more items than are there."""
    counts = Counter(tag for item in items for tag in _tags(item))
    return [tag for tag, count in counts.items() if str(count) != tag.partition("/")[2]]


def _busy() -> PublishError:
    return PublishError(
        "nothing was published: others publish at the same time, again and again. Nothing is in "
        "the way of doing it once more"
    )


def _stuck(keys: Sequence[str]) -> PublishError:
    names = ", ".join(str(Identity.parse(key)) for key in keys)
    return PublishError(
        f"{names}: an older skewless published this with another meaning while an apply was being "
        "finished. Delete that item from the registry's table and apply again, all with one release"
    )
