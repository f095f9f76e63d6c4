"""The type of an expression, and everything that is wrong with it, before anything runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from skewless.definitions import types
from skewless.definitions.expression import (
    CallNode,
    ColumnNode,
    FeatureNode,
    LiteralNode,
    Operator,
    RequestNode,
    render,
)
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
            if kinds[0] != types.Bool:
                self.problems.append(f"{render(node)}: the condition is {kinds[0]}, not Bool")
                return None
            return self._same(node, kinds[1], kinds[2])
        return self._arithmetic(node, kinds)

    def _comparison(self, node: Node, left: ValueType, right: ValueType) -> ValueType | None:
        both_numeric = types.is_numeric(left) and types.is_numeric(right)
        if both_numeric or (left == right and types.is_ordered(left)):
            return types.Bool
        self.problems.append(f"{render(node)}: {left} cannot be compared with {right}")
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
        self.problems.append(f"{render(node)}: needs {allowed[0]}, not {wrong[0]}")
        return None
