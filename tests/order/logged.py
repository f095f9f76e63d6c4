"""What the log holds, row by row: what the oracle goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from tests import reference
from tests.order.definitions import source

if TYPE_CHECKING:
    from skewless import FeatureStore


class Logged(NamedTuple):
    """A row of the log.

    Attributes:
        number: of the row that was sent.
        event: the row, as the oracle takes it.
    """

    number: int
    event: reference.Event


def logged(store: FeatureStore) -> list[Logged]:
    """Return all rows of the log, in the order in which they were ingested."""
    log = store._workbench.log
    system = [INGEST_TIME, INGEST_SHARD, INGEST_SEQUENCE]
    rows = log.scan(source, [*source.columns, *system], physical=True).read_all().to_pylist()
    rows.sort(key=lambda row: tuple(row[name] for name in system))
    return [
        Logged(
            row["n"].bit_length() - 1,
            reference.Event(
                {name: row[name] for name in source.columns},
                row[source.event_time],
                row[INGEST_TIME],
                place,
            ),
        )
        for place, row in enumerate(rows)
    ]
