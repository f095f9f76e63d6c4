"""The registry: published definitions in one DynamoDB table. No write overwrites another's.

Every definition is one item under the partition `definition`, found by kind, name and version. A
write succeeds only if the registry still is what the plan was compared with. An apply is written
in transactions, in order of dependency. So an interrupted apply leaves only definitions that are
complete, and applying again finishes it.
"""

from __future__ import annotations

import json
import time
from datetime import UTC
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.compiler.document import encode
from skewless.errors import (
    DocumentError,
    NaiveTimestampError,
    PublishError,
    StoreError,
)
from skewless.registry.apply_log import PARTITION as LOG
from skewless.registry.apply_log import as_of, entry_in, entry_of, entry_of_marks, write_of
from skewless.registry.changes import Action
from skewless.registry.identity import Identity, level
from skewless.registry.published import Published
from skewless.registry.stored_item import MARK, decoded, marks_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from skewless.aws import Aws
    from skewless.definitions.collection import Definition
    from skewless.registry.apply_log import LogEntry
    from skewless.registry.changes import Change, Plan
    from skewless.registry.marks import Mark

PARTITION = "definition"
# DynamoDB: at most 100 writes and 4 MB in a transaction, 400 KB in an item, names included.
MAX_WRITES = 100
MAX_TRANSACTION_BYTES = 3_500_000
MAX_DOCUMENT_BYTES = 390_000
_ATTEMPTS = 5
_LOOKED_AT = 20
_FIRST_PAUSE_SECONDS = 0.05


class Registry:
    """The definitions of one store.

    Args:
        aws: where the table is.
        table_name: a table with the text keys `pk` and `sk`.
    """

    def __init__(self, aws: Aws, table_name: str) -> None:
        self._aws = aws
        self._table_name = table_name

    def load(self) -> Published:
        """Read everything that is published.

        Raises:
            DocumentError: an item was changed after it was written, or items do not fit together.
            StoreError: the table could not be read.
        """
        for _ in range(_ATTEMPTS):
            items = self._items()
            try:
                return Published.of(decoded(items), marks_of(items))
            except ValueError as error:
                # Pages are read one after another: a publish in between can show a definition
                # without what it refers to. The next read has both.
                problem = error
        raise DocumentError(
            f"the registry table {self._table_name!r} does not fit together: {problem}. It was "
            "edited by hand, or written by a newer skewless: put the item back as it was (the "
            "table's backups have it: aws dynamodb restore-table-to-point-in-time), or install "
            "the skewless that wrote it"
        ) from problem

    def publish(
        self, plan: Plan, now: datetime, *, by: str = "", commit: str = "", message: str = ""
    ) -> None:
        """Write what a plan says.

        Args:
            plan: what `compare` made.
            now: the time of publishing.
            by: whose apply it is, for the log.
            commit: of the definitions file, for the log.
            message: what its author says of it, for the log.

        Raises:
            PublishError: the plan refuses something, someone else published something in the
                meantime, or a definition is too large.
            StoreError: AWS refused.
        """
        if now.tzinfo is None:
            raise NaiveTimestampError.of("now")
        if plan.is_refused:
            refusals = "\n".join(map(str, plan.refusals))
            raise PublishError(f"nothing was published:\n{refusals}")
        wanted = {Identity.of(item): item for item in plan.definitions}
        due = [change for change in plan.changes if change.action is not Action.UNCHANGED]
        published_at = now.astimezone(UTC).isoformat()
        pairs = sorted(((change, wanted[change.identity]) for change in due), key=_order)
        writes = [self._write(change, item, published_at) for change, item in pairs]
        if writes:
            writes.append(write_of(entry_of(plan, now, by, commit, message), self._table_name))
        for chunk in _chunks(writes):
            self._transact(chunk)

    def mark(
        self, identities: Sequence[Identity], mark: Mark | None, now: datetime, *, by: str, why: str
    ) -> None:
        """Mark versions, or take their marks away.

        Args:
            identities: the versions.
            mark: what is said of them; None to take back what was said.
            now: the time, for the log.
            by: whose doing it is, for the log.
            why: the reason, for the log.

        Raises:
            PublishError: one of them is not published.
            StoreError: AWS refused.
        """
        writes: list[dict[str, Any]] = []
        for identity in identities:
            write = {
                "TableName": self._table_name,
                "Key": {"pk": {"S": PARTITION}, "sk": {"S": identity.key}},
                "UpdateExpression": f"REMOVE {MARK}",
                "ConditionExpression": "attribute_exists(pk)",
            }
            if mark is not None:
                write["UpdateExpression"] = f"SET {MARK} = :d"
                write["ExpressionAttributeValues"] = {":d": {"S": mark.to_json()}}
            writes.append(write)
        entry = entry_of_marks(identities, mark, now, by, why)
        self._transact([*writes, write_of(entry, self._table_name)])

    def log(self, since: datetime | None = None, limit: int | None = None) -> list[LogEntry]:
        """Return who published what, the newest first.

        Args:
            since: only what was published later than this.
            limit: how many entries at most.

        Raises:
            DocumentError: an entry was edited by hand.
            StoreError: the table could not be read.
        """
        least = "" if since is None else since.astimezone(UTC).isoformat(timespec="microseconds")
        found: list[LogEntry] = []
        for item in self._query(LOG, newest_first=True):
            if item["sk"]["S"].partition("#")[0] <= least or len(found) == limit:
                break
            found.append(entry_in(item))
        return found

    def load_at(self, at: datetime) -> Published:
        """Read what was published at an instant.

        Raises:
            DocumentError: the log does not have what was there.
            StoreError: the table could not be read.
        """
        if at.tzinfo is None:
            raise NaiveTimestampError.of("at")
        items = as_of(self._items(), self.log(since=at), at)
        try:
            return Published.of(decoded(items))
        except ValueError as error:
            raise DocumentError(
                f"the registry as of {at.isoformat()} does not fit together: {error}. What was "
                "published by a skewless without a log shows as it is now"
            ) from error

    def _items(self) -> list[dict[str, Any]]:
        return [*self._query(PARTITION)]

    def _query(self, partition: str, *, newest_first: bool = False) -> Iterator[dict[str, Any]]:
        client = self._aws.client("dynamodb")
        request: dict[str, Any] = {
            "TableName": self._table_name,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": partition}},
            "ConsistentRead": True,
            "ScanIndexForward": not newest_first,
        }
        try:
            for page in client.get_paginator("query").paginate(**request):
                yield from page["Items"]
        except (ClientError, BotoCoreError) as error:
            raise self._failure("read", error) from error

    def _write(self, change: Change, item: Definition, published_at: str) -> dict[str, Any]:
        document = json.dumps(encode(item), separators=(",", ":"))
        if len(document) > MAX_DOCUMENT_BYTES:
            raise PublishError(
                f"{change.identity} is {len(document):,} bytes as a document; the registry holds "
                f"at most {MAX_DOCUMENT_BYTES:,} in one item. Split it into several"
            )
        condition = "fingerprint = :fingerprint"
        values = {
            ":d": {"S": document},
            ":fingerprint": {"S": change.meaning},
            ":o": {"N": str(level(item))},
            ":at": {"S": published_at},
        }
        if change.published is None:
            condition = f"attribute_not_exists(pk) OR {condition}"
        else:
            condition = f"fingerprint = :seen OR {condition}"
            values[":seen"] = {"S": change.published}
        return {
            "TableName": self._table_name,
            "Key": {"pk": {"S": PARTITION}, "sk": {"S": change.identity.key}},
            "UpdateExpression": "SET d = :d, fingerprint = :fingerprint, o = :o, "
            "published_at = if_not_exists(published_at, :at)",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": values,
        }

    def _transact(self, writes: list[dict[str, Any]]) -> None:
        client = self._aws.client("dynamodb")
        for attempt in range(_ATTEMPTS):
            try:
                client.transact_write_items(TransactItems=[{"Update": item} for item in writes])
            except client.exceptions.TransactionCanceledException as error:
                self._raise_unless_busy(error, writes, is_last=attempt == _ATTEMPTS - 1)
                time.sleep(_FIRST_PAUSE_SECONDS * 2**attempt)
            except (ClientError, BotoCoreError) as error:
                raise self._failure("written", error) from error
            else:
                return

    def _raise_unless_busy(
        self, error: ClientError, writes: list[dict[str, Any]], *, is_last: bool
    ) -> None:
        """Return when another transaction held an item just now: the same write may be repeated."""
        response: Any = error.response
        codes = [reason.get("Code") for reason in response.get("CancellationReasons", ())]
        lost = [
            write["Key"]["sk"]["S"]
            for write, code in zip(writes, codes, strict=False)
            if code == "ConditionalCheckFailed"
        ]
        if lost:
            names = ", ".join(str(Identity.parse(key)) for key in lost)
            raise PublishError(
                f"{names}: {self._winner(lost)} published this with another meaning since the plan "
                "was made. Run skewless plan again to see how it differs"
            ) from error
        if is_last or "TransactionConflict" not in codes:
            raise self._failure("written", error) from error

    def _winner(self, lost: Sequence[str]) -> str:
        """Name who published one of these last, if the log says so."""
        for entry in self.log(limit=_LOOKED_AT):
            if entry.by and any(change.key in lost for change in entry.changes):
                return f"{entry.by} (at {entry.at.isoformat(timespec='seconds')})"
        return "someone else"

    def _failure(self, participle: str, error: Exception) -> StoreError:
        return StoreError(
            f"the registry table {self._table_name!r} could not be {participle}: {error}"
        )


def _order(pair: tuple[Change, Definition]) -> tuple[int, str]:
    change, item = pair
    return level(item), change.identity.key


def _chunks(writes: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    total = 0
    for write in writes:
        size = len(write["ExpressionAttributeValues"][":d"]["S"])
        if chunk and (len(chunk) == MAX_WRITES or total + size > MAX_TRANSACTION_BYTES):
            yield chunk
            chunk, total = [], 0
        chunk.append(write)
        total += size
    if chunk:
        yield chunk
