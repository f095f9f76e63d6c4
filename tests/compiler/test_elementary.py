"""Elementary functions beside their true values, in 66 digits."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import mpmath
import pytest
from mpmath import mp, mpf

from skewless.compiler.bound import Primitive
from skewless.compiler.elementary import FUNCTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

DIGITS = 220  # binary
SMALLEST, LARGEST = 5e-324, 1.7976931348623157e308
DRAWN = 500


@dataclass(frozen=True, slots=True)
class Case:
    """A function's true value, and the spans from which its arguments are drawn."""

    true: Callable[..., mpf]
    spans: tuple[tuple[float, float], ...]
    near: tuple[float, ...] = (0.0,)  # numbers beside which arguments are drawn
    scales: tuple[int, int] = (-1074, 9)  # the powers of two from which arguments are drawn


CASES = {
    Primitive.EXP: Case(mp.exp, ((-745.0, 709.7), (-1.0, 1.0), (-0.3466, 0.3466))),
    Primitive.EXPM1: Case(mp.expm1, ((-60.0, 709.7), (-3.0, 3.0), (0.3, 0.4), (-0.4, -0.2))),
    Primitive.TANH: Case(mp.tanh, ((-22.0, 22.0), (-1.0, 1.0), (17.0, 20.0), (0.1, 0.3))),
    Primitive.SIGMOID: Case(
        lambda x: 1 / (1 + mp.exp(-x)), ((-740.0, 40.0), (-3.0, 3.0), (30.0, 40.0))
    ),
    Primitive.LN: Case(mp.log, ((0.5, 2.0), (1.3, 1.7), (0.0, 1e5)), (1.0, 1e300), (-1074, 1023)),
    Primitive.LOG2: Case(
        lambda x: mp.log(x) / mp.log(2), ((0.5, 2.0), (1.3, 1.5)), (1.0, 1024.0), (-1074, 1023)
    ),
    Primitive.LOG10: Case(mp.log10, ((0.5, 2.0), (1.1, 1.5)), (1.0, 1000.0), (-1074, 1023)),
    Primitive.LOG1P: Case(mp.log1p, ((-0.99, 2.0), (-0.5, 0.5)), (0.0, -1.0), (-1074, 1023)),
    Primitive.SIN: Case(mp.sin, ((-(2.0**20), 2.0**20), (-7.0, 7.0)), scales=(-1074, 20)),
    Primitive.COS: Case(mp.cos, ((-(2.0**20), 2.0**20), (-7.0, 7.0)), scales=(-1074, 20)),
    Primitive.TAN: Case(mp.tan, ((-(2.0**20), 2.0**20), (-2.0, 2.0)), scales=(-1074, 20)),
    Primitive.ASIN: Case(mp.asin, ((-1.0, 1.0), (0.5, 0.7)), (0.0, 1.0, -1.0, 0.5), (-1074, 0)),
    Primitive.ACOS: Case(mp.acos, ((-1.0, 1.0), (0.4, 0.6)), (0.0, 1.0, -1.0, -0.5), (-1074, 0)),
    Primitive.ATAN: Case(mp.atan, ((-3.0, 3.0), (0.3, 0.5)), (1.0, 0.41421356), (-1074, 1023)),
}


@pytest.fixture(autouse=True)
def _precise() -> Iterator[None]:
    with mpmath.workprec(DIGITS):
        yield


def distance(found: float | None, true: mpf) -> float:
    """Return how many units in the last place lie between."""
    assert found is not None
    size = min(abs(true), mpf(LARGEST))
    exponent = int(mp.floor(mp.log(size, 2))) if size else -1074
    return float(abs(mpf(found) - true) / mpf(2) ** max(exponent - 52, -1074))


def arguments(case: Case, draw: random.Random) -> Iterator[float]:
    for _ in range(DRAWN):
        sign, power = draw.choice((-1, 1)), draw.uniform(*case.scales)
        yield draw.uniform(*draw.choice(case.spans))
        yield sign * 2.0**power
        yield draw.choice(case.near) + sign * 2.0 ** draw.uniform(-60, -3)
        yield sign * draw.randrange(667_000) * math.pi / 2


@pytest.mark.parametrize("primitive", CASES, ids=str)
def test_it_is_at_most_one_unit_in_the_last_place_from_the_true_value(
    primitive: Primitive,
) -> None:
    case, function = CASES[primitive], FUNCTIONS[primitive]
    compared = 0
    for x in arguments(case, random.Random(20261129)):  # noqa: S311
        found = function(x)
        if found is not None:
            assert distance(found, case.true(mpf(x))) <= 1, x
            compared += 1
    assert compared > DRAWN


def test_a_power_is_at_most_one_unit_in_the_last_place_from_the_true_value() -> None:
    draw = random.Random(1)  # noqa: S311
    for _ in range(3 * DRAWN):
        base = draw.choice(
            (
                2.0 ** draw.uniform(-1074, 1023),
                draw.uniform(0.1, 10),
                1 + 2.0 ** draw.uniform(-52, 0),
            )
        )
        most = 745 / abs(math.log(base)) if base != 1 else 1e22
        exponent = draw.choice((draw.uniform(-most, most), float(draw.randrange(-9, 10)), 0.5))
        true = mpf(base) ** mpf(exponent)
        found = FUNCTIONS[Primitive.POW](base, exponent)
        if found is None:
            assert true > mpf(LARGEST) * (1 - mpf(2) ** -53), (base, exponent)
        else:
            assert distance(found, true) <= 1, (base, exponent)


def test_the_angle_of_a_point_is_at_most_one_unit_in_the_last_place_from_the_true_value() -> None:
    draw = random.Random(2)  # noqa: S311
    for _ in range(2 * DRAWN):
        span = draw.choice(((-2, 2), (-60, 60), (-1074, 1023), (-1074, -1000), (1000, 1023)))
        y, x = (draw.choice((-1, 1)) * 2.0 ** draw.uniform(*span) for _ in range(2))
        assert distance(FUNCTIONS[Primitive.ATAN2](y, x), mp.atan2(mpf(y), mpf(x))) <= 1, (y, x)


def some_points(draw: random.Random) -> Iterator[tuple[float, float, float, float]]:
    """Draw pairs of points: anywhere, close together, almost opposite, beside a pole."""
    for _ in range(DRAWN):
        lat, lon = draw.uniform(-90, 90), draw.uniform(-180, 180)
        small = [draw.choice((-1, 1)) * 2.0 ** draw.uniform(-40, 0) for _ in range(2)]
        yield lat, lon, draw.uniform(-90, 90), draw.uniform(-180, 180)
        yield lat, lon, max(-90.0, min(90.0, lat + small[0])), lon + small[1]
        yield lat, lon, max(-90.0, min(90.0, small[0] - lat)), lon + 180 + small[1]
        yield 90 - abs(small[0]), lon, 90 - abs(small[1]), draw.uniform(-180, 180)


def test_a_distance_on_the_sphere_is_precise_to_five_units_in_the_last_place() -> None:
    for points in some_points(random.Random(3)):  # noqa: S311
        lat1, lon1, lat2, lon2 = (mpf(each) * mp.pi / 180 for each in points)
        part = mp.cos(lat1) * mp.cos(lat2) * mp.sin((lon1 - lon2) / 2) ** 2
        root = mp.sqrt(mp.sin((lat1 - lat2) / 2) ** 2 + part)
        true = 2 * mpf("6371.0088") * mp.asin(min(root, mpf(1)))
        assert distance(FUNCTIONS[Primitive.HAVERSINE](*points), true) <= 5, points


@pytest.mark.parametrize(
    ("primitive", "given", "value"),
    [
        (Primitive.EXP, (0.0,), 1.0),
        (Primitive.EXP, (-746.0,), 0.0),
        (Primitive.EXP, (-LARGEST,), 0.0),
        (Primitive.EXPM1, (SMALLEST,), SMALLEST),
        (Primitive.EXPM1, (-LARGEST,), -1.0),
        (Primitive.LN, (1.0,), 0.0),
        (Primitive.LOG10, (1000.0,), 3.0),
        (Primitive.LOG1P, (SMALLEST,), SMALLEST),
        (Primitive.SIN, (0.0,), 0.0),
        (Primitive.COS, (0.0,), 1.0),
        (Primitive.TAN, (SMALLEST,), SMALLEST),
        (Primitive.ASIN, (-1.0,), -math.pi / 2),
        (Primitive.ACOS, (-1.0,), math.pi),
        (Primitive.ACOS, (1.0,), 0.0),
        (Primitive.ATAN, (LARGEST,), math.pi / 2),
        (Primitive.ATAN2, (0.0, 0.0), 0.0),
        (Primitive.ATAN2, (0.0, -1.0), math.pi),
        (Primitive.ATAN2, (-LARGEST, SMALLEST), -math.pi / 2),
        (Primitive.TANH, (-LARGEST,), -1.0),
        (Primitive.SIGMOID, (LARGEST,), 1.0),
        (Primitive.SIGMOID, (-LARGEST,), 0.0),
        (Primitive.POW, (0.0, 0.0), 1.0),
        (Primitive.POW, (-2.0, 3.0), -8.0),
        (Primitive.POW, (-2.0, LARGEST), None),
        (Primitive.POW, (0.5, LARGEST), 0.0),
        (Primitive.POW, (-1.0, LARGEST), 1.0),
        (Primitive.POW, (2.0, -1074.0), SMALLEST),
        (Primitive.HAVERSINE, (0.0, 0.0, 0.0, 0.0), 0.0),
        (Primitive.HAVERSINE, (0.0, -180.0, 0.0, 180.0), 0.0),
        (Primitive.HAVERSINE, (0.0, 0.0, 0.0, 180.0), 20015.114442035923),
        (Primitive.HAVERSINE, (90.0, 12.0, 90.0, -77.0), 0.0),
    ],
)
def test_what_is_known_exactly_is_exact(
    primitive: Primitive, given: tuple[float, ...], value: float | None
) -> None:
    assert FUNCTIONS[primitive](*given) == value


def test_whole_logarithms_are_exact() -> None:
    tens, twos = range(-307, 309), range(-1074, 1024)
    assert [FUNCTIONS[Primitive.LOG10](float(f"1e{k}")) for k in tens] == [float(k) for k in tens]
    assert [FUNCTIONS[Primitive.LOG2](math.ldexp(1.0, k)) for k in twos] == [float(k) for k in twos]


@pytest.mark.parametrize(
    ("primitive", "given"),
    [
        (Primitive.EXP, (709.7827128933841,)),
        (Primitive.EXPM1, (710.0,)),
        (Primitive.LN, (0.0,)),
        (Primitive.LOG2, (-1.0,)),
        (Primitive.LOG10, (0.0,)),
        (Primitive.LOG1P, (-1.0,)),
        (Primitive.SIN, (1048576.0000000002,)),
        (Primitive.COS, (-1e22,)),
        (Primitive.TAN, (1e300,)),
        (Primitive.ASIN, (1.0000000000000002,)),
        (Primitive.ACOS, (-2.0,)),
        (Primitive.POW, (0.0, -1.0)),
        (Primitive.POW, (-8.0, 1 / 3)),
        (Primitive.POW, (10.0, 400.0)),
        (Primitive.HAVERSINE, (90.1, 0.0, 0.0, 0.0)),
        (Primitive.HAVERSINE, (0.0, 0.0, 0.0, -361.0)),
    ],
)
def test_what_is_out_of_range_is_null(primitive: Primitive, given: tuple[float, ...]) -> None:
    assert FUNCTIONS[primitive](*given) is None


@pytest.mark.parametrize("primitive", FUNCTIONS, ids=str)
def test_an_infinity_and_nan_are_out_of_every_range(primitive: Primitive) -> None:
    function = FUNCTIONS[primitive]
    count = function.__code__.co_argcount
    for wrong in (math.inf, -math.inf, math.nan):
        for place in range(count):
            given = [0.5] * count
            given[place] = wrong
            assert function(*given) is None


def test_a_step_by_one_degree_is_the_same_everywhere_on_the_equator_and_over_the_date_line() -> (
    None
):
    expected = FUNCTIONS[Primitive.HAVERSINE](0.0, 0.0, 0.0, 1.0)
    assert expected == pytest.approx(111.19508, abs=1e-5)
    assert {
        FUNCTIONS[Primitive.HAVERSINE](0.0, float(k), 0.0, k + 1.0) for k in range(-180, 180)
    } == {expected}
    assert FUNCTIONS[Primitive.HAVERSINE](0.0, 179.5, 0.0, -179.5) == expected
