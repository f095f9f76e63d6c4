"""Modes of a training set: which events count for a label."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """The events that a training set may see; the value is a user's word for it."""

    AS_SERVED = "as_served"
    EVENT_TIME = "event_time"
    REPLAY = "replay"
