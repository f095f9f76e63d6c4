"""Functions that are made of a source: what they can reach, and what their arithmetic is."""

from __future__ import annotations

import decimal
from typing import Any

import pytest

from skewless.compiler.elementary.angles import sin
from skewless.compiler.elementary.powers import power
from skewless.compiler.made import Callee, made
from skewless.definitions.python_function import PythonFunction, this_version


def function(expression: str, imports: str = "") -> Callee:
    source = f"{imports}\ndef f(a):\n    return {{'y': {expression}}}"
    found = PythonFunction.again("f", source, this_version(), [], ["a"], ["y"])
    assert found.problems == ()
    return made(found)


def value(expression: str, argument: Any, imports: str = "") -> Any:
    return function(expression, imports)(a=argument)["y"]


@pytest.mark.parametrize(
    ("expression", "argument", "expected"),
    [
        ("a ** 2", 3, 9),
        ("a ** 2", 10**9, 10**18),
        ("a ** -1", 2, 0.5),
        ("a ** 0.5", 2, power(2.0, 0.5)),
        ("pow(a, 2)", 1.1, power(1.1, 2.0)),
        ("-a ** 2 ** 1", 3, -9),
        ("pow(a, 3, 5)", 2, 3),
        ("a ** 2", True, 1),
    ],
)
def test_powers_of_whole_numbers_are_exact_and_those_of_floats_have_the_same_bits_everywhere(
    expression: str, argument: float, expected: float
) -> None:
    found = value(expression, argument)
    assert (type(found), found) == (type(expected), expected)


def test_elementary_functions_have_the_same_bits_everywhere() -> None:
    assert value("math.sin(a)", 1.1, "import math") == sin(1.1)
    assert value("s(a)", 1, "from math import sin as s") == sin(1.0)
    assert value("math.log(a, 2)", 8, "import math") == 3.0
    assert value("math.pow(a, 2)", 3, "import math") == 9.0


@pytest.mark.parametrize(
    ("expression", "argument", "error"),
    [
        ("math.log(a)", 0.0, ValueError),
        ("math.exp(a)", 1000, ValueError),
        ("math.sin(a)", float("inf"), ValueError),
        ("math.exp(a)", "1", TypeError),
        ("a ** 0.5", -1.0, ValueError),
        ("a ** -1", 0, ValueError),
        ("a ** 5000", 3, OverflowError),
        ("a ** 2", None, TypeError),
    ],
)
def test_where_there_is_no_value_it_raises(
    expression: str, argument: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        value(expression, argument, "import math")


def test_decimals_do_not_go_by_what_the_process_set() -> None:
    division = function("Decimal(1) / a", "from decimal import Decimal")
    expected = division(a=3)
    with decimal.localcontext() as context:
        context.prec = 3
        assert division(a=3) == expected


def test_what_is_not_allowed_is_not_there_even_if_the_judge_let_it_through() -> None:
    for source in (
        "def f(a):\n    return open(a)",
        "def f(a):\n    import os\n    return os",
        "def f(a):\n    import math\n    return math.erf(a)",
    ):
        with pytest.raises((NameError, ImportError, AttributeError)):
            made(PythonFunction("f", source, this_version(), (), ("a",)))(a="x")


def test_a_function_that_was_refused_is_not_made() -> None:
    refused = PythonFunction("f", "def f(a): pass", this_version(), (), ("a",), ("it is bad",))
    with pytest.raises(ValueError, match="was judged: it is bad"):
        made(refused)
