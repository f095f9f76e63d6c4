"""What the function of an on-demand view may do, and how what it may not is told."""

from __future__ import annotations

import copy
import math
import pickle
import random
import sys
from datetime import datetime
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from skewless import Entity, Every, FeatureView, OnDemandView, Source, agg, on_demand_view
from skewless import request_time as instant
from skewless.compiler.made import made
from skewless.definitions import allowed
from skewless.definitions.python_function import PythonFunction, this_version
from skewless.errors import DefinitionError
from skewless.types import Float64, String

if TYPE_CHECKING:
    from collections.abc import Iterator

RATE = 2.0
user = Entity("user", keys={"user": String})
orders = Source("orders", schema={"user": String, "amount": Float64}, event_time="at")


def view(name: str) -> FeatureView:
    return FeatureView(
        name,
        entity=user,
        source=orders,
        refresh=Every("1d"),
        features={"mean": agg.mean("amount", window="7d"), "n": agg.count(window="7d")},
    )


spending = view("spending")


def half(x: float) -> float:
    return third(x) * 1.5


def third(x: float) -> float:
    return x / 3


def judged(body: str, *parameters: str) -> PythonFunction:
    """Judge a published function of these parameters."""
    lines = "\n".join(f"    {line}" for line in body.splitlines())
    source = f"def f({', '.join(parameters)}):\n{lines}"
    return PythonFunction.again("f", source, this_version(), [], parameters, ["y"])


def test_a_function_becomes_a_view_of_its_name_with_inputs_and_request_fields() -> None:
    @on_demand_view(
        inputs=[spending["mean"], instant()], request={"amount": Float64}, features={"y": Float64}
    )
    def ratio(mean: float, amount: float, request_time: datetime) -> dict[str, Any]:
        """Say how much more it is."""
        return {"y": floor(half(amount)) / mean + request_time.hour}

    assert isinstance(ratio, OnDemandView)
    assert (ratio.name, dict(ratio.feature_types)) == ("ratio", {"y": Float64})
    assert ratio.views == (spending,)
    assert [item.name for item in ratio.inputs] == ["amount", "user"]
    assert ratio.function is not None
    assert ratio.function.source == (
        "from math import floor\n\ndef third(x):\n    return x / 3\n\ndef half(x):\n"
        "    return third(x) * 1.5\n\ndef ratio(mean, amount, request_time):\n"
        "    return {'y': floor(half(amount)) / mean + request_time.hour}"
    )


def test_two_inputs_of_one_name_are_given_with_their_views() -> None:
    sender, receiver = spending.with_name("sender"), spending.with_name("receiver")

    @on_demand_view(inputs=[sender["mean"], receiver["mean"], sender["n"]], features={"y": Float64})
    def pair(sender__mean: float, receiver__mean: float, n: int) -> dict[str, Any]:
        return {"y": sender__mean - receiver__mean + n}

    assert [role.name for role in pair.views] == ["sender", "receiver"]


def test_two_arguments_of_one_name_are_refused() -> None:
    other = view("spending")
    with pytest.raises(DefinitionError, match="would be called 'spending__mean'; give a view ano"):

        @on_demand_view(
            inputs=[spending["mean"], other["n"]],
            request={"spending__mean": Float64, "mean": Float64},
            features={"y": Float64},
        )
        def f(spending__mean: float, n: float, mean: float) -> dict[str, Any]:
            return {"y": spending__mean}


def test_arguments_that_cannot_be_given_by_name_are_refused() -> None:
    source = "def f(a, /):\n    return {'y': a}"
    found = PythonFunction.again("f", source, this_version(), [], ["a"], ["y"]).problems
    assert found == ("line 1: its arguments are given by name; leave out the /",)


def test_a_function_view_is_pickled_and_copied() -> None:
    @on_demand_view(inputs=[spending["mean"]], features={"y": Float64})
    def same(mean: float) -> dict[str, Any]:
        return {"y": mean}

    for again in (pickle.loads(pickle.dumps(same)), copy.deepcopy(same)):  # noqa: S301 - our own
        assert again == same
        assert again.function is not None
        assert made(again.function)(mean=1.5) == {"y": 1.5}


def test_all_problems_are_told_at_once_with_their_lines_and_the_way_out() -> None:
    with pytest.raises(DefinitionError) as caught:

        @on_demand_view(
            inputs=[spending["mean"], "n"],  # type: ignore[list-item]
            request={"amount": Float64},
            features={"y": Float64},
            name="Bad",
        )
        def bad(maen: float, amount: float = 1.0) -> dict[str, Any]:
            x = RATE * amount
            z = random.random()  # noqa: S311
            now = datetime.now()  # noqa: DTZ005
            return {"z": x + math.erf(z) + now.year}

    lines = Path(__file__).read_text().splitlines()
    first = 1 + next(n for n, line in enumerate(lines) if line.strip().startswith("def bad("))
    place = "test_python_function.py, line"
    told = "\n".join(caught.value.problems)
    assert caught.value.subject == "OnDemandView 'Bad'"
    for expected in (
        "the name 'Bad' must be lower case",
        "input 'n' is no feature; write view['feature'], or request_time()",
        f"{place} {first}: arguments cannot have defaults: a missing value is None",
        (
            f"{place} {first}: the argument 'maen' is neither an input nor a request field. "
            "Did you mean 'mean'"
        ),
        f"{place} {first}: 'mean' is given to the function, and is not among its",
        (
            f"{place} {first + 1}: RATE is a value of the module, which may change; write it in "
            "the function: RATE = 2.0"
        ),
        f"{place} {first + 2}: import random cannot be in it: it draws at random",
        (
            f"{place} {first + 3}: .now cannot be in it: it reads the clock; take the instant as "
            "an input: inputs=[request_time()]"
        ),
        f"{place} {first + 4}: it returns 'z', which is no feature. Known: y.",
        f"{place} {first + 4}: it returns no 'y'",
    ):
        assert expected in told


@pytest.mark.parametrize(
    "body",
    [
        "return {'y': (a + b) / 2 if a is not None else None}",
        "x = [n * n for n in range(10) if n % 2]\nreturn {'y': sum(x, a)}",
        "for i, (x, z) in enumerate(zip([1, 2], [3, 4])):\n    a += x * z - i\nreturn {'y': a}",
        (
            "try:\n    y = a / b\nexcept (ZeroDivisionError, TypeError) as error:\n    y = None\n"
            "return {'y': y}"
        ),
        (
            "if not 0 <= a < 10 and b not in {1, 2}:\n    raise ValueError(f'{a!r} is {b:.2f}')\n"
            "return {'y': max(a, b)}"
        ),
        "y = {'k': 1}\ny['k'] += 1\ny.update(z=2)\nreturn {'y': y.get('k', 0)}",
        "return {'y': len(set([a, b])) + max(x for x in sorted([a, b], key=abs))}",
        "if (n := len(str(a))) > 2:\n    pass\nelse:\n    n = 1\nreturn {'y': float(n)}",
        "return {'y': 1.0 if isinstance(a, (int, float)) else 0.0}",
        "return {'y': '%.2f' % a, **{'z': 1}}",
        "y = [a, *[b]][-1:][0]\nreturn dict(y=y)",
        "return {'y': bytes.fromhex('00ff').hex() + ' '.join(reversed(['a', 'b'])).strip()}",
    ],
)
def test_plain_python_is_taken(body: str) -> None:
    assert judged(body, "a", "b").problems == ()
    made(judged(body, "a", "b"))


@pytest.mark.parametrize(
    "source",
    [
        "import math\ndef f(a):\n    return {'y': math.floor(math.sqrt(a)) + math.pi}",
        (
            "from datetime import datetime, timezone\ndef f(a):\n"
            "    return {'y': (a - datetime(2020, 1, 1, tzinfo=timezone.utc)).total_seconds()}"
        ),
        (
            "import datetime as dt\ndef f(a):\n    return {'y': dt.datetime.fromtimestamp(a, "
            "dt.timezone.utc).astimezone(dt.timezone(dt.timedelta(hours=2))).isoweekday()}"
        ),
        (
            "import hashlib\nimport re\ndef f(a):\n"
            "    x = re.sub('[0-9]+', '#', a, flags=re.I)\n"
            "    return {'y': int(hashlib.md5(x.encode()).hexdigest()[:8], 16)}"
        ),
        (
            "from collections import defaultdict\nimport bisect as b\ndef f(a):\n"
            "    d = defaultdict(list)\n    d['k'].append(b.bisect([1, 2], a))\n"
            "    return {'y': len(d)}"
        ),
        (
            "from decimal import Decimal, ROUND_HALF_UP\ndef f(a):\n"
            "    return {'y': Decimal(a).quantize(Decimal('0.01'), rounding=ROUND_HALF_UP)}"
        ),
        (
            "from json import loads, JSONDecodeError\ndef f(a):\n    try:\n"
            "        return {'y': loads(a)}\n    except JSONDecodeError:\n"
            "        return {'y': None}"
        ),
        (
            "from datetime import datetime\ndef f(a):\n"
            "    return {'y': 1 if isinstance(a, datetime) else 0}"
        ),
    ],
)
def test_modules_that_give_the_same_everywhere_are_taken(source: str) -> None:
    assert PythonFunction.again("f", source, this_version(), [], ["a"], ["y"]).problems == ()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("return {'y': a.__class__}", "line 2: .__class__ cannot be in it: it reaches into"),
        ("return {'y': ().__class__.__base__.__subclasses__()}", "__subclasses__ cannot be"),
        ("return {'y': '{0.__class__}'.format(a)}", ".format cannot be in it: it reaches into"),
        ("return {'y': getattr(a, 'x')}", "getattr cannot be in it"),
        ("return {'y': eval(a)}", "eval cannot be in it"),
        ("return {'y': __import__('os')}", "__import__ cannot be in it"),
        ("return {'y': __builtins__}", "names with two underscores are Python's own"),
        ("__builtins__ = 1\nreturn {'y': 1}", "names with two underscores are Python's own"),
        ("return {'y': open(a).read()}", "open cannot be in it: it reaches outside"),
        ("print(a)\nreturn {'y': 1}", "print cannot be in it: it reaches outside"),
        ("return {'y': hash(a)}", "it differs from process to process"),
        ("return {'y': id(a)}", "it differs from process to process"),
        ("return {'y': list({1, 2})}", "its order changes from process to process"),
        ("return {'y': list(set([a]))}", "its order changes from process to process"),
        ("return {'y': [x for x in {n for n in [a]}]}", "a set cannot be in it"),
        ("y = lambda x: x\nreturn {'y': 1}", "lambda cannot be in it: write a function beside it"),
        ("def g(x):\n    return x\nreturn {'y': g(a)}", "a function in a function cannot be"),
        ("while True:\n    pass", "a while loop may not end"),
        ("global x\nx = a\nreturn {'y': x}", "a row must not depend on the row before"),
        ("assert a\nreturn {'y': a}", "python -O leaves assert out"),
        ("yield a", "return one dict"),
        ("with a:\n    return {'y': 1}", "nothing can be opened in it"),
        ("import math\nreturn {'y': 1}", "import cannot be in it"),
        ("a.x = 1\nreturn {'y': a}", "an assignment to .x cannot be in it"),
        ("del a\nreturn {'y': 1}", "delete cannot be in it"),
        ("try:\n    y = a\nexcept:\n    y = 1\nreturn {'y': y}", "this except cannot be in it"),
        ("try:\n    y = a\nexcept BaseException:\n    y = 1\nreturn {'y': y}", "this except"),
        ("raise SystemExit", 'this raise cannot be in it: write raise ValueError("...")'),
        ("return {'y': a is 5}", "equal values may be two objects; write =="),
        ("return {'y': str(len)}", "len as a value cannot be in it: call it"),
        ("return {'y': f'{a:%Y-%m}'}", "this format cannot be in it"),
        ("return {'y': f'{a:{a}}'}", "this format cannot be in it"),
        ("return {'y': f'{a:n}'}", "this format cannot be in it"),
        ("return {'y': a.strftime('%B')}", "it goes by the process's language"),
        ("return {'y': a.timestamp()}", "of an instant without a zone it goes by the machine's"),
        ("return {'y': a.astimezone().hour}", ".astimezone without a zone cannot be in it"),
        ("return {'y': a.fillna(0)}", "the function gets one row's plain values"),
        ("return {'y': a.uppers()}", "it is no method of plain values. Did you mean 'upper'"),
        ("a **= 2\nreturn {'y': a}", "**= cannot be in it: write x = x ** 2"),
        ("return {'y': a @ a}", "@ cannot be in it: values are plain numbers"),
        ("return {'y': 1j}", "1j cannot be in it"),
        ("return {'y': wght}", "wght is no argument, and nothing that is named in"),
        ("return {'y': list(map(str, [a]))}", "map cannot be in it: write [f(x) for x in xs"),
        ("return {'y': a(1)}", "a call of a cannot be in it: it is a value, not a function"),
        ("return {'y': [a][0](1)}", "a call of a value cannot be in it"),
        ("len = 1\nreturn {'y': len}", "another len cannot be in it: the name is Python's own"),
        ("return {'y': f(a)}", "f is no argument"),
        ("return {'y': dict(**a)}", "** cannot be in it: name every argument"),
        ("return a", ""),
        ("return 5", "it returns no dict; write return {'y': ...}"),
        ("x = a", "it returns nothing; write return {'y': ...}"),
        ("return {'y': a, 'z': 1}", "it returns 'z', which is no feature"),
    ],
)
def test_what_may_give_other_values_elsewhere_is_refused_at_its_line(body: str, told: str) -> None:
    found = judged(body, "a").problems
    if not told:
        assert found == ()
        return
    assert any(told in problem for problem in found), found
    with pytest.raises(ValueError, match="was judged"):
        made(judged(body, "a"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("import numpy as np", "import numpy cannot be in it: the function gets one row's"),
        ("import os", "import os cannot be in it: it reaches outside of the function"),
        ("import os.path", "import os.path cannot be in it: it reaches outside of the function"),
        ("from time import time", "from time import time cannot be in it: it reads the clock"),
        ("from math import erf", "math.erf cannot be in it: its last bits depend on the operating"),
        ("from math import sqrtt", "of math. Did you mean 'sqrt'"),
        ("from . import x", "only these can be imported: base64, bisect"),
        ("from urllib.parse import urlparse", "patch releases of one Python changed what it gives"),
        ("import attrs", "only these can be imported: base64, bisect"),
        ("import zoneinfo", "write timezone(timedelta(hours=2))"),
        ("x = 1", "what is no function cannot be in it"),
        ("class f:\n    pass", "what is no function cannot be in it"),
        ("@staticmethod\ndef g(x):\n    return x", "a decorator cannot be in it"),
        ("def g(x=[]):\n    return x", "this default cannot be in it: a default must be a const"),
        ("def g(x: int):\n    return x", "an annotation cannot be in it"),
        ("def g(*x):\n    return x", "* or ** cannot be in it: name every argument"),
        ("def g(a):\n    return h(a)\ndef h(a):\n    return a", "h is no argument"),
    ],
)
def test_what_stands_around_a_function_is_judged_too(text: str, told: str) -> None:
    source = f"{text}\ndef f(a):\n    return {{'y': a}}"
    found = PythonFunction.again("f", source, this_version(), [], ["a"], ["y"]).problems
    assert any(told in problem for problem in found), found


def test_a_source_that_does_not_end_with_the_function_is_refused() -> None:
    found = PythonFunction.again("f", "def g(a):\n    return {'y': a}", "3.11", [], ["a"], ["y"])
    assert found.problems == ("the source does not end with the function 'f'",)


def test_a_source_that_is_no_python_is_refused() -> None:
    found = PythonFunction.again("f", "def f(a:", this_version(), [], ["a"], ["y"])
    assert found.problems[0].startswith("its source cannot be read: ")


def test_a_source_that_is_too_long_is_refused() -> None:
    assert "is the most" in judged("x = 1\n" * 4000 + "return {'y': a}", "a").problems[0]


def test_a_function_that_calls_itself_is_refused() -> None:
    def down(x: float) -> float:
        return down(x - 1) if x > 0 else x

    with pytest.raises(DefinitionError, match="down calls itself; write a for loop"):

        @on_demand_view(request={"a": Float64}, features={"y": Float64})
        def deep(a: float) -> dict[str, Any]:
            return {"y": down(a)}


def test_one_name_for_two_things_is_refused() -> None:
    floor = third

    def other(x: float) -> float:
        return floor(x)

    with pytest.raises(DefinitionError, match="floor stands for two things; rename one"):

        @on_demand_view(request={"a": Float64}, features={"y": Float64})
        def both(a: float) -> dict[str, Any]:
            from math import floor  # noqa: PLC0415

            return {"y": floor(a) + other(a)}


@pytest.mark.parametrize(
    ("function", "told"),
    [
        (lambda a: {"y": a}, "a lambda has none of its own; write def"),
        (print, "no plain function; write def"),
        (
            eval("compile('def f(a): return {\"y\": a}', 'x', 'exec')"),  # noqa: S307
            "no plain function; write def",
        ),
    ],
)
def test_what_has_no_source_is_refused(function: Any, told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        on_demand_view(request={"a": Float64}, features={"y": Float64}, name="x")(function)


def test_a_function_of_text_that_is_executed_is_refused() -> None:
    names: dict[str, Any] = {}
    exec("def f(a):\n    return {'y': a}", names)  # noqa: S102
    with pytest.raises(DefinitionError, match="Python cannot say it; write the function in a file"):
        on_demand_view(request={"a": Float64}, features={"y": Float64})(names["f"])


def test_a_function_that_is_not_what_its_file_says_is_refused() -> None:
    def f(a: float) -> dict[str, Any]:
        return {"y": a}

    f.__code__ = f.__code__.replace(co_consts=(None, "z"))
    with pytest.raises(DefinitionError, match="the file has changed since it was imported"):
        on_demand_view(request={"a": Float64}, features={"y": Float64})(f)


def test_features_that_are_no_types_are_told_with_the_rest() -> None:
    with pytest.raises(DefinitionError, match="feature 'y': 5 is not a type"):

        @on_demand_view(request={"a": Float64}, features={"y": 5})  # type: ignore[dict-item]
        def f(a: float) -> dict[str, Any]:
            return {"y": a}


def test_names_of_other_tools_are_explained() -> None:
    with pytest.raises(
        TypeError, match=r"on_demand_view takes no argument 'sources': write inputs"
    ):
        on_demand_view(sources=[], features={"y": Float64})  # type: ignore[call-arg]


def test_each_member_that_is_allowed_is_one_of_its_module() -> None:
    """But for what is new in a later Python."""
    for module, members in allowed.MODULES.items():
        loaded = __import__(module, fromlist=["x"])
        assert {name for name in members if not hasattr(loaded, name)} == set()


def test_no_name_is_both_allowed_and_refused() -> None:
    assert not allowed.ATTRIBUTES & allowed.REFUSED_ATTRIBUTES.keys()
    assert not allowed.CALLED & allowed.BUILTINS.keys()
    assert not allowed.MODULES.keys() & allowed.REFUSED_MODULES.keys()
    assert not any(name in allowed.MODULES[module] for module, name in allowed.MEMBERS)


@pytest.fixture
def shallow() -> Iterator[None]:
    """Calls go as deep as in a new process: the local Athena lets them go deeper in its own."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(1_000)
    yield
    sys.setrecursionlimit(before)


@pytest.mark.usefixtures("shallow")
@pytest.mark.parametrize(
    ("body", "told"),
    [
        (f"return {'-' * 19_000}1", "it is nested too deeply"),
        (f"return {'2**' * 6_000}1", "it is nested too deeply"),
        (f"return {'1 if 1 else ' * 1_600}1", "it is nested too deeply"),
        (f"return x{'.a' * 9_000}", "it is nested too deeply"),
        (f"return {'9' * 19_000}", "Exceeds the limit"),
        ("return '\x00'", "null byte"),
        (f"return '{'x' * 30_000_000}'", "20,000 is the most"),
    ],
)
def test_a_source_that_overwhelms_a_parser_is_a_problem_and_no_crash(body: str, told: str) -> None:
    assert told in " ".join(judged(body, "x").problems)
