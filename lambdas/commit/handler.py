"""Commit: move the watermark of a view, once all states of the cut are written."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambdas import runtime
from skewless.materialize.commit import check_nothing_refused, commit

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@runtime.handler
def handle(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Commit a cut; see `skewless.materialize.commit`.

    Args:
        event: `commit`, as planned.
    """
    due = runtime.of_event(event, "commit")
    text, cut = due["view"], due["cut"]
    s3, bucket = runtime.aws.client("s3"), runtime.resources().bucket
    check_nothing_refused(s3, bucket, due["refused"], text, cut)
    plan = runtime.view_plan(text)
    commit(runtime.online_table(), runtime.rewrites(), plan, cut, tuple(due["rewritten"]))
    behind = (runtime.now() - cut) / 1_000_000
    runtime.logger.info("committed", extra={"view": text, "cut": cut, "behind_seconds": behind})
    runtime.emit(text, CutsCommitted=1, CommittedAfterSeconds=behind)
    return {"committed": cut}
