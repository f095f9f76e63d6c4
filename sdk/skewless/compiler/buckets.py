"""Buckets of whole numbers for percentiles: 128 for each power of two, and one for each below 128.

A bucket is a whole number, in the order of the values, and negative for those below zero. Of
a = |u| >= 128 it drops the last s bits, with 2^7 <= a >> s < 2^8, and is 128 * s + (a >> s).
"""

from __future__ import annotations

EXACT = 128  # numbers below it have buckets of their own
BUCKETS = 2 * (57 * EXACT + EXACT) + 1
NO_BUCKET = 10_000  # of a value without units in 64 bits


def bucket(units: int) -> int:
    """Return the bucket of a number of at most 64 bits."""
    size = abs(units)
    dropped = max(size.bit_length() - 8, 0)
    found = EXACT * dropped + (size >> dropped)
    return found if units >= 0 else -found


def representative(found: int) -> float:
    """Return the number that stands for a bucket's numbers; no double is nearer."""
    size = abs(found)
    dropped = max(size // EXACT - 1, 0)
    middle = ((size - EXACT * dropped) << dropped) + ((1 << dropped) >> 1)
    return float(middle if found >= 0 else -middle)
