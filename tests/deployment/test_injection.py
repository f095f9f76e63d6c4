"""A fault that is injected happens, or the test that wanted it fails."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from localaws import LocalAws
from tests.deployment.faults import injected


@pytest.fixture
def aws() -> LocalAws:
    return LocalAws.start()


def refuses(action: str, _: bytes) -> str | None:
    """Refuse to list tables."""
    return "InvalidRequestException" if action == "ListTables" else None


def test_a_fault_meets_the_calls_of_this_process(aws: LocalAws) -> None:
    with injected(aws, refuses) as injector, pytest.raises(ClientError, match="injected"):
        aws.client("dynamodb").list_tables()
    assert injector.injected == 1


def test_a_fault_that_meets_no_call_fails_the_test(aws: LocalAws) -> None:
    with pytest.raises(AssertionError, match="no request met the fault"), injected(aws, refuses):
        aws.client("dynamodb").describe_limits()


def test_a_fault_that_may_miss_fails_nothing(aws: LocalAws) -> None:
    with injected(aws, refuses, may_miss=True) as injector:
        aws.client("dynamodb").describe_limits()
    assert injector.injected == 0


def test_what_went_wrong_first_is_told_and_not_that_the_fault_missed(aws: LocalAws) -> None:
    with pytest.raises(KeyError, match="first"), injected(aws, refuses):
        raise KeyError("first")
