"""BatchExecuteStatement, as DynamoDB Local 3.1.0 answers, and AWS's documents say."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from localaws.core.dynamodb import partiql
from tests.localaws.permissions import allow

if TYPE_CHECKING:
    from localaws import LocalAws

FAILED = "ConditionalCheckFailed"


@dataclass(frozen=True, slots=True)
class Items:
    """A table of items with the keys `pk` and `sk`."""

    client: Any
    name: str

    def insert(self, key: str, **more: Any) -> dict[str, Any]:
        values = {"pk": {"S": key}, "sk": {"S": "B"}, "c": {"B": b"one"}, "g": {"N": "5"}, **more}
        asked = ", ".join(f"'{name}': ?" for name in values)
        statement = f'INSERT INTO "{self.name}" VALUE {{{asked}}}'
        return {"Statement": statement, "Parameters": list(values.values())}

    def update(self, key: str, change: str, where: str = "g < 9") -> dict[str, Any]:
        return {
            "Statement": f'UPDATE "{self.name}" {change} WHERE pk = ? AND "sk" = \'B\' AND {where}',
            "Parameters": [{"S": key}],
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }

    def run(self, *statements: dict[str, Any]) -> list[Any]:
        """Return each statement's error; None for those that were carried out."""
        answer = self.client.batch_execute_statement(Statements=list(statements))
        return [response.get("Error") for response in answer["Responses"]]

    def consumed(self, *statements: dict[str, Any], detail: str = "TOTAL") -> Any:
        answer = self.client.batch_execute_statement(
            Statements=list(statements), ReturnConsumedCapacity=detail
        )
        return answer.get("ConsumedCapacity")

    def item(self, key: str) -> dict[str, Any]:
        answer = self.client.get_item(TableName=self.name, Key={"pk": {"S": key}, "sk": {"S": "B"}})
        found: dict[str, Any] = answer["Item"]
        return {name: value for name, value in found.items() if name not in ("pk", "sk")}


@pytest.fixture
def items(aws: LocalAws) -> Items:
    name = f"partiql-{uuid.uuid4().hex}"
    keys = [("pk", "HASH"), ("sk", "RANGE")]
    client = aws.client("dynamodb")
    client.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys],
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key, _ in keys],
        BillingMode="PAY_PER_REQUEST",
    )
    return Items(client, name)


def test_an_insert_writes_an_item_once(items: Items) -> None:
    assert items.run(items.insert("a"), items.insert("b", m={"M": {"x": {"N": "1"}}})) == [None] * 2
    (refused,) = items.run(items.insert("a", c={"B": b"two"}))
    assert refused == {"Code": "DuplicateItem", "Message": "Duplicate primary key exists in table"}
    assert items.item("a") == {"c": {"B": b"one"}, "g": {"N": "5"}}
    assert items.item("b")["m"] == {"M": {"x": {"N": "1"}}}


@pytest.mark.parametrize(
    "change",
    [
        "SET p = c SET c = 'two' SET g = g + 1 REMOVE v",
        "SET c = 'two' SET p = c SET g = g - -1 REMOVE v",
        "REMOVE v SET p = c, c = 'two', g = 6",
    ],
)
def test_an_update_takes_what_attributes_were_before(items: Items, change: str) -> None:
    items.run(items.insert("a", v={"N": "1"}))
    assert items.run(items.update("a", change)) == [None]
    assert items.item("a") == {"p": {"B": b"one"}, "c": {"S": "two"}, "g": {"N": "6"}}


def test_an_update_whose_condition_fails_shows_the_item_and_makes_none(items: Items) -> None:
    items.run(items.insert("a"))
    there, missing, fine = items.run(
        items.update("a", "SET g = 9", "g < 5"),
        items.update("none", "SET g = 9"),
        items.insert("b"),
    )
    assert there["Code"] == missing["Code"] == FAILED
    assert there["Item"]["g"] == {"N": "5"}
    assert "Item" not in missing
    assert fine is None
    with pytest.raises(KeyError):
        items.item("none")


@pytest.mark.parametrize(
    ("where", "holds"),
    [
        ("g = 5", True),
        ("g <> 5", False),
        ("g <= 5.0", True),
        ("g > 4 AND g >= 5", True),
        ("g < 10", True),  # as numbers
        ("g < '9'", False),  # of another type
        ("g <> '9'", True),
        ("none < 5", False),
        ("none <> 5", False),
        ("g > -1", True),
    ],
)
def test_a_condition_compares_as_dynamodb_does(items: Items, where: str, *, holds: bool) -> None:
    items.run(items.insert("a"))
    (error,) = items.run(items.update("a", "SET x = 1", where))
    assert (error is None) is holds


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("SET v = v + 1", "refers to an attribute that does not exist in the item"),
        ("SET p = v", "refers to an attribute that does not exist in the item"),
        ("SET c = c + 1", "has an incorrect data type"),
        ("SET sk = 'C'", "Cannot update attribute sk. This attribute is part of the key"),
        ("SET g = 1 SET g = 2", "wasn't well formed"),
        ("SET value = 1", "wasn't well formed"),
        ("SET g = Value", "wasn't well formed"),
        ("SET g = if_not_exists(g, 1)", "wasn't well formed"),
        ("", "wasn't well formed"),
    ],
)
def test_an_update_that_cannot_be_applied_fails_alone(
    items: Items, change: str, message: str
) -> None:
    items.run(items.insert("a"), items.insert("b"))
    error, fine = items.run(items.update("a", change), items.update("b", "SET g = 6"))
    assert error["Code"] == "ValidationError"
    assert message in error["Message"]
    assert fine is None
    assert items.item("a")["g"] == {"N": "5"}


def test_what_no_item_can_hold_fails_alone(items: Items) -> None:
    large = items.insert("a", c={"B": b"x" * 409_600})
    kind = items.insert("b")
    kind["Parameters"][0] = {"N": "1"}
    few = items.insert("c")
    few["Parameters"].pop()
    elsewhere = {**items.insert("d"), "Statement": "INSERT INTO nowhere VALUE {'pk': ?}"}
    elsewhere["Parameters"] = [{"S": "d"}]
    keyless = {"Statement": f"UPDATE \"{items.name}\" SET g = 1 WHERE pk = 'a'"}
    found = items.run(large, kind, few, elsewhere, keyless, items.insert("e"))
    assert [error and error["Code"] for error in found] == [
        "ValidationError",
        "ValidationError",
        "ValidationError",
        "ResourceNotFound",
        "ValidationError",
        None,
    ]
    assert "exceeded the maximum allowed size" in found[0]["Message"]


@pytest.mark.parametrize(
    ("before", "change", "after"),
    [
        ("9" * 38, "SET n = n + 1", "1" + "0" * 38),
        (
            "12345678901234567890123456789012345678",
            "SET n = n - 1",
            "12345678901234567890123456789012345677",
        ),
        ("-9223372036854775808", "SET n = n + 0.5", "-9223372036854775807.5"),
    ],
)
def test_a_sum_is_exact_to_38_digits(items: Items, before: str, change: str, after: str) -> None:
    items.run(items.insert("a", n={"N": before}))
    items.run(items.update("a", change))
    assert items.item("a")["n"] == {"N": after}


def test_a_name_that_is_reserved_can_stand_in_quotes(items: Items) -> None:
    items.run(items.insert("a"))
    assert items.run(items.update("a", 'SET "value" = 1')) == [None]
    assert items.item("a")["value"] == {"N": "1"}


def test_a_statement_that_is_too_long_refuses_its_batch(items: Items) -> None:
    long = items.update("b", f"SET x = '{'x' * 8_192}'")
    with pytest.raises(ClientError, match="length less than or equal to 8192"):
        items.run(items.insert("a"), long)
    with pytest.raises(KeyError):
        items.item("a")


def test_a_batch_of_two_writes_of_one_item_is_refused(items: Items) -> None:
    with pytest.raises(ClientError, match="list of item keys contains duplicates"):
        items.run(items.insert("a"), items.insert("b"), items.update("a", "SET g = 1"))
    with pytest.raises(KeyError):
        items.item("b")


def test_a_batch_of_more_than_25_or_of_reads_and_writes_is_refused(items: Items) -> None:
    with pytest.raises(ClientError, match="more than 25 items"):
        items.run(*(items.insert(str(number)) for number in range(26)))
    read = {"Statement": f"SELECT * FROM \"{items.name}\" WHERE pk = 'a' AND sk = 'B'"}
    with pytest.raises(ClientError, match="together in the same batch is not supported"):
        items.run(items.insert("a"), read)


def test_a_delete_goes_the_way_of_stock_moto(items: Items) -> None:
    items.run(items.insert("a"))
    items.run({"Statement": f"DELETE FROM \"{items.name}\" WHERE pk = 'a' AND sk = 'B'"})
    with pytest.raises(KeyError):
        items.item("a")


def test_capacity_is_told_by_table_with_failed_writes_beside_others(items: Items) -> None:
    large = {"B": b"x" * 2000}
    writes = (items.insert("a"), items.insert("b", c=large))
    assert items.consumed(*writes) == [{"TableName": items.name, "CapacityUnits": 3.0}]
    assert items.consumed(*writes) is None
    found = items.consumed(*writes, items.insert("c"), detail="INDEXES")
    assert found == [
        {"TableName": items.name, "CapacityUnits": 4.0, "Table": {"CapacityUnits": 1.0}}
    ]


def test_a_role_needs_the_action_of_each_statement_on_its_table(
    aws: LocalAws, items: Items
) -> None:
    table = items.client.describe_table(TableName=items.name)["Table"]["TableArn"]
    items.run(items.insert("a"))
    role = aws.as_policy(allow("dynamodb:PartiQLUpdate", table)).client("dynamodb")
    role.batch_execute_statement(Statements=[items.update("a", "SET g = 6")])
    with pytest.raises(ClientError, match="dynamodb:PartiQLInsert"):
        role.batch_execute_statement(Statements=[items.insert("b")])
    other = aws.as_policy(allow("dynamodb:PartiQLUpdate", f"{table}x")).client("dynamodb")
    with pytest.raises(ClientError, match="dynamodb:PartiQLUpdate"):
        other.batch_execute_statement(Statements=[items.update("a", "SET g = 7")])


def test_a_role_may_be_bound_to_partitions(aws: LocalAws, items: Items) -> None:
    table = items.client.describe_table(TableName=items.name)["Table"]["TableArn"]
    bound = {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": ["mine#*"]}}
    statement = {**allow("dynamodb:PartiQLInsert", table), "Condition": bound}
    role = aws.as_policy(statement).client("dynamodb")
    role.batch_execute_statement(Statements=[items.insert("mine#1")])
    with pytest.raises(ClientError, match="not authorized"):
        role.batch_execute_statement(Statements=[items.insert("mine#2"), items.insert("yours")])


@pytest.mark.parametrize(
    ("statement", "target"),
    [
        ('insert into "a-b" value {}', ("Insert", "a-b")),
        ("UPDATE t SET x = 1", ("Update", "t")),
        ('SELECT a,\n b FROM "t"."index" WHERE a = \' FROM \'', ("Select", "t")),
        ("DELETE FROM t WHERE a = 1", ("Delete", "t")),
        ("EXPLAIN", None),
    ],
)
def test_a_statement_says_what_it_does_to_which_table(statement: str, target: object) -> None:
    assert partiql.target(statement) == target


def test_a_quote_in_a_text_is_written_twice() -> None:
    found = partiql.given("INSERT INTO t VALUE {'pk': 'it''s', 'x': ?}", [{"S": "?"}])
    assert found == {"pk": {"S": "it's"}, "x": {"S": "?"}}
