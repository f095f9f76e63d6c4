from __future__ import annotations

from skewless.compiler.decay import weights

HOUR = 3_600_000_000


def test_a_weight_halves_with_each_half_life_and_ends_where_it_rounds_to_zero() -> None:
    found = weights(40 * HOUR, HOUR, HOUR)
    assert found == tuple(2 ** (32 - hours) for hours in range(33))


def test_a_weight_between_two_half_lives_is_the_nearest_whole_number() -> None:
    # 2^31.5 is 3037000499.976..., and 2^30.5 is 1518500249.988...
    assert weights(3 * HOUR, HOUR, 2 * HOUR) == (2**32, 3_037_000_500, 2**31, 1_518_500_250)


def test_the_weights_reach_as_far_as_any_window_does() -> None:
    assert len(weights(90, 60, 10**9)) == 3  # 90 back from second 61 lies two tiles before
