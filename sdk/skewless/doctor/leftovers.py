"""Leftovers of killed processes that nothing has removed yet."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from skewless.doctor.diagnosis import Finding, warning
from skewless.doctor.patient import AbsentError
from skewless.offline.engines.abandoned import ABANDONED_AFTER, LABELS, STEP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from skewless.doctor.patient import Patient

_MOST_NAMED = 25


def check_leftovers(patient: Patient) -> Iterator[Finding]:
    """Look for Athena sessions' tables that outlived them by a day.

    The next session removes most; those whose objects a lifecycle rule or an erasure removed before
    are found here alone.
    """
    database = patient.resources.database
    # Glue stamps tables by AWS's clock, so the store's clock is not used here.
    now = datetime.now(UTC)
    old = sorted(
        table["Name"]
        for table in _tables(patient, database)
        if table["Name"].startswith((LABELS, STEP)) and now - table["CreateTime"] >= ABANDONED_AFTER
    )
    if not old:
        return
    some = " ".join(old[:_MOST_NAMED])
    yield warning(
        f"leftovers {database}",
        f"{len(old)} tables of Athena sessions that were killed over a day ago: they hold no rows, "
        "and the next session removes those of the last week",
        f"aws glue batch-delete-table --database-name {database} --tables-to-delete {some}"
        + (", and doctor again for the others" if len(old) > _MOST_NAMED else ""),
    )


def _tables(patient: Patient, database: str) -> Iterator[dict[str, Any]]:
    request = {"DatabaseName": database}
    while True:
        try:
            page = patient.ask("glue", "get_tables", ("EntityNotFoundException",), **request)
        except AbsentError:
            return  # the check of the database reports it
        yield from page["TableList"]
        if not page.get("NextToken"):
            return
        request["NextToken"] = page["NextToken"]
