"""The credential of a request: every request to the local AWS must show a key."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from localaws.core.caller import via_of
from localaws.core.session import REGION

if TYPE_CHECKING:
    from collections.abc import Mapping

# The scope stands first, where moto looks for it: both must see the same key and service.
_SIGNED = re.compile(r"AWS4-HMAC-SHA256\s+Credential=([^\s,]*)")
_SIGNED_BEFORE = re.compile(r"AWS\s+([^\s:]+):")  # version 2, which S3 still takes


@dataclass(frozen=True, slots=True)
class Credential:
    """The credential of a request.

    Attributes:
        key_id: the access key's id.
        region: the region signed for.
        service: the service, by its signing name.
        token: the session token, empty for a user's own key.
        via: the service that calls for the key's owner; empty where the owner calls.
    """

    key_id: str
    region: str
    service: str
    token: str = ""
    via: str = ""

    @classmethod
    def of(cls, environ: Mapping[str, Any]) -> Credential | None:
        """The credential of a request: in its header, or in a presigned address; None unsigned."""
        if authorization := environ.get("HTTP_AUTHORIZATION"):
            token = environ.get("HTTP_X_AMZ_SECURITY_TOKEN", "")
            if signed := _SIGNED.match(authorization):
                return cls._scoped(signed[1], token)
            before = _SIGNED_BEFORE.match(authorization)
            return cls(before[1], REGION, "s3", token) if before else None
        query = parse_qs(environ.get("QUERY_STRING", ""))
        if "X-Amz-Credential" in query:
            token = query.get("X-Amz-Security-Token", [""])[0]
            return cls._scoped(query["X-Amz-Credential"][0], token)
        if "AWSAccessKeyId" in query:
            token = query.get("x-amz-security-token", [""])[0]
            return cls(query["AWSAccessKeyId"][0], REGION, "s3", token)
        return None

    @classmethod
    def _scoped(cls, text: str, token: str) -> Credential | None:
        scope = text.split("/")
        if len(scope) != len(("key", "date", "region", "service", "aws4_request")):
            return None
        via, key_id = via_of(scope[0])
        return cls(key_id, scope[2], scope[3].lower(), token, via)
