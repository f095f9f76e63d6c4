"""Roles that may do everything, for tests of something else than what they may."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws import LocalAws


def a_role_for_all(aws: LocalAws, name: str) -> str:
    """Make a role that any service may assume, and that may do everything; its ARN."""
    iam = aws.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "*"}, "Action": "sts:AssumeRole"}
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    try:
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document(trust))
    except iam.exceptions.EntityAlreadyExistsException:
        pass
    else:
        iam.put_role_policy(RoleName=name, PolicyName="all", PolicyDocument=_document(everything))
    return str(iam.get_role(RoleName=name)["Role"]["Arn"])


def _document(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
