"""A request as IAM sees it: the service, the operation and its parameters, read off the wire.

Names and values stay as the protocol has them; what they mean is for `needs` to know. The body is
read only where it holds parameters, and given back: an object's bytes pass by untouched.
"""

from __future__ import annotations

import gzip
import io
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote

from moto.core.request import Request
from moto.core.routing import get_service_router
from werkzeug.exceptions import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localaws.core.credential import Credential

# Services whose requests are signed under another name than IAM's, and than botocore's.
_IAM_NAMES = {"monitoring": "cloudwatch"}
_SERVICE_MODELS = {"states": "stepfunctions"}
_REST_XML = frozenset({"s3"})
_FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True, slots=True)
class ApiRequest:
    """One call of one operation.

    Attributes:
        service: the prefix of its actions.
        operation: the name in the API.
        parameters: as the protocol has them: JSON, form fields, parts of a path and query.
        protocol: "json", "query", "rest-json" or "rest-xml": how the answer is written.
        region: the region asked.
        account: the account asked.
        headers: those of the request, as WSGI names them.
        via: the service that asks for the caller; empty where the caller does.
    """

    service: str
    operation: str
    parameters: Mapping[str, Any]
    protocol: str
    region: str
    account: str
    headers: Mapping[str, Any] = field(default_factory=dict, repr=False)
    via: str = ""

    def arn(self, resource: str, *, service: str | None = None) -> str:
        """The ARN of something in this request's region and account."""
        return f"arn:aws:{service or self.service}:{self.region}:{self.account}:{resource}"


def read(environ: dict[str, Any], credential: Credential, account: str) -> ApiRequest | None:
    """Read a request; None if it is none of an AWS service, such as moto's own."""
    service = _IAM_NAMES.get(credential.service, credential.service)
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        protocol, operation = "json", target.rpartition(".")[2]
        parameters = _json(_body(environ))
    elif environ.get("CONTENT_TYPE", "").startswith(_FORM) and service not in _REST_XML:
        protocol, parameters = "query", _fields(_body(environ).decode())
        operation = parameters.get("Action", "")
    elif "Action=" in environ.get("QUERY_STRING", ""):
        protocol, parameters = "query", _fields(environ["QUERY_STRING"])
        operation = parameters["Action"]
    else:
        protocol = "rest-xml" if service in _REST_XML else "rest-json"
        routed = _routed(environ, credential.service, protocol)
        if routed is None:
            return None
        operation, parameters = routed
    if target and target.startswith("DynamoDBStreams"):
        service = "dynamodb"
    return ApiRequest(
        service,
        operation,
        parameters,
        protocol,
        credential.region,
        account,
        environ,
        credential.via,
    )


def body_of(request: ApiRequest) -> bytes:
    """The request's body, which stays readable for whoever comes after."""
    environ: Any = request.headers
    return _body(environ)


def _body(environ: dict[str, Any]) -> bytes:
    if length := environ.get("CONTENT_LENGTH"):
        body: bytes = environ["wsgi.input"].read(int(length))
    elif "HTTP_TRANSFER_ENCODING" in environ:
        body = environ["wsgi.input"].read()
        environ["wsgi.input_terminated"] = True
    else:
        return b""
    environ["wsgi.input"] = io.BytesIO(body)
    return gzip.decompress(body) if environ.get("HTTP_CONTENT_ENCODING") == "gzip" else body


def _json(body: bytes) -> dict[str, Any]:
    try:
        parsed = json.loads(body)
    except ValueError:
        return {}
    return parsed if isinstance(parsed, dict) else {}


def _fields(text: str) -> dict[str, Any]:
    return {name: values[0] for name, values in parse_qs(text, keep_blank_values=True).items()}


def _routed(
    environ: dict[str, Any], service: str, protocol: str
) -> tuple[str, dict[str, Any]] | None:
    try:
        router = get_service_router(_SERVICE_MODELS.get(service, service))
        # cheroot keeps the address as it came where werkzeug does not look for it.
        operation, in_path = router.match(
            Request({**environ, "RAW_URI": environ.get("REQUEST_URI", "")})
        )
    except (NotFound, KeyError, ValueError, NotImplementedError, OSError):
        return None
    parameters = _fields(environ.get("QUERY_STRING", ""))
    parameters |= {name: unquote(value) for name, value in in_path.items()}
    shape = operation.input_shape
    if protocol == "rest-json" and shape is not None and "payload" not in shape.serialization:
        parameters |= _json(_body(environ))
    return operation.name, parameters
