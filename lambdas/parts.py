"""Code shared by the two writing functions: a writer that ends in time, and its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambdas import runtime
from skewless.materialize.shard import ShardWriter, WriteRate

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext

    from skewless.materialize.shard import ShardPart

# A write may be tried for 30 seconds, and the result must be returned in time.
_MARGIN_MILLISECONDS = 45_000


def writer(context: LambdaContext) -> ShardWriter:
    """Return a writer that stops before the function's time is up."""
    return ShardWriter(
        runtime.aws.client("s3"),
        runtime.resources().bucket,
        runtime.online_table(),
        WriteRate(runtime.setting("WRITES_PER_SECOND")),
        lambda: context.get_remaining_time_in_millis() < _MARGIN_MILLISECONDS,
    )


def told(view: str, part: ShardPart) -> dict[str, Any]:
    """Log and measure a part; return what the state machine goes on with."""
    names = {outcome.replace(" ", "_"): count for outcome, count in part.outcomes.items()}
    runtime.logger.info("wrote", extra={"view": view, "next": part.next, **names})
    runtime.emit(
        view,
        EntitiesWritten=part.outcomes["written"],
        EntitiesFailed=part.outcomes["failed"],
        RefusedRows=part.outcomes["refused"],
        WriteUnits=part.write_units,
    )
    return {"next": part.next, "is_finished": part.is_finished}
