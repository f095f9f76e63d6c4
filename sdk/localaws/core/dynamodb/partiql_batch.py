"""BatchExecuteStatement: writes of up to 25 items, each under its own condition.

Stock moto lists all items of all tables once for each statement, writes over an item that an
INSERT finds, and says nothing where an UPDATE's condition does not hold. What AWS answers is
documented in part; the rest is what DynamoDB Local answers (tests/conformance), and what others
saw on AWS: of capacity, that failed statements are charged for if another one succeeded.
"""

from __future__ import annotations

import base64
import functools
import operator
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Any

from moto.dynamodb.exceptions import (
    ItemSizeTooLarge,
    MockValidationException,
    ResourceNotFoundException,
)
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.responses import (
    DynamoHandler,
    DynamoResult,
    validate_put_has_empty_attrs,
    validate_put_has_empty_keys,
    validate_put_has_gsi_keys_set_to_none,
)

from localaws.core.dynamodb import capacity, partiql
from localaws.core.dynamodb.item_size import item_size
from localaws.core.dynamodb.partiql import Attribute, Insert, StatementError, Update, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from moto.core.responses import ActionResult

    from localaws.core.dynamodb.partiql import Assignment, Comparison, Operand

_LIMIT = 25
_LONGEST = 8_192  # characters of a statement
_DIGITS = Context(prec=38)  # as many as a number may have
_COMPARE = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ORDERED = frozenset({"S", "N", "B"})


class _Refused(Exception):  # noqa: N818 - as a statement is
    """A statement is refused; the others of its batch are not."""

    def __init__(self, code: str, message: str, item: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.error = {"Code": code, "Message": message, **({"Item": item} if item else {})}


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    handler: Any = DynamoHandler
    stock = handler.batch_execute_statement

    def batch_execute_statement(self: Any) -> ActionResult:
        asked = self.body.get("Statements", [])
        if len(asked) > _LIMIT:
            raise MockValidationException("BatchWriteItem cannot write more than 25 items")
        if any(len(one["Statement"]) > _LONGEST for one in asked):
            raise MockValidationException(
                f"Member must have length less than or equal to {_LONGEST}"
            )
        targets = [partiql.target(one["Statement"]) for one in asked]
        reads = {found[0] == "Select" for found in targets if found is not None}
        if len(reads) > 1:
            raise MockValidationException(
                "Read and write requests together in the same batch is not supported."
            )
        if True in reads or any(found and found[0] == "Delete" for found in targets):
            answer: ActionResult = stock(self)
            return answer
        return _Batch(self.dynamodb_backend, self.body).answer()

    handler.batch_execute_statement = batch_execute_statement


class _Batch:
    """The writes of one call."""

    def __init__(self, backend: Any, body: Mapping[str, Any]) -> None:
        self._backend = backend
        self._asked = body["Statements"]
        self._bill = capacity.Bill(body.get("ReturnConsumedCapacity", "NONE"))

    def answer(self) -> ActionResult:
        prepared = [self._prepared(one) for one in self._asked]
        keys = [(one.table.name, one.key) for one in prepared if isinstance(one, _Write)]
        if len(set(keys)) < len(keys):
            raise MockValidationException("Provided list of item keys contains duplicates")
        responses = [self._response(one) for one in prepared]
        told = self._bill.told()
        return DynamoResult(
            {"Responses": responses, **({"ConsumedCapacity": told} if told else {})}
        )

    def _prepared(self, asked: Mapping[str, Any]) -> _Write | _Refused:
        try:
            statement = partiql.parse(asked["Statement"])
            parameters = asked.get("Parameters", [])
            if len(parameters) != statement.parameters:
                message = "Number of parameters in request and statement don't match."
                return _Refused("ValidationError", message)
            table = self._backend.get_table(statement.table)
            wants_item = asked.get("ReturnValuesOnConditionCheckFailure") == "ALL_OLD"
            return _Write(table, statement, parameters, wants_item=wants_item)
        except StatementError as error:
            return _Refused("ValidationError", str(error))
        except ResourceNotFoundException:
            return _Refused("ResourceNotFound", "Requested resource not found")
        except _Refused as refused:
            return refused

    def _response(self, prepared: _Write | _Refused) -> dict[str, Any]:
        if isinstance(prepared, _Refused):
            return {"Error": prepared.error}
        name = prepared.table.name
        before = item_size(prepared.current)
        try:
            written = prepared.run()
        except _Refused as refused:
            error = refused.error
        except ItemSizeTooLarge:
            error = _refusal("Item size has exceeded the maximum allowed size")
        except MockValidationException as invalid:
            error = _refusal(invalid.message)
        else:
            self._bill.wrote(name, max(before, item_size(written)))
            return {"TableName": name}
        self._bill.failed(name, max(before, prepared.size))
        return {"Error": error}


def _refusal(message: str) -> dict[str, Any]:
    return {"Code": "ValidationError", "Message": message}


class _Write:
    """One statement and the item that it writes.

    Attributes:
        table: moto's.
        key: its item's, as values.
        current: the item as it is; None if there is none.
        size: of what an INSERT brings; 0 for an UPDATE.
    """

    def __init__(
        self, table: Any, statement: Insert | Update, parameters: list[Any], *, wants_item: bool
    ) -> None:
        self.table = table
        self.size = 0
        self._statement = statement
        self._parameters = parameters
        self._wants_item = wants_item
        given = statement.given
        if any(name not in given for name in table.table_key_attrs):
            raise _Refused(
                "ValidationError",
                "Where clause does not contain a mandatory equality on all key attributes",
            )
        found = [self._value(given[name], {}) for name in table.table_key_attrs]
        kinds = (table.hash_key_type, table.range_key_type)
        for name, value, kind in zip(table.table_key_attrs, found, kinds, strict=False):
            if kind not in value:
                raise _Refused(
                    "ValidationError",
                    "Key attribute's data type should match its data type in table's schema: "
                    f"Key {name}",
                )
        self.current = table.get_item(*map(DynamoType, found))
        self.key = tuple(str(value) for value in found)

    def run(self) -> Any:
        """Write, and return the item as it is then.

        Raises:
            _Refused: its condition does not hold, or it cannot be applied to the item.
        """
        held = {} if self.current is None else self.current.to_json()["Attributes"]
        if isinstance(self._statement, Insert):
            item = self._inserted(self._statement)
            self.size = sum(
                len(name.encode()) + DynamoType(value).size() for name, value in item.items()
            )
            if held:
                raise _Refused("DuplicateItem", "Duplicate primary key exists in table")
        else:
            item = self._updated(self._statement, held)
        validate_put_has_empty_keys(item, self.table)
        validate_put_has_empty_attrs(item, self.table)
        validate_put_has_gsi_keys_set_to_none(item, self.table)
        return self.table.put_item(item, overwrite=True)

    def _inserted(self, statement: Insert) -> dict[str, Any]:
        return {name: self._value(value, {}) for name, value in statement.values.items()}

    def _updated(self, statement: Update, held: Mapping[str, Any]) -> dict[str, Any]:
        for name in (*(one.name for one in statement.sets), *statement.removes):
            if name in self.table.table_key_attrs:
                raise _Refused(
                    "ValidationError",
                    f"Cannot update attribute {name}. This attribute is part of the key",
                )
        if not held or not all(self._holds(one, held) for one in statement.where):
            raise _Refused(
                "ConditionalCheckFailed",
                "The conditional request failed",
                held if self._wants_item else None,
            )
        item = dict(held)
        item.update({one.name: self._assigned(one, held) for one in statement.sets})
        for name in statement.removes:
            item.pop(name, None)
        return item

    def _assigned(self, assignment: Assignment, held: Mapping[str, Any]) -> Any:
        first = self._value(assignment.operand, held)
        if assignment.second is None:
            return first
        second = self._value(assignment.second, held)
        if "N" not in first or "N" not in second:
            raise _Refused(
                "ValidationError", "An operand in the update expression has an incorrect data type"
            )
        one, other = Decimal(first["N"]), Decimal(second["N"])
        add = _DIGITS.add if assignment.sign == "+" else _DIGITS.subtract
        return {"N": f"{add(one, other):f}"}

    def _holds(self, comparison: Comparison, held: Mapping[str, Any]) -> bool:
        if comparison.name not in held:
            return False
        ((kind, value),) = held[comparison.name].items()
        ((other_kind, other),) = self._value(comparison.operand, held).items()
        if kind != other_kind or kind not in _ORDERED:
            return comparison.sign == "<>"
        return bool(_COMPARE[comparison.sign](_comparable(kind, value), _comparable(kind, other)))

    def _value(self, operand: Operand, held: Mapping[str, Any]) -> Any:
        if not isinstance(operand, Attribute):
            return resolved(operand, self._parameters)
        if operand.name not in held:
            raise _Refused(
                "ValidationError",
                "The provided expression refers to an attribute that does not exist in the item",
            )
        return held[operand.name]


def _comparable(kind: str, value: Any) -> Any:
    if kind == "N":
        return Decimal(value)
    if kind == "S":
        return str(value).encode()
    return base64.b64decode(value) if isinstance(value, str) else bytes(value)
