"""Features of frames in this process: no store, no bucket, nothing published.

The rows pass the checks of the front door and count as loaded history, so the values are those of
a store that loaded the same frames.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from skewless import __version__
from skewless.aws import Aws
from skewless.compiler.document import encode
from skewless.definitions import types
from skewless.definitions.collection import Definitions
from skewless.definitions.names import INGEST_SEQUENCE, INGEST_SHARD, INGEST_TIME
from skewless.definitions.service import FeatureService
from skewless.errors import InputError, RefusedRowsWarning, did_you_mean, shown
from skewless.ingest.backfill import as_history
from skewless.ingest.checked_rows import checked_rows
from skewless.ingest.ingested import Ingested
from skewless.offline.engines.duckdb_engine import DuckDbEngine
from skewless.offline.frames.columns import physical
from skewless.offline.lake.snapshots import Pin
from skewless.offline.training.build import TrainingRequest, build_training_set, digest
from skewless.offline.training.overflow import Errors
from skewless.offline.training.own_keys import Instants, own_labels
from skewless.registry.published import Published
from skewless.registry.selection import name_of, planned
from skewless.registry.unpublished import named_definitions
from skewless.workbench import mode_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from skewless.compiler.plan import SelectionPlan
    from skewless.definitions.clock import Instant
    from skewless.definitions.duration import Duration
    from skewless.definitions.source import Source
    from skewless.offline.training.training_set import TrainingSet

pc: Any = pyarrow.compute
_SHARD = "compute"


def compute(  # noqa: PLR0913 - all but the first by keyword
    features: object,
    *,
    events: Any,
    labels: Any = None,
    mode: str = "as_served",
    timestamp: str = "event_timestamp",
    full_names: bool = False,
    watermark: str | None = None,
    with_status: bool = False,
    errors: str = "raise",
    strict: bool = False,
    start: Instant | None = None,
    end: Instant | None = None,
    every: str | timedelta | Duration | None = None,
) -> TrainingSet:
    """Join labels with features of the frames that are given, without a store.

    It is a function of its arguments alone: it knows no clock, and writes nothing. The values are
    those of a store that loaded the same frames by `backfill`, as bits.

    Args:
        features: views, `view["feature"]`, a FeatureService, or a list of these.
        events: the rows of the source, as for `backfill`; by source or its name if the features
            read several.
        labels: as for `get_historical_features`, like all that follows.
        mode: "as_served", "event_time" or "replay".
        timestamp: the labels' column of instants.
        full_names: name every output `view__feature`.
        watermark: for a replay, the column of the ingest times before which events count.
        with_status: add as_of and status of each view.
        errors: "raise" or "null", for values that overflow and functions that fail on a row.
        strict: refuse a frame if a single row does not fit. Else such rows do not count, a
            RefusedRowsWarning says so, and `ingested` of the set has each with its reason.
        start: without labels: the first instant at which the sources' own keys are labels; see
            `get_historical_features`.
        end: all instants lie before it.
        every: the time from one instant to the next.

    Raises:
        InputError: a frame does not fit, or a source has none.
        DefinitionError: two definitions have one name.
        QueryError: DuckDB failed.
        ValueOverflowError: values overflow.
        FunctionError: a Python function failed on a row.
    """
    features = list(features) if isinstance(features, Iterator) else features
    published = _published(features)
    plan = planned(published, features, full_names=full_names)
    aws = Aws()  # asked only for frames on S3 and in Glue
    frames = _Frames()
    for source, frame in _by_source(events, plan).items():
        frames.add(source, frame, published, aws, strict=strict)
    about: dict[str, Any] = {"store": None, "engine": "duckdb", "skewless": __version__}
    about["events"] = frames.digests()
    engine, chosen = DuckDbEngine(frames), mode_of(mode, watermark)
    if (instants := Instants.of(labels, start, end, every)) is not None:
        labels = own_labels(plan, engine, instants, chosen, timestamp, {})
        about["instants"] = instants.document()
    request = TrainingRequest(
        labels,
        plan,
        chosen,
        timestamp,
        watermark,
        {},
        about,
        full_names,
        with_status,
        Errors.of(errors),
        [encode(x) for x in published.definitions if not isinstance(x, FeatureService)],
    )
    made = build_training_set(request, engine, frames, aws, None)
    _warn(frames.ingested)
    return replace(made, ingested=frames.ingested)


class _Frames:
    """Sources' rows as an engine reads them; they have no states that could be named."""

    def __init__(self) -> None:
        self.ingested: dict[str, Ingested] = {}
        self._tables: dict[str, pa.Table] = {}

    def add(
        self, source: Source, frame: Any, published: Published, aws: Aws, *, strict: bool
    ) -> None:
        """Check a source's rows, and keep those that fit."""
        kinds = dict(source.history_columns)
        if source.ingest_time is not None:
            kinds.setdefault(source.ingest_time, types.Timestamp)
        checked = checked_rows(source, published, frame, aws, kinds=kinds, strict=strict)
        rows, known, clamped = _known(checked.accepted, source)
        self._tables[source.name] = _physical(rows, known, source)
        self.ingested[source.name] = Ingested(
            source.name,
            rows.num_rows,
            checked.rejected.to_pylist(),
            clamped,
            None,
            _SHARD,
            None,
            reasons=checked.reasons,
        )

    def digests(self) -> dict[str, str]:
        """Return a digest of each source's rows, in their order."""
        return {name: digest(table) for name, table in self._tables.items()}

    def scan(
        self,
        source: Source,
        columns: Sequence[str] | None = None,
        *,
        snapshot_id: int | None = None,
        ingest_from: int | None = None,
        ingest_before: int | None = None,
        physical: bool = True,
    ) -> pa.RecordBatchReader:
        """Read a source's rows, physical."""
        del snapshot_id, physical
        table = self._tables[source.name]
        known = table[INGEST_TIME]
        if ingest_from is not None:
            table = table.filter(pc.greater_equal(known, ingest_from))
        if ingest_before is not None:
            table = table.filter(pc.less(table[INGEST_TIME], ingest_before))
        return table.select(list(columns or table.column_names)).to_reader()

    def copy(self, *_: object, **__: object) -> None:
        """Return None: there are no files."""

    def pin(self, source: Source) -> Pin:
        """Return the only state."""
        return Pin(None, f"{source} was a frame, and compute keeps none: compute it again")

    def check(self, source: Source, snapshot_id: int) -> None:
        """Refuse any snapshot."""
        raise InputError(f"{source} is a frame, and has no snapshot {snapshot_id}")


def _published(features: object) -> Published:
    """Return the definitions that are given, as if they were published."""
    items = list(named_definitions(features))
    if not items:
        raise InputError(
            f"features is {shown(features)}; compute knows nothing that is published: give it "
            "views, view['feature'] or a FeatureService"
        )
    return Published(Definitions.collect(items))


def _by_source(events: Any, plan: SelectionPlan) -> dict[Source, Any]:
    """Return the frame of each source that the features read."""
    sources = {item.view.source.name: item.view.source for item in plan.views}
    if not isinstance(events, Mapping):
        if len(sources) > 1:
            wanted = ", ".join(f"{name!r}: frame" for name in sources)
            raise InputError(
                f"the features read {len(sources)} sources, and events is one frame; give "
                f"events={{{wanted}}}"
            )
        return dict.fromkeys(sources.values(), events)
    given = {name_of(source): frame for source, frame in events.items()}
    for name in given:
        if name not in sources:
            raise InputError(
                f"events has {name!r}, and the features read no such source."
                f"{did_you_mean(name, sources)}"
            )
    if missing := [name for name in sources if name not in given]:
        raise InputError(
            f"events lacks the rows of {', '.join(map(repr, missing))}; give a frame for each "
            "source that the features read, [] if it has no rows"
        )
    return {source: given[name] for name, source in sources.items()}


def _known(rows: pa.Table, source: Source) -> tuple[pa.Table, Any, int]:
    """Return the rows that count, when each became known, and how many were clamped."""
    if source.table is None or source.ingest_time is None:
        return as_history(rows, source)
    # Rows of a user's table without an ingest time count nowhere.
    timed = rows.filter(pc.is_valid(rows[source.ingest_time]))
    return as_history(timed, source)


def _physical(rows: pa.Table, known: Any, source: Source) -> pa.Table:
    columns = {
        name: pa.chunked_array(
            [physical(chunk, type_) for chunk in rows[name].chunks]
            or [physical(rows[name].combine_chunks(), type_)]
        )
        for name, type_ in source.columns.items()
    }
    columns[INGEST_TIME] = known
    columns[INGEST_SHARD] = pa.repeat(_SHARD, rows.num_rows)
    columns[INGEST_SEQUENCE] = pa.array(np.arange(rows.num_rows))
    return pa.table(columns)


def _warn(ingested: Mapping[str, Ingested]) -> None:
    for found in ingested.values():
        if found.rejected:
            warnings.warn(
                f"{len(found.rejected):,} of {found.accepted + len(found.rejected):,} rows of "
                f"{found.source!r} do not fit, and count nowhere:{found.why}",
                RefusedRowsWarning,
                stacklevel=3,
            )
