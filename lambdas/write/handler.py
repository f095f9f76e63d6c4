"""Write: the states of one result object of a cut, as far as the function's time goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lambdas import parts, runtime

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@runtime.handler
def handle(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Write states; see `skewless.materialize.shard`.

    Args:
        event: `key` of the object, `from`, the line to begin with, and `plan`, as planned.
        context: tells how much time is left.
    """
    plan = runtime.of_event(event, "plan")
    part = parts.writer(context).write_states(
        runtime.view_plan(plan["view"]),
        plan["cut"],
        runtime.of_event(event, "key"),
        event.get("from", 0),
        is_first=plan["is_first"],
        refused=plan["refused"],
    )
    return parts.told(plan["view"], part)
