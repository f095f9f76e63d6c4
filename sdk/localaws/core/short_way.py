"""The short way of S3, Glue and Athena: from the server to moto's handlers, without Flask.

Stock moto asks a lock and 200 patterns for the service, and Flask for the handler: a sixth of a
call. S3 has one handler for a bucket, one for an object; Glue and Athena have one. Who is not
signed, comes from a browser, or has an unusual path goes moto's way.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from flask import Response
from moto.athena.responses import AthenaResponse
from moto.core.request import Request
from moto.glue.responses import GlueResponse
from moto.moto_api import recorder
from moto.s3.responses import S3Response
from werkzeug.exceptions import HTTPException

from localaws.core.gate import MOTO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localaws.core.entrance import Application

_UNUSUAL = ("HTTP_ORIGIN", "HTTP_TRANSFER_ENCODING")
_SERVICE = re.compile(r"AWS4-HMAC-SHA256 Credential=[^/,]+/\d+/[^/,]+/(s3|glue|athena)/")
_CONTROL = "/v20180820/"
_PATH = re.compile(r"/[^/]+(?:/?|/(?P<key>(?!/).+))")
_ONE_FOR_ALL = {"glue": GlueResponse, "athena": AthenaResponse}


class _Request(Request):
    """A request as moto's server makes them, which composes its address once."""

    from_wsgi_server = True

    @cached_property
    def raw_path(self) -> str:
        """The path as it came."""
        return super().raw_path

    @cached_property
    def raw_url(self) -> str:
        """The address as it came."""
        return super().raw_url


class ShortWay:
    """A WSGI application: requests that it knows by the short way, all others as stock moto."""

    def __init__(self, stock: Application) -> None:
        self._stock = stock

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        handler = _handler_of(environ)
        if handler is None:
            return self._stock(environ, start)
        request = _Request(environ)
        recorder._record_request(request)
        try:
            answer = handler(request, request.raw_url, dict(request.headers))
        except ClientError as error:
            answer = 400, {}, error.response["Error"]["Message"]
        except HTTPException as error:
            return error.get_response(environ)(environ, start)
        return _response(request, answer)(environ, start)


def _handler_of(environ: dict[str, Any]) -> Callable[..., Any] | None:
    """Return what Flask would call; None where only Flask knows."""
    signed = _SERVICE.match(environ.get("HTTP_AUTHORIZATION", ""))
    if signed is None or any(name in environ for name in _UNUSUAL):
        return None
    path: str = environ["PATH_INFO"]
    if signed[1] != "s3":
        return _ONE_FOR_ALL[signed[1]].dispatch if path == "/" else None
    if environ["REQUEST_METHOD"] == "OPTIONS" or "s3-control" in environ["HTTP_HOST"]:
        return None
    return None if path.startswith((*MOTO, _CONTROL)) else _handler_of_object(path)


def _handler_of_object(path: str) -> Callable[..., Any] | None:
    if path == "/":
        return S3Response.bucket_dispatch
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    return S3Response.ambiguous_dispatch if found["key"] is None else S3Response.key_dispatch


def _response(request: Request, answer: Any) -> Response:
    """Return what moto makes of a handler's answer."""
    if len(answer) != len(("status", "headers", "content")):
        answer = 200, {}, answer
    status, headers, content = answer
    response = Response(response=content, status=status, headers=headers)
    if request.method == "HEAD" and "content-length" in headers:
        response.headers["Content-Length"] = headers["content-length"]
    return response
