"""Condition blocks: an operator, a key and values. Unknown ones are refused, never ignored."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from localaws.deploy.iam import pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localaws.deploy.iam.permission import Context

    Compare = Callable[[str, str], bool]

_SUFFIX = "IfExists"
_QUALIFIERS = ("ForAllValues", "ForAnyValue")
# Keys whose values the local AWS knows, or knows to be absent from every request to it.
_KEYS = frozenset(
    {
        "aws:calledvia",
        "aws:calledviafirst",
        "aws:calledvialast",
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalisawsservice",
        "aws:principalorgid",
        "aws:principaltype",
        "aws:requestedregion",
        "aws:resourceaccount",
        "aws:securetransport",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "aws:username",
        "aws:viaawsservice",
        "cloudwatch:namespace",
        "dynamodb:enclosingoperation",
        "dynamodb:leadingkeys",
        "iam:passedtoservice",
        "kms:requestalias",
        "kms:viaservice",
        "s3:delimiter",
        "s3:max-keys",
        "s3:prefix",
        "s3:resourceaccount",
        "s3:x-amz-acl",
        "s3:x-amz-server-side-encryption",
        "sts:externalid",
    }
)
# No request here is of S3 Express, so its keys are in none.
_FAMILIES = ("aws:principaltag/", "s3express:")


class PolicyError(Exception):
    """A policy that the local AWS cannot evaluate as AWS would."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """One key of one operator."""

    operator: str
    key: str
    values: tuple[str, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be evaluated, when the policy is read.

        Raises:
            PolicyError: the operator or key is not known.
        """
        qualifier, name, _ = _parsed(self.operator)
        if name not in _OPERATORS or qualifier not in ("", *_QUALIFIERS):
            known = ", ".join(sorted(_OPERATORS))
            raise PolicyError(
                f"condition operator {self.operator!r} is not known to the local AWS; it knows "
                f"{known}, with ForAllValues:, ForAnyValue: and IfExists"
            )
        if self.key.lower() not in _KEYS and not self.key.lower().startswith(_FAMILIES):
            raise PolicyError(
                f"condition key {self.key!r} is not known to the local AWS; it knows "
                f"{', '.join(sorted(_KEYS))} and {', '.join(f'{name}*' for name in _FAMILIES)}"
            )

    def holds(self, context: Context) -> bool:
        """Whether the condition is true of a request.

        Raises:
            PolicyError: the key has several values, and the operator does not say how to take them.
        """
        qualifier, name, is_optional = _parsed(self.operator)
        present = context.get(self.key.lower())
        if name == "Null":
            return all((present is None) == (value.lower() == "true") for value in self.values)
        if present is None:
            return (
                is_optional
                or qualifier == "ForAllValues"
                or (name in _NEGATED and qualifier != "ForAnyValue")
            )
        satisfied = (self._covers(name, value, context) for value in present)
        if qualifier == "ForAllValues":
            return all(satisfied)
        if qualifier == "ForAnyValue" or len(present) == 1:
            return any(satisfied)
        raise PolicyError(
            f"condition {self.operator} of {self.key}: this request has {len(present)} values; "
            "say ForAllValues: or ForAnyValue:"
        )

    def _covers(self, name: str, value: str, context: Context) -> bool:
        compare = _OPERATORS[name]
        wanted = (pattern.filled(one, context) for one in self.values)
        found = any(compare(one, value) for one in wanted if one is not None)
        return not found if name in _NEGATED else found


def _parsed(operator: str) -> tuple[str, str, bool]:
    qualifier, _, name = operator.rpartition(":")
    return qualifier, name.removesuffix(_SUFFIX), name.endswith(_SUFFIX)


def _equal(wanted: str, given: str) -> bool:
    return pattern.plain(wanted) == given


def _equal_ignoring_case(wanted: str, given: str) -> bool:
    return pattern.plain(wanted).lower() == given.lower()


def _numeric(compare: Callable[[float, float], bool], wanted: str, given: str) -> bool:
    try:
        return compare(float(given), float(pattern.plain(wanted)))
    except ValueError:
        return False


_OPERATORS: Mapping[str, Compare] = {
    "ArnEquals": pattern.matches_arn,
    "ArnLike": pattern.matches_arn,
    "ArnNotEquals": pattern.matches_arn,
    "ArnNotLike": pattern.matches_arn,
    "Bool": _equal_ignoring_case,
    "Null": _equal,
    "NumericEquals": partial(_numeric, float.__eq__),
    "NumericGreaterThan": partial(_numeric, float.__gt__),
    "NumericGreaterThanEquals": partial(_numeric, float.__ge__),
    "NumericLessThan": partial(_numeric, float.__lt__),
    "NumericLessThanEquals": partial(_numeric, float.__le__),
    "NumericNotEquals": partial(_numeric, float.__eq__),
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": pattern.matches,
    "StringNotEquals": _equal,
    "StringNotEqualsIgnoreCase": _equal_ignoring_case,
    "StringNotLike": pattern.matches,
}
_NEGATED = frozenset(name for name in _OPERATORS if "Not" in name)
