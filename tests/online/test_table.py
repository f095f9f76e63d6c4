from __future__ import annotations

from typing import Any, cast

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from skewless.aws import Aws
from skewless.compiler.plan import plan_view
from skewless.errors import ItemTooLargeError, OnlineStoreError
from skewless.online.address import entity_partition, stream_sort, view_partition
from skewless.online.attribute import NEVER, address_key, plain
from skewless.online.record import BatchItem, Cut, CutOutcome, Part, StreamItem, Watermark
from skewless.online.table import MAX_ITEM_BYTES, NO_SNAPSHOT, OnlineTable
from tests.online.builders import DAY, HOUR, TODAY, a_view
from tests.online.canned import Canned

PARTS = (Part(TODAY + 2, TODAY + 2, b"one"), Part(TODAY + 4, TODAY + 5, b""))

VIEW = "delays@1#0123456789abcdef"
KEY = f"{VIEW}#UA"


def a_cut(cut: int, state: bytes, **changes: Any) -> Cut:
    return Cut(**{"key": KEY, "cut": cut, "state": state, "keep_previous": True, **changes})


def the_item(table: OnlineTable, sort: str = "B") -> dict[str, Any]:
    client = table.aws.client("dynamodb")
    answer = client.get_item(TableName=table.name, Key=address_key((KEY, sort)))
    found = plain(answer["Item"])
    return {name: value for name, value in found.items() if name not in ("pk", "sk")}


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "Operation")


class FakeClient:
    """A DynamoDB client that answers what it is told, call by call."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[dict[str, Any]] = []

    def put_item(self, **request: Any) -> Any:
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    update_item = put_item


def a_table(client: FakeClient) -> OnlineTable:
    aws = Aws()
    aws._own.clients["dynamodb"] = client
    return OnlineTable(aws, "online")


def found(*addresses: tuple[str, str], left: tuple[tuple[str, str], ...] = ()) -> dict[str, Any]:
    unprocessed = {"online": {"Keys": [address_key(address) for address in left]}} if left else {}
    one, state = {"N": "1"}, {"B": "eA=="}
    attributes = {"c": state, "g": one, "d": state, "i": one}  # of either kind of item
    return {
        "Responses": {"online": [address_key(address) | attributes for address in addresses]},
        "UnprocessedKeys": unprocessed,
        "ConsumedCapacity": [{"TableName": "online", "CapacityUnits": 0.5}],
    }


def test_the_first_cut_has_an_empty_state_before_it(table: OnlineTable) -> None:
    outcome, cost = table.put_cut(a_cut(TODAY, b"one"))
    assert outcome is CutOutcome.WRITTEN
    assert cost > 0
    assert the_item(table) == {"c": b"one", "g": TODAY, "p": b"", "pg": NEVER, "v": 1}


def test_a_later_cut_moves_the_one_before_aside(table: OnlineTable) -> None:
    table.put_cut(a_cut(TODAY, b"one"))
    table.put_cut(a_cut(TODAY + DAY, b"two", expires_at=77))
    wanted = {"c": b"two", "g": TODAY + DAY, "p": b"one", "pg": TODAY, "v": 2, "e": 77}
    assert the_item(table) == wanted


def test_a_cut_is_written_once_and_never_over_a_newer_one(table: OnlineTable) -> None:
    table.put_cut(a_cut(TODAY, b"one"))
    before = the_item(table)
    assert table.put_cut(a_cut(TODAY, b"one"))[0] is CutOutcome.ALREADY_THERE
    assert table.put_cut(a_cut(TODAY - DAY, b"old"))[0] is CutOutcome.NEWER_THERE
    assert the_item(table) == before


def test_a_cut_without_expiry_takes_the_old_expiry_away(table: OnlineTable) -> None:
    table.put_cut(a_cut(TODAY, b"one", expires_at=77))
    table.put_cut(a_cut(TODAY + DAY, b"two"))
    assert "e" not in the_item(table)


def test_a_stream_view_keeps_no_state_before(table: OnlineTable) -> None:
    table.put_cut(a_cut(TODAY, b"one", keep_previous=False))
    table.put_cut(a_cut(TODAY + DAY, b"two", keep_previous=False))
    assert the_item(table) == {"c": b"two", "g": TODAY + DAY, "v": 2}


@pytest.mark.parametrize("keep_previous", [False, True])
@pytest.mark.parametrize("expires_at", [None, 77])
def test_a_first_cut_is_the_item_that_an_update_makes(
    table: OnlineTable, expires_at: int | None, *, keep_previous: bool
) -> None:
    cut = a_cut(TODAY, b"one", keep_previous=keep_previous, expires_at=expires_at)
    table.put_cut(cut._replace(key=f"{VIEW}#other"))
    outcome, cost = table.put_cut(cut, is_first=True)
    assert outcome is CutOutcome.WRITTEN
    assert cost > 0
    client = table.aws.client("dynamodb")
    by_update = client.get_item(TableName=table.name, Key=address_key((f"{VIEW}#other", "B")))
    assert the_item(table) == {
        name: value for name, value in plain(by_update["Item"]).items() if name not in ("pk", "sk")
    }


def test_a_cut_that_is_not_the_first_after_all_is_written_as_any_other(table: OnlineTable) -> None:
    table.put_cut(a_cut(TODAY, b"one"), is_first=True)
    assert table.put_cut(a_cut(TODAY + DAY, b"two"), is_first=True)[0] is CutOutcome.WRITTEN
    written = {"c": b"two", "g": TODAY + DAY, "p": b"one", "pg": TODAY, "v": 2}
    assert the_item(table) == written
    again = table.put_cut(a_cut(TODAY + DAY, b"two"), is_first=True)
    assert again[0] is CutOutcome.ALREADY_THERE
    assert table.put_cut(a_cut(TODAY, b"one"), is_first=True)[0] is CutOutcome.NEWER_THERE
    assert the_item(table) == written


def test_a_first_cut_takes_one_call_and_asks_for_no_update() -> None:
    client = FakeClient({"ConsumedCapacity": {"CapacityUnits": 1.0}})
    written = a_table(client).put_cut(a_cut(TODAY, b"x"), is_first=True)
    assert written == (CutOutcome.WRITTEN, 1.0)
    (request,) = client.requests
    assert request["ConditionExpression"] == "attribute_not_exists(#pk)"
    assert "UpdateExpression" not in request


def test_an_item_that_dynamodb_would_refuse_is_refused_before_writing() -> None:
    client = FakeClient({})
    size = MAX_ITEM_BYTES // 2 + 1
    with pytest.raises(ItemTooLargeError, match=r"view 'delays@1', key 'UA': .* 390,002 bytes"):
        a_table(client).put_cut(a_cut(TODAY, b"x" * size))
    assert not client.requests


def test_a_batch_asks_for_each_address_once_a_hundred_at_a_time(table: OnlineTable) -> None:
    for n in range(3):
        table.put_cut(a_cut(TODAY, b"x", key=f"{VIEW}#{n}"))
    addresses = [(f"{VIEW}#{n % 210}", "B") for n in range(420)]
    read = table.batch_get(addresses)
    assert set(read.items) == {(f"{VIEW}#{n}", "B") for n in range(3)}
    assert read.items[f"{VIEW}#0", "B"] == BatchItem(b"x", TODAY, b"", NEVER)


def test_a_batch_asks_again_for_what_was_left_out_and_adds_the_cost_up() -> None:
    one, two = (KEY, "B"), (KEY, "S#2024-10-04")
    client = Canned(found(one, left=(two,)), refusal("ThrottlingException"), found(two))
    read = client.table().batch_get([one, two])
    assert set(read.items) == {one, two}
    assert read.read_units == 1.0
    assert client.requests[2]["RequestItems"]["online"]["Keys"] == [address_key(two)]
    assert client.requests[0]["RequestItems"]["online"]["ConsistentRead"] is False


def test_a_batch_says_how_many_keys_are_left_at_the_deadline() -> None:
    addresses = [(KEY, "B"), (KEY, "W")]
    table = Canned(found(left=tuple(addresses))).table()
    with pytest.raises(OnlineStoreError, match="left 2 of 2 keys"):
        table.batch_get(addresses, deadline_seconds=0.05)


@pytest.mark.parametrize(
    "error",
    [
        refusal("ResourceNotFoundException"),
        refusal("AccessDeniedException"),
        EndpointConnectionError(endpoint_url="http://localhost:1"),
    ],
)
def test_what_botocore_raises_is_an_online_store_error(error: Exception) -> None:
    with pytest.raises(OnlineStoreError) as caught:
        Canned(error).table().batch_get([(KEY, "B")])
    assert caught.value.__cause__ is error
    with pytest.raises(OnlineStoreError) as caught:
        a_table(FakeClient(error)).put_cut(a_cut(TODAY, b""))
    assert caught.value.__cause__ is error


def test_a_write_that_is_throttled_is_tried_again() -> None:
    client = FakeClient(refusal("ProvisionedThroughputExceededException"), {})
    assert a_table(client).put_cut(a_cut(TODAY, b""))[0] is CutOutcome.WRITTEN
    assert len(client.requests) == 2


def test_a_stream_item_is_written_only_over_the_version_that_was_read(table: OnlineTable) -> None:
    item = StreamItem(b"state", TODAY + 5, {"shard-0": 10**55 + 1}, b"ids", 0, TODAY + 1, PARTS)
    assert table.get_stream(KEY, TODAY) is None
    assert table.put_stream(KEY, TODAY + HOUR, item) is not None
    assert table.put_stream(KEY, TODAY + HOUR, item) is None
    assert table.get_stream(KEY, TODAY) == item._replace(version=1)
    assert table.put_stream(KEY, TODAY, item._replace(version=1)) is not None
    assert table.put_stream(KEY, TODAY, item._replace(version=1)) is None


def test_a_stream_item_goes_nine_days_after_its_day(table: OnlineTable) -> None:
    table.put_stream(KEY, TODAY + HOUR, StreamItem(b"", TODAY, {}, b"", 0, TODAY))
    assert the_item(table, "S#2024-10-04")["e"] == (TODAY + 10 * DAY) // 1_000_000


def test_a_watermark_moves_by_begin_and_commit(table: OnlineTable) -> None:
    assert table.read_watermark(VIEW) == Watermark(None, None, None)
    assert table.begin_cut(VIEW, TODAY, 7) == Watermark(None, None, TODAY)
    assert table.commit_cut(VIEW, TODAY) == Watermark(TODAY, None, TODAY, 7)
    table.begin_cut(VIEW, TODAY + DAY, 8)
    wanted = Watermark(TODAY + DAY, TODAY, TODAY + DAY, 8)
    assert table.commit_cut(VIEW, TODAY + DAY) == wanted
    assert table.read_watermark(VIEW) == wanted


def test_beginning_and_committing_again_change_nothing(table: OnlineTable) -> None:
    for cut in (TODAY, TODAY + DAY):
        assert table.begin_cut(VIEW, cut) == table.begin_cut(VIEW, cut)
        assert table.commit_cut(VIEW, cut) == table.commit_cut(VIEW, cut)
    assert table.read_watermark(VIEW) == Watermark(TODAY + DAY, TODAY, TODAY + DAY, NO_SNAPSHOT)
    assert table.begin_cut(VIEW, TODAY).started == TODAY + DAY
    assert table.commit_cut(VIEW, TODAY).cut == TODAY + DAY


def test_another_cut_that_was_begun_and_not_committed_is_reported(table: OnlineTable) -> None:
    table.begin_cut(VIEW, TODAY)
    assert table.begin_cut(VIEW, TODAY + DAY).started == TODAY
    with pytest.raises(OnlineStoreError, match="was not begun"):
        table.commit_cut(VIEW, TODAY + DAY)


def test_addresses_tell_view_meaning_key_and_day() -> None:
    plan = plan_view(a_view())
    assert entity_partition(plan, ("U|A",)) == f"delays@1#{plan.fingerprint}#U\\|A"
    assert entity_partition(plan, ("UA",)).startswith(view_partition(plan) + "#")
    assert stream_sort(TODAY) == stream_sort(TODAY + DAY - 1) == "S#2024-10-04"
    assert stream_sort(TODAY - 1) == "S#2024-10-03"


def test_the_table_makes_no_client_before_it_is_used() -> None:
    class Untouched:
        def client(self, service: str) -> Any:
            raise AssertionError(service)

    OnlineTable(cast("Aws", Untouched()), "online")
