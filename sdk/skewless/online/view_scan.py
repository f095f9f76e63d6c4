"""All items of views, found by looking through the online table: no index knows whose they are."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from skewless.online.address import WATERMARK
from skewless.online.attribute import wired
from skewless.online.call import pages

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

T = TypeVar("T")


def pages_of_views(
    client: Any,
    table: str,
    partitions: Sequence[str],
    what: str,
    *,
    seconds: float,
    **options: Any,
) -> Iterator[Any]:
    """Yield pages with the addresses of all items of views, but not those of their watermarks.

    Args:
        client: of DynamoDB.
        table: its name.
        partitions: the views'; DynamoDB takes 4 KB of a filter.
        what: what it is for, in errors.
        seconds: how long a request may take with its repetitions.
        options: further ones of `scan`.

    Raises:
        OnlineStoreError: DynamoDB refused.
    """
    prefixes = {f":v{at}": f"{view}#" for at, view in enumerate(partitions)}
    own = {f":w{at}": view for at, view in enumerate(partitions)}
    of_entities = " OR ".join(f"begins_with(pk, {name})" for name in prefixes)
    of_views = f"(pk IN ({', '.join(own)}) AND sk <> :w)"
    return pages(
        client.scan,
        seconds,
        what,
        TableName=table,
        FilterExpression=f"{of_entities} OR {of_views}",
        ProjectionExpression="pk, sk",
        ExpressionAttributeValues=wired({**prefixes, **own, ":w": WATERMARK}),
        **options,
    )


def runs(items: Iterable[T], most: int) -> Iterator[list[T]]:
    """Cut items into lists of so many at most."""
    waiting = iter(items)
    while some := [*islice(waiting, most)]:
        yield some
