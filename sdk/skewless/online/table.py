"""The online table: all calls to DynamoDB, without what items mean. Every write is conditional."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.errors import ItemTooLargeError, OnlineStoreError
from skewless.online.address import (
    BATCH,
    STREAM,
    WATERMARK,
    described,
    stream_day,
    stream_expiry,
    stream_sort,
)
from skewless.online.attribute import NEVER, address_key, names, plain, size_of, whole, wire, wired
from skewless.online.batch_get import BatchGet
from skewless.online.call import ConditionFailedError, call, pages, units
from skewless.online.cut_batch import put_cuts
from skewless.online.failed import FailedEntities
from skewless.online.record import (
    CLOSED_BY,
    CutOutcome,
    Watermark,
    cut_fields,
    stream_fields,
    to_stream_item,
    to_watermark,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skewless.aws import Aws
    from skewless.online.address import Address
    from skewless.online.batch_get import BatchRead
    from skewless.online.cut_batch import CutsPut
    from skewless.online.record import Cut, StreamItem

MAX_ITEM_BYTES = 390_000  # DynamoDB takes 409,600; the rest is for names, keys and estimates
NO_SNAPSHOT = -1  # the snapshot of an empty log, or of a table that keeps none
READ_SECONDS, WRITE_SECONDS = 1.0, 30.0


class OnlineTable:
    """One DynamoDB table of online items.

    Args:
        aws: where it is.
        name: its name.
        run: names the run that cuts. A cut that another run began since is then not committed by
            this one: of a trial the items may have been removed in between.
    """

    def __init__(self, aws: Aws, name: str, run: str = "") -> None:
        self.aws = aws
        self.name = name
        self._run = run

    @property
    def failed(self) -> FailedEntities:
        """The entities that could not be written."""
        return FailedEntities(self.aws, self.name)

    def batch_get(
        self,
        addresses: Iterable[Address],
        *,
        consistent: bool = False,
        deadline_seconds: float = READ_SECONDS,
    ) -> BatchRead:
        """Read items; those that do not exist are absent from the answer.

        Raises:
            OnlineStoreError: DynamoDB refused, or left keys out until the deadline.
        """
        batch = BatchGet(self._client, self.name, deadline_seconds, is_consistent=consistent)
        return batch.fetch(addresses)

    def put_cut(self, cut: Cut, *, is_first: bool = False) -> tuple[CutOutcome, float]:
        """Write an entity's state unless it has that cut or a newer one; return the units too.

        Args:
            cut: the state.
            is_first: whether the entity probably has no item yet. Creating one is cheaper than
                updating it; if there is one after all, a second call is made.

        Raises:
            ItemTooLargeError: DynamoDB would not take it.
        """
        _check_size(cut.key, len(cut.state) * (1 + cut.keep_previous))
        if is_first:
            consumed = self._create_cut(cut)
            if consumed is not None:
                return CutOutcome.WRITTEN, consumed
        return self._update_cut(cut)

    def put_cuts(self, cuts: Sequence[Cut], *, is_first: bool = False) -> CutsPut:
        """Write many entities' states as `put_cut` does; see `cut_batch`.

        Raises:
            OnlineStoreError: DynamoDB refused; what was written stays written.
        """
        return put_cuts(self._client, self.name, self.put_cut, cuts, is_first=is_first)

    def cut_of(self, key: str) -> tuple[int, int] | None:
        """Return the cut and the version of an entity's item, consistently; None without one."""
        answer = call(
            self._client.get_item,
            WRITE_SECONDS,
            f"to read item {BATCH!r} of {described(key)}",
            TableName=self.name,
            Key=address_key((key, BATCH)),
            ConsistentRead=True,
            ProjectionExpression="#g, #v",
            ExpressionAttributeNames=names("g", "v"),
        )
        if "Item" not in answer:
            return None
        item = plain(answer["Item"])
        return item["g"], item["v"]

    def rewrite_cut(self, cut: Cut, before: tuple[int, bytes] | None, version: int | None) -> bool:
        """Write an entity's item whole, unless it changed since it was read; say whether it was.

        Args:
            cut: the state, and of which cut.
            before: the cut before and its state, for views that keep it; None if there is none.
            version: of the item that was read; None if there was none.

        Raises:
            ItemTooLargeError: DynamoDB would not take it.
        """
        fields = cut_fields(cut, before, (version or 0) + 1)
        _check_size(cut.key, size_of(fields))
        address = (cut.key, BATCH)
        item = whole(address, fields)
        return self._if_same(self._client.put_item, address, version, Item=item) is not None

    def drop_cut(self, key: str, version: int | None) -> bool:
        """Delete an entity's item, unless it changed since it was read; say whether it is gone."""
        return self._drop((key, BATCH), version)

    def get_stream(self, key: str, day: int) -> StreamItem | None:
        """Read the stream item of the UTC day in which the instant `day` lies, consistently."""
        answer = call(
            self._client.get_item,
            WRITE_SECONDS,
            f"to read the stream item of {described(key)}",
            TableName=self.name,
            Key=address_key((key, stream_sort(day))),
            ConsistentRead=True,
        )
        if "Item" not in answer:
            return None
        return to_stream_item(plain(answer["Item"]))

    def put_stream(self, key: str, day: int, item: StreamItem) -> float | None:
        """Write a stream item if its version is still there; return its units, None if it is not.

        Args:
            key: the entity's partition.
            day: any instant of the UTC day.
            item: its version is the one that was read, 0 for none; the next one is written.

        Raises:
            ItemTooLargeError: DynamoDB would not take it.
        """
        fields = stream_fields(item) | {"v": item.version + 1, "e": stream_expiry(day)}
        _check_size(key, size_of(fields))
        address = (key, stream_sort(day))
        return self._if_same(
            self._client.put_item,
            address,
            item.version or None,
            Item=whole(address, fields),
            ReturnConsumedCapacity="TOTAL",
        )

    def stream_days(self, key: str) -> Iterator[tuple[int, StreamItem]]:
        """Read all stream items of an entity, consistently: each with its day's first instant."""
        found = pages(
            self._client.query,
            WRITE_SECONDS,
            f"to read the stream items of {described(key)}",
            TableName=self.name,
            KeyConditionExpression="pk = :pk AND begins_with(sk, :days)",
            ExpressionAttributeValues={":pk": wire(key), ":days": wire(STREAM)},
            ConsistentRead=True,
        )
        for item in (item for page in found for item in page["Items"]):
            yield stream_day(item["sk"]["S"]), to_stream_item(plain(item))

    def drop_stream(self, key: str, day: int, version: int) -> bool:
        """Delete a stream item, unless it changed since it was read; say whether it is gone."""
        return self._drop((key, stream_sort(day)), version)

    def read_watermark(self, view: str) -> Watermark:
        """Read how far a view is cut, consistently; `view` is its partition."""
        items = self.batch_get([(view, WATERMARK)], consistent=True).items
        found = items.get((view, WATERMARK))
        return found if isinstance(found, Watermark) else Watermark()

    def begin_cut(self, view: str, cut: int, snapshot: int = NO_SNAPSHOT) -> Watermark:
        """Record that a cut is being written, and return the watermark as it then is.

        If its `started` is not `cut`, nothing was recorded: another cut was begun and never
        committed, and has to be finished first, or `cut` is not later than the committed one, or
        the view's items are being removed.

        Args:
            view: its partition.
            cut: microseconds.
            snapshot: the log's, of before the cut reads it. A cut that goes on keeps the one with
                which it began: its first attempt may have written entities as they were then.
        """
        run = ", #run = :run" if self._run else ""
        found = self._move_watermark(
            view,
            f"SET #started = :cut, #reading = :snapshot{run}",
            "(attribute_not_exists(#started) OR #started <= #cut) "
            "AND (attribute_not_exists(#cut) OR #cut < :cut) "
            "AND attribute_not_exists(#removing)",
            {":cut": cut, ":snapshot": snapshot, **self._of_run},
            ["started", "cut", "reading", CLOSED_BY, *self._named_run],
        )
        is_under_way = found.started == cut and (found.cut is None or found.cut < cut)
        if not self._run or not is_under_way or found.is_closed:
            return found
        # Another run began it, and may have died: this one goes on with it.
        return self._move_watermark(
            view,
            "SET #run = :run",
            "#started = :cut AND (attribute_not_exists(#cut) OR #cut < :cut) "
            "AND attribute_not_exists(#removing)",
            {":cut": cut, **self._of_run},
            ["started", "cut", CLOSED_BY, "run"],
        )

    def commit_cut(self, view: str, cut: int) -> Watermark:
        """Make a begun cut the view's cut, once; return the watermark.

        Call it a few seconds after the cut's last write: a batch read is no snapshot, and one
        that sees the new watermark must not see an entity as it was before.

        Raises:
            OnlineStoreError: the cut was not begun.
        """
        found = self._move_watermark(
            view,
            "SET #previous = if_not_exists(#cut, :never), #cut = :cut, "
            "#snapshot = if_not_exists(#reading, :none)" + (" REMOVE #run" if self._run else ""),
            "#started = :cut AND (attribute_not_exists(#cut) OR #cut < :cut)"
            + (" AND #run = :run" if self._run else ""),
            {":cut": cut, ":never": NEVER, ":none": NO_SNAPSHOT, **self._of_run},
            ["started", "cut", "previous", "snapshot", "reading", *self._named_run],
        )
        if found.cut is None or found.cut < cut:
            raise OnlineStoreError(
                f"the cut {cut} of view {view!r} cannot be committed: it was not begun; "
                f"the cut begun last is {found.started}"
                + (", by another run" if found.started == cut else "")
            )
        return found

    @property
    def _client(self) -> Any:
        return self.aws.client("dynamodb")

    @property
    def _of_run(self) -> dict[str, str]:
        return {":run": self._run} if self._run else {}

    @property
    def _named_run(self) -> list[str]:
        return ["run"] if self._run else []

    def _create_cut(self, cut: Cut) -> float | None:
        """Write what `_update_cut` would, if there is no item; return the units, None if one is."""
        fields = cut_fields(cut, None, 1)
        try:
            answer = call(
                self._client.put_item,
                WRITE_SECONDS,
                f"to write item {BATCH!r} of {described(cut.key)}",
                TableName=self.name,
                Item=whole((cut.key, BATCH), fields),
                ConditionExpression="attribute_not_exists(#pk)",
                ExpressionAttributeNames=names("pk"),
                ReturnConsumedCapacity="TOTAL",
            )
        except ConditionFailedError:
            return None
        return units(answer)

    def _update_cut(self, cut: Cut) -> tuple[CutOutcome, float]:
        assignments = ["#c = :c", "#g = :g", "#v = if_not_exists(#v, :zero) + :one"]
        values = {":c": cut.state, ":g": cut.cut, ":zero": 0, ":one": 1}
        used = ["c", "g", "v", "e"]
        if cut.keep_previous:
            assignments.append("#p = if_not_exists(#c, :empty), #pg = if_not_exists(#g, :never)")
            values.update({":empty": b"", ":never": NEVER})
            used.extend(("p", "pg"))
        if cut.expires_at is None:
            removal = " REMOVE #e"
        else:
            removal = ""
            assignments.append("#e = :e")
            values[":e"] = cut.expires_at
        try:
            answer = self._update(
                (cut.key, BATCH),
                f"SET {', '.join(assignments)}{removal}",
                "attribute_not_exists(#g) OR #g < :g",
                values,
                used,
            )
        except ConditionFailedError as error:
            is_same = plain(error.item).get("g") == cut.cut
            return (CutOutcome.ALREADY_THERE if is_same else CutOutcome.NEWER_THERE), 0.0
        return CutOutcome.WRITTEN, units(answer)

    def _drop(self, address: Address, version: int | None) -> bool:
        key = address_key(address)
        return self._if_same(self._client.delete_item, address, version, Key=key) is not None

    def _if_same(
        self, write: Any, address: Address, version: int | None, **request: Any
    ) -> float | None:
        """Write if an item's version is still there; return the units, None if it is not."""
        if version is None:
            request["ConditionExpression"] = "attribute_not_exists(#v)"
        else:
            request["ConditionExpression"] = "#v = :v"
            request["ExpressionAttributeValues"] = {":v": wire(version)}
        try:
            answer = call(
                write,
                WRITE_SECONDS,
                f"to write item {address[1]!r} of {described(address[0])}",
                TableName=self.name,
                ExpressionAttributeNames=names("v"),
                **request,
            )
        except ConditionFailedError:
            return None
        return units(answer)

    def _move_watermark(
        self, view: str, update: str, condition: str, values: dict[str, Any], used: list[str]
    ) -> Watermark:
        try:
            answer = self._update((view, WATERMARK), update, condition, values, used)
        except ConditionFailedError as error:
            return to_watermark(plain(error.item))
        return to_watermark(plain(answer["Attributes"]))

    def _update(
        self,
        address: Address,
        update: str,
        condition: str,
        values: Mapping[str, Any],
        used: list[str],
    ) -> Any:
        return call(
            self._client.update_item,
            WRITE_SECONDS,
            f"to write item {address[1]!r} of {described(address[0])}",
            TableName=self.name,
            Key=address_key(address),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeNames=names(*used),
            ExpressionAttributeValues=wired(values),
            ReturnValues="NONE" if address[1] == BATCH else "ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            ReturnConsumedCapacity="TOTAL",
        )


def _check_size(key: str, size: int) -> None:
    if size > MAX_ITEM_BYTES:
        raise ItemTooLargeError(
            described(key),
            f"the online item would take {size:,} bytes, more than the {MAX_ITEM_BYTES:,} that "
            "fit. Use longer hops, shorter windows or fewer features.",
        )
