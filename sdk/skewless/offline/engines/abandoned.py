"""Leftovers of killed Athena sessions: the next session removes them, a day later.

A session's id is in the names of its tables and of its folder below `queries/`. Labels are uploaded
before their table is made, and objects are removed after the tables. So the folder exists as long
as any table does, until a lifecycle rule expires it. Training roles may list that folder, but may
not list tables.
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
# Athena ends a query after 30 minutes, and a session is a few queries.
ABANDONED_AFTER = timedelta(days=1)
_SESSION = re.compile(rf"{FOLDER}([0-9a-f]{{32}})/")
_EVER = datetime.min.replace(tzinfo=UTC)
_MOST_PAGES = 5  # of a thousand objects each
_MOST_SESSIONS = 20


@dataclass(slots=True)
class _Session:
    """A session, as its objects describe it."""

    id: str
    keys: list[str] = field(default_factory=list)
    last_written: datetime = _EVER


class Abandoned:
    """The leftovers of sessions that were killed.

    Args:
        aws: where they are.
        resources: the store's.
        after: a session counts as dead if nobody wrote to it for that long.
    """

    def __init__(self, aws: Aws, resources: Resources, after: timedelta = ABANDONED_AFTER) -> None:
        self._aws = aws
        self._resources = resources
        self._after = after

    def sweep(self) -> int:
        """Remove tables and objects of some dead sessions; return of how many.

        Somebody is waiting for the query that follows, and it may be unrelated. So a refusal of
        AWS is no error: the next session tries again, and `skewless doctor` names what is left.
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
                return  # another session may be using it
            # Ages go by S3's clock: this machine's may be wrong by days.
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
        """Remove the tables first: the next sweep finds leftovers of this one by the objects."""
        for prefix in (LABELS, STEP):
            known = _numbers(session, prefix)
            for number in count():
                # Steps are numbered from 1. A step without rows has a table and no object.
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
