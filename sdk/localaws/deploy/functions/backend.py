"""The replacement of moto's Lambda.

Stock moto needs Docker, or else only echoes; it runs the latest version whatever alias is asked
for, unless the event has a field named "qualifier"; it forgets a function's logging configuration.
"""

from __future__ import annotations

import base64
import functools
import json
import threading
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse

from localaws.deploy.functions.outcome import not_python, too_long

if TYPE_CHECKING:
    from localaws.deploy.functions.fleet import Fleet

_LOG_TAIL_BYTES = 4096
_LONGEST_ANSWER_BYTES = 6_291_556
_stock_create: Any = LambdaBackend.create_function
_stock_delete: Any = LambdaBackend.delete_function
_STATUS = {"DryRun": HTTPStatus.NO_CONTENT, "Event": HTTPStatus.ACCEPTED}


class InvalidRequestContentError(LambdaClientError):
    """The payload is not JSON."""

    def __init__(self, reason: str) -> None:
        message = f"Could not parse request body into json: {reason}"
        super().__init__("InvalidRequestContentException", message)


def apply(fleet: Fleet) -> None:
    """Let moto's functions run in this fleet."""
    _keep_logging_configuration()

    def invoke(self: Any, body: Any, request_headers: Any, response_headers: Any) -> bytes:
        fleet.check_allowed(self.function_name)
        payload = _payload(body)
        kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "DryRun":
            return b""
        if kind == "Event":
            fleet.check_limit(self)
            threading.Thread(target=_run, args=(fleet, self, payload), daemon=True).start()
            return b""
        answer, is_error, lines = _run(fleet, self, payload)
        if is_error:
            response_headers["x-amz-function-error"] = "Unhandled"
        tail = "\n".join(lines).encode()[-_LOG_TAIL_BYTES:]
        response_headers["x-amz-log-result"] = base64.b64encode(tail).decode()
        response_headers["x-amz-executed-version"] = str(self.version)
        return answer

    function: Any = LambdaFunction
    function.invoke = invoke
    response: Any = LambdaResponse
    response.invoke = _answer

    def delete(self: Any, function_name: str, qualifier: str | None = None) -> None:
        arn = self.get_function(function_name, qualifier).function_arn
        _stock_delete(self, function_name, qualifier)
        fleet.forget(arn)

    def create(self: Any, spec: dict[str, Any]) -> Any:
        fleet.check_allowed(str(spec.get("FunctionName")))
        return _stock_create(self, spec)

    backend: Any = LambdaBackend
    backend.create_function, backend.delete_function = create, delete


def _run(fleet: Fleet, function: Any, payload: bytes) -> tuple[bytes, bool, list[str]]:
    if not str(function.run_time).startswith("python"):
        return not_python(function.run_time), True, []
    outcome, lines = fleet.invoke(function, payload)
    return outcome.payload, outcome.is_error, lines


def _answer(self: Any) -> tuple[int, dict[str, str], bytes]:
    name = unquote(self.path.rsplit("/", 2)[-2])
    (qualifier,) = self.querystring.get("Qualifier", [None])
    headers = {"content-type": "application/json"}
    payload = self.backend.invoke(name, qualifier, self.body, self.headers, headers)
    if len(payload) > _LONGEST_ANSWER_BYTES:
        headers["x-amz-function-error"] = "Unhandled"
        payload = too_long(_LONGEST_ANSWER_BYTES)
        headers["Content-Length"] = str(len(payload))
    if self.headers.get("X-Amz-Log-Type") != "Tail":
        headers.pop("x-amz-log-result", None)
    status = _STATUS.get(self.headers.get("X-Amz-Invocation-Type"), HTTPStatus.OK)
    return int(status), {**headers, "status": str(int(status))}, payload


def _payload(body: Any) -> bytes:
    payload = body.encode() if isinstance(body, str) else bytes(body or b"")
    if not payload:
        return b"{}"
    try:
        json.loads(payload)
    except ValueError as error:
        raise InvalidRequestContentError(str(error)) from error
    return payload


@functools.cache
def _keep_logging_configuration() -> None:
    function: Any = LambdaFunction
    initialise = function.__init__
    update, describe = function.update_configuration, function.get_configuration

    def created(self: Any, account_id: str, spec: dict[str, Any], *rest: Any, **named: Any) -> None:
        initialise(self, account_id, spec, *rest, **named)
        self.logging_config = spec.get("LoggingConfig")

    def updated(self: Any, config_updates: dict[str, Any]) -> dict[str, Any]:
        if "LoggingConfig" in config_updates:
            self.logging_config = config_updates["LoggingConfig"]
        answer: dict[str, Any] = update(self, config_updates)
        return answer

    def described(self: Any, *arguments: Any, **named: Any) -> dict[str, Any]:
        standard = {"LogFormat": "Text", "LogGroup": f"/aws/lambda/{self.function_name}"}
        answer: dict[str, Any] = describe(self, *arguments, **named)
        logging = self.__dict__.get("logging_config") or {}
        return {**answer, "LoggingConfig": {**standard, **logging}}

    function.__init__ = created
    function.update_configuration = updated
    function.get_configuration = described
