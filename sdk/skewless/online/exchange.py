"""BatchGetItem whose JSON is written and read here, in one go.

botocore checks, writes and reads each key and attribute of a batch by general code, which takes
most of the time of a read of 100 items. Here the bodies go through `json`, and all else is left to
botocore: endpoints, credentials, signatures, connections, retries, checksums and errors. Its events
`before-call` and `before-parse` are the way in.
"""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Mapping

_OPERATION = "dynamodb.BatchGetItem"
_encode = json.JSONEncoder(separators=(",", ":")).encode


class _Ours(threading.local):
    """The call that a thread is making.

    Attributes:
        body: of the request; None where a call is not made here, and must be left alone.
        is_sent: whether the request got the body.
    """

    body: bytes | None = None
    is_sent = False


_ours = _Ours()
_prepared: WeakSet[Any] = WeakSet()  # clients


def batch_get_item(client: Any, table: str, asked: Mapping[str, Any]) -> dict[str, Any]:
    """Read a batch of items of one table, and report the capacity that it consumed.

    Args:
        client: a DynamoDB client of boto3.
        table: its name or ARN.
        asked: the keys, and how to read them, as BatchGetItem takes them.

    Returns:
        The answer as botocore gives it, but for bytes, which are text in base64.

    Raises:
        ClientError: DynamoDB refused.
        BotoCoreError: DynamoDB could not be reached.
    """
    if client not in _prepared:
        _prepare(client)
    whole = {"RequestItems": {table: asked}, "ReturnConsumedCapacity": "TOTAL"}
    # botocore checks one key and finds the endpoint by the table; then the body is replaced.
    sample = {**whole, "RequestItems": {table: {"Keys": asked["Keys"][:1]}}}
    _ours.body, _ours.is_sent = _encode(whole).encode(), False
    try:
        answer: dict[str, Any] = client.batch_get_item(**sample)
    finally:
        _ours.body = None
    # A botocore that speaks another protocol than JSON has asked for the one key.
    return answer if _ours.is_sent else client.batch_get_item(**whole)


def _prepare(client: Any) -> None:
    events = client.meta.events
    events.register_first(f"before-call.{_OPERATION}", _write, unique_id="skewless-write")
    events.register_first(f"before-parse.{_OPERATION}", _read, unique_id="skewless-read")
    _prepared.add(client)


def _write(params: dict[str, Any], **_: Any) -> None:
    """Replace the body of a request that botocore is about to sign."""
    if _ours.body is not None and params["body"][:1] == b"{":
        params["body"] = _ours.body
        _ours.is_sent = True


def _read(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: Any
) -> None:
    """Read the body of an answer, and leave an empty one to botocore."""
    if not _ours.is_sent or _ours.body is None or response_dict["status_code"] != 200:  # noqa: PLR2004
        return
    try:
        found = json.loads(response_dict["body"])
    except ValueError:
        return  # botocore tries again where the checksum is wrong
    if isinstance(found, dict):
        customized_response_dict.update(found)
        response_dict["body"] = b"{}"
