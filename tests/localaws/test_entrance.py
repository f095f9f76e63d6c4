"""Whatever stands at the entrance sees every request, whichever way it comes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.localaws.test_in_process import by_socket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localaws import LocalAws
    from localaws.core.entrance import Application


class Refusing:
    """Refuses every request, by one error."""

    def __init__(self, application: Application, code: str) -> None:
        self.application = application
        self._code = code

    def __call__(self, _: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("400 Bad Request", [("Content-Type", "application/x-amz-json-1.0")])
        return [b'{"__type": "%s", "message": ""}' % self._code.encode()]


def refusal(dynamodb: Any) -> str:
    """With which error a client is answered, "" if with none."""
    try:
        dynamodb.list_tables()
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


@pytest.mark.parametrize("is_here", [True, False])
def test_what_stands_at_the_entrance_answers_either_way(aws: LocalAws, *, is_here: bool) -> None:
    dynamodb = aws.session().client("dynamodb") if is_here else by_socket(aws, "dynamodb")
    with aws.entrance.behind(lambda stock: Refusing(stock, "Injected")):
        assert refusal(dynamodb) == "Injected"
    assert refusal(dynamodb) == ""


def test_a_fork_passes_the_entrance_too(aws: LocalAws) -> None:
    dynamodb = aws.session().client("dynamodb")
    with aws.entrance.behind(lambda stock: Refusing(stock, "Injected")):
        child = os.fork()
        if not child:
            os._exit(0 if refusal(dynamodb) == "Injected" else 1)
        _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def test_the_last_to_come_answers_first_and_leaves_alone(aws: LocalAws) -> None:
    dynamodb = aws.session().client("dynamodb")
    with aws.entrance.behind(lambda stock: Refusing(stock, "Outer")):
        with aws.entrance.behind(lambda stock: Refusing(stock, "Inner")):
            assert refusal(dynamodb) == "Inner"
        assert refusal(dynamodb) == "Outer"


def test_the_entrance_is_free_again_after_an_error(aws: LocalAws) -> None:
    dynamodb = aws.session().client("dynamodb")
    with pytest.raises(KeyError), aws.entrance.behind(lambda stock: Refusing(stock, "Injected")):
        raise KeyError
    assert refusal(dynamodb) == ""
