"""Sessions of roles, for tests: what a function may do on AWS is what it may do here."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from moto.iam.models import iam_backends

from localaws.core.session import LocalSession
from localaws.deploy.roles import credentials_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localaws.server import LocalAws

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "lambda.amazonaws.com"},
            "Action": "sts:AssumeRole",
        }
    ],
}


def session_of(aws: LocalAws, role: str) -> LocalSession:
    """A session that calls as a role, by its name or ARN."""
    name = role.rpartition("/")[2]
    # Stock moto lets anybody assume roles that do not exist; this raises NoSuchEntity.
    arn = aws.client("iam").get_role(RoleName=name)["Role"]["Arn"]
    credentials = credentials_of(aws.endpoint, aws.region, arn, "local")
    return LocalSession(aws.endpoint, aws.region, credentials, name)


def session_with(
    aws: LocalAws, statements: Iterable[Mapping[str, Any]], account: str
) -> LocalSession:
    """A session that calls as a new role of an account, with one policy of these statements."""
    # Not by a client: those are of the one account that this process works in.
    iam, name = iam_backends[account]["aws"], f"policy-{uuid.uuid4().hex[:12]}"
    role = iam.create_role(name, json.dumps(_TRUST), "/", None, "", [], None)
    if allowed := list(statements):
        document = {"Version": "2012-10-17", "Statement": allowed}
        iam.put_role_policy(name, "statements", json.dumps(document))
    credentials = credentials_of(aws.endpoint, aws.region, role.arn, "local")
    return LocalSession(aws.endpoint, aws.region, credentials, name)
