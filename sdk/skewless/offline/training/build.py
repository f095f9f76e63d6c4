"""Training sets: labels in, the same labels with features out, and a manifest to make it again."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from skewless.compiler.called import check_versions
from skewless.compiler.document import encode_role
from skewless.compiler.fingerprint import fingerprint
from skewless.definitions import types
from skewless.definitions.view import Role, view_behind
from skewless.errors import InputError
from skewless.offline.frames.logical import logical
from skewless.offline.frames.own_frame import own_frame
from skewless.offline.lake.snapshots import Pin
from skewless.offline.query import identifiers
from skewless.offline.query.history import INSTANT, ROW, History, Spine
from skewless.offline.query.mode import Mode
from skewless.offline.query.reach import Reach, columns_of
from skewless.offline.training.called import with_called
from skewless.offline.training.labels import prepare_labels
from skewless.offline.training.overflow import Errors, Overflows
from skewless.offline.training.room import check_room
from skewless.offline.training.statuses import names_of, statuses
from skewless.offline.training.training_set import TrainingSet

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.aws import Aws
    from skewless.compiler.document import Document
    from skewless.compiler.plan import SelectionPlan, ViewPlan
    from skewless.definitions.source import Source
    from skewless.definitions.types import ValueType
    from skewless.offline.engines.engine import Engine, Session
    from skewless.offline.frames.own_frame import OwnFrame
    from skewless.offline.training.set_index import SetIndex


class Pinning(Protocol):
    """What names the states of sources' rows; `lake.snapshots.Snapshots` for those of a store."""

    def pin(self, source: Source) -> Pin:
        """Return the state that is to be read now."""
        ...

    def check(self, source: Source, snapshot_id: int) -> None:
        """Refuse a state that is not there."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingRequest:
    """A request for a training set.

    Attributes:
        frame: labels as the user gave them.
        snapshots: the snapshots to read, by source. A missing one means the newest, None no rows.
        watermark: for a replay, the column of ingest times before which events count.
        errors: how to treat a cell that overflows.
        unpublished: the documents of definitions that are not published, for the manifest.
    """

    frame: Any
    plan: SelectionPlan
    mode: Mode
    timestamp: str
    watermark: str | None
    snapshots: Mapping[str, int | None]
    about: Mapping[str, Any]
    full_names: bool = False
    with_status: bool = False
    errors: Errors = Errors.RAISE
    unpublished: Sequence[Document] = field(default_factory=tuple)


def build_training_set(
    request: TrainingRequest, engine: Engine, snapshots: Pinning, aws: Aws, index: SetIndex | None
) -> TrainingSet:
    """Run a request.

    Raises:
        InputError: the labels do not fit the features.
        QueryError: the engine failed.
        ValueOverflowError: a value left the range of exact integers, and errors are raised.
        FunctionError: a Python function failed on a row, and errors are raised.
        CompileError: a Python function was published for another version of Python.
    """
    check_versions(request.plan.on_demand)
    labels = own_frame(request.frame, aws, _kinds(request))
    _check_clashes(labels, request)
    check_room(labels.rows, request.plan)
    prepared = prepare_labels(
        labels, request.plan, timestamp=request.timestamp, watermark=request.watermark
    )
    with engine.session() as session:
        spine = Spine(session.labels(prepared.table), prepared.first, prepared.last)
        history, used = _history(request, session, spine, snapshots)
        script = history.script()
        found = session.run(script)
        text = script.texts(session.dialect).final()
    ordered, failures = with_called(_in_order(found, labels.rows), prepared.table, request.plan)
    overflows = Overflows.found(ordered, request.plan)
    if request.errors is Errors.RAISE and (wrong := overflows.raising(request.plan)).rows:
        raise wrong.error(prepared.table, request.plan)
    if failures.rows and request.errors is Errors.RAISE:
        raise failures.error(labels.rows)
    features = _decoded(ordered, request.plan)
    status = None
    if request.with_status:
        leaks = request.mode is Mode.EVENT_TIME
        status = statuses(ordered, request.plan, prepared.table[INSTANT], leaks=leaks)
    manifest = {
        **_manifest(request, prepared.table, features, used, text),
        "errors": request.errors.value,
        "overflowed": overflows.counts(),
        **({"failed": failures.counts()} if request.plan.after_sql else {}),
    }
    if request.unpublished:
        manifest["unpublished"] = list(request.unpublished)
    return TrainingSet(labels, features, manifest, aws, index, status)


def _kinds(request: TrainingRequest) -> dict[str, ValueType]:
    """Return the types of the labels' columns that are read."""
    instants = [request.timestamp, *([request.watermark] if request.watermark else [])]
    return {
        **dict.fromkeys(instants, types.Timestamp),
        **request.plan.keys,
        **dict(request.plan.request),
    }


def _history(
    request: TrainingRequest, session: Session, spine: Spine, snapshots: Pinning
) -> tuple[History, dict[str, Pin]]:
    plans: dict[Source, list[ViewPlan]] = {}
    for plan in request.plan.views:
        plans.setdefault(plan.view.source, []).append(plan)
    reach = Reach(request.mode, spine.first, spine.last, reads_all=request.with_status)
    relations, lateness, used = {}, {}, {}
    for source, some in plans.items():
        pin = used[source.name] = _pin(request, source, snapshots)
        columns = columns_of(source, some)
        relation = session.relation(source, columns, reach.span(some), pin.snapshot)
        relations[source.name] = replace(relation, is_empty=pin.is_empty)
        if any(plan.view.is_aggregated for plan in some):
            late = session.lateness(source)
            if late is not None:
                lateness[source.name] = late
    history = History(
        request.plan,
        request.mode,
        session.dialect,
        spine,
        relations,
        lateness,
        request.with_status,
    )
    return history, used


def _pin(request: TrainingRequest, source: Source, snapshots: Pinning) -> Pin:
    """Return the state of a source's table to read: the one asked for, else the latest."""
    wanted = request.snapshots.get(source.name)
    if wanted is not None:
        snapshots.check(source, wanted)
        return Pin(wanted)
    found = snapshots.pin(source)
    if source.name in request.snapshots and not found.why_not:
        return Pin(None)  # a manifest has None for a table without rows
    return found


def _check_clashes(labels: OwnFrame, request: TrainingRequest) -> None:
    there = {name.lower() for name in labels.names}
    added = [item.output for item in request.plan.selected]
    if request.with_status:
        added += [name for label in request.plan.labels for name in names_of(label)]
    clashes = [name for name in added if name.lower() in there]
    if clashes:
        raise InputError(
            f"entity_df has columns named like features: {', '.join(map(repr, clashes))}; rename "
            "or drop them, or ask for full_names=True"
        )


def _in_order(found: pa.Table, rows: int) -> pa.Table:
    """Put the engine's rows in the labels' order."""
    if found.num_rows != rows:
        raise InputError(f"the query returned {found.num_rows} rows for {rows} labels")
    return found.sort_by(ROW)


def _decoded(found: pa.Table, plan: SelectionPlan) -> pa.Table:
    """Put physical values in logical types, under the names of the outputs."""
    return pa.table(
        {
            item.output: logical(
                found[identifiers.selected(item.view, item.feature)].combine_chunks(), item.type
            )
            for item in plan.selected
        }
    )


def _manifest(
    request: TrainingRequest,
    labels: pa.Table,
    features: pa.Table,
    pins: Mapping[str, Pin],
    text: str,
) -> dict[str, Any]:
    problems = [pin.why_not for pin in pins.values() if pin.why_not]
    known: dict[int, str] = {}
    roles = [role.read for role in request.plan.roles if isinstance(role.read, Role)]
    return {
        **request.about,
        "mode": request.mode.value,
        "is_leak_prone": request.mode is Mode.EVENT_TIME,
        "timestamp": request.timestamp,
        "watermark": request.watermark,
        "full_names": request.full_names,
        "with_status": request.with_status,
        "features": [
            {
                "output": item.output,
                "view": view_behind(item.view).name,
                "version": item.view.version.written,
                "feature": item.feature,
                "fingerprint": fingerprint(view_behind(item.view), known),
                **({"role": encode_role(item.view)} if isinstance(item.view, Role) else {}),
            }
            for item in request.plan.selected
        ],
        **({"roles": [_read_as(role) for role in roles]} if roles else {}),
        "snapshots": {name: pin.snapshot for name, pin in pins.items()},
        "rebuildable": not problems,
        "rebuild_problems": problems,
        "rows": features.num_rows,
        "labels_digest": digest(labels),
        "digest": digest(features),
        "sql": text,
    }


def _read_as(role: Role) -> dict[str, Any]:
    return {"view": role.view.name, "version": role.version.written, **encode_role(role)}


def digest(table: pa.Table) -> str:
    """Return a SHA-256 over names, nulls and the bits of all values, whatever their chunks."""
    found = hashlib.sha256()
    for name in table.column_names:
        column = table[name].combine_chunks()
        found.update(f"{name}:{column.type}:{len(column)};".encode())
        _update(found, column)
    return found.hexdigest()


def _update(found: Any, column: pa.Array) -> None:
    found.update(pc.cast(pc.is_valid(column), pa.uint8()).buffers()[1].to_pybytes()[: len(column)])
    kind = column.type
    if pa.types.is_map(kind):
        rows = [row or [] for row in column.to_pylist()]
        found.update(_bytes(pa.array([len(row) for row in rows], pa.int64())))
        for place, type_ in enumerate((kind.key_type, kind.item_type)):
            _update(found, pa.array([entry[place] for row in rows for entry in row], type_))
    elif pa.types.is_list(kind):
        found.update(_bytes(pc.fill_null(pc.list_value_length(column), 0)))
        _update(found, pc.list_flatten(column))
    elif pa.types.is_string(kind) or pa.types.is_binary(kind):
        texts = pc.fill_null(pc.cast(column, pa.binary()), b"")
        found.update(_bytes(pc.binary_length(texts)))
        found.update(_joined(texts))
    elif pa.types.is_decimal(kind):
        found.update(json.dumps([str(value) for value in column.to_pylist()]).encode())
    elif pa.types.is_boolean(kind):
        found.update(_bytes(pc.fill_null(pc.cast(column, pa.uint8()), 0)))
    else:
        found.update(_bytes(pc.fill_null(pc.cast(column, _bits_of(kind)), 0)))


def _joined(texts: pa.Array) -> memoryview:
    """Return all values of a column without nulls, one after the other: as Arrow holds them."""
    _, offsets, values = texts.buffers()
    if values is None:
        return memoryview(b"")
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return memoryview(values)[ends[0] : ends[-1]]


def _bits_of(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_date(kind):
        return pa.int32()
    return pa.int64() if pa.types.is_timestamp(kind) else kind


def _bytes(column: pa.Array) -> bytes:
    return bytes(column.to_numpy(zero_copy_only=False).tobytes())
