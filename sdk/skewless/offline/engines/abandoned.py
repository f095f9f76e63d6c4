"""What Athena sessions left that were killed: the next session removes it, a day later.

A session has an id, which is in the names of its tables and of its folder below `queries/`. The
labels are uploaded before their table is made, and the objects are removed after the tables: so
the folder is there as long as any table is, until a lifecycle rule expires it. Whoever trains may
list that folder; to list tables takes a permission that training does not have.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from itertools import count
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.aws import Aws, Resources

FOLDER = "queries/"
LABELS, STEP = "skewless_labels_", "skewless_step_"
# Athena ends a query after 30 minutes; a session is a few of them.
ABANDONED_AFTER = timedelta(days=1)
_SESSION = re.compile(rf"{FOLDER}([0-9a-f]{{32}})/")
_EVER = datetime.min.replace(tzinfo=UTC)
_MOST_PAGES = 5  # of a thousand objects each
_MOST_SESSIONS = 20


@dataclass(slots=True)
class _Session:
    """What is known of a session by its objects."""

    id: str
    keys: list[str] = field(default_factory=list)
    last_written: datetime = _EVER


class Abandoned:
    """The leavings of sessions that did not end.

    Args:
        aws: where they are.
        resources: the store's.
        after: for how long nobody must have written to a session that is taken for dead.
    """

    def __init__(self, aws: Aws, resources: Resources, after: timedelta = ABANDONED_AFTER) -> None:
        self._aws = aws
        self._resources = resources
        self._after = after

    def sweep(self) -> int:
        """Remove tables and objects of dead sessions, some at a time; return of how many.

        It stands before a query that somebody waits for, and may have nothing to do with it: what
        AWS refuses here is left for the next session, and `skewless doctor` names it.
        """
        swept = 0
        with suppress(ClientError, BotoCoreError):
            for session in self._dead():
                self._remove(session)
                swept += 1
                if swept == _MOST_SESSIONS:
                    break
        return swept

    def _dead(self) -> Iterator[_Session]:
        pages = self._s3.get_paginator("list_objects_v2").paginate(
            Bucket=self._resources.bucket, Prefix=FOLDER
        )
        current = _Session("")
        for number, page in enumerate(pages):
            if number == _MOST_PAGES:
                return  # the session under way here may go on there
            # By S3's own clock: that of this machine may be wrong by days.
            now = _date_of(page)
            for found in page.get("Contents", ()):
                match = _SESSION.match(found["Key"])
                if match is None:
                    continue
                if match[1] != current.id:
                    if self._is_dead(current, now):
                        yield current
                    current = _Session(match[1])
                current.keys.append(found["Key"])
                current.last_written = max(current.last_written, found["LastModified"])
            if not page.get("IsTruncated") and self._is_dead(current, now):
                yield current

    def _is_dead(self, session: _Session, now: datetime) -> bool:
        return bool(session.keys) and now - session.last_written >= self._after

    def _remove(self, session: _Session) -> None:
        """Remove the tables first: by the objects the next sweep finds what is left of this one."""
        for prefix in (LABELS, STEP):
            known = _numbers(session, prefix)
            for number in count():
                # Steps are numbered from 1. One of no rows has a table, and no object.
                is_gone = not self._drop(f"{prefix}{session.id}_{number}")
                if is_gone and number > max(known, default=0) + 1:
                    break
        for key in session.keys:
            self._s3.delete_object(Bucket=self._resources.bucket, Key=key)

    def _drop(self, name: str) -> bool:
        """Delete a table; return whether there was one."""
        try:
            self._aws.client("glue").delete_table(DatabaseName=self._resources.database, Name=name)
        except ClientError as error:
            if error.response["Error"]["Code"] == "EntityNotFoundException":
                return False
            raise
        return True

    @property
    def _s3(self) -> Any:
        return self._aws.client("s3")


def _numbers(session: _Session, prefix: str) -> list[int]:
    """Return the numbers of the session's tables that have objects in its folder."""
    named = re.compile(rf"{FOLDER}{session.id}/{prefix}{session.id}_(\d+)/")
    return [int(match[1]) for key in session.keys if (match := named.match(key))]


def _date_of(answer: dict[str, Any]) -> datetime:
    date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
    return datetime.now(UTC) if date is None else parsedate_to_datetime(date)
