"""A zip without the service around it: what it costs to start, and to run."""

from __future__ import annotations

import json

from localaws.deploy.functions import LocalFunction
from tests.localaws.packages import a_zip


def test_the_first_invocation_is_a_cold_start() -> None:
    source = "import time; time.sleep(0.2)\ndef handler(event, context): return event"
    with LocalFunction.from_zip(a_zip(source), "app.handler") as function:
        cold = function.invoke({"a": 1})
        warm = function.invoke({"a": 2})

    assert json.loads(cold.payload) == {"a": 1}
    assert cold.cold_start is not None
    assert cold.cold_start.init_seconds >= 0.2
    assert cold.cold_start.peak_megabytes > 5
    assert warm.cold_start is None


def test_memory_that_was_used_is_reported() -> None:
    source = "def handler(event, context): return len(bytearray(100_000_000))"
    with LocalFunction.from_zip(a_zip(source), "app.handler") as function:
        outcome = function.invoke({})

    assert outcome.peak_megabytes > 95


def test_what_was_printed_is_the_outcomes_log() -> None:
    source = "print('loading')\ndef handler(event, context): print(event['n'])"
    with LocalFunction.from_zip(a_zip(source), "app.handler") as function:
        assert function.invoke({"n": 1}).log == ("loading", "1")
        assert function.invoke({"n": 2}).log == ("2",)


def test_its_processes_end_with_it() -> None:
    with LocalFunction.from_zip(a_zip("def handler(e, c): pass"), "app.handler") as function:
        function.invoke({})
        (running,) = function.environments()

    assert not running.is_alive
