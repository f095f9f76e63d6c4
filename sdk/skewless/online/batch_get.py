"""Batch reads: up to 100 items a call, calls in parallel; keys left out are asked for again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from botocore.exceptions import BotoCoreError, ClientError

from skewless.errors import OnlineStoreError
from skewless.online.address import BATCH, LINE, WATERMARK
from skewless.online.attribute import address_key, names, plain, size_of
from skewless.online.call import PASSING, Deadline, units
from skewless.online.exchange import batch_get_item
from skewless.online.line import INSIDE, LAST, SERVED, to_line
from skewless.online.record import to_batch_item, to_day_item, to_watermark
from skewless.online.server_time import date_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from skewless.online.address import Address
    from skewless.online.line import Line
    from skewless.online.record import BatchItem, DayItem, Watermark

    Record: TypeAlias = BatchItem | DayItem | Watermark | Line

MAX_KEYS = 100
_CALLS_SIDE_BY_SIDE = 16
# The attributes of B, S, W and L that a reader needs, without the bookkeeping of writers.
_ITEM = ("pk", "sk", "c", "g", "p", "pg", "d", "i", "b", "t")
_WATERMARK = ("cut", "previous", "started", "snapshot")
_NAMES = names(*_ITEM, *_WATERMARK, INSIDE, LAST, SERVED)
_PROJECTION = {"ProjectionExpression": ",".join(_NAMES), "ExpressionAttributeNames": _NAMES}


class BatchRead(NamedTuple):
    """What a batch read found.

    Attributes:
        items: by address; addresses without an item are absent.
        sizes: about how many bytes each takes, by address.
        read_units: the capacity that the read consumed.
        date: when DynamoDB answered first, by its own clock and as it wrote it; None if it did not.
    """

    items: dict[Address, Record]
    sizes: dict[Address, int]
    read_units: float
    date: str | None = None


class BatchGet:
    """One batch read of one table."""

    def __init__(self, client: Any, table: str, seconds: float, *, is_consistent: bool) -> None:
        self._client = client
        self._table = table
        self._deadline_seconds = seconds
        self._is_consistent = is_consistent

    def fetch(self, addresses: Iterable[Address]) -> BatchRead:
        """Return the items of the addresses, each asked for once.

        Raises:
            OnlineStoreError: DynamoDB refused, or left keys out until the deadline.
        """
        distinct = list(dict.fromkeys(addresses))
        chunks = [distinct[i : i + MAX_KEYS] for i in range(0, len(distinct), MAX_KEYS)]
        if len(chunks) <= 1:
            reads = [self._chunk(chunk) for chunk in chunks]
        else:
            with ThreadPoolExecutor(min(len(chunks), _CALLS_SIDE_BY_SIDE)) as pool:
                reads = list(pool.map(self._chunk, chunks))
        if len(reads) == 1:
            return reads[0]
        items: dict[Address, Record] = {}
        sizes: dict[Address, int] = {}
        for read in reads:
            items.update(read.items)
            sizes.update(read.sizes)
        consumed = sum(read.read_units for read in reads)
        return BatchRead(items, sizes, consumed, reads[0].date if reads else None)

    def _chunk(self, addresses: list[Address]) -> BatchRead:
        items: dict[Address, Record] = {}
        sizes: dict[Address, int] = {}
        consumed, date = 0.0, None
        deadline = Deadline(self._deadline_seconds)
        left = [address_key(address) for address in addresses]
        while True:
            cause: ClientError | None = None
            try:
                answer = self._call(left)
            except ClientError as error:
                code = error.response.get("Error", {}).get("Code", "")
                if code not in PASSING:
                    raise OnlineStoreError(
                        f"DynamoDB refused to read {len(left)} keys of table {self._table!r}: "
                        f"{error}{self._advice(code)}"
                    ) from error
                cause = error
            else:
                consumed += units(answer)
                date = date or date_of(answer)
                # One table was asked for. AWS does not say whether an answer names it by its ARN
                # where the request did, so its name is not looked at.
                for found in chain(*answer.get("Responses", {}).values()):
                    address = found.pop("pk")["S"], found.pop("sk")["S"]
                    item = plain(found)
                    items[address] = to_record(address, item)
                    sizes[address] = size_of(item)
                unread = answer.get("UnprocessedKeys", {}).values()
                left = [key for part in unread for key in part["Keys"]]
                if not left:
                    return BatchRead(items, sizes, consumed, date)
            if not deadline.pause():
                raise OnlineStoreError(
                    f"DynamoDB left {len(left)} of {len(addresses)} keys of table "
                    f"{self._table!r} unread after {self._deadline_seconds} s"
                ) from cause

    def _advice(self, code: str) -> str:
        is_arn = self._table.startswith("arn:")
        if code == "AccessDeniedException" and is_arn:
            return (
                ". A reader of another account than the table's needs both: the store's "
                "reader_accounts must name the account, and its role must allow this ARN"
            )
        if code in ("AccessDeniedException", "ResourceNotFoundException") and not is_arn:
            return (
                ". By its name a table is looked for in the reader's own account and region: if "
                "the store is in another account, run skewless lock again for a lock with the "
                "table's ARN"
            )
        return ""

    def _call(self, keys: list[dict[str, Any]]) -> Any:
        asked = {"Keys": keys, "ConsistentRead": self._is_consistent, **_PROJECTION}
        try:
            return batch_get_item(self._client, self._table, asked)
        except BotoCoreError as error:
            raise OnlineStoreError(
                f"DynamoDB could not be reached for table {self._table!r}: {error}"
            ) from error


def to_record(address: Address, item: Mapping[str, Any]) -> Record:
    """Return what an item's plain attributes say; where it lies tells what it is."""
    sort = address[1]
    if sort == BATCH:
        return to_batch_item(item)
    if sort == WATERMARK:
        return to_watermark(item)
    return to_line(item) if sort == LINE else to_day_item(item)
