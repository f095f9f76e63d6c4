"""A report says one thing, whoever reads it: text that could be read in two ways is refused."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from skewless.erasure.report import verify_report
from skewless.errors import InputError
from tests.ops.builders import ERASED, payment, payments_view

if TYPE_CHECKING:
    from skewless import FeatureStore
    from skewless.erasure.report import Erasure


@pytest.fixture
def report(store: FeatureStore) -> Erasure:
    store.apply(payments_view())
    store.backfill("payments", [payment(-60, card=ERASED)])
    return store.forget("card", ERASED)


def test_a_member_that_is_there_twice_is_refused(store: FeatureStore, report: Erasure) -> None:
    key = store.resources.report_key
    doubled = report.text().replace('"entity":', '"entity": "shop",\n  "entity":', 1)
    with pytest.raises(InputError, match="'entity' twice"):
        verify_report(doubled, key, store.aws)
    within = report.text().replace('"place":', '"place": "all",\n      "place":', 1)
    with pytest.raises(InputError, match="'place' twice"):
        verify_report(within, key, store.aws)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"entity"', '"enti\\u0074y"'),
        ('"count": 1', '"count": 1e0'),
        ('"is_dry_run": false', '"is_dry_run":  false'),
        ('"signature": {', '"note": "\\ud800", "signature": {'),
    ],
)
def test_another_form_of_the_same_is_refused(
    store: FeatureStore, report: Erasure, old: str, new: str
) -> None:
    assert old in report.text()
    with pytest.raises(InputError, match="form in which reports are kept"):
        verify_report(report.text().replace(old, new, 1), store.resources.report_key, store.aws)


def test_a_report_in_one_line_and_one_read_from_it_are_verified(
    store: FeatureStore, report: Erasure
) -> None:
    line = json.dumps(report.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for given in (line, line + "\n", json.loads(line)):
        assert verify_report(given, store.resources.report_key, store.aws)


@pytest.mark.parametrize(
    "signature",
    [{"note": "unsigned"}, {"algorithm": "NONE"}, {"value": "no base64!"}],
    ids=["member", "algorithm", "value"],
)
def test_a_signature_with_anything_beside_it_is_refused(
    store: FeatureStore, report: Erasure, signature: dict[str, Any]
) -> None:
    document = report.document()
    document["signature"] |= signature
    with pytest.raises(InputError, match="signature of"):
        verify_report(document, store.resources.report_key, store.aws)


@pytest.mark.parametrize("text", ["", "[]", "null", "{", '{"signature": {"value": 1}}'])
def test_what_is_no_report_is_refused(store: FeatureStore, text: str) -> None:
    with pytest.raises(InputError):
        verify_report(text, "alias/none", store.aws)
