"""Versions that are written into Python source."""

from __future__ import annotations

import ast

import pytest

from skewless.cli.written_version import with_version
from skewless.definitions.version import Version

ONE, MINOR, TWO = Version(1), Version(1, 1), Version(2)


@pytest.mark.parametrize(
    ("source", "before", "after", "expected"),
    [
        ('v = FeatureView("v", entity=e)', ONE, TWO, 'v = FeatureView("v", version=2, entity=e)'),
        ('v = FeatureView("v")', ONE, MINOR, 'v = FeatureView("v", version="1.1")'),
        (
            'v = sk.FeatureView(\n    "v",\n    entity=e,\n)\n',
            ONE,
            MINOR,
            'v = sk.FeatureView(\n    "v",\n    version="1.1",\n    entity=e,\n)\n',
        ),
        (
            'v = FeatureView("v", version="1.1.0",  # why\n entity=e)',
            MINOR,
            TWO,
            'v = FeatureView("v", version=2,  # why\n entity=e)',
        ),
        (
            "# größe\nv = FeatureService(features=[a], name='v')  # ü",
            ONE,
            TWO,
            "# größe\nv = FeatureService(features=[a], name='v', version=2)  # ü",
        ),
        (
            "@on_demand_view(features={})\ndef v(x):\n    return {}\n",
            ONE,
            TWO,
            "@on_demand_view(version=2, features={})\ndef v(x):\n    return {}\n",
        ),
        (
            "@on_demand_view(\n    features={},\n)\ndef v(x):\n    return {}\n",
            ONE,
            TWO,
            "@on_demand_view(\n    version=2,\n    features={},\n)\ndef v(x):\n    return {}\n",
        ),
        (
            'a = FeatureView("v", version=1)\r\nb = FeatureView("v", version=2)\r\n',
            TWO,
            Version(3),
            'a = FeatureView("v", version=1)\r\nb = FeatureView("v", version=3)\r\n',
        ),
    ],
)
def test_a_version_is_written_and_the_rest_stays(
    source: str, before: Version, after: Version, expected: str
) -> None:
    found = with_version(source, "v", before, after)
    assert found == expected
    ast.parse(found or "")


@pytest.mark.parametrize(
    "source",
    [
        "",
        'v = FeatureView("other")',
        "v = FeatureView(NAME)",
        'v = FeatureView("v", version=VERSION)',
        'v = FeatureView("v", version=2)',
        'v = Source("v")',
        'a = FeatureView("v")\nb = FeatureView("v")',
    ],
)
def test_what_is_not_one_literal_call_is_left_to_the_user(source: str) -> None:
    assert with_version(source, "v", ONE, TWO) is None
