"""The turnstile closes only while nobody is inside, and keeps nobody out for long."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from localaws.core.turnstile import Turnstile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

POST = {"REQUEST_METHOD": "POST"}


def target(operation: str) -> dict[str, Any]:
    return {**POST, "HTTP_X_AMZ_TARGET": f"DynamoDB_20120810.{operation}"}


def answering(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
    del environ, start
    return [b"answer"]


def test_it_closes_when_nobody_is_inside_and_keeps_requests_waiting() -> None:
    turnstile, answers = Turnstile(answering), []

    def ask() -> None:
        answers.append(turnstile(dict(POST), print))

    with turnstile.closed() as is_empty:
        assert is_empty
        waiting = threading.Thread(target=ask)
        waiting.start()
        assert not answers
    waiting.join()
    assert answers == [[b"answer"]]


def test_it_does_not_close_on_a_request_that_waits_for_anothers() -> None:
    # Such as one that invokes a function: the function's own requests come in meanwhile.
    def invoking(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if "inner" not in environ:
            begun.set()
            other = threading.Thread(target=turnstile, args=({**POST, "inner": True}, start))
            is_asked.wait()
            other.start()
            other.join()
        return [b"answer"]

    turnstile, begun, is_asked = Turnstile(invoking), threading.Event(), threading.Event()
    outer = threading.Thread(target=turnstile, args=(dict(POST), print))
    outer.start()
    begun.wait()
    closing = turnstile.closed()
    is_asked.set()
    with closing:
        pass
    outer.join()
    with turnstile.closed() as is_empty:
        assert is_empty


def test_a_service_that_calls_another_one_is_inside_already() -> None:
    def calling(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        return [b"answer"] if "inner" in environ else turnstile({**POST, "inner": True}, start)

    turnstile = Turnstile(calling)
    assert turnstile(dict(POST), print) == [b"answer"]
    with turnstile.closed() as is_empty:
        assert is_empty


def test_a_request_that_fails_leaves() -> None:
    def failing(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        raise ValueError(environ, start)

    turnstile = Turnstile(failing)
    with pytest.raises(ValueError, match="POST"):
        turnstile(dict(POST), print)
    with turnstile.closed() as is_empty:
        assert is_empty


@pytest.mark.parametrize(
    ("request_", "changes"),
    [
        ({"REQUEST_METHOD": "GET"}, False),
        ({"REQUEST_METHOD": "HEAD"}, False),
        ({"REQUEST_METHOD": "PUT"}, True),
        ({"REQUEST_METHOD": "DELETE"}, True),
        (dict(POST), True),
        (target("Query"), False),
        (target("BatchGetItem"), False),
        (target("DescribeTable"), False),
        (target("UpdateItem"), True),
        (target("BatchWriteItem"), True),
        (target("TransactWriteItems"), True),
    ],
)
def test_it_knows_which_requests_may_change_something(
    request_: dict[str, Any], *, changes: bool
) -> None:
    turnstile = Turnstile(answering)
    turnstile(request_, print)
    assert turnstile.changed.is_set() is changes
