"""Exemplars: expressions that tell DuckDB a type without using aggregates.

DuckDB chooses a macro's overload before it knows the type of an aggregate or a window function.
An exemplar is an expression of the same type that has none; it is never evaluated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Container

_INTEGERS = (exp.Count, exp.CountIf, exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile)
_INTEGERS_BY_NAME = frozenset({"RANK", "DENSE_RANK", "NTILE", "ROW_NUMBER"})
_DOUBLES = (exp.Avg, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop)
_WRAPPERS = (exp.Window, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.Order)


_NESTED = frozenset({exp.DType.STRUCT, exp.DType.ARRAY, exp.DType.MAP})


def exemplar(expression: exp.Expr) -> exp.Expr:
    """An expression of the same type, without aggregates and window functions."""
    # From above, so that what falls away is not copied: expressions of expressions are large.
    simpler = _like(expression)
    if simpler is not None:
        return simpler
    parts = {name: _parts(value) for name, value in expression.args.items()}
    return type(expression)(**parts)


def _parts(value: Any) -> Any:
    if isinstance(value, list):
        return [_parts(each) for each in value]
    return exemplar(value) if isinstance(value, exp.Expr) else value


def _like(node: exp.Expr) -> exp.Expr | None:
    """The exemplar of an expression that does not need all of its parts; None for others."""
    if isinstance(node, exp.Cast) and node.args["to"].this not in _NESTED:
        # Drop the inner expression: nested exemplars would grow with each level.
        return exp.Cast(this=exp.Null(), to=node.args["to"].copy())
    if isinstance(node, exp.Case):
        return _branch(node)
    if isinstance(node, _INTEGERS) or _is_call_of(node, _INTEGERS_BY_NAME):
        return _cast("0", exp.DType.BIGINT)
    if isinstance(node, _DOUBLES):
        return _cast("0", exp.DType.DOUBLE)
    if isinstance(node, exp.Sum):
        return exp.Anonymous(this="sum_exemplar", expressions=[exemplar(node.this)])
    if isinstance(node, exp.Anonymous) and node.name == "trino_sum":
        # Already rewritten, so that its first argument is the exemplar of what is summed.
        return exp.Anonymous(this="sum_exemplar", expressions=[exemplar(node.expressions[0])])
    if isinstance(node, (exp.AggFunc, *_WRAPPERS)) and isinstance(node.this, exp.Expr):
        # max, lag, first_value, ...: of their first argument's type.
        return exemplar(node.this)
    return None


def _is_call_of(node: exp.Expr, names: Container[str]) -> bool:
    # A column or a table may have the name of a function.
    return isinstance(node, exp.Anonymous) and node.name.upper() in names


def _branch(case: exp.Case) -> exp.Expr | None:
    """The exemplar of the first branch that has a type of its own."""
    values = [branch.args["true"] for branch in case.args["ifs"]]
    if case.args.get("default") is not None:
        values.append(case.args["default"])
    likes = (exemplar(value) for value in values)
    return next((like for like in likes if not isinstance(like, exp.Null)), None)


def _cast(value: str, kind: exp.DType) -> exp.Cast:
    return exp.Cast(this=exp.Literal.number(value), to=exp.DataType(this=kind, nested=False))
