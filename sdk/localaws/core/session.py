"""boto3 sessions that can reach the local AWS and nothing else.

Whatever the user's environment says (profiles, endpoints, proxies, certificate bundles), a client
made here talks to one loopback address, with credentials that no other place takes.
"""

from __future__ import annotations

import copy
import functools
import os
from typing import TYPE_CHECKING, Any

import boto3
import botocore.loaders
import botocore.session
from botocore.config import Config
from botocore.hooks import HierarchicalEmitter
from botocore.utils import parse_timestamp

from localaws.core import own_key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from botocore.awsrequest import AWSPreparedRequest, AWSResponse

REGION = "us-east-1"
ADMINISTRATOR = "administrator"

_CONFIG = Config(
    # Not None: None would read the environment, which may name a real proxy.
    proxies={},
    s3={"addressing_style": "path"},
    use_dualstack_endpoint=False,
    use_fips_endpoint=False,
    # Threads of one process share a client; the default of ten connections makes them queue.
    max_pool_connections=50,
    # botocore builds the long one twice a request: a sixth of a small call's CPU.
    user_agent="localaws",
)


class LocalSession(boto3.Session):
    """A boto3 session whose every client is bound to one local endpoint.

    Attributes:
        endpoint: the local AWS's address.
        principal: who calls, as the record of calls names it: a role, or "administrator".
    """

    def __init__(
        self,
        endpoint: str,
        region: str = REGION,
        credentials: Mapping[str, str] | None = None,
        principal: str = ADMINISTRATOR,
    ) -> None:
        credentials = own_key.of(endpoint) if credentials is None else credentials
        super().__init__(
            **credentials,
            region_name=region,
            botocore_session=_session_without_environment(),
        )
        self.endpoint = endpoint
        self.principal = principal
        self._credentials = credentials

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the credentials as well: they open nothing but the local AWS."""
        return LocalSession, (self.endpoint, self.region_name, self._credentials, self.principal)

    def client(self, *args: Any, **options: Any) -> Any:
        """Make a client; see `boto3.Session.client`, whose overloads this stands for."""
        return super().client(*args, **self._bound(options))

    def resource(self, *args: Any, **options: Any) -> Any:
        """Make a resource; see `boto3.Session.resource`."""
        return super().resource(*args, **self._bound(options))

    def _bound(self, options: dict[str, Any]) -> dict[str, Any]:
        asked = options.get("config")
        return {
            **options,
            # awswrangler passes endpoint_url=None, which would let AWS_ENDPOINT_URL_* decide.
            "endpoint_url": options.get("endpoint_url") or self.endpoint,
            "config": asked.merge(_CONFIG) if asked is not None else _CONFIG,
        }


def _session_without_environment() -> botocore.session.Session:
    """A botocore session that ignores AWS_PROFILE and the user's configuration files."""
    nowhere = (None, None, os.devnull, None)
    session = botocore.session.Session(
        session_vars={
            "profile": (None, None, None, None),
            "config_file": nowhere,
            "credentials_file": nowhere,
            "ca_bundle": (None, None, None, None),
        },
        event_hooks=copy.copy(_handlers()),
        include_builtin_handlers=False,
    )
    session.register_component("data_loader", _loader())
    factory = session.get_component("response_parser_factory")
    factory.set_parser_defaults(timestamp_parser=_instant)
    # Typed as if nothing listened to what a handler returns; an answer to "before-send" counts.
    handler: Any = _answered_here
    session.register("before-send", handler)
    return session


_here: dict[str, Callable[[AWSPreparedRequest], AWSResponse | None]] = {}


def answer_here(
    endpoint: str, answer: Callable[[AWSPreparedRequest], AWSResponse | None] | None
) -> None:
    """Set the function that answers requests to an endpoint in process; None ends that."""
    if answer is None:
        _here.pop(endpoint, None)
    else:
        _here[endpoint] = answer


def _answered_here(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
    answers = (answer(request) for answer in list(_here.values()))
    return next((found for found in answers if found is not None), None)


@functools.lru_cache(4096)
def _instant(text: Any) -> datetime:
    """Parse an instant as botocore does, which takes as long as the rest of an object's entry."""
    found: datetime = parse_timestamp(text)
    return found


@functools.cache
def _handlers() -> HierarchicalEmitter:
    """Handlers of botocore's own: a copy takes a fifth of what registering them takes."""
    registered = HierarchicalEmitter()
    botocore.session.Session(event_hooks=registered)
    return registered


@functools.cache
def _loader() -> botocore.loaders.Loader:
    """The loader of service descriptions, shared since it is half the time of making a client."""
    return botocore.loaders.create_loader()
