"""Plan: begin the cut of a view that is due next, and say what there is to do."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from lambdas import runtime
from skewless.definitions.expression import to_microseconds
from skewless.materialize.planning import Planner
from skewless.materialize.source_log import SourceLogs

if TYPE_CHECKING:
    from aws_lambda_powertools.utilities.typing import LambdaContext


@runtime.handler
def handle(event: dict[str, Any], _: LambdaContext) -> dict[str, Any]:
    """Return the next step; see `skewless.materialize.planning`.

    Args:
        event: `view`, as `name@version`; `cut`, ISO time, null for the latest that is due.
    """
    text, cut = runtime.of_event(event, "view"), event.get("cut")
    landing = runtime.setting("LANDING_SECONDS") or 0.0
    planner = Planner(
        runtime.resources(),
        runtime.online_table(),
        runtime.rewrites(),
        SourceLogs(runtime.aws, runtime.resources()),
        round(landing * 1_000_000),
    )
    wanted = None if cut is None else to_microseconds(datetime.fromisoformat(cut), "cut")
    step = planner.next_step(runtime.view_plan(text), wanted, runtime.now())
    told = {key: value for key, value in step.items() if key in ("action", "until", "cut")}
    runtime.logger.info("planned", extra={**told, "view": text})
    return step
