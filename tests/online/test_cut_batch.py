"""Many cuts in few calls. `make conformance` runs these on DynamoDB Local."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skewless.errors import ItemTooLargeError, OnlineStoreError
from skewless.online import cut_batch
from skewless.online.attribute import address_key, plain
from skewless.online.record import Cut, CutOutcome
from skewless.online.table import MAX_ITEM_BYTES, OnlineTable
from tests.online.builders import DAY, TODAY
from tests.online.test_table import FakeClient, a_table

VIEW = "delays@1#0123456789abcdef"
WRITTEN, ALREADY, NEWER = CutOutcome.WRITTEN, CutOutcome.ALREADY_THERE, CutOutcome.NEWER_THERE


def a_cut(name: str, cut: int = TODAY, state: bytes = b"one", **changes: Any) -> Cut:
    return Cut(
        **{"key": f"{VIEW}#{name}", "cut": cut, "state": state, "keep_previous": True, **changes}
    )


def item_of(table: OnlineTable, cut: Cut) -> dict[str, Any]:
    client = table.aws.client("dynamodb")
    return plain(client.get_item(TableName=table.name, Key=address_key((cut.key, "B")))["Item"])


def answer(*errors: dict[str, Any], consumed: float = 0.0) -> dict[str, Any]:
    return {
        "Responses": [{"Error": error} if error else {"TableName": "online"} for error in errors],
        "ConsumedCapacity": [{"TableName": "online", "CapacityUnits": consumed}],
    }


class Statements(FakeClient):
    """A client that answers statements, and single writes."""

    batch_execute_statement = FakeClient.put_item


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("skewless.online.call.time.sleep", lambda _: None)


@pytest.mark.parametrize("is_first", [False, True])
@pytest.mark.parametrize("keep_previous", [False, True])
@pytest.mark.parametrize("expires_at", [None, 77])
def test_items_are_those_that_single_writes_make(
    table: OnlineTable, expires_at: int | None, *, is_first: bool, keep_previous: bool
) -> None:
    how: dict[str, Any] = {"keep_previous": keep_previous, "expires_at": expires_at}
    rounds = [
        [a_cut(str(number), **how) for number in range(60)],
        [a_cut(str(number), TODAY + DAY, b"two", **how) for number in range(30, 70)],
        [
            a_cut(str(number), TODAY + 2 * DAY, b"", keep_previous=keep_previous)
            for number in (3, 69)
        ],
    ]
    for cuts in rounds:
        assert set(table.put_cuts(cuts, is_first=is_first).outcomes) == {WRITTEN}
        for cut in cuts:
            assert table.put_cut(cut._replace(key=f"{cut.key}-alone"))[0] is WRITTEN
    for cut in {cut.key: cut for cuts in rounds for cut in cuts}.values():
        alone = item_of(table, cut._replace(key=f"{cut.key}-alone"))
        assert item_of(table, cut) == alone | {"pk": cut.key}


@pytest.mark.parametrize("is_first", [False, True])
def test_every_state_has_its_own_condition(table: OnlineTable, *, is_first: bool) -> None:
    table.put_cuts([a_cut("same"), a_cut("newer", TODAY + DAY), a_cut("older", TODAY - DAY)])
    cuts = [a_cut("same"), a_cut("newer"), a_cut("older"), a_cut("new")]
    before = [item_of(table, cut) for cut in cuts[:2]]
    assert table.put_cuts(cuts, is_first=is_first).outcomes == [ALREADY, NEWER, WRITTEN, WRITTEN]
    assert [item_of(table, cut) for cut in cuts[:2]] == before
    assert item_of(table, cuts[2])["pg"] == TODAY - DAY


@pytest.mark.parametrize("is_first", [False, True])
def test_of_one_entity_given_twice_the_newer_state_stays(
    table: OnlineTable, *, is_first: bool
) -> None:
    cuts = [a_cut("a"), a_cut("b"), a_cut("a", TODAY + DAY, b"two"), a_cut("a", TODAY - DAY)]
    outcomes = table.put_cuts(cuts, is_first=is_first).outcomes
    assert outcomes == [WRITTEN, WRITTEN, WRITTEN, NEWER]
    assert item_of(table, cuts[0])["c"] == b"two"


def test_nothing_takes_no_call() -> None:
    client = Statements({})
    assert a_table(client).put_cuts([]) == ([], 0.0)
    assert not client.requests


def test_an_item_of_an_earlier_release_is_written_by_itself(table: OnlineTable) -> None:
    """It has no version, which a statement cannot add to."""
    cut = a_cut("old")
    key = address_key((cut.key, "B"))
    item = {**key, "c": {"B": b"zero"}, "g": {"N": str(TODAY - DAY)}}
    table.aws.client("dynamodb").put_item(TableName=table.name, Item=item)
    assert table.put_cuts([cut, a_cut("new")]).outcomes == [WRITTEN, WRITTEN]
    assert item_of(table, cut) | {"pk": "", "sk": ""} == {
        "pk": "",
        "sk": "",
        "c": b"one",
        "g": TODAY,
        "p": b"zero",
        "pg": TODAY - DAY,
        "v": 1,
    }


def test_a_state_that_fits_no_item_fails_alone(table: OnlineTable) -> None:
    large = a_cut("large", state=b"x" * MAX_ITEM_BYTES)
    first, refused, last = table.put_cuts([a_cut("a"), large, a_cut("b")]).outcomes
    assert (first, last) == (WRITTEN, WRITTEN)
    assert isinstance(refused, ItemTooLargeError)
    assert "key 'large'" in str(refused)


def test_large_states_that_fit_are_written(table: OnlineTable) -> None:
    cuts = [a_cut(str(number), state=b"x" * 90_000) for number in range(30)]
    cuts.append(a_cut("larger", state=b"x" * 150_000))
    assert set(table.put_cuts(cuts).outcomes) == {WRITTEN}
    assert item_of(table, cuts[-1])["c"] == b"x" * 150_000


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    data=st.data(),
    state=st.binary(max_size=300),
    name=st.text(min_size=1, max_size=20).filter(lambda text: text.encode("utf-8", "ignore")),
)
def test_any_key_and_any_bytes_come_back(
    table: OnlineTable, data: st.DataObject, state: bytes, name: str
) -> None:
    name = name.encode("utf-8", "ignore").decode()
    cut = a_cut(f"{name}'\"?", state=state, keep_previous=data.draw(st.booleans()))
    table.put_cuts([cut], is_first=data.draw(st.booleans()))
    assert item_of(table, cut)["pk"] == cut.key
    later = cut._replace(cut=item_of(table, cut)["g"] + 1)
    assert table.put_cuts([later]).outcomes == [WRITTEN]
    assert item_of(table, cut)["c"] == state


def test_twenty_five_states_go_in_a_call_and_their_capacity_adds_up() -> None:
    client = Statements(
        answer(*[{}] * 25, consumed=30.0),
        answer(*[{}] * 25, consumed=25.0),
        answer({}, consumed=1.0),
    )
    put = a_table(client).put_cuts([a_cut(str(number)) for number in range(51)], is_first=True)
    assert put.outcomes == [WRITTEN] * 51
    assert put.write_units == 56.0
    assert [len(request["Statements"]) for request in client.requests] == [25, 25, 1]


@pytest.mark.parametrize(
    "code",
    [
        "InternalServerError",
        "ProvisionedThroughputExceeded",
        "RequestLimitExceeded",
        "ThrottlingError",
        "TransactionConflict",
    ],
)
def test_what_dynamodb_is_too_busy_for_is_asked_again_and_nothing_else(code: str) -> None:
    busy = {"Code": code, "Message": "busy"}
    client = Statements(answer({}, busy, {}), answer(busy), answer({}))
    assert a_table(client).put_cuts([a_cut(name) for name in "abc"]).outcomes == [WRITTEN] * 3
    asked = [
        [statement["Parameters"][1]["S"][-1] for statement in request["Statements"]]
        for request in client.requests
    ]
    assert asked == [["a", "b", "c"], ["b"], ["b"]]


def test_what_dynamodb_stays_too_busy_for_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cut_batch, "_SECONDS", 0.0)
    client = Statements(answer({}, {"Code": "ThrottlingError", "Message": "slow down"}))
    with pytest.raises(OnlineStoreError, match=r"key 'b': ThrottlingError: slow down"):
        a_table(client).put_cuts([a_cut("a"), a_cut("b")])


def test_what_a_statement_cannot_decide_is_written_by_itself() -> None:
    alone = {"ConsumedCapacity": {"CapacityUnits": 2.0}}
    refused = {"Code": "ValidationError", "Message": "no"}
    client = Statements(answer({}, refused, consumed=1.0), alone)
    put = a_table(client).put_cuts([a_cut("a"), a_cut("b")])
    assert put == ([WRITTEN, WRITTEN], 3.0)
    assert client.requests[1]["Key"]["pk"] == {"S": f"{VIEW}#b"}


def test_a_role_that_may_run_no_statements_writes_one_by_one() -> None:
    """A stack of an earlier release grants it single writes only."""
    no_right = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "x")
    alone = {"ConsumedCapacity": {"CapacityUnits": 1.0}}
    client = Statements(no_right, alone, alone)
    assert a_table(client).put_cuts([a_cut("a"), a_cut("b")]) == ([WRITTEN, WRITTEN], 2.0)


def test_any_other_refusal_of_a_call_is_an_error_that_names_an_entity() -> None:
    refusal = ClientError({"Error": {"Code": "ResourceNotFoundException", "Message": "?"}}, "x")
    with pytest.raises(OnlineStoreError, match=r"view 'delays@1', key 'a' and of 1 others"):
        a_table(Statements(refusal)).put_cuts([a_cut("a"), a_cut("b")])


def test_an_entity_that_comes_and_goes_meanwhile_is_written_by_itself() -> None:
    missing = {"Code": "ConditionalCheckFailed", "Message": "no"}
    there = {"Code": "DuplicateItem", "Message": "no"}
    alone = {"ConsumedCapacity": {"CapacityUnits": 1.0}}
    client = Statements(answer(missing), answer(there), alone)
    assert a_table(client).put_cuts([a_cut("a")]).outcomes == [WRITTEN]
    assert "UpdateExpression" in client.requests[-1]


@pytest.mark.parametrize("keep_previous", [False, True])
@pytest.mark.parametrize("expires_at", [None, 77])
def test_statements_decide_what_comes_usually(
    table: OnlineTable, expires_at: int | None, *, keep_previous: bool
) -> None:
    """One that DynamoDB cannot read would be written by itself, at more than twice the cost."""

    def alone(cut: Cut) -> tuple[CutOutcome, float]:
        raise AssertionError(cut)

    def put(*cuts: Cut, is_first: bool) -> list[Any]:
        client = table.aws.client("dynamodb")
        return cut_batch.put_cuts(client, table.name, alone, cuts, is_first=is_first).outcomes

    cut = a_cut("a", keep_previous=keep_previous, expires_at=expires_at)
    later = cut._replace(cut=TODAY + DAY)
    new = cut._replace(key=f"{VIEW}#new")
    assert put(cut, is_first=True) == [WRITTEN]
    assert put(cut, is_first=True) == [ALREADY]
    assert put(later, new, is_first=False) == [WRITTEN, WRITTEN]
    assert put(cut, later, is_first=False) == [NEWER, ALREADY]
