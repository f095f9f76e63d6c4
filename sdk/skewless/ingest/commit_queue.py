"""A queue before a log's commits: producers that come at once share one commit.

Iceberg lets one commit at a time succeed. Ten writers who all try would make some fifty attempts
for ten commits. So the first to come leads: it commits its own files and those of all who wait. An
item in DynamoDB says who leads and what waits.

Correctness does not depend on it. The commit itself looks for what is committed already, so a slow
or dead leader, or two of them, neither lose nor repeat anything. No clock matters: a leader counts
as dead if it does not change for a while by the waiting producer's stopwatch.
"""

from __future__ import annotations

import json
import random
import time
import uuid
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from skewless.errors import RepeatedLoadError, StoreError
from skewless.offline.lake.commits import Append, Claim, ShardTakenError, snapshot_of
from skewless.offline.lake.data_files import from_text, to_text
from skewless.online.call import ConditionFailedError
from skewless.online.shared_item import SharedItem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.aws import Aws
    from skewless.errors import SkewlessError
    from skewless.offline.lake.commits import Outcome, Together

PARTITION = "commits#"
SORT = "queue"
_LEADER, _WAITING, _DONE = "leader", "w#", "d#"
_MOST_TOGETHER = 50  # some 2 KB each: an item holds 400
_SILENCE_SECONDS = 10.0
_PATIENCE_SECONDS = 60.0
_POLLING_SECONDS = (0.03, 0.12)
_KEPT_SECONDS = 3600  # outcomes that nobody fetched: their writers died


class CommitQueue:
    """The queue of one log, an item in the registry's table."""

    def __init__(
        self, aws: Aws, table_name: str, log: str, *, silence_seconds: float = _SILENCE_SECONDS
    ) -> None:
        what = f"for the queue of commits to the log of {log!r}"
        self._item = SharedItem(aws, table_name, (PARTITION + log, SORT), what)
        self._log = log
        self._silence_seconds = silence_seconds

    def commit(self, append: Append, together: Together) -> int:
        """Have an append committed by the leader; return the snapshot.

        Args:
            append: the files, and what they claim.
            together: commits appends of several writers, and says what became of each.

        Raises:
            ShardTakenError: others have the sequence numbers; nothing was committed.
            RepeatedLoadError: the rows are there already; nothing was committed.
            StoreError: AWS refused.
        """
        me = uuid.uuid4().hex
        item = self._lead(me, None)
        if item is None:
            self._item.update("SET #w = :w", {"w": _WAITING + append.id}, {":w": _packed(append)})
            found = self._wait(me, append.id)
            if not isinstance(found, dict):
                return snapshot_of(found)
            item = found
        outcomes: Mapping[str, Outcome] = {}
        waiting = [_unpacked(id_, item[_WAITING + id_]) for id_ in _waiting(item, append.id)]
        try:
            outcomes = together([append, *waiting])
        finally:
            self._leave(me, append.id, item, outcomes)
        return snapshot_of(outcomes[append.id])

    def waiting(self) -> dict[str, Append]:
        """Return all waiting appends by id; those of dead writers wait for ever."""
        item = self._item.read()
        names = [name for name in item if name.startswith(_WAITING)]
        ids = (name.removeprefix(_WAITING) for name in names)
        return {id_: _unpacked(id_, item[_WAITING + id_]) for id_ in ids}

    def drop(self, id_: str) -> None:
        """Remove the append of a dead writer, so that nobody commits it."""
        self._item.update("REMOVE #w", {"w": _WAITING + id_}, {})

    def _wait(self, me: str, id_: str) -> Outcome | dict[str, Any]:
        """Wait in line; return the outcome, or the queue's item if it is ours to lead."""
        watched: str | None = None
        since = time.monotonic()
        give_up_at = since + _PATIENCE_SECONDS
        while time.monotonic() < give_up_at:
            item = self._item.read()
            if (outcome := item.get(_DONE + id_)) is not None:
                self._item.update("REMOVE #d", {"d": _DONE + id_}, {})
                return _outcome(outcome)
            leader = item.get(_LEADER)
            if leader != watched:
                watched, since = leader, time.monotonic()
            if leader is None or time.monotonic() - since > self._silence_seconds:
                led = self._lead(me, leader)
                if led is not None and _DONE + id_ not in led:
                    return led
            time.sleep(random.uniform(*_POLLING_SECONDS))  # noqa: S311 - jitter
        raise StoreError(
            f"the rows waited {_PATIENCE_SECONDS:.0f} s to be committed to the log of "
            f"{self._log!r}; whether they will be there is not known. Look at it before sending "
            "them again"
        )

    def _lead(self, me: str, after: str | None) -> dict[str, Any] | None:
        """Become the leader where nobody is, or after one that is silent; return the item."""
        free = "attribute_not_exists(#l)" if after is None else "#l = :after"
        values = {":me": me} if after is None else {":me": me, ":after": after}
        try:
            return self._item.update("SET #l = :me", {"l": _LEADER}, values, free)
        except ConditionFailedError:
            return None

    def _leave(
        self, me: str, mine: str, item: Mapping[str, Any], outcomes: Mapping[str, Outcome]
    ) -> None:
        """Write the outcomes for the others, and make room for the next leader."""
        others = [id_ for id_ in _waiting(item, mine) if id_ in outcomes]
        gone = [_WAITING + id_ for id_ in others] + _forgotten(item)
        if mine in outcomes:
            gone += [_WAITING + mine, _DONE + mine]
        told = {f":d{number}": _text(outcomes[id_]) for number, id_ in enumerate(others)}
        aliases = {f"d{number}": _DONE + id_ for number, id_ in enumerate(others)}
        removed = {f"g{number}": name for number, name in enumerate(gone)}
        update = ""
        if told:
            update = "SET " + ", ".join(f"#d{n} = :d{n}" for n in range(len(others)))
        if removed:
            update += " REMOVE " + ", ".join(f"#{alias}" for alias in removed)
        if update:
            self._item.update(update, aliases | removed, told)
        with suppress(ConditionFailedError):  # taken for silent, another leads
            self._item.update("REMOVE #l", {"l": _LEADER}, {":me": me}, "#l = :me")


def _waiting(item: Mapping[str, Any], mine: str) -> list[str]:
    """Return the others that wait: those that one commit takes."""
    ids = sorted(name.removeprefix(_WAITING) for name in item if name.startswith(_WAITING))
    return [id_ for id_ in ids if id_ != mine][:_MOST_TOGETHER]


def _forgotten(item: Mapping[str, Any]) -> list[str]:
    """Return outcomes that nobody fetched, because their writers died."""
    told = {name: float(text.partition(" ")[0]) for name, text in item.items() if name[:2] == _DONE}
    return [name for name, at in told.items() if at < time.time() - _KEPT_SECONDS]


def _packed(append: Append) -> bytes:
    text = json.dumps({"claim": append.claim, "files": to_text(append.files)})
    return zlib.compress(text.encode())


def _unpacked(id_: str, packed: bytes) -> Append:
    found = json.loads(zlib.decompress(packed))
    claim = None if found["claim"] is None else Claim(*found["claim"])
    return Append(id_, from_text(found["files"]), claim)


def _text(outcome: Outcome) -> str:
    what = outcome if isinstance(outcome, int) else f"{type(outcome).__name__} {outcome}"
    return f"{time.time():.0f} {what}"


def _outcome(text: str) -> Outcome:
    what = text.partition(" ")[2]
    if what.lstrip("-").isdigit():
        return int(what)
    kind, _, message = what.partition(" ")
    return _REFUSALS[kind](message)


_REFUSALS: Mapping[str, type[SkewlessError]] = {
    kind.__name__: kind for kind in (RepeatedLoadError, ShardTakenError)
}
