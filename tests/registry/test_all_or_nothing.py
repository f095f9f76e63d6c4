"""All of an apply is read, or nothing: whatever its size, whoever is beside it, where it ends."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from skewless.aws import Aws
from skewless.definitions.collection import Definitions
from skewless.errors import DocumentError, PublishError
from skewless.registry.changes import compare
from skewless.registry.identity import Identity
from skewless.registry.marks import Mark, State
from skewless.registry.registry import Registry
from skewless.registry.stored_item import decoded
from tests.order.scheduler import KilledError
from tests.registry.builders import TABLE, a_service, a_source, a_view, an_entity
from tests.registry.publishing import NOW, items, publish

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SMALL = Definitions.collect([a_view(), a_service(a_view(), name="small")])
CARRIERS = [an_entity(name=f"e{number}") for number in range(10)]
# The service is written last, and stands on what is written first.
LARGE = Definitions.collect([*CARRIERS, a_view(), a_service(a_view(), name="last")])
NAMES = {item.name for item in LARGE}


@pytest.fixture
def few_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a transaction hold eight writes: twelve definitions are too many then."""
    monkeypatch.setattr("skewless.registry.applies.MAX_WRITES", 8)


def names(registry: Registry) -> set[str]:
    return {item.name for item in registry.load().definitions}


def twin(aws: Aws) -> Aws:
    """The same AWS, by clients of another process."""
    return Aws(aws.session, aws.endpoint)


@contextmanager
def before_each_call(aws: Aws, what: Callable[[int], Any]) -> Iterator[list[str]]:
    """Do something before each call to DynamoDB, which is given by its number from 0."""
    calls: list[str] = []
    events = aws.client("dynamodb").meta.events

    def step(model: Any, **_: Any) -> None:
        calls.append(model.name)
        what(len(calls) - 1)

    events.register("before-call", step, unique_id="each")
    try:
        yield calls
    finally:
        events.unregister("before-call", unique_id="each")


def empty(aws: Aws) -> None:
    client = aws.client("dynamodb")
    found = client.scan(TableName=TABLE, ProjectionExpression="pk, sk")["Items"]
    for begin in range(0, len(found), 25):
        deletes = [{"DeleteRequest": {"Key": key}} for key in found[begin : begin + 25]]
        client.batch_write_item(RequestItems={TABLE: deletes})


def left_over(aws: Aws) -> list[str]:
    """What of an apply is not done."""
    found = aws.client("dynamodb").scan(TableName=TABLE)["Items"]
    staged = [item["sk"]["S"] for item in found if item["pk"]["S"] == "staged" and "staged" in item]
    return staged + [item["sk"]["S"] for item in found if "unfinished" in item]


def crashed(aws: Aws, wanted: Definitions, number: int) -> tuple[list[str], bool]:
    """Kill an apply at a call, check what there is, and let another finish it.

    Returns:
        The calls that were made, and whether it counted.
    """
    empty(aws)
    publish(Registry(aws, TABLE), a_source())
    old, new = {"flights"}, {"flights", *(item.name for item in wanted)}

    def kill(call: int) -> None:
        if call == number:
            raise KilledError

    mine, theirs = twin(aws), Registry(twin(aws), TABLE)
    with before_each_call(mine, kill) as calls, suppress(KilledError):
        publish(Registry(mine, TABLE), wanted)
    found = names(theirs)
    assert found in (old, new)
    publish(theirs, wanted)
    if theirs.load().is_unfinished:  # as `apply` does it
        theirs.finish()
    assert names(theirs) == new
    assert len(theirs.log()) == 2
    assert not theirs.load().is_unfinished
    return calls, found == new


@pytest.mark.usefixtures("few_writes")
@pytest.mark.parametrize(("wanted", "count"), [(SMALL, 2), (LARGE, 11)], ids=["small", "large"])
def test_killed_at_any_call_it_leaves_the_old_or_the_new_and_another_goes_on(
    aws: Aws, wanted: Definitions, count: int
) -> None:
    runs = [crashed(aws, wanted, number) for number in range(count + 1)]
    assert len(runs[-1][0]) == count
    # What an administrator may do; see docs/security.md.
    assert set(runs[-1][0]) <= {"GetItem", "Query", "UpdateItem", "TransactWriteItems"}
    assert [counts for _, counts in runs] == sorted(counts for _, counts in runs)


def test_so_it_is_with_more_than_a_hundred(aws: Aws) -> None:
    wanted = Definitions.collect([an_entity(name=f"e{number}") for number in range(101)])
    # Before its commit, after it, and when all is moved.
    for number, counts in ((5, False), (6, True), (9, True)):
        assert crashed(aws, wanted, number)[1] is counts


@pytest.mark.usefixtures("few_writes")
def test_readers_see_the_old_or_the_new_at_every_call(aws: Aws, registry: Registry) -> None:
    publish(registry, a_source())
    mine, theirs = twin(aws), Registry(twin(aws), TABLE)
    seen: list[bool] = []

    def look(_: int) -> None:
        found = names(theirs)
        assert found in ({"flights"}, NAMES)
        seen.append(found == NAMES)
        # A release that knows no stage reads what fits together.
        decoded(items(aws).values())

    with before_each_call(mine, look):
        publish(Registry(mine, TABLE), LARGE)
    assert not seen[0]
    assert seen[-1]
    assert seen == sorted(seen)


@pytest.mark.usefixtures("few_writes")
def test_words_of_many_change_at_once(aws: Aws, registry: Registry) -> None:
    publish(registry, CARRIERS)
    mine, theirs = twin(aws), Registry(twin(aws), TABLE)

    def look(_: int) -> None:
        found = {item.description for item in theirs.load().definitions}
        assert found in ({""}, {"told"})

    told = [an_entity(name=item.name, description="told") for item in CARRIERS]
    with before_each_call(mine, look):
        publish(Registry(mine, TABLE), told)
    assert {item.description for item in registry.load().definitions} == {"told"}


@pytest.mark.usefixtures("few_writes")
@pytest.mark.parametrize("size", [1, 9])
def test_two_at_once_lose_nothing(aws: Aws, size: int) -> None:
    """Another applies whole in the middle of a large apply, before each of its calls."""
    others = [an_entity(name=f"other{number}") for number in range(size)]
    number = 0
    while True:
        empty(aws)
        mine, theirs = twin(aws), Registry(twin(aws), TABLE)

        def apply(call: int, at: int = number, theirs: Registry = theirs) -> None:
            if call == at:
                publish(theirs, others)

        with before_each_call(mine, apply) as calls:
            publish(Registry(mine, TABLE), LARGE)
        assert len(theirs.log()) == 1 + (number < len(calls))
        if number >= len(calls):
            break
        assert names(theirs) == NAMES | {item.name for item in others}
        assert left_over(aws) == []
        number += 1


@pytest.mark.usefixtures("few_writes")
def test_who_loses_against_another_published_nothing_and_is_told(aws: Aws) -> None:
    service = a_service(a_view(version=2), name="last")
    number = 0
    lost: list[str] = []
    while True:
        empty(aws)
        mine, theirs = twin(aws), Registry(twin(aws), TABLE)

        def apply(call: int, at: int = number, theirs: Registry = theirs) -> None:
            if call == at:
                with suppress(PublishError):
                    publish(theirs, service)

        plan = compare(Definitions(), LARGE)
        with before_each_call(mine, apply) as calls:
            try:
                Registry(mine, TABLE).publish(plan, NOW)
            except PublishError as error:
                lost.append(str(error))
            else:
                lost.append("")
        assert len(theirs.log()) == 1
        assert theirs.load().service("last").features[0][0].version == (2 if lost[-1] else 1)
        assert not lost[-1] or lost[-1].startswith("service 'last' version 1: someone else publis")
        if number >= len(calls):
            break
        number += 1
    assert set(map(bool, lost)) == {True, False}


@pytest.mark.usefixtures("few_writes")
def test_a_stage_that_was_never_committed_is_emptied_an_hour_later(
    aws: Aws, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = twin(aws)

    def kill(_: int) -> None:
        if calls[-1] == "TransactWriteItems":
            raise KilledError

    with before_each_call(mine, kill) as calls, pytest.raises(KilledError):
        publish(Registry(mine, TABLE), LARGE)
    (staged,) = left_over(aws)
    publish(Registry(aws, TABLE), LARGE)
    assert left_over(aws) == [staged]
    later = time.time() + 3601
    monkeypatch.setattr(time, "time", lambda: later)
    publish(Registry(aws, TABLE), [an_entity(name=f"more{number}") for number in range(9)])
    assert left_over(aws) == []


@pytest.mark.usefixtures("few_writes")
def test_who_slept_through_that_stages_again(aws: Aws) -> None:
    mine, theirs = twin(aws), twin(aws)
    more = [an_entity(name=f"more{number}") for number in range(9)]
    slept: list[int] = []

    def sleep(call: int) -> None:
        if calls[-1] == "TransactWriteItems" and not slept:
            slept.append(call)
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(time, "time", partial(float, time.time() + 3601))
                publish(Registry(theirs, TABLE), more)
            assert left_over(aws) == []

    with before_each_call(mine, sleep) as calls:
        publish(Registry(mine, TABLE), LARGE)
    assert names(Registry(aws, TABLE)) == NAMES | {item.name for item in more}
    assert left_over(aws) == []


def test_a_read_of_many_pages_shows_no_mixture(aws: Aws, registry: Registry) -> None:
    long, short = (
        [an_entity(name=f"e{number}", description=text) for number in range(9)]
        for text in ("x" * 380_000, "short")
    )
    publish(registry, long)
    reader, writer = twin(aws), Registry(twin(aws), TABLE)

    def apply(call: int) -> None:
        if call == 2:
            publish(writer, short)

    with before_each_call(reader, apply) as calls:
        found = Registry(reader, TABLE).load().definitions
    assert {item.description for item in found} == {"short"}
    assert len(calls) > 4


def test_what_was_deleted_by_hand_stops_nobody(aws: Aws, registry: Registry) -> None:
    publish(registry, [an_entity(), an_entity(name="other")])
    key = {"pk": {"S": "definition"}, "sk": {"S": "entity#other#00001"}}
    aws.client("dynamodb").delete_item(TableName=TABLE, Key=key)
    assert names(registry) == {"carrier"}
    publish(registry, an_entity(name="other", description="again"), NOW)
    assert names(registry) == {"carrier", "other"}


@pytest.mark.usefixtures("few_writes")
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        ("REMOVE staged", "not all of it is staged: it was edited by hand"),
        ("REMOVE staged[4], staged[5]", "not all of it is staged: it was edited by hand"),
        ("SET staged_count = tag", r"KeyError\('N'\)\): it was edited by hand"),
        ("REMOVE staged[0].fingerprint", r"KeyError\('fingerprint'\)\): it was edited by hand"),
        ("REMOVE tag", r"KeyError\('tag'\)\): it was edited by hand"),
    ],
)
def test_a_stage_that_was_edited_is_told(
    aws: Aws, registry: Registry, edit: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("skewless.registry.applies.Applies.finish", lambda _: None)
        publish(registry, LARGE)
    (staged,) = [name for name in left_over(aws) if "#" in name]
    aws.client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": {"S": "staged"}, "sk": {"S": staged}},
        UpdateExpression=edit,
    )
    with pytest.raises(DocumentError, match=message):
        registry.finish()
    with pytest.raises(DocumentError, match=message):
        registry.mark([Identity.of(CARRIERS[0])], None, NOW, by="", why="", before={})


def test_more_versions_than_a_transaction_holds_are_marked(registry: Registry) -> None:
    many = [an_entity(name=f"e{number}") for number in range(99)]
    publish(registry, many)
    mark = Mark(state=State.DEPRECATED, reason="", successor="", by="arn:ann", at=NOW)
    identities = [*map(Identity.of, many)]
    registry.mark(identities, mark, NOW, by="arn:ann", why="", before={})
    assert registry.load().marks == dict.fromkeys(identities, mark)
