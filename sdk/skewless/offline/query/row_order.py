"""The order of a latest-value view's rows, by which the later of two wins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skewless.offline.query import sql

if TYPE_CHECKING:
    from collections.abc import Iterable

    from skewless.compiler.plan import ViewPlan
    from skewless.offline.query.dialect import Dialect
    from skewless.offline.query.sql import Sql


def sort_keys(plan: ViewPlan, dialect: Dialect, names: Iterable[str]) -> list[Sql]:
    """Return what orders rows by columns of a view's events, of which `c<i>` hold its features.

    Args:
        plan: the view.
        dialect: the engine.
        names: the columns, the first decides first.
    """
    kinds = {f"c{index}": type_ for index, (_, type_) in enumerate(plan.columns)}
    return [
        dialect.sortable(sql.column(name), kinds[name]) if name in kinds else sql.column(name)
        for name in names
    ]
