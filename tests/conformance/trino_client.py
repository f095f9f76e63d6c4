"""Trino's HTTP protocol: a statement in, typed columns out, every value exact."""

from __future__ import annotations

import base64
import decimal
import json
import re
import urllib.request
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from skewless.errors import QueryError

_TYPES = {
    "boolean": pa.bool_(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "varchar": pa.string(),
    "varbinary": pa.binary(),
    "unknown": pa.null(),
}


@dataclass(frozen=True, slots=True)
class Trino:
    """A server; names without a catalog are looked up in `awsdatacatalog`, as Athena does.

    Attributes:
        ran: how many statements succeeded, by whether they read rows: the others make tables.
    """

    address: str
    version: str
    ran: Counter[bool] = field(default_factory=Counter)

    def run(self, statement: str) -> pa.Table:
        """Run a statement and return its rows.

        Raises:
            QueryError: Trino refused or failed it.
        """
        answer = self._ask(f"{self.address}/v1/statement", statement.encode())
        columns: list[dict[str, Any]] = []
        rows: list[list[Any]] = []
        while True:
            columns = answer.get("columns") or columns
            rows += answer.get("data", [])
            if error := answer.get("error"):
                raise QueryError("Trino", f"{error['errorName']}: {error['message']}")
            if "nextUri" not in answer:
                self.ran["select" in statement.lower()] += 1
                return _table(columns, rows)
            answer = self._ask(answer["nextUri"])

    def _ask(self, uri: str, body: bytes | None = None) -> Any:
        headers = {
            "X-Trino-User": "skewless",
            "X-Trino-Catalog": "awsdatacatalog",
            "X-Trino-Time-Zone": "UTC",  # Athena's
        }
        request = urllib.request.Request(uri, body, headers)  # noqa: S310 - a local server
        with urllib.request.urlopen(request) as response:  # noqa: S310
            return json.load(response)


def _table(columns: list[dict[str, Any]], rows: list[list[Any]]) -> pa.Table:
    by_column = list(zip(*rows, strict=True)) or [()] * len(columns)
    arrays = [
        pa.array([_value(value, column["type"]) for value in values], _arrow_type(column["type"]))
        for column, values in zip(columns, by_column, strict=True)
    ]
    return pa.Table.from_arrays(arrays, names=[column["name"] for column in columns])


def _arrow_type(kind: str) -> pa.DataType:
    if element := re.fullmatch(r"array\((.*)\)", kind):
        return pa.list_(_arrow_type(element[1]))
    if sides := _sides(kind):
        return pa.map_(*map(_arrow_type, sides))
    if digits := re.fullmatch(r"decimal\((\d+), ?(\d+)\)", kind):
        return pa.decimal128(int(digits[1]), int(digits[2]))
    return _TYPES[re.sub(r"\(\d+\)", "", kind)]


def _value(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if element := re.fullmatch(r"array\((.*)\)", kind):
        return [_value(item, element[1]) for item in value]
    if sides := _sides(kind):
        of_key, of_item = sides
        return [(_key(key, of_key), _value(item, of_item)) for key, item in value.items()]
    match kind.partition("(")[0]:
        case "varbinary":
            return base64.b64decode(value)
        case "decimal":
            return decimal.Decimal(value)
        case "double":
            return float(value)  # "NaN" and "Infinity" come as texts
        case _:
            return value


def _sides(kind: str) -> tuple[str, str] | None:
    """Return the types of a map's keys and values, if it is a map."""
    if not kind.startswith("map("):
        return None
    inner, depth = kind[len("map(") : -1], 0
    for place, letter in enumerate(inner):
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and not depth:
            return inner[:place], inner[place + 1 :].strip()
    return None


def _key(text: str, kind: str) -> Any:
    """Read a key of a map: the names in a JSON object are texts."""
    match kind.partition("(")[0]:
        case "bigint" | "integer":
            return int(text)
        case "boolean":
            return text == "true"
        case _:
            return _value(text, kind)
