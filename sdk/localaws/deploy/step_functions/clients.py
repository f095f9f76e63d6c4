"""The clients of a state machine's tasks: they reach this server, as the machine's role.

Stock moto makes a new client for every task, for a port read from the environment, with a made-up
access key that no policy can name.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from botocore.config import Config
from moto.stepfunctions.parser.asl.utils import boto_client

from localaws.core.session import LocalSession
from localaws.deploy import roles

_CONFIG = Config(
    # A task's input is what the machine says: the service judges it, and Retry repeats it.
    parameter_validation=False,
    retries={"max_attempts": 0, "total_max_attempts": 1},
    read_timeout=3600,
)
_SESSION_NAME = "step-functions"
_stock = boto_client.boto_client_for


def apply(endpoint: str) -> None:
    """Let tasks' clients reach this endpoint."""

    def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
        role_arn = getattr(state_credentials, "role_arn", None)
        session = (
            roles.session_of(endpoint, region, role_arn, _SESSION_NAME)
            if role_arn
            else LocalSession(endpoint, region)
        )
        return _client(session, service)

    known = getattr(boto_client, "boto_client_for", _stock)
    for name, module in list(sys.modules.items()):
        inside: Any = module
        if name.startswith("moto.stepfunctions.") and _holds(inside, known):
            inside.boto_client_for = client_for


def _holds(module: Any, known: Any) -> bool:
    return getattr(module, "boto_client_for", None) is known


@functools.lru_cache(maxsize=256)
def _client(session: LocalSession, service: str) -> Any:
    return session.client(service, config=_CONFIG)
