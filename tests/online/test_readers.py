"""Readers are kept for as long as the definitions that they were compiled of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless import agg
from skewless.definitions.collection import Definitions
from skewless.readers import Readers
from skewless.registry.published import Published
from tests.online.builders import TODAY, a_view

if TYPE_CHECKING:
    from skewless.online.table import OnlineTable

FIRST = a_view(features={"n": agg.count(window="1h")})
SECOND = a_view(version=2, features={"m": agg.count(window="2h")})


def test_a_reader_of_what_was_published_before_is_not_kept(table: OnlineTable) -> None:
    """Another thread reads the definitions again while the reader is compiled."""
    before, after = (Published(Definitions.collect(views)) for views in ([FIRST], [FIRST, SECOND]))
    waiting = [before]

    def published() -> Published:
        if not waiting:
            return after
        readers.forget()
        return waiting.pop()

    readers = Readers(table, published, lambda: TODAY, is_locked=True, checks_clock=lambda: False)
    carrier = [{"carrier": "AA"}]
    assert readers.reader("delays", full_names=False).read(carrier).to_dict() == {"n": [None]}
    assert readers.reader("delays", full_names=False).read(carrier).to_dict() == {"m": [None]}
