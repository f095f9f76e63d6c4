"""Writing an object of a cut in time, whatever the rate."""

from __future__ import annotations

import gzip
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from skewless.compiler.plan import plan_view
from skewless.materialize.shard import ShardWriter, WriteRate
from skewless.online.table import OnlineTable
from tests.online.builders import TODAY, a_view

if TYPE_CHECKING:
    from skewless.aws import Aws

_SECONDS, _MARGIN = 900.0, 45.0  # as the functions that write have


class Lines:
    """S3 with one object of lines that belong to no view; it keeps what is put."""

    def __init__(self, count: int) -> None:
        self._body = gzip.compress(b"{}\n" * count)
        self.kept: list[str] = []

    def download_fileobj(self, _bucket: str, _key: str, file: Any) -> None:
        file.write(self._body)

    def put_object(self, **request: Any) -> None:
        self.kept.extend(request["Body"].decode().splitlines())


@pytest.mark.parametrize("per_second", [1.0, 6.0, 8.0, 125.0])
def test_a_slow_rate_lets_a_function_end_in_time(
    aws: Aws, per_second: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds

    clock = SimpleNamespace(monotonic=lambda: now, sleep=sleep)
    monkeypatch.setattr("skewless.materialize.shard.time", clock)
    lines = Lines(2_000)
    table = OnlineTable(aws, "online")
    first = 0
    while True:
        ends_at = now + _SECONDS
        writer = ShardWriter(
            lines,
            "bucket",
            table,
            WriteRate(per_second, now),
            lambda ends_at=ends_at: now > ends_at - _MARGIN,  # type: ignore[misc]
        )
        part = writer.write_states(
            plan_view(a_view()), TODAY, "a", first, is_first=True, refused="refused/"
        )
        assert now < ends_at
        first = part.next
        if part.is_finished:
            break
    assert len(lines.kept) == 2_000
