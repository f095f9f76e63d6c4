"""What policies say of a request: one table of statements, requests and decisions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localaws.deploy.iam import PolicyError, granted_actions
from localaws.deploy.iam.evaluation import Decision, decide
from localaws.deploy.iam.permission import UNKNOWN
from localaws.deploy.iam.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

ALLOWED, DENIED, NOT_ALLOWED = Decision.ALLOWED, Decision.DENIED, Decision.NOT_ALLOWED
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t"
OBJECT = "arn:aws:s3:::bucket/a/b.parquet"


def statement(action: Any = "*", resource: Any = "*", effect: str = "Allow", **more: Any) -> Any:
    written = {"Effect": effect, "Action": action, "Resource": resource, **more}
    return {name: value for name, value in written.items() if value is not None}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> Any:
    return statement(action, resource, "Deny", **more)


def when(operator: str, key: str, *values: Any) -> Any:
    return statement(Condition={operator: {key: list(values)}})


def decision_of(
    statements: list[Any], action: str, resource: str, context: Mapping[str, tuple[str, ...]]
) -> Decision:
    return decide([Policy.parse({"Statement": statements})], action, resource, context)


@pytest.mark.parametrize(
    ("statements", "action", "resource", "decision"),
    [
        ([], "s3:GetObject", OBJECT, NOT_ALLOWED),
        ([statement()], "s3:GetObject", OBJECT, ALLOWED),
        ([statement("s3:*")], "s3:GetObject", OBJECT, ALLOWED),
        ([statement("S3:get*")], "s3:GetObject", OBJECT, ALLOWED),
        ([statement("s3:GetObj?ct")], "s3:GetObject", OBJECT, ALLOWED),
        ([statement("s3:Get")], "s3:GetObject", OBJECT, NOT_ALLOWED),
        ([statement(["s3:PutObject", "s3:GetObject"])], "s3:GetObject", OBJECT, ALLOWED),
        ([statement("s3:GetObject", "arn:aws:s3:::bucket/*")], "s3:GetObject", OBJECT, ALLOWED),
        ([statement("s3:GetObject", "arn:aws:s3:::bucket")], "s3:GetObject", OBJECT, NOT_ALLOWED),
        ([statement("s3:GetObject", "arn:aws:s3:::BUCKET/*")], "s3:GetObject", OBJECT, NOT_ALLOWED),
        ([statement("s3:GetObject", "arn:aws:s3:::b*/*.parquet")], "s3:GetObject", OBJECT, ALLOWED),
        ([statement("*", "arn:aws:*:*:*:table/t")], "dynamodb:GetItem", TABLE, ALLOWED),
        ([statement("*", "arn:aws:dynamodb:*:table/t")], "dynamodb:GetItem", TABLE, NOT_ALLOWED),
        ([statement(), deny("s3:*")], "s3:GetObject", OBJECT, DENIED),
        ([deny("s3:*"), statement()], "s3:GetObject", OBJECT, DENIED),
        ([statement(), deny("s3:Put*")], "s3:GetObject", OBJECT, ALLOWED),
        ([statement(None, NotAction="s3:*")], "s3:GetObject", OBJECT, NOT_ALLOWED),
        ([statement(None, NotAction="s3:*")], "dynamodb:GetItem", TABLE, ALLOWED),
        ([statement("*", None, NotResource=TABLE)], "dynamodb:GetItem", TABLE, NOT_ALLOWED),
        ([statement("*", None, NotResource=TABLE)], "s3:GetObject", OBJECT, ALLOWED),
        ([statement(), deny("*", None, NotResource=[TABLE])], "s3:GetObject", OBJECT, DENIED),
        # A service whose resources are not known here is checked by its actions.
        ([statement("x:A", TABLE)], "x:A", UNKNOWN, ALLOWED),
        ([statement("x:B", TABLE)], "x:A", UNKNOWN, NOT_ALLOWED),
        ([statement(), deny("x:A", TABLE)], "x:A", UNKNOWN, ALLOWED),
        ([statement(), deny("x:A")], "x:A", UNKNOWN, DENIED),
    ],
)
def test_a_request_is_decided_by_action_and_resource(
    statements: list[Any], action: str, resource: str, decision: Decision
) -> None:
    assert decision_of(statements, action, resource, {}) is decision


KEYS = "dynamodb:LeadingKeys"
CALLER = "aws:PrincipalArn"
ROLE = "arn:aws:iam::123456789012:role/r"


@pytest.mark.parametrize(
    ("written", "given", "holds"),
    [
        (when("StringEquals", "s3:prefix", "a", "b"), {"s3:prefix": ("b",)}, True),
        (when("StringEquals", "s3:prefix", "a"), {"s3:prefix": ("A",)}, False),
        (when("StringEquals", "s3:prefix", "a*"), {"s3:prefix": ("ab",)}, False),
        (when("StringEqualsIgnoreCase", "s3:prefix", "a"), {"s3:prefix": ("A",)}, True),
        (when("StringNotEquals", "s3:prefix", "a", "b"), {"s3:prefix": ("b",)}, False),
        (when("StringNotEquals", "s3:prefix", "a"), {}, True),
        (when("StringLike", "s3:prefix", "a/*"), {"s3:prefix": ("a/b",)}, True),
        (when("StringLike", "s3:prefix", "a/*"), {"s3:prefix": ("b",)}, False),
        (when("StringLike", "s3:prefix", "a/*"), {}, False),
        (when("StringLikeIfExists", "s3:prefix", "a/*"), {}, True),
        (when("StringLikeIfExists", "s3:prefix", "a/*"), {"s3:prefix": ("b",)}, False),
        (when("StringNotLike", "s3:prefix", "a*"), {"s3:prefix": ("ab",)}, False),
        (when("Bool", "aws:SecureTransport", *[True]), {"aws:securetransport": ("true",)}, True),
        (when("Bool", "aws:SecureTransport", "false"), {"aws:securetransport": ("true",)}, False),
        (when("Null", "s3:prefix", *[True]), {}, True),
        (when("Null", "s3:prefix", "false"), {}, False),
        (when("Null", "s3:prefix", *[False]), {"s3:prefix": ("",)}, True),
        (when("NumericLessThan", "s3:max-keys", 10), {"s3:max-keys": ("9",)}, True),
        (when("NumericLessThan", "s3:max-keys", 10), {"s3:max-keys": ("10",)}, False),
        (when("NumericLessThanEquals", "s3:max-keys", "10"), {"s3:max-keys": ("10",)}, True),
        (when("NumericGreaterThan", "s3:max-keys", 10), {"s3:max-keys": ("many",)}, False),
        (when("ArnLike", CALLER, "arn:aws:iam::*:role/*"), {"aws:principalarn": (ROLE,)}, True),
        (when("ArnEquals", CALLER, "arn:aws:iam::*"), {"aws:principalarn": (ROLE,)}, True),
        (when("ArnLike", CALLER, "arn:aws:iam:*:role/r"), {"aws:principalarn": (ROLE,)}, False),
        (when("ArnNotLike", CALLER, ROLE), {"aws:principalarn": (ROLE,)}, False),
        (when("ForAllValues:StringLike", KEYS, "v#*"), {KEYS: ("v#1", "v#2")}, True),
        (when("ForAllValues:StringLike", KEYS, "v#*"), {KEYS: ("v#1", "w#2")}, False),
        (when("ForAllValues:StringLike", KEYS, "v#*"), {}, True),
        (when("ForAnyValue:StringLike", KEYS, "v#*"), {KEYS: ("v#1", "w#2")}, True),
        (when("ForAnyValue:StringLike", KEYS, "v#*"), {KEYS: ("w#2",)}, False),
        (when("ForAnyValue:StringLike", KEYS, "v#*"), {}, False),
        (when("ForAllValues:StringNotLike", KEYS, "v#*"), {KEYS: ("w#1", "w#2")}, True),
        (when("ForAllValues:StringNotLike", KEYS, "v#*"), {KEYS: ("w#1", "v#2")}, False),
        (when("ForAnyValue:StringNotLike", KEYS, "v#*"), {KEYS: ("w#1", "v#2")}, True),
        (
            when("StringLike", "s3:prefix", "${aws:username}/*"),
            {"s3:prefix": ("ann/x",), "aws:username": ("ann",)},
            True,
        ),
        (
            when("StringLike", "s3:prefix", "${aws:username}/*"),
            {"s3:prefix": ("ann/x",), "aws:username": ("*",)},
            False,
        ),
        (when("StringLike", "s3:prefix", "${aws:username}*"), {"s3:prefix": ("ann",)}, False),
        (when("StringLike", "s3:prefix", "${aws:username, 'ann'}"), {"s3:prefix": ("ann",)}, True),
        (when("StringLike", "s3:prefix", "a${*}"), {"s3:prefix": ("a*",)}, True),
        (when("StringLike", "s3:prefix", "a${*}"), {"s3:prefix": ("ab",)}, False),
    ],
)
def test_a_condition_holds_or_does_not(
    written: Any, given: Mapping[str, tuple[str, ...]], *, holds: bool
) -> None:
    context = {name.lower(): values for name, values in given.items()}
    wanted = ALLOWED if holds else NOT_ALLOWED
    assert decision_of([written], "s3:ListBucket", "arn:aws:s3:::bucket", context) is wanted


def test_all_keys_of_all_operators_of_a_statement_must_hold() -> None:
    both = statement(
        Condition={
            "StringEquals": {"s3:prefix": "a", "s3:delimiter": "/"},
            "Bool": {"aws:SecureTransport": "true"},
        }
    )
    context = {
        "s3:prefix": ("a",),
        "s3:delimiter": ("/",),
        "aws:securetransport": ("true",),
    }
    assert decision_of([both], "s3:ListBucket", "*", context) is ALLOWED
    for name in context:
        assert decision_of([both], "s3:ListBucket", "*", {**context, name: ("no",)}) is NOT_ALLOWED


def test_a_variable_of_a_resource_stands_for_the_caller_s_value() -> None:
    own = statement("s3:GetObject", "arn:aws:s3:::bucket/${aws:PrincipalTag/team}/*")
    team = {"aws:principaltag/team": ("red",)}
    assert decision_of([own], "s3:GetObject", "arn:aws:s3:::bucket/red/x", team) is ALLOWED
    assert decision_of([own], "s3:GetObject", "arn:aws:s3:::bucket/blue/x", team) is NOT_ALLOWED
    assert decision_of([own], "s3:GetObject", "arn:aws:s3:::bucket/red/x", {}) is NOT_ALLOWED


@pytest.mark.parametrize(
    ("written", "named"),
    [
        (when("DateLessThan", "s3:prefix", "2026-01-01"), "DateLessThan"),
        (when("ForSomeValues:StringLike", "s3:prefix", "a"), "ForSomeValues"),
        (when("StringEquals", "aws:ResourceTag/team", "red"), "aws:ResourceTag/team"),
        (when("StringEquals", "dynamodb:Attributes", "pk"), "dynamodb:Attributes"),
        (statement(Actions="s3:*"), "Actions"),
        ({"Effect": "Permit", "Action": "*", "Resource": "*"}, "Permit"),
    ],
)
def test_what_cannot_be_evaluated_is_refused_by_name(written: Any, named: str) -> None:
    with pytest.raises(PolicyError, match=named):
        Policy.parse({"Statement": written})


def test_several_values_without_a_word_on_how_to_take_them_are_refused() -> None:
    with pytest.raises(PolicyError, match="ForAllValues: or ForAnyValue:"):
        decision_of([when("StringLike", KEYS, "v#*")], "x:A", TABLE, {KEYS.lower(): ("a", "b")})


def test_granted_actions_are_those_that_statements_allow() -> None:
    first = {"Statement": [statement(["s3:GetObject", "s3:List*"]), deny("s3:PutObject")]}
    second = {"Statement": statement("glue:GetTable")}
    assert granted_actions(first, second) == {"s3:GetObject", "s3:List*", "glue:GetTable"}


def test_what_a_statement_allows_by_not_action_is_no_set_of_actions() -> None:
    with pytest.raises(PolicyError, match="NotAction"):
        granted_actions({"Statement": statement(None, NotAction="s3:*")})
