"""The protocol of engines: a session loads logs and labels, runs queries, and cleans up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from contextlib import AbstractContextManager

    import pyarrow as pa
    from sqlglot import exp

    from skewless.definitions.source import Source
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.events import Relation, Span
    from skewless.offline.query.script import Script


class Session(Protocol):
    """One use of an engine."""

    @property
    def dialect(self) -> Dialect:
        """The constructs of the engine."""
        ...

    def relation(
        self, source: Source, columns: Sequence[str], span: Span, snapshot: int | None
    ) -> Relation:
        """Make a source's log readable, as of a snapshot of it if one is given."""
        ...

    def lateness(self, source: Source) -> int | None:
        """Return how late the latest event became known, in microseconds; None if unknown."""
        ...

    def labels(self, table: pa.Table) -> exp.Table:
        """Make labels readable."""
        ...

    def run(self, script: Script) -> pa.Table:
        """Run a query.

        Raises:
            QueryError: the engine refused or failed it.
        """
        ...


class Engine(Protocol):
    """Athena, or DuckDB in this process."""

    def session(self) -> AbstractContextManager[Session]:
        """Open a session; closing it removes what it made."""
        ...
