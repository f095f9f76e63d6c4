"""Distances on a sphere."""

from __future__ import annotations

import math

from skewless.compiler.elementary.angles import cosine_of, sine_of
from skewless.compiler.elementary.arcs import arc

_DEGREE = 0.017453292519943295
_DIAMETER_KM = 12742.0176


def _of_degrees(x: float, missing: float) -> tuple[float, float]:
    """Return the sine and the cosine of 0 to 90 degrees, given what is missing to 90."""
    is_high = x > 45.0
    y = (missing if is_high else x) * _DEGREE
    z = y * y
    sine, cosine = y + sine_of(y, z), 1.0 - (z * 0.5 - cosine_of(z))
    return (cosine if is_high else sine), (sine if is_high else cosine)


def haversine(lat1: float, lon1: float, lat2: float, lon2: float) -> float | None:
    """Return km between two points in degrees; null beyond 90 and 360 degrees."""
    if not (-90.0 <= lat1 <= 90.0 and -90.0 <= lat2 <= 90.0):
        return None
    if not (-360.0 <= lon1 <= 360.0 and -360.0 <= lon2 <= 360.0):
        return None
    east, west = max(lon1, lon2), min(lon1, lon2)
    across = abs((180.0 - east) + (180.0 + west))
    around = min(east - west, across, (360.0 - east) + (360.0 + west)) * 0.5
    away, middle = abs(lat1 - lat2) * 0.5, abs(lat1 + lat2) * 0.5
    to_poles = (90.0 - abs(lat1)) + (90.0 - abs(lat2))  # precise where both are near one pole
    above = to_poles * 0.5 if lat1 * lat2 > 0.0 else 90.0 - middle
    s, c = _of_degrees(around, 90.0 - around)
    p, q = _of_degrees(away, 90.0 - away)
    t, v = _of_degrees(middle, above)
    # The squares of the sine and the cosine of half the arc, neither a difference.
    near = p * p * (c * c) + v * v * (s * s)
    far = q * q * (c * c) + t * t * (s * s)
    is_far = near > far
    angle = arc(
        math.sqrt(min(near, far)),
        math.sqrt(max(near, far)),
        2.0 if is_far else 0.0,
        -1.0 if is_far else 1.0,
    )
    return angle * _DIAMETER_KM
