"""Calls to DynamoDB in an order, and what a client is answered: to compare two servers."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

TABLE = "calls"
A: dict[str, Any] = {"pk": {"S": "a"}, "sk": {"S": "1"}}
B: dict[str, Any] = {"pk": {"S": "b"}, "sk": {"S": "1"}}
NEW: dict[str, Any] = {"pk": {"S": "new"}, "sk": {"S": "1"}}
FULL = {
    **A,
    "n": {"N": "5"},
    "s": {"S": "text"},
    "b": {"B": b"\x00\xff"},
    "e": {"B": b""},
    "ss": {"SS": ["x", "y"]},
    "ns": {"NS": ["1", "2"]},
    "bs": {"BS": [b"1", b"2"]},
    "l": {"L": [{"S": "0"}, {"N": "1"}, {"M": {"k": {"B": b"in"}}}]},
    "m": {"M": {"k": {"N": "1"}, "deep": {"M": {"k": {"L": [{"S": "z"}]}}}}},
    "t": {"BOOL": True},
    "z": {"NULL": True},
}
ONE, TWO, TEXT = {":v": {"N": "1"}}, {":v": {"N": "2"}}, {":v": {"S": "q"}}
CUT = (
    "SET #c = :c, #g = :g, #v = if_not_exists(#v, :zero) + :one, "
    "#p = if_not_exists(#c, :empty), #pg = if_not_exists(#g, :never)"
)
NAMES = {f"#{name}": name for name in ("c", "g", "v", "p", "pg", "e")}

UPDATES: list[tuple[str, dict[str, Any]]] = [
    ("SET n = :v", ONE),
    ("SET n = :v", TWO),
    ("SET n = n + :v", TWO),
    ("SET n = n - :v", TWO),
    ("SET n = s + :v", TWO),
    ("SET n = absent + :v", TWO),
    ("SET m.k = :v, l[1] = :v", TEXT),
    ("SET m.absent.k = :v", TEXT),
    ("SET l = list_append(l, :v)", {":v": {"L": [{"S": "end"}]}}),
    ("SET copied = m, again = if_not_exists(absent, :v)", TEXT),
    ("SET copied.k = :v", TEXT),
    ("SET f = :v REMOVE n", ONE),
    ("REMOVE l[0], l[2], t", {}),
    ("ADD n :v", TWO),
    ("ADD n :v", TWO),
    ("ADD ss :v", {":v": {"SS": ["x", "new"]}}),
    ("ADD s :v", ONE),
    ("DELETE ss :v", {":v": {"SS": ["x"]}}),
    ("DELETE ns :v", {":v": {"NS": ["1", "2"]}}),
    ("SET n = :v SET s = :v", ONE),
    ("SET n = :v REMOVE s SET s = :v REMOVE n", ONE),
    ("SET n = :v, n = :v", ONE),
    ("SET m.k = :v, m.k.x = :v", ONE),
    ("SET pk = :v", ONE),
    ("SET size = :v", ONE),
    ("SET n = :absent", ONE),
    ("SET n == :v", ONE),
    ("SET n == :v", ONE),
    ("SET", ONE),
    ("", ONE),
    ("REMOVE n", ONE),
]
CONDITIONS: list[tuple[str, dict[str, Any]]] = [
    ("n = :v", ONE),
    ("n = :v", TWO),
    ("s < :v OR (attribute_exists(s) AND NOT s = :v)", TEXT),
    ("n BETWEEN :v AND :w", {**ONE, ":w": {"N": "9"}}),
    ("n IN (:v, :w)", {**ONE, ":w": {"N": "5"}}),
    ("begins_with(s, :v) AND contains(ss, :w)", {":v": {"S": "tex"}, ":w": {"S": "x"}}),
    ("size(s) > :v", ONE),
    ("attribute_type(b, :v)", {":v": {"S": "B"}}),
    ("m.k = :v", ONE),
    ("attribute_not_exists(pk)", {}),
    ("((n = :v))", ONE),
]
PROJECTIONS = ("n", "n,s,absent", "m.k", "l[1]", "l[1],m.deep.k,b", "absent", "n,n", "m", "bs,e")


def calls() -> list[tuple[str, dict[str, Any]]]:
    """Return operations with their requests, `TableName` left out."""
    made: list[tuple[str, dict[str, Any]]] = [("put_item", {"Item": FULL})]
    made += [("put_item", {"Item": {**B, "sk": {"S": sort}, "n": {"N": sort}}}) for sort in "123"]
    made += [_update(A, *update) for update in UPDATES]
    made += [_update(NEW, *update) for update in UPDATES]
    made.append(("put_item", {"Item": FULL, "ReturnValues": "ALL_OLD"}))
    made += [_conditional_put(*condition) for condition in CONDITIONS]
    made += _cuts() + _reads() + _transactions()
    made += [_update(A, "SET n = :v", TWO, kind) for kind in ("ALL_OLD", "UPDATED_OLD", "NONE")]
    made += [_update(A, "SET n = :v, x = :v", ONE, "UPDATED_NEW")]
    large = {"B": b"x" * 404_000}
    made += [
        ("put_item", {"Item": {**A, "large": large, "more": {"B": b"x" * 2_000}}}),
        ("put_item", {"Item": {**B, "large": large}}),
        _update(B, "SET more = :v", {":v": {"B": b"x" * 2_000}}),
        ("put_item", {"Item": {"pk": {"S": ""}, "sk": {"S": "1"}}}),
        ("put_item", {"Item": {"pk": {"N": "1"}, "sk": {"S": "1"}}}),
        ("put_item", {"Item": {"pk": {"S": "1"}}}),
        ("put_item", {"Item": {**A, "n": {"N": "no number"}}}),
        ("delete_item", {"Key": A, "ReturnValues": "ALL_OLD"}),
        ("delete_item", {"Key": A, "ReturnValues": "ALL_OLD"}),
        ("scan", {}),
    ]
    return made


def answers(client: Any) -> list[str]:
    """Make a table and all the calls, and return each with its answer or refusal."""
    client.create_table(
        TableName=TABLE,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[
            {"AttributeName": "pk", "KeyType": "HASH"},
            {"AttributeName": "sk", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "sk", "AttributeType": "S"},
        ],
    )
    given = []
    for operation, request in calls():
        named = {} if operation.startswith(("batch", "transact")) else {"TableName": TABLE}
        try:
            answer = getattr(client, operation)(**named, **request)
        except ClientError as error:
            answer = error.response
        status = answer.pop("ResponseMetadata")["HTTPStatusCode"]
        answer.pop("ConsumedCapacity", None)
        given.append(f"{operation} {str(request)[:300]} -> {status} {_text(answer)[:3000]}")
    return given


def _update(
    key: dict[str, Any], expression: str, values: dict[str, Any], returned: str = "ALL_NEW"
) -> tuple[str, dict[str, Any]]:
    request = {"Key": key, "UpdateExpression": expression, "ReturnValues": returned}
    if values:
        request["ExpressionAttributeValues"] = values
    return "update_item", request


def _conditional_put(condition: str, values: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    request = {
        "Item": FULL,
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    if values:
        request["ExpressionAttributeValues"] = values
    return "put_item", request


def _cuts() -> list[tuple[str, dict[str, Any]]]:
    return [
        (
            "update_item",
            {
                "Key": {**B, "sk": {"S": "cut"}},
                "UpdateExpression": f"{CUT} REMOVE #e",
                "ConditionExpression": "attribute_not_exists(#g) OR #g < :g",
                "ExpressionAttributeNames": NAMES,
                "ExpressionAttributeValues": {
                    ":c": {"B": b"state %d" % cut},
                    ":g": {"N": str(cut)},
                    ":zero": {"N": "0"},
                    ":one": {"N": "1"},
                    ":empty": {"B": b""},
                    ":never": {"N": "-9223372036854775808"},
                },
                "ReturnValues": "ALL_NEW",
                "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
            },
        )
        for cut in (1, 2, 2, 1, 3)
    ]


def _reads() -> list[tuple[str, dict[str, Any]]]:
    made: list[tuple[str, dict[str, Any]]] = [
        ("get_item", {"Key": A, "ProjectionExpression": paths}) for paths in PROJECTIONS
    ]
    of_b = {"KeyConditionExpression": "pk = :b", "ExpressionAttributeValues": {":b": {"S": "b"}}}
    filtered = {**of_b, "FilterExpression": "n > :one"}
    filtered["ExpressionAttributeValues"] = {":b": {"S": "b"}, ":one": {"N": "1"}}
    made += [
        ("get_item", {"Key": A}),
        ("get_item", {"Key": {**A, "sk": {"S": "absent"}}}),
        ("get_item", {"Key": {"pk": {"S": "a"}}}),
        ("get_item", {"Key": A, "ExpressionAttributeNames": {"#unused": "n"}}),
        ("query", of_b),
        ("query", {**of_b, "Limit": 2, "ScanIndexForward": False}),
        ("query", {**of_b, "Select": "COUNT"}),
        ("query", {**filtered, "ProjectionExpression": "sk,n"}),
        ("scan", {"FilterExpression": "attribute_exists(n)", "ProjectionExpression": "n"}),
        ("scan", {"Limit": 2}),
    ]
    return made


def _transactions() -> list[tuple[str, dict[str, Any]]]:
    update = {
        "TableName": TABLE,
        "Key": A,
        "UpdateExpression": "SET n = :v",
        "ExpressionAttributeValues": TWO,
    }
    check = {"TableName": TABLE, "Key": B, "ConditionExpression": "attribute_not_exists(pk)"}
    delete = {"TableName": TABLE, "Key": {**B, "sk": {"S": "3"}}}
    asked = [{"Get": {"TableName": TABLE, "Key": key}} for key in (A, B, {**A, "sk": {"S": "no"}})]
    puts = [{"PutRequest": {"Item": {**A, "sk": {"S": str(sort)}}}} for sort in range(5, 9)]
    keys = {"Keys": [A, B, NEW], "ProjectionExpression": "pk,sk,n,b"}
    return [
        ("transact_write_items", {"TransactItems": [{"Update": update}, {"Delete": delete}]}),
        (
            "transact_write_items",
            {"TransactItems": [{"Update": update}, {"ConditionCheck": check}]},
        ),
        ("transact_get_items", {"TransactItems": asked}),
        ("batch_write_item", {"RequestItems": {TABLE: puts}}),
        ("batch_get_item", {"RequestItems": {TABLE: keys}}),
    ]


def _text(answer: Any) -> str:
    return json.dumps(_sorted_sets(answer), sort_keys=True, default=repr)


def _sorted_sets(value: Any) -> Any:
    """Sort sets: stock moto's projection shuffles them."""
    if isinstance(value, dict):
        return {
            name: sorted(element, key=repr) if name in ("SS", "NS", "BS") else _sorted_sets(element)
            for name, element in value.items()
        }
    if isinstance(value, list):
        return [_sorted_sets(element) for element in value]
    return value
