"""Versions: how they are written, compared and read."""

from __future__ import annotations

import pytest

from skewless.definitions.version import Version


@pytest.mark.parametrize(
    ("given", "version", "written", "text"),
    [
        (1, Version(1), 1, "1"),
        ("1", Version(1), 1, "1"),
        ("1.0", Version(1), 1, "1"),
        ("1.0.0", Version(1), 1, "1"),
        ("2.1", Version(2, 1), "2.1", "2.1"),
        ("2.1.0", Version(2, 1), "2.1", "2.1"),
        ("2.0.3", Version(2, 0, 3), "2.0.3", "2.0.3"),
        (Version(3, 1, 4), Version(3, 1, 4), "3.1.4", "3.1.4"),
    ],
)
def test_a_version_is_read_and_written_without_zeros_at_its_end(
    given: object, version: Version, written: object, text: str
) -> None:
    found = Version.parse(given)
    assert (found, found.written, str(found)) == (version, written, text)
    assert Version.parse(found.written) == found


@pytest.mark.parametrize(
    "given",
    [0, -1, True, 1.0, None, "", "0", "0.1", "v1", "1.", ".1", "1.2.3.4", "01", "1.02", "1 ", "१"],
)
def test_what_is_no_version_is_refused(given: object) -> None:
    with pytest.raises(ValueError, match="whole numbers from 1"):
        Version.parse(given)


def test_a_major_alone_is_equal_to_its_number() -> None:
    assert Version(2) == 2
    assert hash(Version(2)) == hash(2)
    assert {("delays", 2): "found"}[("delays", Version(2))] == "found"  # type: ignore[index]
    assert Version(2, 1) != 2
    assert Version(2, 0, 1) != Version(2)
    assert Version(1) != "1"


def test_versions_are_ordered_by_their_numbers() -> None:
    given = [Version(10), Version(1, 10), Version(2), Version(1, 2), Version(1), Version(1, 0, 9)]
    assert [str(version) for version in sorted(given)] == ["1", "1.0.9", "1.2", "1.10", "2", "10"]
    assert Version(1, 9) < 2 <= Version(2) < Version(2, 1)
