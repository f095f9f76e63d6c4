"""The line of a source: producers who bring events, closed cuts, and views that are cut.

One item for each source, in the online table. A producer enters with its stamp, and leaves when its
events are in both stores. A cut closes the line at its instant: from then on nobody gets an earlier
stamp, whatever their clock. Then the cut waits for producers inside with an earlier one. Readers
look at the line too, and so know what may be missing. See docs/decisions/0022 and 0023.
Boto3's half of the package.
"""

from __future__ import annotations

import time
import uuid
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from skewless.errors import ClockError, NotDueError, OnlineStoreError
from skewless.materialize.place import CutMeanwhileError, Place
from skewless.online.attribute import NEVER, plain
from skewless.online.call import ConditionFailedError
from skewless.online.line import CLOSED, ERASING, HISTORY, INSIDE, LAST, SERVED, VIEWS, line_item
from skewless.online.pace import BOUND, SECOND, pace_of
from skewless.online.server_time import beyond_bound, date_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from skewless.aws import Aws
    from skewless.online.pace import Pace
    from skewless.online.table import OnlineTable

_POLLING_SECONDS = 0.1
_ATTEMPTS = 20


class SourceLine:
    """The line of one source.

    Args:
        aws: where the store is.
        table_name: the online table's.
        source: whose line it is.
        pace: how producers go by their clocks; that of `aws` if None.
    """

    def __init__(self, aws: Aws, table_name: str, source: str, pace: Pace | None = None) -> None:
        self.pace = pace_of(aws.endpoint) if pace is None else pace
        self._source = source
        self._item = line_item(aws, table_name, source)

    @classmethod
    def of(cls, table: OnlineTable, source: str) -> SourceLine:
        """Return the line of a source, in an online table."""
        return cls(table.aws, table.name, source)

    @contextmanager
    def inside_of(
        self,
        clock: Callable[[], int],
        batch: str = "",
        *,
        not_before: int = NEVER,
        checks_clock: bool = False,
    ) -> Iterator[Place]:
        """Be in the line as a producer of new events.

        Args:
            clock: tells the time in microseconds. The stamp is ahead of it by the pace's lead, or
                later where cuts are closed, or what comes after was served.
            batch: names the events that are brought, by their shard and first number in the log.
            not_before: the producer's last stamp: its clock may step back, its stamps do not.
            checks_clock: whether the clock is compared with DynamoDB's.

        Raises:
            ClockError: the clock is further from DynamoDB's than the declared bound.
            OnlineStoreError: DynamoDB refused.
        """
        place = self._enter(clock, _name_of(batch), not_before, checks_clock=checks_clock)
        try:
            yield place
        finally:
            place.give_up()

    @contextmanager
    def with_history(self, earliest: int) -> Iterator[Place]:
        """Be in the line with history, whose earliest ingest time is meant, however old it is.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        name = _name_of("")
        item = self._put(HISTORY, name, earliest, None)
        # Loads that died: nobody waits for them any more, and the log tells what they brought.
        self.forget([other for other in item[HISTORY] if self.is_dead(other)])
        views = _views(item)
        place = Place(earliest, earliest, {}, self, name, HISTORY, views, lambda: earliest)
        try:
            yield place
        finally:
            place.give_up()

    def _enter(
        self, clock: Callable[[], int], name: str, least: int, *, checks_clock: bool
    ) -> Place:
        if checks_clock and not self.pace.is_exact:
            self._check(clock)
        for _ in range(_ATTEMPTS):
            entered = time.monotonic()
            now = clock()
            stamp = max(now + self.pace.lead, least)
            try:
                item = self._put(INSIDE, name, stamp, self._condition)
            except ConditionFailedError as error:
                least = max(least, _least(plain(error.item)))
                continue
            took = (time.monotonic() - entered) * 1e6
            if self.pace.is_exact or took <= self.pace.entering:
                horizon = min(*item[INSIDE].values(), now - self.pace.lead, stamp)
                dead = {name: at for name, at in item[INSIDE].items() if self.is_dead(name)}
                return Place(stamp, horizon, dead, self, name, INSIDE, _views(item), clock)
        with suppress(OnlineStoreError):
            self.leave(INSIDE, name, None)
        raise OnlineStoreError(
            f"source {self._source!r}: {_ATTEMPTS} times DynamoDB took longer than "
            f"{self.pace.entering / 1e6} s to note that events are coming, or others were quicker. "
            "Nothing was written; send the rows again"
        )

    @property
    def _condition(self) -> str:
        condition = "(attribute_not_exists(#closed) OR #closed <= :stamp)"
        if self.pace.is_exact:
            condition += " AND (attribute_not_exists(#served) OR #served <= :stamp)"
            condition += " AND (attribute_not_exists(#last) OR #last <= :stamp)"
        return condition

    def _check(self, clock: Callable[[], int]) -> None:
        """Compare a clock with DynamoDB's, by the date of its answer."""
        asked = clock()
        date = date_of(self._item.answer())
        if off := beyond_bound(date, asked, clock()):
            how = "ahead of" if off > 0 else "behind"
            raise ClockError(
                f"source {self._source!r}: this machine's clock is "
                f"{(abs(off) + BOUND) / 1e6:.1f} s or more {how} AWS's; clocks may differ by "
                f"{BOUND / 1e6} s. Its stamps would make what is served untrue. Nothing was "
                "written; set the clock (NTP; on AWS the Amazon Time Sync Service), and send the "
                "rows again"
            )

    def _put(self, map_: str, name: str, stamp: int, condition: str | None) -> dict[str, Any]:
        update, aliases = "SET #map.#name = :stamp", {"map": map_, "name": name}
        if condition is not None:
            aliases["closed"] = CLOSED
            if self.pace.is_exact:
                update += ", #last = :stamp"
                aliases |= {"served": SERVED, "last": LAST}
        try:
            return self._item.update(update, aliases, {":stamp": stamp}, condition)
        except OnlineStoreError as error:
            if not _lacks_path(error):
                raise
        # The first one ever: DynamoDB changes no map that is not there.
        self._item.update(
            "SET #i = if_not_exists(#i, :none), #h = if_not_exists(#h, :none)",
            {"i": INSIDE, "h": HISTORY},
            {":none": {}},
        )
        return self._item.update(update, aliases, {":stamp": stamp}, condition)

    def leave(self, map_: str, name: str, known: frozenset[str] | None) -> frozenset[str]:
        """Go out; return the views that were ever cut.

        Args:
            map_: whether it brings new events or history.
            name: the batch's.
            known: the views that it knows of: it stays inside where there are others; None if it
                goes out anyhow.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        aliases, values, condition = {"map": map_, "name": name}, {}, None
        if known is not None:
            aliases["views"] = VIEWS
            condition = "attribute_not_exists(#views)"
            if known:
                condition, values = "#views = :known", {":known": known}
        try:
            return _views(self._item.update("REMOVE #map.#name", aliases, values, condition))
        except ConditionFailedError as error:
            raise CutMeanwhileError(_views(plain(error.item))) from error

    def renew(self, map_: str, name: str, stamp: int) -> str:
        """Say that a producer is alive; return its new name.

        Raises:
            OnlineStoreError: it was taken for dead, and what it had left in the log was applied; or
                DynamoDB refused.
        """
        new = _name_of(batch_of(name))
        try:
            self._item.update(
                "SET #map.#new = :stamp REMOVE #map.#name",
                {"map": map_, "new": new, "name": name},
                {":stamp": stamp},
                "attribute_exists(#map.#name)",
            )
        except ConditionFailedError as error:
            raise OnlineStoreError(
                f"source {self._source!r}: writing the files of these rows took more than "
                f"{self.pace.dying / SECOND:.0f} s, and others took this producer for dead. The "
                "log has none of the rows; send them again, in smaller parts"
            ) from error
        return new

    def close(self, view: str, cut: int, *, is_trial: bool = False) -> None:
        """Give no stamp before the cut any more, and let producers know of the view.

        Args:
            view: its partition.
            cut: microseconds.
            is_trial: whether producers are not to know of the view: nobody ever fills it but cuts.

        Raises:
            NotDueError: an erasure removes rows from the log, and the view was never cut.
            OnlineStoreError: DynamoDB refused.
        """
        try:
            self._admit(
                view,
                "SET #c = :c",
                {":c": cut},
                "attribute_not_exists(#c) OR #c < :c",
                is_trial=is_trial,
            )
        except ConditionFailedError as error:
            self._check_erasures(error.item, view)
            if is_trial:
                return
            # A later cut of another view was closed before.
            try:
                self._admit(view, "", {}, None, is_trial=False)
            except ConditionFailedError as again:
                self._check_erasures(again.item, view)
                raise  # pragma: no cover - there is no other condition

    def _admit(
        self,
        view: str,
        update: str,
        values: Mapping[str, Any],
        condition: str | None,
        *,
        is_trial: bool,
    ) -> None:
        """Add a view; not its first cut while an erasure removes rows.

        The erasure knows which views may have read the rows: those that were added before it. A
        view of a trial is not added, so that none of its cuts begins while rows are removed.
        """
        unless = "(attribute_not_exists(#e) OR contains(#v, :view))"
        aliases = {"e": ERASING, "v": VIEWS} | ({"c": CLOSED} if condition else {})
        added = {} if is_trial else {":v": frozenset([view])}
        self._item.update(
            update if is_trial else f"{update} ADD #v :v",
            aliases,
            {":view": view, **added, **values},
            unless if condition is None else f"({condition}) AND {unless}",
        )

    def _check_erasures(self, item: Mapping[str, Any], view: str) -> None:
        found = plain(item)
        if found.get(ERASING) and view not in _views(found):
            name = view.partition("#")[0]
            raise NotDueError(
                f"view {name}: its first cut waits, as an erasure is removing rows from the log of "
                f"{self._source!r} ({', '.join(sorted(found[ERASING]))}). Run it again when the "
                "erasure is done; if that died, finish it first: run the same `skewless forget`"
            )

    def begin_erasure(self, erasure: str) -> None:
        """Let no view's first cut begin until the erasure has removed its rows.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        self._item.update("ADD #e :e", {"e": ERASING}, {":e": frozenset([erasure])})

    def end_erasure(self, erasure: str) -> None:
        """Let first cuts begin again.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        self._item.update("DELETE #e :e", {"e": ERASING}, {":e": frozenset([erasure])})

    def horizons(self) -> Callable[[int], int]:
        """Return what tells, of the greatest ingest time of some events, their horizon.

        Raises:
            OnlineStoreError: DynamoDB refused.
        """
        inside = list(self._item.read().get(INSIDE, {}).values())
        # As a producer with that stamp would have it: its clock was behind the stamp by the lead.
        return lambda greatest: min([greatest - 2 * self.pace.lead, *inside])

    def inside(self, before: int) -> dict[str, int]:
        """Return the batches of the living that are inside with a stamp before an instant."""
        item = self._item.read()
        everyone = {**item.get(INSIDE, {}), **item.get(HISTORY, {})}
        return {
            name: stamp
            for name, stamp in everyone.items()
            if stamp < before and not self.is_dead(name)
        }

    def producers(self) -> Mapping[str, int]:
        """Return, by batch, the stamps of those who are inside with new events, dead or alive."""
        inside: Mapping[str, int] = self._item.read().get(INSIDE, {})
        return inside

    def is_dead(self, name: str) -> bool:
        """Say whether a batch came in so long ago that its producer must be dead."""
        return int(name.partition("|")[0]) < time.time() - self.pace.dying / SECOND

    def wait(self, before: int, seconds: float) -> None:
        """Wait until nobody is inside with a stamp before an instant.

        Who does not come out in time is not waited for. Should it go on all the same, the next cut
        finds what it brings.
        """
        give_up_at = time.monotonic() + seconds
        while self.inside(before) and time.monotonic() < give_up_at:
            time.sleep(_POLLING_SECONDS)

    def wait_for(self, names: Collection[str], seconds: float) -> set[str]:
        """Wait until producers have left; return those that have not in time."""
        left = set(names)
        give_up_at = time.monotonic() + seconds
        while left and time.monotonic() < give_up_at:
            time.sleep(_POLLING_SECONDS)
            left &= self.producers().keys()
        return left

    def forget(self, names: Iterable[str]) -> None:
        """Take batches out of the line, after what their dead producers left undone is done."""
        aliases = {f"b{number}": name for number, name in enumerate(names)}
        if aliases:
            gone = [f"#{map_}.#{alias}" for map_ in ("i", "h") for alias in aliases]
            maps = {"i": INSIDE, "h": HISTORY}
            self._item.update("REMOVE " + ", ".join(gone), aliases | maps, {})


def _name_of(batch: str) -> str:
    # When it came in, by its own clock: who stands still for minutes is told by that.
    return f"{int(time.time())}|{uuid.uuid4().hex[:8]}|{batch}"


def batch_of(name: str) -> str:
    """Return the events that a batch's name in the line says it brings."""
    return name.partition("|")[2].partition("|")[2]


def _least(item: Mapping[str, Any]) -> int:
    """Return the least stamp that the line gives now."""
    given: list[int] = [item[name] for name in (CLOSED, SERVED, LAST) if name in item]
    return max(given, default=NEVER)


def _views(item: Mapping[str, Any]) -> frozenset[str]:
    return frozenset(item.get(VIEWS, ()))


def _lacks_path(error: OnlineStoreError) -> bool:
    cause = error.__cause__
    if not isinstance(cause, ClientError):
        return False
    return cause.response.get("Error", {}).get("Code") == "ValidationException"
