"""How many cases the parity tests draw."""

from __future__ import annotations

from hypothesis import HealthCheck, Phase, settings

# It raises the recursion limit, which Hypothesis takes amiss when it happens inside a test.
import localaws.core.athena.transpile  # noqa: F401


def up_to(number: int) -> settings:
    """Draw so many examples at random, or the profile's if they are fewer: `make test-fast`."""
    return settings(
        max_examples=min(number, settings().max_examples),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


def fixed(number: int) -> settings:
    """Draw so many examples, the same every time, and shrink none: each takes seconds."""
    return settings(
        max_examples=number,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )
