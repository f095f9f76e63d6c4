"""Consumed capacity: sizes are counted by hand, by AWS's rules, in the comments."""

from __future__ import annotations

from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from moto.dynamodb.models.dynamo_type import DynamoType

from localaws.core.dynamodb.item_size import item_size

if TYPE_CHECKING:
    from localaws import LocalAws


def size_of(value: dict[str, Any]) -> int:
    item: Any = SimpleNamespace(attrs={"ab": DynamoType(value)})
    return item_size(item) - len("ab")


def units(answer: Any) -> float:
    return float(answer["ConsumedCapacity"]["CapacityUnits"])


def put(table: Any, key: str, size: int, **asked: Any) -> Any:
    """Put an item of so many bytes: pk and its key, d and the rest."""
    filler = "x" * (size - len("pk") - len(key) - len("d"))
    asked = {"ReturnConsumedCapacity": "TOTAL", **asked}
    return table.put_item(Item={"pk": key, "d": filler}, **asked)


@pytest.mark.parametrize(
    ("value", "size"),
    [
        ({"S": "aä€"}, 1 + 2 + 3),
        ({"S": ""}, 0),
        ({"B": b"\x00" * 7}, 7),
        ({"N": "0"}, 1),
        ({"N": "7"}, 1 + 1),
        ({"N": "-7"}, 1 + 1 + 1),
        ({"N": "12"}, 1 + 1),
        ({"N": "120000"}, 1 + 1),
        ({"N": "0.0012"}, 1 + 1),
        ({"N": "123"}, 1 + 2),
        ({"N": "12340"}, 1 + 3),  # 1|23|40: pairs are counted from the point
        ({"N": "-9223372036854775808"}, 1 + 10 + 1),
        ({"BOOL": True}, 1),
        ({"NULL": True}, 1),
        ({"SS": ["a", "bc"]}, 3),
        ({"NS": ["1", "123"]}, 2 + 3),
        ({"BS": [b"1", b"23"]}, 3),
        ({"L": []}, 3),
        ({"L": [{"S": "abc"}, {"N": "1"}]}, 3 + (1 + 3) + (1 + 2)),
        ({"M": {"key": {"S": "abc"}, "m": {"M": {}}}}, 3 + (1 + 3 + 3) + (1 + 1 + 3)),
    ],
)
def test_a_value_has_its_documented_size(value: dict[str, Any], size: int) -> None:
    assert size_of(value) == size


def test_an_item_is_as_large_as_its_names_and_values() -> None:
    item: Any = SimpleNamespace(attrs={"pk": DynamoType({"S": "a"}), "é": DynamoType({"N": "1"})})
    assert item_size(item) == (2 + 1) + (2 + 2)
    assert item_size(None) == 0


@pytest.mark.parametrize(("size", "cost"), [(10, 1), (1024, 1), (1025, 2), (5000, 5)])
def test_a_put_costs_one_unit_a_kilobyte(counters: Any, size: int, cost: int) -> None:
    assert units(put(counters, "a", size)) == cost


def test_a_write_costs_the_larger_of_the_item_before_and_after(counters: Any) -> None:
    put(counters, "a", 5000)
    assert units(put(counters, "a", 10)) == 5
    assert units(put(counters, "a", 5000)) == 5
    asked = {"Key": {"pk": "a"}, "ReturnConsumedCapacity": "TOTAL"}
    assert units(counters.update_item(**asked, UpdateExpression="REMOVE d")) == 5
    grown = counters.update_item(
        **asked,
        UpdateExpression="SET d = :d",
        ExpressionAttributeValues={":d": "x" * (2048 - len("pkad") + 1)},
    )
    assert units(grown) == 3
    assert units(counters.delete_item(**asked)) == 3
    assert units(counters.delete_item(**asked)) == 1


@pytest.mark.parametrize(("size", "cost"), [(10, 0.5), (4096, 0.5), (4097, 1.0), (9000, 1.5)])
def test_a_read_costs_half_a_unit_for_four_kilobytes(counters: Any, size: int, cost: float) -> None:
    put(counters, "a", size)
    asked = {"Key": {"pk": "a"}, "ReturnConsumedCapacity": "TOTAL"}
    assert units(counters.get_item(**asked)) == cost
    assert units(counters.get_item(**asked, ConsistentRead=True)) == 2 * cost
    assert units(counters.get_item(**asked, ProjectionExpression="pk")) == cost


def test_a_read_of_nothing_costs_as_one_of_little(counters: Any) -> None:
    asked = {"Key": {"pk": "no"}, "ReturnConsumedCapacity": "TOTAL"}
    assert units(counters.get_item(**asked)) == 0.5
    assert units(counters.get_item(**asked, ConsistentRead=True)) == 1.0


@pytest.mark.parametrize("is_consistent", [False, True])
def test_a_batch_rounds_item_by_item(aws: LocalAws, counters: Any, *, is_consistent: bool) -> None:
    put(counters, "a", 10)
    put(counters, "b", 4097)
    keys = [{"pk": {"S": key}} for key in ("a", "b", "no")]
    asked = {counters.name: {"Keys": keys, "ConsistentRead": is_consistent}}
    answer = aws.client("dynamodb").batch_get_item(
        RequestItems=asked, ReturnConsumedCapacity="TOTAL"
    )
    cost = (0.5 + 1.0 + 0.5) * (2 if is_consistent else 1)
    assert answer["ConsumedCapacity"] == [{"TableName": counters.name, "CapacityUnits": cost}]


def test_a_batch_of_writes_adds_up(aws: LocalAws, counters: Any) -> None:
    put(counters, "gone", 3000)
    client = aws.client("dynamodb")
    writes: list[Any] = [
        {"PutRequest": {"Item": {"pk": {"S": "a"}, "d": {"B": b"x" * 1500}}}},
        {"DeleteRequest": {"Key": {"pk": {"S": "gone"}}}},
    ]
    answer = client.batch_write_item(
        RequestItems={counters.name: writes}, ReturnConsumedCapacity="INDEXES"
    )
    assert answer["ConsumedCapacity"] == [
        {"TableName": counters.name, "CapacityUnits": 5.0, "Table": {"CapacityUnits": 5.0}}
    ]


@pytest.mark.parametrize(
    "narrowed",
    [
        {},
        {"FilterExpression": "attribute_not_exists(d)"},
        {"ProjectionExpression": "pk"},
        {"Select": "COUNT"},
    ],
)
def test_a_scan_rounds_the_sum_of_what_it_reads(counters: Any, narrowed: dict[str, Any]) -> None:
    for n in range(10):
        put(counters, str(n), 1000)
    asked = {"ReturnConsumedCapacity": "TOTAL", **narrowed}
    assert units(counters.scan(**asked)) == 1.5  # 10,000 bytes are three times 4 KB
    assert units(counters.scan(**asked, ConsistentRead=True)) == 3.0
    assert units(counters.scan(**asked, Limit=4)) == 0.5


def test_a_query_rounds_the_sum_of_what_it_reads(counters: Any) -> None:
    put(counters, "a", 5000)
    asked = {
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": "a"},
        "ReturnConsumedCapacity": "TOTAL",
    }
    assert units(counters.query(**asked)) == 1.0
    assert units(counters.query(**asked, ConsistentRead=True)) == 2.0
    assert units(counters.query(**asked, ProjectionExpression="pk")) == 1.0
    asked["ExpressionAttributeValues"] = {":pk": "no"}
    assert units(counters.query(**asked)) == 0.5


def test_a_transaction_costs_twice(aws: LocalAws, counters: Any) -> None:
    put(counters, "a", 1500)
    client = aws.client("dynamodb")
    key = {"pk": {"S": "a"}}
    there = {"ConditionExpression": "attribute_exists(pk)"}
    written = client.transact_write_items(
        TransactItems=[
            {"Put": {"TableName": counters.name, "Item": {"pk": {"S": "b"}}}},
            {"ConditionCheck": {"TableName": counters.name, "Key": key, **there}},
        ],
        ReturnConsumedCapacity="TOTAL",
    )
    wanted = {"TableName": counters.name, "CapacityUnits": 6.0, "WriteCapacityUnits": 6.0}
    assert written["ConsumedCapacity"] == [wanted]
    asked: list[Any] = [{"Get": {"TableName": counters.name, "Key": key}}]
    read = client.transact_get_items(TransactItems=asked, ReturnConsumedCapacity="TOTAL")
    wanted = {"TableName": counters.name, "CapacityUnits": 2.0, "ReadCapacityUnits": 2.0}
    assert read["ConsumedCapacity"] == [wanted]


def test_what_was_consumed_is_told_to_whoever_asks(counters: Any) -> None:
    assert "ConsumedCapacity" not in put(counters, "a", 10, ReturnConsumedCapacity="NONE")
    update = {
        "Key": {"pk": "a"},
        "UpdateExpression": "SET n = :n",
        "ExpressionAttributeValues": {":n": Decimal(1)},
    }
    assert "ConsumedCapacity" not in counters.update_item(**update)
    asked = counters.update_item(**update, ReturnConsumedCapacity="INDEXES")
    assert asked["ConsumedCapacity"]["Table"] == {"CapacityUnits": 1.0}
