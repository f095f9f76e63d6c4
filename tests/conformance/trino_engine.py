"""The product's own Athena engine, its statements run by Trino: an UNLOAD is Athena's alone."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from skewless.offline.engines.athena import AthenaSession
from skewless.offline.query import sql

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot import exp

    from skewless.aws import Aws, Resources
    from skewless.offline.engines.athena import LateLogs
    from tests.conformance.trino_client import Trino


@dataclass(frozen=True, slots=True)
class TrinoEngine:
    """History and states by Trino, on the tables and objects that Athena would read."""

    trino: Trino
    aws: Aws
    resources: Resources
    logs: LateLogs | None = None

    @contextmanager
    def session(self) -> Iterator[TrinoSession]:
        """Open a session, as Athena's."""
        session = TrinoSession(self)
        try:
            yield session
        finally:
            session.close()


class TrinoSession(AthenaSession):
    """Labels and relations are Athena's; only who runs the query differs."""

    def __init__(self, engine: TrinoEngine) -> None:
        super().__init__(engine.aws, engine.resources, engine.logs)
        self._trino = engine.trino

    def _new_table(self) -> exp.Table:
        table = sql.table(f"r{uuid.uuid4().hex}", "results")
        table.set("catalog", sql.name("files"))
        return table

    def _unload(self, text: str, location: str) -> None:
        # What Athena makes of an UNLOAD: a table of files at the location, then forgotten.
        table = self._new_table()
        self._create(text, table, location)
        self._trino.run(f"drop table files.results.{table.name}")

    def _store(self, text: str, table: exp.Table) -> None:
        place = f"s3://{self._resources.bucket}/{self._prefix}{uuid.uuid4().hex}/"
        self._create(text, table, place)

    def _create(self, text: str, table: exp.Table, location: str) -> None:
        options = f"format = 'PARQUET', external_location = '{location}'"
        self._trino.run(f"create table files.results.{table.name} with ({options}) as {text}")
