"""Commit a cut whose states are written. Boto3's half of the package: no Arrow, no SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.errors import RefusedRowsError
from skewless.materialize.due import iso
from skewless.online.address import view_partition

if TYPE_CHECKING:
    from skewless.compiler.plan import ViewPlan
    from skewless.materialize.due import Rewrites
    from skewless.online.record import Watermark
    from skewless.online.store import OnlineStore


def commit(
    table: OnlineStore, rewrites: Rewrites, plan: ViewPlan, cut: int, rewritten: tuple[str, ...]
) -> Watermark:
    """Move the watermark, once, and return it. Readers move to the cut at that instant.

    Args:
        table: the online table.
        rewrites: the view's.
        plan: the view's.
        cut: microseconds.
        rewritten: the shards of rewritten history that the cut holds.

    Raises:
        OnlineStoreError: the cut was not begun, or DynamoDB refused.
    """
    partition = view_partition(plan)
    watermark = table.commit_cut(partition, cut)
    table.failed.settle(partition, cut)
    rewrites.done(partition, rewritten)
    return watermark


def check_nothing_refused(s3: Any, bucket: str, prefix: str, view: str, cut: int) -> None:
    """Refuse to commit a cut whose export has foreign lines.

    An entity that cannot be written is not such a line: it is written as failed.

    Raises:
        RefusedRowsError: there are objects with refused lines under the prefix.
    """
    found = s3.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1)
    if found.get("KeyCount"):
        raise RefusedRowsError(
            f"view {view}: the cut {iso(cut)} has lines that are none of this view, and is not "
            "committed. All others are written. The lines and the reasons are in "
            f"s3://{bucket}/{prefix}. What a cut exports was changed, or its functions are of "
            "another version of skewless than the definitions; then run "
            "skewless materialize --redrive"
        )
