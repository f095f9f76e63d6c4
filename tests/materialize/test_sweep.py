"""What trials left is removed: whoever dies on the way, and whoever comes in between."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest

from skewless import Entity, Every, FeatureView, Source, agg
from skewless.aws import Aws
from skewless.compiler.document import encode
from skewless.compiler.fingerprint import fingerprint
from skewless.compiler.instants import DAY
from skewless.definitions.collection import Definitions
from skewless.materialize.sweep import Sweep, Swept
from skewless.online.record import Cut
from skewless.online.table import OnlineTable
from skewless.online.view_items import ViewItems
from skewless.registry.namespaces import DevNamespace, Namespaces
from skewless.registry.published import Published
from skewless.registry.trial import Trial, partition_of
from skewless.types import Float64, String
from tests.in_process import table_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NOW = datetime(2026, 1, 2, tzinfo=UTC)
AT = int(NOW.timestamp() * 1_000_000)
VIEW = FeatureView(
    "clicks",
    entity=Entity("user", keys={"user": String}),
    source=Source("clicks", schema={"user": String, "n": Float64}, event_time="at"),
    refresh=Every("1d"),
    features={"total": agg.sum("n", window="7d")},
)
PARTITION = partition_of(VIEW.name, VIEW.version, fingerprint(VIEW))
TRIAL = Trial((), ((fingerprint(VIEW), encode(VIEW)),))
TABLE = "both"  # of the registry and of the items: their partitions differ


class DiedError(Exception):
    """A process that died."""


class Dying:
    """A client of DynamoDB whose process dies before a call, or at once after it."""

    def __init__(self, client: Any, call: int, *, is_after: bool) -> None:
        self._client, self._left, self._is_after = client, call, is_after

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._client, name)
        if not callable(found) or name in ("get_paginator", "exceptions"):
            return found

        def dying(**request: Any) -> Any:
            self._left -= 1
            if self._left == 0 and not self._is_after:
                raise DiedError
            answer = found(**request)
            if self._left == 0:
                raise DiedError
            return answer

        return dying


@pytest.fixture
def aws() -> Iterator[Aws]:
    session = boto3.Session("testing", "testing", region_name="eu-central-1")
    with table_of(session, TABLE) as found:
        yield found


def a_trial(aws: Aws, name: str, *, is_filled: bool, days: int = 7) -> None:
    namespaces = Namespaces(aws, TABLE)
    at = NOW + timedelta(days=days)
    put = namespaces.put(
        DevNamespace(
            name=name,
            owner="arn",
            by="arn",
            created_at=NOW,
            applied_at=NOW,
            expires_at=at,
            trial=TRIAL,
        ),
        None,
    )
    if is_filled:
        namespaces.fill(put, PARTITION)
        table = OnlineTable(aws, TABLE)
        table.begin_cut(PARTITION, AT)
        for key in "ab":
            table.put_cut(Cut(f"{PARTITION}#{key}", AT, b"state", keep_previous=True))
        table.commit_cut(PARTITION, AT)


def sweep(aws: Aws, *, published: Callable[[], Published] = Published, after: int = 0) -> Swept:
    items, now = ViewItems(aws, TABLE), AT + after
    return Sweep(Namespaces(aws, TABLE), published, items, now, now, 0).run()


def dying(aws: Aws, call: int, *, is_after: bool) -> Aws:
    apart = Aws(aws.session, aws.endpoint)
    apart._own.clients["dynamodb"] = Dying(aws.client("dynamodb"), call, is_after=is_after)
    return apart


def there(aws: Aws) -> list[str]:
    found = aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    return sorted(f"{item['pk']['S']} {item['sk']['S']}" for item in found)


def whole() -> Published:
    return Published(Definitions.collect(VIEW))


# A sweep of one view makes eight calls: to die before one is to die after the one before it.
DEATHS = [(1, False), *((call, True) for call in range(1, 9))]
ITEMS = [f"{PARTITION} W", f"{PARTITION}#a B", f"{PARTITION}#b B"]


@pytest.mark.parametrize(("call", "is_after"), DEATHS)
def test_whoever_dies_while_it_sweeps_leaves_it_to_the_next(
    aws: Aws, call: int, *, is_after: bool
) -> None:
    a_trial(aws, "anna", is_filled=True)
    with suppress(DiedError):
        sweep(dying(aws, call, is_after=is_after), after=8 * DAY)
    cut = OnlineTable(aws, TABLE).read_watermark(PARTITION).cut
    assert cut is None or set(ITEMS) <= {*there(aws)}  # served whole, or not at all
    sweep(aws, after=8 * DAY)
    sweep(aws, after=10 * DAY)
    assert there(aws) == []


@pytest.mark.parametrize(("call", "is_after"), DEATHS)
def test_whoever_publishes_after_a_sweep_died_gets_all_of_the_items_or_none(
    aws: Aws, call: int, *, is_after: bool
) -> None:
    a_trial(aws, "anna", is_filled=True)
    with suppress(DiedError):
        sweep(dying(aws, call, is_after=is_after), after=8 * DAY)
    sweep(aws, published=whole, after=8 * DAY)
    assert OnlineTable(aws, TABLE).begin_cut(PARTITION, AT + DAY).started == AT + DAY
    assert sweep(aws, published=whole, after=10 * DAY).items == 0  # nothing of what is published
    assert there(aws) in (ITEMS, ITEMS[:1])


def test_a_view_that_another_trial_has_stays_and_goes_with_that(aws: Aws) -> None:
    a_trial(aws, "anna", is_filled=True, days=7)
    a_trial(aws, "bob", is_filled=False, days=9)
    assert sweep(aws, after=8 * DAY) == Swept(expired=("anna",))
    assert {*ITEMS} < {*there(aws)}
    assert sweep(aws, after=10 * DAY) == Swept(("bob",), ("clicks@1",), 2)
    assert there(aws) == []


def test_what_is_published_stays(aws: Aws) -> None:
    a_trial(aws, "anna", is_filled=True)
    assert sweep(aws, published=whole, after=8 * DAY) == Swept(expired=("anna",))
    assert there(aws) == ITEMS


def test_a_view_that_is_published_while_it_is_closed_gets_its_watermark_back(aws: Aws) -> None:
    a_trial(aws, "anna", is_filled=True)
    asked = iter([Published(), whole()])
    sweep(aws, published=lambda: next(asked), after=8 * DAY)
    assert there(aws) == ITEMS
    assert OnlineTable(aws, TABLE).read_watermark(PARTITION).cut == AT


def test_what_a_cut_that_died_wrote_after_its_view_was_removed_goes_a_day_later(aws: Aws) -> None:
    a_trial(aws, "anna", is_filled=True)
    table = OnlineTable(aws, TABLE)
    table.begin_cut(PARTITION, AT + DAY)
    assert sweep(aws, after=8 * DAY).items == 2
    table.put_cut(Cut(f"{PARTITION}#c", AT + DAY, b"state", keep_previous=True))
    assert sweep(aws, after=8 * DAY) == Swept()
    assert sweep(aws, after=9 * DAY + 1).items == 1
    assert there(aws) == []


def test_live_trials_are_left_alone(aws: Aws) -> None:
    a_trial(aws, "anna", is_filled=True)
    before = there(aws)
    assert sweep(aws, after=DAY) == Swept()
    assert there(aws) == before
