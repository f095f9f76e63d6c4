"""What holds whatever happened: online == history == oracle as bits, and nothing lost or left."""

from __future__ import annotations

import itertools
from collections import Counter
from typing import TYPE_CHECKING, Any

from skewless.compiler import instants
from skewless.definitions.clock import as_microseconds
from skewless.definitions.expression import to_datetime
from skewless.definitions.refresh import Every
from tests import reference
from tests.order.definitions import ERASED, KEYS, SHOPS, VIEWS, source
from tests.order.image import items_of, tables_of, tags_of
from tests.order.logged import Logged
from tests.order.world import apart
from tests.parity.bits import bits

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from skewless.definitions.view import FeatureView
    from tests.order.world import Answer, Batch, World


class Floating:
    """Rows of which a moment's answer may know or not, each by itself."""

    def __init__(self, batches: Iterable[Batch], erased: Iterable[Batch] = ()) -> None:
        self.groups = [frozenset({number}) for batch in batches for number in batch.rows]
        self.erased = [
            Logged(number, _event(batch, number))
            for batch in erased
            for number, row in batch.rows.items()
            if row["k"] == ERASED and (batch.is_history or batch.stamp is not None)
        ]

    def logs(
        self, rows: Sequence[Logged], key: Mapping[str, str]
    ) -> Iterator[list[reference.Event]]:
        """Yield all that an answer for a key may have been told of."""
        there = {row.number for row in rows}
        every = [*rows, *(row for row in self.erased if row.number not in there)]
        mine = [row for row in every if key.items() <= row.event.values.items()]
        numbers = {row.number for row in mine}
        groups = {group & numbers for group in self.groups}
        groups |= {frozenset({row.number}) & numbers for row in self.erased}
        for choice in itertools.product(*((frozenset(), group) for group in groups if group)):
            left_out = frozenset().union(*choice)
            yield [row.event for row in mine if row.number not in left_out]


def _event(batch: Batch, number: int) -> reference.Event:
    row = batch.rows[number]
    happened = as_microseconds(row["at"], "at")
    if batch.is_history:
        return reference.backfilled(source, row, happened)
    assert batch.stamp is not None
    return reference.Event(row, happened, batch.stamp, number)


def check_answers(rows: Sequence[Logged], answers: Iterable[Answer], floating: Floating) -> None:
    """Compare what readers were told with the oracle, at the instants that were reported."""
    for answer in answers:
        if answer.status == "stale" and all(value is None for value in answer.values.values()):
            continue  # it says that it cannot tell
        found = _bits(answer.values), answer.status
        expected = []
        for events in floating.logs(rows, answer.key):
            values, status = reference.view_value(
                answer.view, events, answer.key, as_microseconds(answer.as_of, "as_of")
            )
            expected.append((_bits(values), "stale" if answer.status == "stale" else status))
            if expected[-1] == found:
                break
        else:
            some = "\n".join(f"  oracle {one}" for one in expected[:8])
            raise AssertionError(
                f"{answer.reader}, after {answer.after} turns: {answer.view.name}@"
                f"{answer.view.version} of {answer.key} as of {answer.as_of}\n"
                f"  served {found}\n{some}\n  log {_told(rows)}"
            )


def check_history(world: World, rows: Sequence[Logged]) -> None:
    """Compare history with the oracle at every instant that readers were told."""
    events = [row.event for row in rows]
    answers = world.answers
    moments = sorted({_label_instant(answer.view, answer.as_of) for answer in answers})
    views = list(dict.fromkeys(answer.view for answer in answers))
    labels = [
        {"k": key, "s": SHOPS[place % 2], "event_timestamp": moment}
        for moment in moments
        for place, key in enumerate(KEYS)
    ]
    for some in apart(views):
        training = world.process().get_historical_features(
            labels, some, with_status=True, full_names=True
        )
        for row in training.to_arrow().to_pylist():
            for view in some:
                as_of = row[f"skewless_as_of__{view.name}"]
                key = {name: row[name] for name in view.entity.keys}
                values, status = reference.view_value(
                    view, events, key, as_microseconds(as_of, "as_of")
                )
                found = {name: row[f"{view.name}__{name}"] for name in view.feature_types}
                assert (_bits(found), row[f"skewless_status__{view.name}"]) == (
                    _bits(values),
                    status,
                ), f"history of {view} of {key} as of {as_of}: {found}, oracle {values}"


def _label_instant(view: FeatureView, as_of: Any) -> Any:
    """Return an instant of which the value is as of that."""
    at = as_microseconds(as_of, "as_of")
    if isinstance(view.refresh, Every):
        at += view.refresh.delay.microseconds
    assert instants.as_of(view.refresh, at) == as_microseconds(as_of, "as_of")
    return to_datetime(at)


def check_log(world: World, rows: Sequence[Logged], *, is_erased: bool) -> None:
    """No row is lost, doubled, or stamped otherwise than was acknowledged."""
    there = Counter(row.number for row in rows)
    assert set(there.values()) <= {1}, f"rows that are there twice: {there}"
    stamps = {row.number: row.event.ingest_time for row in rows}
    for batch in world.batches:
        kept = {
            number for number, row in batch.rows.items() if not (is_erased and row["k"] == ERASED)
        }
        missing = kept - there.keys()
        if batch.is_acknowledged:
            assert not missing, f"acknowledged rows {missing} are not in the log {_told(rows)}"
        else:
            assert missing in (set(), kept), f"of one batch, {missing} are not there"
        if batch.stamp is not None:
            known = {stamps[number] for number in kept}
            assert known <= {batch.stamp}, f"acknowledged {batch.stamp}, in the log {known}"
    sent = {number for batch in world.batches for number in batch.rows}
    assert there.keys() <= sent


def check_nothing_left(world: World) -> None:
    """After the next cuts no process is thought to be under way, and nothing is nobody's."""
    store = world.store
    for (place, _), item in items_of(store, store.resources.registry_table).items():
        assert not place.startswith("dev"), f"{place}: {item}"
        left = [name for name in item if name[:2] in ("w#", "d#") or name == "leader"]
        assert not left, f"{place} still has {left}"
        assert not (place.startswith("rewrites#") and item.get("shards")), f"{place}: {item}"
    views = {f"{view.name}@{view.version}" for view in VIEWS}
    for (place, _), item in items_of(store, store.resources.online_table).items():
        assert place.partition("#")[0] in {*views, "line"}, place
        left = [name for name in ("inside", "history") if item.get(name, {}).get("M")]
        assert not left, f"{place} still has {left}"
    for key in tags_of(store):
        # What no snapshot names under `log/`, Glue's optimizer removes.
        kept = ("log/ev/", "registry/snapshot.json", "reports/erasures/", "reports/expired/")
        assert key.startswith(kept), key
    assert [*tables_of(store)] == ["ev"]


def _told(rows: Sequence[Logged]) -> str:
    return " ".join(
        f"{row.number}:{row.event.values['k'][:3]}@{to_datetime(row.event.ingest_time):%dT%H:%M:%S.%f}"
        for row in rows
    )


def _bits(values: dict[str, Any]) -> dict[str, Any]:
    return {name: bits(value) for name, value in values.items()}
