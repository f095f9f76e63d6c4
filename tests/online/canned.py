"""A client of boto3 whose batch reads are answered as told: what it sends is what AWS would get."""

from __future__ import annotations

import json
import zlib
from io import BytesIO
from typing import Any

import boto3
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from skewless.aws import Aws
from skewless.online.table import OnlineTable


class Canned:
    """Answers by call, the last one for ever: a document, an exception, or a status and bytes.

    Attributes:
        requests: the documents that were sent.
    """

    def __init__(self, *answers: Any, attempts: int = 1) -> None:
        self._answers = list(answers)
        self.requests: list[Any] = []
        session = boto3.Session("an-id", "a-secret", region_name="us-east-1")
        config = Config(retries={"mode": "standard", "total_max_attempts": attempts})
        self.client: Any = session.client("dynamodb", config=config)
        self.client.meta.events.register("before-send.dynamodb.BatchGetItem", self._answer)

    def table(self) -> OnlineTable:
        """Return an online table that this client reads."""
        aws = Aws()
        aws._own.clients["dynamodb"] = self.client
        return OnlineTable(aws, "online")

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        self.requests.append(json.loads(request.body))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, json.dumps(answer).encode())
        # A whole answer has the right checksum; a damaged one has that of nothing.
        checksum = zlib.crc32(b"" if isinstance(answer, tuple) else body)
        headers: Any = {"x-amz-crc32": str(checksum), "Date": "Sat, 05 Oct 2024 00:00:00 GMT"}
        return AWSResponse(request.url, status, headers, _Raw(body))


class _Raw(BytesIO):
    def stream(self, **_: Any) -> Any:
        yield self.read()
