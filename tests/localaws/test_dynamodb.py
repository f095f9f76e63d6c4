from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator


def put(table: Any, key: str, **attributes: Any) -> None:
    table.put_item(Item={"pk": key, **attributes})


def value_of(table: Any, key: str) -> Any:
    return table.get_item(Key={"pk": key}).get("Item", {}).get("n")


def transact(table: Any, *operations: dict[str, Any]) -> None:
    named = [
        {kind: {"TableName": table.name, **asked} for kind, asked in operation.items()}
        for operation in operations
    ]
    table.meta.client.transact_write_items(TransactItems=named)


@pytest.fixture
def hasty_threads() -> Iterator[None]:
    """Let threads take turns every microsecond, so that a race which is rare is met."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(usual)


@pytest.mark.usefixtures("hasty_threads")
def test_concurrent_adds_all_count(counters: Any) -> None:
    def add(_: int) -> None:
        for _ in range(30):
            counters.update_item(
                Key={"pk": "a"},
                UpdateExpression="ADD n :one",
                ExpressionAttributeValues={":one": 1},
            )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(add, range(8)))
    assert value_of(counters, "a") == 240


def test_of_concurrent_conditional_writes_one_wins(counters: Any) -> None:
    def claim(owner: int) -> bool:
        try:
            counters.put_item(
                Item={"pk": "lock", "n": owner}, ConditionExpression="attribute_not_exists(pk)"
            )
        except ClientError:
            return False
        return True

    with ThreadPoolExecutor(8) as threads:
        assert sum(threads.map(claim, range(16))) == 1


def test_a_failed_transaction_changes_nothing(counters: Any) -> None:
    put(counters, "a", n=1)
    with pytest.raises(ClientError) as failure:
        transact(
            counters,
            {"Put": {"Item": {"pk": "a", "n": 2}}},
            {"Put": {"Item": {"pk": "new", "n": 2}}},
            {
                "ConditionCheck": {
                    "Key": {"pk": "absent"},
                    "ConditionExpression": "attribute_exists(pk)",
                }
            },
        )
    reasons = failure.value.response["CancellationReasons"]
    assert [reason["Code"] for reason in reasons] == ["None", "None", "ConditionalCheckFailed"]
    assert value_of(counters, "a") == 1
    assert value_of(counters, "new") is None


def test_a_transaction_changes_all_its_items(counters: Any) -> None:
    put(counters, "gone", n=1)
    transact(
        counters,
        {"Put": {"Item": {"pk": "a", "n": 2}}},
        {"Delete": {"Key": {"pk": "gone"}}},
        {
            "Update": {
                "Key": {"pk": "b"},
                "UpdateExpression": "SET n = :n",
                "ExpressionAttributeValues": {":n": 3},
            }
        },
    )
    assert [value_of(counters, key) for key in ("a", "gone", "b")] == [2, None, 3]


def test_a_transaction_does_not_copy_the_table(counters: Any) -> None:
    with counters.batch_writer() as batch:
        for n in range(1000):
            batch.put_item(Item={"pk": str(n), **{f"a{m}": m for m in range(10)}})
    started = time.process_time()
    transact(counters, *({"Put": {"Item": {"pk": f"new-{n}"}}} for n in range(10)))
    # Stock moto copies the table once for each of the ten: about 1.5 s of CPU.
    assert time.process_time() - started < 0.3


def test_concurrent_transactions_on_one_item_are_all_applied(counters: Any) -> None:
    def add(_: int) -> None:
        transact(
            counters,
            {
                "Update": {
                    "Key": {"pk": "a"},
                    "UpdateExpression": "ADD n :one",
                    "ExpressionAttributeValues": {":one": 1},
                }
            },
        )

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(add, range(20)))
    assert value_of(counters, "a") == 20


def test_values_of_every_type_come_back_as_they_went(counters: Any) -> None:
    item = {
        "pk": "a",
        "number": Decimal("12345678901234567890.123456789"),
        "text": "ä",
        "truth": True,
        "nothing": None,
        "list": ["x", Decimal(1), [b"inner"]],
        "map": {"k": {"deep": Decimal("-0.5")}},
        "texts": {"p", "q"},
        "numbers": {Decimal(1), Decimal(2)},
        "empty": "",
    }
    counters.put_item(Item={**item, "bytes": b"\x00\xff", "many": {b"\x01", b"\x02"}})
    back = counters.get_item(Key={"pk": "a"})["Item"]
    assert bytes(back.pop("bytes")) == b"\x00\xff"
    assert {bytes(one) for one in back.pop("many")} == {b"\x01", b"\x02"}
    back["list"][2] = [bytes(one) for one in back["list"][2]]
    assert back == item


def test_a_batch_of_26_writes_is_refused(counters: Any) -> None:
    writes = [{"PutRequest": {"Item": {"pk": str(n)}}} for n in range(26)]
    with pytest.raises(ClientError, match="less than or equal to 25"):
        counters.meta.client.batch_write_item(RequestItems={counters.name: writes})
