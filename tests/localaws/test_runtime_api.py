"""The API that a function's process works with answers that process and nobody else."""

from __future__ import annotations

import json
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from localaws.deploy.functions import LocalFunction
from localaws.deploy.functions.runtime_api import RuntimeApi
from tests.localaws.packages import a_zip

if TYPE_CHECKING:
    from collections.abc import Iterator

PATHS = ("next", "id/response", "id/error")
FORGED = ("", "/", "/" + "0" * 32, "/secret", "//")


@pytest.fixture
def api() -> Iterator[RuntimeApi]:
    running = RuntimeApi()
    yield running
    running.close()


def ask(api: RuntimeApi, method: str, path: str) -> int:
    host, _, _ = api.address.partition("/")
    connection = HTTPConnection(host, timeout=30)
    connection.request(method, path, b"{}" if method == "POST" else None)
    status = connection.getresponse().status
    connection.close()
    return status


@pytest.mark.parametrize("prefix", FORGED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_does_not_know_the_secret_is_refused(api: RuntimeApi, method: str, prefix: str) -> None:
    for path in (*PATHS, "init/error"):
        whole = f"{prefix}/2018-06-01/runtime/invocation/{path}"
        assert ask(api, method, whole) == 403
    assert api.news.empty()


def test_a_part_of_the_secret_is_not_enough(api: RuntimeApi) -> None:
    for given in (api.secret[:-1], api.secret + "0", api.secret.upper() + "x"):
        assert ask(api, "POST", f"/{given}/2018-06-01/runtime/init/error") == 403


def test_who_knows_it_is_answered(api: RuntimeApi) -> None:
    path = f"/{api.secret}/2018-06-01/runtime/invocation/id/response"
    assert ask(api, "POST", path) == 202
    assert not api.news.empty()


def test_two_processes_have_two_secrets(api: RuntimeApi) -> None:
    other = RuntimeApi()
    assert other.secret != api.secret
    other.close()


def test_a_handler_that_cannot_be_loaded_is_told_of_by_the_secret_s_path() -> None:
    with LocalFunction.from_zip(a_zip("raise ValueError('why')"), "app.handler") as function:
        outcome = function.invoke({})
    assert json.loads(outcome.payload)["errorMessage"] == "why"
