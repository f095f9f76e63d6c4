"""Roles: sessions in which a service acts as the role that a resource names, as on AWS.

The access key of a request then shows its caller.
"""

from __future__ import annotations

import functools
import time
from typing import TYPE_CHECKING

from localaws.core import own_key
from localaws.core.session import LocalSession

if TYPE_CHECKING:
    from collections.abc import Mapping

_KEPT_SECONDS = 1800
"""Half of what a role's credentials live."""


def credentials_of(endpoint: str, region: str, role_arn: str, name: str) -> Mapping[str, str]:
    """Assume a role: fresh credentials, under boto3's names for them."""
    # The key makes a session another: it is new when a server starts again where one was before.
    sts = _own_session(endpoint, region, own_key.of(endpoint)["aws_access_key_id"]).client("sts")
    answer = sts.assume_role(RoleArn=role_arn, RoleSessionName=name)["Credentials"]
    return {
        "aws_access_key_id": answer["AccessKeyId"],
        "aws_secret_access_key": answer["SecretAccessKey"],
        "aws_session_token": answer["SessionToken"],
    }


def session_of(endpoint: str, region: str, role_arn: str, name: str) -> LocalSession:
    """A session of a role, kept for as long as its credentials are good for sure."""
    return _kept_session(endpoint, region, role_arn, name, int(time.time() // _KEPT_SECONDS))


@functools.lru_cache(maxsize=64)
def _kept_session(endpoint: str, region: str, role_arn: str, name: str, _: int) -> LocalSession:
    return LocalSession(endpoint, region, credentials_of(endpoint, region, role_arn, name))


@functools.lru_cache(maxsize=8)
def _own_session(endpoint: str, region: str, _: str) -> LocalSession:
    return LocalSession(endpoint, region)
