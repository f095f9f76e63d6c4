"""Dates as whole numbers: the days since 1970-01-01."""

from __future__ import annotations

from datetime import date

_EPOCH = date(1970, 1, 1).toordinal()
FIRST_DAY, LAST_DAY = date.min.toordinal() - _EPOCH, date.max.toordinal() - _EPOCH


def to_days(value: date) -> int:
    """Return the days from 1970-01-01 to a date, negative before."""
    return value.toordinal() - _EPOCH


def to_date(days: int) -> date:
    """Return the date so many days after 1970-01-01."""
    return date.fromordinal(days + _EPOCH)
