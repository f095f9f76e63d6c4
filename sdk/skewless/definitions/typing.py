"""The type of an expression, and everything that is wrong with it, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skewless.definitions import lists, types
from skewless.definitions.duration import Duration
from skewless.definitions.expression import (
    CallNode,
    ColumnNode,
    FeatureNode,
    LiteralNode,
    RequestNode,
    render,
)
from skewless.definitions.operators import CALENDAR, COLLECTIONS, SIGNATURES, Operator
from skewless.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from skewless.definitions.expression import Node
    from skewless.definitions.types import ValueType

_COMPARISONS = frozenset(
    {
        Operator.EQUAL,
        Operator.NOT_EQUAL,
        Operator.LESS,
        Operator.LESS_EQUAL,
        Operator.GREATER,
        Operator.GREATER_EQUAL,
    }
)
_LOGIC = frozenset({Operator.AND, Operator.OR, Operator.NOT})
_SHIFTS = frozenset({Operator.ADD, Operator.SUBTRACT})
_NUMBERS = (types.Bool, types.Int64, types.Float64)
_TIMES = (types.Timestamp, types.Date)


@dataclass(slots=True)
class Scope:
    """The names that an expression may use; what is wrong is collected in `problems`."""

    columns: Mapping[str, ValueType] = field(default_factory=dict)
    columns_of: str = ""
    request: Mapping[str, ValueType] = field(default_factory=dict)
    allows_columns: bool = True
    problems: list[str] = field(default_factory=list)

    def type_of(self, node: Node) -> ValueType | None:
        """Return the expression's type, or None after noting why it has none."""
        match node:
            case ColumnNode(name):
                return self._column(name)
            case RequestNode(name):
                return self._request(name)
            case FeatureNode(view, feature):
                return self._feature(node, view.feature_types.get(feature))
            case LiteralNode(_, type_):
                return type_
            case CallNode(operator, arguments):
                kinds = [self.type_of(argument) for argument in arguments]
                known = [kind for kind in kinds if kind is not None]
                if len(known) < len(kinds):
                    return None  # the reason is noted already
                return self._call(node, operator, known)

    def _column(self, name: str) -> ValueType | None:
        if not self.allows_columns:
            self.problems.append(
                f"{render(ColumnNode(name))}: an on-demand view has no source; use request(...) "
                "or a feature, view['feature']"
            )
            return None
        if name not in self.columns:
            self.problems.append(
                f"{self.columns_of} has no column {name!r}.{did_you_mean(name, self.columns)}"
            )
            return None
        return self.columns[name]

    def _request(self, name: str) -> ValueType | None:
        if self.allows_columns:
            self.problems.append(
                f"request({name!r}) is known at request time only; use it in an OnDemandView"
            )
            return None
        if name not in self.request:
            self.problems.append(
                f"the request has no field {name!r}.{did_you_mean(name, self.request)}"
            )
            return None
        return self.request[name]

    def _feature(self, node: FeatureNode, type_: ValueType | None) -> ValueType | None:
        if self.allows_columns:
            self.problems.append(
                f"{render(node)} is a feature of another view; combine features in an OnDemandView"
            )
            return None
        return type_

    def _call(self, node: CallNode, operator: Operator, kinds: list[ValueType]) -> ValueType | None:
        if operator is Operator.IS_NULL:
            return types.Bool
        if operator in _COMPARISONS:
            return self._comparison(node, kinds[0], kinds[1])
        if operator in _LOGIC:
            return self._all(node, kinds, [types.Bool], types.Bool)
        if operator is Operator.FILL_NULL:
            return self._same(node, kinds[0], kinds[1])
        if operator is Operator.IF_ELSE:
            return self._choice(node, kinds)
        if operator in _SHIFTS and types.Date in kinds:
            self.problems.append(
                f"{render(node)}: dates are not added to; use .cast(Timestamp) on both sides, or "
                'date.cast(Timestamp) + "1d"'
            )
            return None
        if operator in _SHIFTS and types.Timestamp in kinds:
            return self._shift(node, operator, kinds)
        return self._function(node, operator, kinds)

    def _choice(self, node: Node, kinds: list[ValueType]) -> ValueType | None:
        if kinds[0] == types.Bool:
            return self._same(node, kinds[1], kinds[2])
        self.problems.append(f"{render(node)}: the condition is {kinds[0]}, not Bool")
        return None

    def _function(
        self, node: CallNode, operator: Operator, kinds: list[ValueType]
    ) -> ValueType | None:
        if operator in SIGNATURES:
            return self._method(node, operator, kinds[0])
        if operator in COLLECTIONS:
            return self._collection(node, operator, kinds)
        if operator in (Operator.CONCAT, Operator.FLOOR_DIVIDE, Operator.MODULO):
            taken = types.String if operator is Operator.CONCAT else types.Int64
            return self._all(node, kinds, [taken], taken)
        match operator:
            case Operator.REQUEST_TIME:
                found = self._request_time()
            case Operator.NULL_IF:
                comparable = self._comparison(node, kinds[0], kinds[1])
                found = None if comparable is None else kinds[0]
            case Operator.GREATEST | Operator.LEAST | Operator.CLIP:
                found = self._widest(node, kinds)
            case Operator.CAST:
                found = self._cast(node, kinds[0])
            case Operator.HASH_MOD:
                found = self._hashed(node, kinds[0])
            case Operator.BUCKETIZE:
                found = self._arithmetic(node, kinds) and types.Int64
            case _:
                found = self._arithmetic(node, kinds)
        return found

    def _method(self, node: CallNode, operator: Operator, kind: ValueType) -> ValueType | None:
        signature = SIGNATURES[operator]
        if kind == signature.takes:
            return signature.gives
        if kind == types.Date and signature.takes == types.Timestamp:
            return self._of_date(node, operator)
        self.problems.append(
            f"{render(node)}: .{signature.namespace} needs {signature.takes}, not {kind}"
        )
        return None

    def _collection(
        self, node: CallNode, operator: Operator, kinds: list[ValueType]
    ) -> ValueType | None:
        is_constant = isinstance(node.arguments[-1], LiteralNode)
        try:
            return lists.type_of(operator, kinds, is_constant=is_constant)
        except ValueError as error:
            self.problems.append(f"{render(node)}: {error}")
            return None

    def _of_date(self, node: CallNode, operator: Operator) -> ValueType | None:
        if operator not in CALENDAR:
            self.problems.append(f"{render(node)}: a Date has no clock; use .cast(Timestamp) first")
            return None
        if node.arguments[1] != LiteralNode(0, types.Int64):
            self.problems.append(f"{render(node)}: a Date has no zone; leave utc_offset out")
            return None
        return types.Int64

    def _shift(
        self, node: CallNode, operator: Operator, kinds: list[ValueType]
    ) -> ValueType | None:
        if operator is Operator.SUBTRACT and kinds == [types.Timestamp, types.Timestamp]:
            return types.Float64
        if kinds[0] == types.Timestamp:
            match node.arguments[1]:
                case LiteralNode(str(text), types.String):
                    try:
                        Duration.parse(text)
                    except ValueError as error:
                        self.problems.append(f"{render(node)}: {error}")
                        return None
                    return types.Timestamp
        self.problems.append(
            f'{render(node)}: write instant + "1h", instant - "1h", or instant - instant, '
            "which is in seconds"
        )
        return None

    def _request_time(self) -> ValueType | None:
        if not self.allows_columns:
            return types.Timestamp
        self.problems.append("request_time() is known at request time only; use an OnDemandView")
        return None

    def _widest(self, node: Node, kinds: list[ValueType]) -> ValueType | None:
        found: ValueType | None = kinds[0]
        for kind in kinds[1:]:
            found = None if found is None else self._same(node, found, kind)
        if found is None or types.is_ordered(found):
            return found
        self.problems.append(f"{render(node)}: {found} has no order")
        return None

    def _cast(self, node: CallNode, kind: ValueType) -> ValueType | None:
        match node.arguments[1]:
            case LiteralNode(str(text), types.String):
                target = types.parsed(text)
            case _:
                raise ValueError(f"{render(node)} casts to no type")
        is_number = kind in _NUMBERS or isinstance(kind, types.Decimal)
        to_number = target in _NUMBERS or isinstance(target, types.Decimal)
        to_text = target == types.String and kind in (types.Bool, types.Int64, types.String)
        of_time = kind in _TIMES and target in _TIMES
        if kind == target or to_text or of_time or (is_number and to_number):
            return target
        self.problems.append(f"{render(node)}: {kind} is not converted to {target}")
        return None

    def _hashed(self, node: Node, kind: ValueType) -> ValueType | None:
        if kind == types.Float64:
            self.problems.append(
                f"{render(node)}: Float64 has no one text; round or cast it to Int64 or Decimal"
            )
            return None
        hashable = kind in (types.String, types.Int64, types.Bool, *_TIMES)
        if hashable or isinstance(kind, types.Decimal):
            return types.Int64
        self.problems.append(f"{render(node)}: {kind} cannot be hashed")
        return None

    def _comparison(self, node: Node, left: ValueType, right: ValueType) -> ValueType | None:
        both_numeric = types.is_numeric(left) and types.is_numeric(right)
        if both_numeric or (left == right and types.is_ordered(left)):
            return types.Bool
        hint = "; .cast one of them" if {left, right} == set(_TIMES) else ""
        self.problems.append(f"{render(node)}: {left} cannot be compared with {right}{hint}")
        return None

    def _same(self, node: Node, left: ValueType, right: ValueType) -> ValueType | None:
        if left == right:
            return left
        if types.is_numeric(left) and types.is_numeric(right):
            return types.Float64
        self.problems.append(f"{render(node)}: {left} and {right} are not of one type")
        return None

    def _arithmetic(self, node: Node, kinds: list[ValueType]) -> ValueType | None:
        wrong = [kind for kind in kinds if not types.is_numeric(kind)]
        if not wrong:
            return types.Float64
        self.problems.append(f"{render(node)}: arithmetic needs numbers, not {wrong[0]}")
        return None

    def _all(
        self, node: Node, kinds: list[ValueType], allowed: list[ValueType], result: ValueType
    ) -> ValueType | None:
        wrong = [kind for kind in kinds if kind not in allowed]
        if not wrong:
            return result
        hint = ""
        if isinstance(node, CallNode) and node.arguments and allowed == [types.Int64]:
            hint = "; write (a / b).floor(), or .cast(Int64)"
        self.problems.append(f"{render(node)}: needs {allowed[0]}, not {wrong[0]}{hint}")
        return None
