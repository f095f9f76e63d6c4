"""The SQL of windows that a practitioner writes: labels among events, a RANGE frame a window."""

from __future__ import annotations

from typing import Any

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_SQL = {"mean": "avg"}


def query(parameters: dict[str, Any], instant: str) -> str:
    """Return the query over tables `events` and `labels`.

    Args:
        parameters: of the case.
        instant: SQL of an instant's microseconds, with `{}` for the column.
    """
    key, time, columns = parameters["key"], parameters["time"], parameters["columns"]
    measures = [
        f"{_SQL.get(function, function)}({column}) OVER w{window} AS {function}_{column}_{window}"
        for window in parameters["windows"]
        for function in parameters["functions"]
        for column in columns
    ]
    frames = [
        f"w{window} AS (PARTITION BY {key} ORDER BY moment RANGE BETWEEN "
        f"{int(window[:-1]) * _SECONDS[window[-1]] * 1_000_000} PRECEDING AND 1 PRECEDING)"
        for window in parameters["windows"]
    ]
    nothing = [f"CAST(NULL AS DOUBLE) AS {column}" for column in columns]
    return f"""
        WITH axis AS (
            SELECT CAST(NULL AS BIGINT) AS "row", {key}, {instant.format(f'"{time}"')} AS moment,
                {", ".join(columns)}
            FROM events
            UNION ALL
            SELECT "row", {key}, {instant.format("event_timestamp")} AS moment,
                {", ".join(nothing)}
            FROM labels
        ), windowed AS (
            SELECT "row", {", ".join(measures)} FROM axis WINDOW {", ".join(frames)}
        )
        SELECT * FROM windowed WHERE "row" IS NOT NULL
    """
