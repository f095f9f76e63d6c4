"""The words for what a view knew of an entity. History and serving use the same."""

from __future__ import annotations

OK = "ok"
MISSING = "missing"  # the view knows nothing of the entity
STALE = "stale"  # the values are of an earlier instant; only serving knows that
FAILED = "failed"  # there are values that cannot be told
