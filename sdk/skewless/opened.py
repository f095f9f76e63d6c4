"""How a store is opened: on AWS by its name, on the local AWS, or of a lock file.

What serving needs is boto3 and the standard library. History and writing need more: they are in
`skewless.workbench`, which is imported at their first use.
"""

from __future__ import annotations

import re
import uuid
from datetime import datetime
from typing import TYPE_CHECKING, Any

from skewless.aws import Aws, Resources
from skewless.definitions.clock import as_clock, system_clock
from skewless.definitions.collection import Definitions
from skewless.definitions.expression import to_microseconds
from skewless.errors import InputError, StoreError, shown
from skewless.online.table import OnlineTable
from skewless.readers import Readers
from skewless.registry.lock import read_lock
from skewless.registry.published import Published

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Self

    import boto3

    from skewless.definitions.clock import Clock
    from skewless.definitions.service import View
    from skewless.registry.registry import Registry
    from skewless.workbench import Workbench

# A store on AWS has no underscores, and at most 26 characters; a local one may.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")


class OpenedStore:
    """A store that was found: where it is, what tells the time, what is published.

    `FeatureStore` adds what it does.
    """

    def __init__(
        self,
        aws: Aws,
        resources: Resources | None,
        *,
        clock: Clock | datetime | None = None,
        online_table: str | None = None,
        published: Published | None = None,
        namespace: str | None = None,
    ) -> None:
        self._aws = aws
        self._resources = resources
        self.clock = clock
        table = online_table or (resources.online_table if resources else "")
        self._table = OnlineTable(aws, table)
        self._is_locked = published is not None
        self._published = published
        self._namespace = namespace
        self._readers = Readers(
            self._table,
            lambda: self.published,
            self._now,
            is_locked=self._is_locked,
            checks_clock=self._has_own_clock,
            is_tried=self._is_tried,
        )
        self._bench: Workbench | None = None

    def __getstate__(self) -> dict[str, Any]:
        # A pickle or copy holds this alone. Each process makes its own clients and caches, and is
        # a producer of its own. The standard pickle refuses a lambda as the clock.
        return {
            "aws": self._aws,
            "resources": self._resources,
            "clock": self.clock,
            "online_table": self._table.name,
            "published": self._published if self._is_locked else None,
            "namespace": self._namespace,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    @classmethod
    def connect(
        cls,
        name: str,
        *,
        session: boto3.Session | None = None,
        clock: Clock | datetime | None = None,
    ) -> Self:
        """Connect to a store on AWS by its name; one SSM parameter, `/skewless/<name>`, is read.

        Args:
            name: what the store was deployed as.
            session: credentials and region, if not boto3's defaults.
            clock: tells the time; the system's if None. An instant stands still.

        Raises:
            InputError: no store can have the name.
            StoreError: there is no such store, or AWS refused.
        """
        _check_name(name)
        aws = Aws(session)
        return cls(aws, Resources.fetch(name, aws), clock=clock)

    @classmethod
    def local(
        cls, name: str | None = None, *, clock: Clock | datetime | None = None, port: int = 0
    ) -> Self:
        """Make a store on an AWS inside this process: the same code, nothing leaves the machine.

        Data ends with the process.

        Args:
            name: the store's name; one name in one process is one store. A new, empty store
                if None.
            clock: tells the time; the system's if None. An instant stands still; assign
                `store.clock` to move it.
            port: where the local AWS listens on the loopback; 0 lets the system choose.

        Raises:
            InputError: no store can have the name.
        """
        if name:
            _check_name(name)
        from localaws.server import LocalAws  # noqa: PLC0415
        from skewless.local import provision  # noqa: PLC0415 - needs the local extra

        server = LocalAws.start(port)
        resources = provision(server, name or f"local-{uuid.uuid4().hex[:8]}")
        return cls(Aws(server.session(), server.endpoint), resources, clock=clock)

    @classmethod
    def from_lock(
        cls,
        path: str | Path,
        *,
        session: boto3.Session | None = None,
        clock: Clock | datetime | None = None,
    ) -> Self:
        """Open a store for serving one pinned service, without reading a registry.

        Args:
            path: the lock file that `lock` wrote.
            session: credentials; the region is the lock's.
            clock: tells the time; the system's if None.

        Raises:
            InputError: the file is no lock, or was changed after it was written.
        """
        lock = read_lock(path)
        aws = Aws(session, region=lock.region)
        published = Published(Definitions.collect(lock.service), fingerprints=lock.fingerprints)
        table = lock.resources.table
        return cls(aws, None, clock=clock, online_table=table, published=published)

    def __repr__(self) -> str:
        if self._resources is not None:
            trial = "" if self._namespace is None else f", dev={self._namespace!r}"
            return f"{type(self).__name__}({self._resources.store!r}{trial})"
        return f"{type(self).__name__}(lock of {self.published.definitions.services[0]})"

    @property
    def clock(self) -> Clock:
        """What tells the time. Assign a function, an instant that stands still, or None."""
        return self._clock

    @clock.setter
    def clock(self, clock: Clock | datetime | None) -> None:
        self._clock = as_clock(clock)

    @property
    def name(self) -> str:
        """The store's name."""
        return self._needed().store

    @property
    def resources(self) -> Resources:
        """The names of the store's resources."""
        return self._needed()

    @property
    def aws(self) -> Aws:
        """The AWS that the store is in."""
        return self._aws

    @property
    def published(self) -> Published:
        """The published definitions, read once; `refresh` reads them again."""
        published = self._published  # another thread may `refresh` meanwhile
        if published is None:
            published = self._published = self._load()
        return published

    def refresh(self) -> None:
        """Read the registry again at the next call, because others may have published."""
        if not self._is_locked:
            self._published = None
            self._readers.forget()

    def _load(self) -> Published:
        return self._registry.load()

    def _is_tried(self, _view: View) -> bool:
        """Say whether a name means this view though it was never cut."""
        return False

    def _for_all(self, what: str) -> None:
        """Refuse what concerns everybody.

        Raises:
            InputError: the store is seen through a namespace.
        """
        if self._namespace is not None:
            raise InputError(
                f"{what} is of what is published, and this store is seen through namespace "
                f"{self._namespace!r}: use it without, or publish the trial: promote"
            )

    def _reloaded(self) -> Published:
        self.refresh()
        return self.published

    @property
    def _registry(self) -> Registry:
        from skewless.registry.registry import Registry  # noqa: PLC0415 - a locked store has none

        return Registry(self._aws, self._needed().registry_table)

    @property
    def _workbench(self) -> Workbench:
        if self._bench is None:
            from skewless.workbench import Workbench  # noqa: PLC0415 - see the module's docstring

            self._bench = Workbench(self._aws, self._needed())
        return self._bench

    def _needed(self) -> Resources:
        if self._resources is None:
            raise StoreError(
                "this store was opened from a lock file, which is for serving; connect to it by "
                "name for anything else: FeatureStore.connect(name)"
            )
        return self._resources

    def _has_own_clock(self) -> bool:
        return self.clock is system_clock

    def _now(self) -> int:
        answer = self.clock()
        if not isinstance(answer, datetime):
            raise InputError(f"the clock's answer {shown(answer)} is no datetime")
        return to_microseconds(answer, "the clock's answer")


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(
            f"the store's name {shown(name)} must be up to 40 lower case letters, digits, "
            "hyphens and underscores, a letter or digit first"
        )
