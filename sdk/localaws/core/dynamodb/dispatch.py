"""The short way of a DynamoDB request: from the server to moto's handler, with nothing in between.

Stock moto lists a directory and matches 200 patterns to find the service, routes by Flask, reads
the JSON body as a form and as a query string, inspects the handler's class for methods, and draws
52 random letters for an id: 1.5 ms a request. Other requests, such as a compressed body or a
browser's, go moto's way.
"""

from __future__ import annotations

import functools
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urlparse

import moto.core.responses as moto_responses
from botocore.exceptions import ClientError
from moto.core.parse import JSONParser
from moto.core.request import Request
from moto.core.utils import get_service_model
from moto.dynamodb.responses import DynamoHandler, DynamoResult
from moto.iam.models import mark_account_as_visited
from moto.moto_api import recorder
from moto.utilities.utils import get_partition
from werkzeug.exceptions import HTTPException

from localaws.core.dynamodb import wire

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_TARGET = "DynamoDB_20120810."
_UNUSUAL = ("HTTP_ORIGIN", "HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_ENCODING")
_ON_ITEMS = frozenset(
    {
        "BatchExecuteStatement",
        "BatchGetItem",
        "DeleteItem",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "UpdateItem",
    }
)


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    module: Any = moto_responses
    module.method_names_from_class = functools.cache(module.method_names_from_class)


class Dispatch:
    """A WSGI application: plain DynamoDB requests by the short way, all others as stock moto."""

    def __init__(self, stock: Callable[..., Iterable[bytes]]) -> None:
        self._stock = stock

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""
        # Where moto looks for the path as it came; decoded twice, a key like `a%2Fb` were `a/b`.
        environ.setdefault("RAW_URI", environ.get("REQUEST_URI", ""))
        if not _is_plain(environ):
            return self._stock(environ, start)
        request = Request(environ)
        recorder._record_request(request)
        try:
            status, headers, body = _PlainHandler.dispatch(request)
        except ClientError as error:
            status, headers, body = 400, {}, error.response["Error"]["Message"]
        except HTTPException as error:
            return error.get_response(environ)(environ, start)
        content = body.encode() if isinstance(body, str) else body
        headers["Content-Length"] = str(len(content))
        start(_status_line(int(status)), list(headers.items()))
        return [content]


def _is_plain(environ: dict[str, Any]) -> bool:
    return (
        environ.get("HTTP_X_AMZ_TARGET", "").startswith(_TARGET)
        and environ["REQUEST_METHOD"] == "POST"
        and "/dynamodb/aws4_request" in environ.get("HTTP_AUTHORIZATION", "")
        and environ.get("PATH_INFO") == "/"
        and "CONTENT_LENGTH" in environ
        and not any(name in environ for name in _UNUSUAL)
    )


@functools.cache
def _status_line(status: int) -> str:
    return f"{status} {HTTPStatus(status).phrase}"


class _PlainHandler(DynamoHandler):
    """Moto's handler, set up with what DynamoDB's protocol needs."""

    def setup_class(self, request: Request, *_: Any) -> None:
        environ = request.environ
        self.is_werkzeug_request = True
        self.normalized_request = request
        self.raw_body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        self.body = self.raw_body.decode()
        self.uri = request.raw_url
        self.parsed_url = urlparse(self.uri)
        self.path, self.raw_path = self.parsed_url.path, request.raw_path
        self.method = request.method
        self.headers = request.headers
        self.querystring = self.data = {}
        self.uri_match: dict[str, Any] = {}
        self.response_headers = {"server": "amazon.com"}
        self.region = self.get_region_from_url(request, self.uri)
        self.partition = get_partition(self.region)
        self._action = environ["HTTP_X_AMZ_TARGET"].split(".")[-1]
        self.parse_parameters(request)
        self.access_key = self.get_access_key()
        self.current_account = self.get_current_account()
        mark_account_as_visited(
            account_id=self.current_account,
            access_key=self.access_key,
            service="dynamodb",
            region=self.region,
        )

    def parse_parameters(self, _: Request) -> None:
        operation = get_service_model("dynamodb").operation_model(self._action)
        request: Any = {"body": self.raw_body}
        self.params = JSONParser(operation).parse(request)

    def serialized(self, action_result: Any) -> Any:
        if not isinstance(action_result, DynamoResult) or self._action not in _ON_ITEMS:
            return super().serialized(action_result)
        operation = get_service_model("dynamodb").operation_model(self._action)
        result: Any = action_result.result
        body = wire.body_of(result, operation.output_shape.members)
        headers = {"Content-Type": "application/x-amz-json-1.0", **self.response_headers}
        return HTTPStatus.OK, headers, body

    def _get_action(self) -> str:
        return str(self._action)

    @staticmethod
    def _enrich_response(headers: dict[str, Any], body: Any) -> tuple[dict[str, Any], Any]:
        if "status" in headers:
            headers["status"] = str(headers["status"])
        headers["x-amzn-requestid"] = uuid.uuid4().hex.upper()
        return headers, body
