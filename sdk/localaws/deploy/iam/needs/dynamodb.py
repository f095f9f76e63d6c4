"""DynamoDB: tables, indexes and streams, and the partition keys that `LeadingKeys` limits."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from localaws.core.dynamodb import accounts, partiql
from localaws.deploy.iam.permission import Context, Permission

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from localaws.deploy.iam.request import ApiRequest

_LEADING_KEYS = "dynamodb:leadingkeys"
_TRANSACTED = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Get": "GetItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}
_ON_ONE_ITEM = frozenset({"DeleteItem", "GetItem", "PutItem", "UpdateItem"})
_EQUAL = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


def needs(request: ApiRequest) -> Iterator[Permission]:
    """What a DynamoDB or DynamoDB Streams request needs."""
    asked, operation = request.parameters, request.operation
    action = f"dynamodb:{operation}"
    match operation:
        case "BatchGetItem" | "BatchWriteItem":
            for table, part in asked.get("RequestItems", {}).items():
                yield _permission(request, action, table, partial(_batch_items, part))
        case "TransactGetItems" | "TransactWriteItems":
            yield from _transaction(request)
        case "ExecuteStatement":
            yield from _statements(request, [asked])
        case "BatchExecuteStatement":
            yield from _statements(request, asked.get("Statements", ()))
        case "ExecuteTransaction":
            yield from _statements(request, asked.get("TransactStatements", ()))
        case "Query" | "Scan" if "IndexName" in asked:
            table = _table_arn(request, asked["TableName"])
            context = partial(_query_context, request) if operation == "Query" else dict
            yield Permission(action, f"{table}/index/{asked['IndexName']}", context)
        case "Query":
            table = _table_arn(request, asked.get("TableName", ""))
            yield Permission(action, table, partial(_query_context, request))
        case _ if operation in _ON_ONE_ITEM:
            item = asked.get("Key") or asked.get("Item") or {}
            yield _permission(request, action, asked.get("TableName", ""), lambda: [item])
        case _:
            yield Permission(action, _other_resource(request))


def _transaction(request: ApiRequest) -> Iterator[Permission]:
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for entry in request.parameters.get("TransactItems", ()):
        for kind, part in entry.items():
            group = (_TRANSACTED.get(kind, kind), part.get("TableName", ""))
            grouped.setdefault(group, []).append(part.get("Key") or part.get("Item") or {})
    for (operation, table), items in grouped.items():
        yield _permission(request, f"dynamodb:{operation}", table, partial(list, items))


def _statements(
    request: ApiRequest, statements: Iterable[Mapping[str, Any]]
) -> Iterator[Permission]:
    """Which action a statement needs, and on which table, is in its text."""
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in statements:
        found = partiql.target(str(one.get("Statement", "")))
        if found is None:
            yield Permission("dynamodb:PartiQL*", "*")
        else:
            grouped.setdefault(found, []).append(one)
    for (verb, table), several in grouped.items():
        yield _permission(request, f"dynamodb:PartiQL{verb}", table, partial(_written, several))


def _written(statements: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Return what statements say of their items' attributes; nothing of one that is not read."""
    found: list[Mapping[str, Any]] = []
    for one in statements:
        try:
            found.append(partiql.given(one["Statement"], one.get("Parameters", [])))
        except partiql.StatementError:
            found.append({})
    return found


def _permission(request: ApiRequest, action: str, table: str, items: Any) -> Permission:
    context = partial(_items_context, request, table, items)
    return Permission(action, _table_arn(request, table), context)


def _items_context(request: ApiRequest, table: str, items: Any) -> Context:
    context: dict[str, tuple[str, ...]] = {}
    if request.operation.startswith("Transact"):
        context["dynamodb:enclosingoperation"] = (request.operation,)
    name = _hash_key(request, table, None)
    if name is not None:
        context[_LEADING_KEYS] = _values(item.get(name) for item in items())
    return context


def _batch_items(part: Any) -> list[Mapping[str, Any]]:
    if isinstance(part, dict):
        return list(part.get("Keys", ()))
    return [
        wanted.get("Item") or wanted.get("Key") or {} for entry in part for wanted in entry.values()
    ]


def _query_context(request: ApiRequest) -> Context:
    asked = request.parameters
    name = _hash_key(request, asked.get("TableName", ""), asked.get("IndexName"))
    if name is None:
        return {}
    if name in asked.get("KeyConditions", {}):
        return {_LEADING_KEYS: _values(asked["KeyConditions"][name]["AttributeValueList"])}
    aliases = asked.get("ExpressionAttributeNames", {})
    values = asked.get("ExpressionAttributeValues", {})
    found = [
        values.get(value)
        for attribute, value in _EQUAL.findall(asked.get("KeyConditionExpression", ""))
        if aliases.get(attribute, attribute) == name
    ]
    return {_LEADING_KEYS: _values(found)}


def _hash_key(request: ApiRequest, table: str, index: str | None) -> str | None:
    account, region, name = accounts.split(table) or (request.account, request.region, table)
    stored = accounts.backend_of(account, region).tables.get(name)
    if stored is None:
        return None
    if index is None:
        return str(stored.hash_key_attr)
    for one in (*stored.indexes, *stored.global_indexes):
        if one.name == index:
            keys = (key["AttributeName"] for key in one.schema if key["KeyType"] == "HASH")
            return next(keys, None)
    return None


def _values(typed: Iterable[Any]) -> tuple[str, ...]:
    """The texts of keys; all of them are compared, so an unreadable one matches nothing."""
    return tuple(
        str(next(iter(value.values()))) if isinstance(value, dict) and value else ""
        for value in typed
    )


def _table_arn(request: ApiRequest, table: str) -> str:
    named = accounts.split(table)
    if named is None:
        return request.arn(f"table/{table}")
    account, region, name = named
    return f"arn:aws:dynamodb:{region}:{account}:table/{name}"


def _other_resource(request: ApiRequest) -> str:
    asked = request.parameters
    for parameter in ("StreamArn", "ResourceArn", "TableArn", "BackupArn", "ExportArn"):
        if parameter in asked:
            return str(asked[parameter])
    if iterator := asked.get("ShardIterator"):
        return str(iterator).partition("|")[0] if "|" in iterator else request.arn("table/*")
    return _table_arn(request, asked["TableName"]) if "TableName" in asked else "*"
