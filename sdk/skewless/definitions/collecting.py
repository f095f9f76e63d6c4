"""Aggregates that collect values: arguments of their own beside those of all aggregates."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from skewless.definitions.aggregation import Aggregation, Function, aggregation
from skewless.errors import DefinitionError

if TYPE_CHECKING:
    from datetime import timedelta

    from skewless.definitions.duration import Duration
    from skewless.definitions.expression import Expr, Literal
    from skewless.definitions.parameters import Parameters


def collecting(  # noqa: PLR0913 - what a user may say about an aggregate
    function: Function,
    input_: str | Expr | None,
    parameters: Parameters,
    *,
    window: str | timedelta | Duration | None,
    hop: str | timedelta | Duration | None,
    where: Expr | None,
    default: Literal | None = None,
    offset: str | timedelta | Duration | None = None,
) -> Aggregation:
    """Normalise and check the arguments of an aggregate that has parameters.

    Raises:
        DefinitionError: with everything that is wrong with them.
    """
    problems = list(parameters.problems())
    try:
        made = aggregation(
            function,
            input_,
            window=window,
            hop=hop,
            offset=offset,
            where=where,
            scale=None,
            default=default,
        )
    except DefinitionError as error:
        raise DefinitionError(f"agg.{function.value}", [*error.problems, *problems]) from error
    if problems:
        raise DefinitionError(f"agg.{function.value}", problems)
    return replace(made, parameters=parameters)
