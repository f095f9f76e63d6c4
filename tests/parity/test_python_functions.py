"""Python functions over hostile rows: plain Python, calls, trees, DuckDB and Athena's SQL agree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skewless import OnDemandView
from skewless.compiler.bound import Request, Typed
from skewless.compiler.interpret import compile_python
from skewless.compiler.judged_function import written
from skewless.compiler.on_demand import OnDemand
from skewless.compiler.physical import from_physical
from skewless.compiler.plan import OnDemandPlan
from skewless.definitions.python_function import PythonFunction, this_version
from skewless.offline.query import sql
from skewless.offline.query.dialect import Dialect, EngineName
from skewless.offline.query.render import Renderer
from skewless.types import Bool, Float64, Int64, String, Timestamp
from tests.parity.bits import bits
from tests.parity.in_duckdb import arrow_type
from tests.parity.one_value import values_of
from tests.parity.test_expressions import ROWS
from tests.reference import called

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from skewless.offline.query.sql import Sql
    from skewless.types import ValueType

FIELDS: Mapping[str, ValueType] = {
    "x": Float64,
    "y": Float64,
    "i": Int64,
    "j": Int64,
    "p": Bool,
    "s": String,
    "t": Timestamp,
    "u": Timestamp,
}
GIVEN: Sequence[dict[Any, Any]] = [{Request(name): row[name] for name in FIELDS} for row in ROWS]
HELPERS = """
import math
from math import sqrt as root

def ratio(a, b):
    if a is None or not b:
        return None
    return a / b

def size(a):
    return root(abs(a))
"""
WRITTEN: Sequence[tuple[str, ValueType]] = [
    ("return {'f': x / y if x is not None and y else None}", Float64),
    ("return {'f': ratio(x, y)}", Float64),
    ("a = ratio(x, y)\nreturn {'f': a * 2 if a is not None else -1}", Float64),
    ("if x is None or y is None:\n    return {'f': None}\nreturn {'f': (x - y) * x + y}", Float64),
    ("if x is None:\n    return {'f': 0}\nreturn {'f': -x * 0 - 0.0}", Float64),
    ("return {'f': (x or 0) + (y or 1)}", Float64),
    ("return {'f': x and y}", Float64),
    ("return {'f': x or y or 0.5}", Float64),
    ("return {'f': size(x) if x is not None else None}", Float64),
    ("if x is None or x < 0:\n    return {'f': None}\nreturn {'f': math.sqrt(x)}", Float64),
    ("if x is None or y is None:\n    return {'f': None}\nreturn {'f': max(x, y, 0)}", Float64),
    ("if x is None or y is None:\n    return {'f': 1}\nreturn {'f': min(1, -x, y * 3)}", Float64),
    (("if x is None or y is None:\n    return {'f': None}\nz = x * 10 * y\n"
     "return {'f': 1 if z > y else 2 if z >= -y else 3 if z != 0 else 4}"), Float64),
    (("if x is None or y is None:\n    return {'f': None}\nz = x * 1e300 - y * 1e300\n"
     "return {'f': [1.0, 2.0][0] if False else (0.5 if z < y else 1.5 if y <= z else 2.5)}"),
     Float64),
    (("n = 0\nif x is not None and 0 <= x < 10:\n    n += 1\nif p:\n    n += 2\n"
     "elif s == 'a':\n    n += 4\nreturn {'f': n}"), Int64),
    ("return {'f': 1 if i is not None and 0 < i <= 7 else 0}", Int64),
    (("if i is None or i > 1000 or i < -1000:\n    return {'f': None}\n"
     "return {'f': (i * i - 3) // 7 + i % 5}"), Int64),
    ("if i is None:\n    return {'f': None}\nreturn {'f': i % 24}", Int64),
    ("if i is None or j is None:\n    return {'f': None}\nreturn {'f': i * 1.5 - j}", Float64),
    ("if i is None or not -10 < i < 10:\n    return {'f': None}\nreturn {'f': abs(i)}", Float64),
    (("if j is None or j <= 0 or j > 10 + 5:\n    return {'f': None}\n"
     "return {'f': 3 / j}"), Float64),
    (("if x is None or x <= 0:\n    return {'f': None}\n"
     "return {'f': math.log(x) + math.log10(x) - math.log2(x)}"), Float64),
    ("return {'f': math.exp(x) if x is not None and x < 600 else None}", Float64),
    ("return {'f': math.atan(x) * math.tanh(x) if x is not None else None}", Float64),
    (("if x is None or y is None:\n    return {'f': None}\n"
     "return {'f': y / max(x, 1) + math.log1p(max(x, y, 0)) + 2 / min(x, -1.5)}"), Float64),
    ("return {'f': (x or 0) * (2 * math.pi / 12)}", Float64),
    (("if i is None or j is None:\n    return {'f': None}\n"
     "return {'f': int((i >= 22) | (i <= 6)) + ((i > 0) & (j > 0))}"), Int64),
    ("return {'f': p}", Bool),
    ("return {'f': not p}", Bool),
    ("return {'f': p is None or p == True}", Bool),
    ("return {'f': x == 0.5}", Bool),
    ("return {'f': x != 0.5 and x is not None}", Bool),
    ("return {'f': i in (1, 2, 7) or j not in [0, -1]}", Bool),
    ("return {'f': s in {'a', 'Ab'}}", Bool),
    ("return {'f': s is not None and 'a' in s and not s.startswith('A')}", Bool),
    ("return {'f': bool(s) and len(s) > 2}", Bool),
    ("return {'f': s < 'b' if s else False}", Bool),
    ("return {'f': 'none' if s is None else s + '!' if p else f'<{s}> {len(s)}'}", String),
    ("return {'f': f'{i % 7}{1 if i % 3 == 0 else 0}' if i is not None else ''}", String),
    ("return {'f': t.hour if t is not None else None}", Int64),
    ("if not t:\n    return {'f': 0}\nreturn {'f': t.weekday() * 100 + t.isoweekday()}", Int64),
    (("if t is None:\n    return {'f': None}\n"
     "return {'f': ((t.year * 100 + t.month) * 100 + t.day) * 60 + t.minute + t.second}"), Int64),
    (("night = t is not None and (t.hour < 6 or t.hour >= 22)\n"
     "return {'f': 1.0 if night and x and x > 10 else 0}"), Float64),
    ("return {'f': t if u is None or t is not None and t < u else u}", Timestamp),
    (("if x is None:\n    return {'f': None}\nb = 1e300\n"
     "return {'f': x * b * b - x * b * b}"), Float64),
    ("if x is None:\n    return {'f': None}\nreturn {'f': float(p is True) + abs(-x)}", Float64),
]  # fmt: skip
STAYS: Sequence[tuple[str, ValueType, str]] = [
    ("return {'f': x / y}", Float64, "a value may be None; ask `if x is not None` before"),
    ("if x is None:\n    return {'f': 1}\nreturn {'f': 1 / x}", Float64, "may be 0; ask `if x`"),
    ("if i is None:\n    return {'f': 1}\nreturn {'f': i + 1}", Int64, "may leave 64 bits"),
    ("if i is None:\n    return {'f': 1}\nreturn {'f': i > 0.5}", Bool, "beyond 2^53 beside a"),
    ("if i is None:\n    return {'f': 1}\nreturn {'f': i}", Float64, "beyond 2^53 for a Float64"),
    ("if x is None:\n    return {'f': 1}\nreturn {'f': math.sqrt(x)}", Float64, "may be negative"),
    ("if x is None:\n    return {'f': 1}\nreturn {'f': math.exp(x)}", Float64, "be too large"),
    ("if x is None:\n    return {'f': 1}\nreturn {'f': math.log(x)}", Float64, "not be above 0"),
    ("if x is None:\n    return {'f': 1}\nreturn {'f': round(x, 2)}", Float64, "`round(x, 2)`"),
    ("if s is None:\n    return {'f': ''}\nreturn {'f': s.upper()}", String, "the method .upper"),
    ("n = 0\nfor k in range(3):\n    n += k\nreturn {'f': n}", Int64, "the statement `for k in"),
    ("return {'f': 1 if p else 'a'}", Int64, "is no number"),
    ("if p:\n    return {'f': 1}", Int64, "it may end without return"),
    ("if x is None or y is None:\n    return {'f': 1}\nreturn {'f': x * 2 * y < y * 2 * x}", Bool,
     "may both be NaN"),
    ("return {'f': x == y}", Bool, "may both be None"),
    ("return {'f': p if p else 0}", Int64, "what is a truth value in one branch only"),
    ("return {'f': (p or 0) and 1.5}", Float64, "what is a truth value in one branch only"),
    ("return {'f': max(p or False, 0)}", Int64, "the greatest or least of truth values"),
    ("return dict(f=1)", Int64, "it returns what is no dict of plain keys"),
    ("return {'f': x}", Int64, "it returns Float64 for Int64"),
]  # fmt: skip


def plan_of(body: str, type_: ValueType) -> OnDemandPlan:
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    source = f"{HELPERS}\ndef f({', '.join(FIELDS)}):\n{lines}"
    function = PythonFunction.again("f", source, this_version(), [], list(FIELDS), ["f"])
    view = OnDemandView("v", features={"f": type_}, request=FIELDS, function=function)
    arguments = tuple((name, Typed(Request(name), kind)) for name, kind in FIELDS.items())
    found = written(source, "f", arguments, {"f": type_})
    if isinstance(found, str):
        return OnDemandPlan(view, (), arguments, found)
    return OnDemandPlan(view, found, arguments)


def by_calls(plan: OnDemandPlan, given_: Sequence[dict[Any, Any]]) -> list[Any]:
    """Call the function, whether it could be written as primitives or not."""
    (feature,) = plan.made
    on_demand = OnDemand([OnDemandPlan(plan.view, (), plan.arguments)])
    values = []
    for row in given_:
        environment, failed = dict(row), dict[Any, str]()
        on_demand.add(environment, set(), failed)
        values.append("failed" if failed else environment[feature])
    return values


def by_oracle(plan: OnDemandPlan, given_: Sequence[dict[Any, Any]]) -> list[Any]:
    return [
        called(
            plan.view,
            {name: from_physical(row[Request(name)], kind) for name, kind in FIELDS.items()},
        )["f"]
        for row in given_
    ]


def by_sql(plan: OnDemandPlan, given_: Sequence[dict[Any, Any]], engine: EngineName) -> list[Any]:
    ((_, typed),) = plan.features
    table = pa.table(
        {
            name: pa.array([row[Request(name)] for row in given_], arrow_type(kind))
            for name, kind in FIELDS.items()
        }
    )
    columns: dict[Any, Sql] = {Request(name): sql.column(name) for name in FIELDS}
    value = Renderer(Dialect(engine), columns).render(typed.bound)
    return values_of(value, table, engine)[0]


@pytest.mark.parametrize(("body", "type_"), WRITTEN)
def test_a_function_that_is_written_has_one_value_in_every_engine(
    body: str, type_: ValueType
) -> None:
    plan = plan_of(body, type_)
    assert not plan.why_called
    expected = [bits(value) for value in by_oracle(plan, GIVEN)]
    assert [bits(value) for value in by_calls(plan, GIVEN)] == expected
    evaluate = compile_python(plan.features[0][1].bound)
    assert [bits(evaluate(row)) for row in GIVEN] == expected
    for engine in EngineName:
        assert [bits(value) for value in by_sql(plan, GIVEN, engine)] == expected, engine


@pytest.mark.parametrize(("body", "type_", "why"), STAYS)
def test_a_function_that_might_raise_or_differ_stays_python(
    body: str, type_: ValueType, why: str
) -> None:
    plan = plan_of(body, type_)
    assert why in plan.why_called
    assert by_calls(plan, GIVEN) == by_oracle(plan, GIVEN)


NUMBERS = st.sampled_from(
    ["x", "y", "i", "j", "p", "0", "1", "2.5", "-1.5", "7", "1e200", "(i or 0)", "(x or y)"]
)
NAMES = st.sampled_from(["x", "y", "i", "j", "p", "s", "t"])


def _expression(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    both = st.tuples(inner, inner)
    return st.one_of(
        st.tuples(inner, st.sampled_from(["+", "-", "*", "/", "//", "%"]), inner).map(
            lambda parts: f"({' '.join(parts)})"
        ),
        both.map(lambda parts: f"max({', '.join(parts)})"),
        both.map(lambda parts: f"min({', '.join(parts)})"),
        inner.map(lambda part: f"(-{part})"),
        inner.map(lambda part: f"abs({part})"),
        inner.map(lambda part: f"math.sqrt({part})"),
        inner.map(lambda part: f"math.log1p(max({part}, -0.5))"),
        both.map(lambda parts: f"({parts[0]} / max({parts[1]}, 1))"),
        st.tuples(inner, CONDITIONS, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
        both.map(lambda parts: f"({parts[0]} or {parts[1]})"),
        both.map(lambda parts: f"({parts[0]} and {parts[1]})"),
        both.map(lambda parts: f"ratio({', '.join(parts)})"),
    )


COMPARED = st.one_of(
    st.tuples(NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "==", "!="]), NUMBERS).map(" ".join),
    NAMES.map(lambda name: f"{name} is not None"),
    NAMES.map(lambda name: f"{name} is None"),
    NAMES,
    NAMES.map(lambda name: f"not {name}"),
)
CONDITIONS = st.lists(COMPARED, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([" and ", " or "]).map(lambda word: f"({word.join(parts)})")
)
EXPRESSIONS = st.recursive(NUMBERS, _expression, max_leaves=5)
GUARDS = st.lists(CONDITIONS, max_size=2)


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """A small function, that begins as careful ones do."""
    lines = ["if x is None or y is None or i is None or j is None:", "    return {'f': None}"]
    if draw(st.booleans()):
        lines += ["if not -1000 < i < 1000 or j < -5 or j > 100:", "    return {'f': -1}"]
    for guard in draw(GUARDS):
        lines += [f"if {guard}:", f"    return {{'f': {draw(EXPRESSIONS)}}}"]
    lines += [f"z = {draw(EXPRESSIONS)}", f"return {{'f': z if {draw(CONDITIONS)} else 1}}"]
    return "\n".join(lines)


@settings(max_examples=60)
@given(body=bodies(), type_=st.sampled_from([Float64, Int64, Bool]))
def test_drawn_functions_are_what_plain_python_makes_of_them(body: str, type_: ValueType) -> None:
    plan, rows = plan_of(body, type_), GIVEN[::3]
    expected = by_oracle(plan, rows)
    assert [bits(value) for value in by_calls(plan, rows)] == [bits(value) for value in expected]
    if not plan.why_called:
        assert "failed" not in expected
        evaluate = compile_python(plan.features[0][1].bound)
        assert [bits(evaluate(row)) for row in rows] == [bits(value) for value in expected]
        found = by_sql(plan, rows, EngineName.DUCKDB)
        assert [bits(value) for value in found] == [bits(value) for value in expected]
