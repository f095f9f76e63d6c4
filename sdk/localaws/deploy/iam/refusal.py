"""Refusals: each protocol has its own form, and a few services have their own words."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localaws.deploy.iam.request import ApiRequest

_INVALID_TOKEN = "The security token included in the request is invalid."  # noqa: S105
_NEW_KEY = (
    "A local AWS has a new key at each start: use the AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY that it printed, or that LocalAws.environment has."
)
# Protocols of JSON whose errors keep the codes of the query protocol that came before.
_QUERY_COMPATIBLE = frozenset({"cloudwatch", "sqs"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a request is refused.

    Attributes:
        message: the error's message.
        is_invalid_token: True where it is not known who asks.
    """

    message: str
    is_invalid_token: bool = False

    @classmethod
    def invalid_token(cls) -> Refusal:
        """Nobody has these credentials."""
        return cls(message=_INVALID_TOKEN, is_invalid_token=True)

    @classmethod
    def unknown_key(cls) -> Refusal:
        """Nobody has this key; most often a local AWS that ran before had it."""
        return cls(message=f"{_INVALID_TOKEN} {_NEW_KEY}", is_invalid_token=True)

    @classmethod
    def unsigned(cls) -> Refusal:
        """The request has no key."""
        return cls(message=f"The local AWS answers signed requests only. {_NEW_KEY}")

    def answer(self, request: ApiRequest, start: Callable[..., Any]) -> list[bytes]:
        """Answer a request with this refusal, as its service does."""
        status, headers, body = self._written(request)
        if request.headers.get("REQUEST_METHOD") == "HEAD":
            body = b""
        _drain(request.headers)
        start(
            f"{status} {status.phrase}",
            [
                *headers.items(),
                ("Content-Length", str(len(body))),
                ("x-amzn-RequestId", str(uuid.uuid4())),
            ],
        )
        return [body]

    def _written(self, request: ApiRequest) -> tuple[HTTPStatus, dict[str, str], bytes]:
        code = self._code(request)
        match request.protocol:
            case "json":
                return _json(request, code, self.message)
            case "rest-json":
                body = json.dumps({"message": self.message, "Message": self.message}).encode()
                headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
                return HTTPStatus.FORBIDDEN, headers, body
            case _:
                return HTTPStatus.FORBIDDEN, {"Content-Type": "text/xml"}, self._xml(request, code)

    def _code(self, request: ApiRequest) -> str:
        is_json = request.protocol in {"json", "rest-json"}
        if self.is_invalid_token:
            if request.service == "s3":
                return "InvalidToken"
            return "UnrecognizedClientException" if is_json else "InvalidClientTokenId"
        if request.service == "sns":
            return "AuthorizationError"
        return "AccessDeniedException" if is_json else "AccessDenied"

    def _xml(self, request: ApiRequest, code: str) -> bytes:
        error = f"<Code>{code}</Code><Message>{escape(self.message)}</Message>"
        identity = f"<RequestId>{uuid.uuid4()}</RequestId>"
        if request.service == "s3":
            text = f"<Error>{error}{identity}</Error>"
        else:
            error = f"<Error><Type>Sender</Type>{error}</Error>"
            text = f"<ErrorResponse>{error}{identity}</ErrorResponse>"
        return f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode()


def _json(request: ApiRequest, code: str, message: str) -> tuple[HTTPStatus, dict[str, str], bytes]:
    headers = {"Content-Type": "application/x-amz-json-1.1"}
    status = HTTPStatus.BAD_REQUEST
    if request.service in _QUERY_COMPATIBLE:
        headers["x-amzn-query-error"] = f"{code.removesuffix('Exception')};Sender"
        status = HTTPStatus.FORBIDDEN
    name = f"com.amazon.coral.service#{code}" if request.service == "dynamodb" else code
    body = {"__type": name, "message": message, "Message": message}
    return status, headers, json.dumps(body).encode()


def _drain(environ: Mapping[str, Any]) -> None:
    """Read what the client still sends, or its next request would begin in the middle of it."""
    environ["wsgi.input"].read()
