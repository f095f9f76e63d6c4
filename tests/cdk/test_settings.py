from __future__ import annotations

import json
import sys

import aws_cdk as cdk
import pytest

from cdk.settings import PYTHONS, Settings, SettingsError, StoreSettings, synthesizing_python
from tests.cdk.apps import ROOT


def problems(context: object) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        Settings.parse(context)
    return caught.value.problems


def test_a_store_needs_nothing_but_a_name() -> None:
    settings = Settings.parse({"dev": {}})

    assert settings.stores == (StoreSettings(store="dev"),)
    assert settings.stores[0].environment == "dev"


def test_several_stores_keep_their_order_and_their_own_settings() -> None:
    settings = Settings.parse({"prod": {"region": "eu-central-1"}, "dev": {"scan_limit_gb": 10}})

    assert [store.store for store in settings.stores] == ["prod", "dev"]
    assert [store.region for store in settings.stores] == ["eu-central-1", None]
    assert [store.scan_limit_gb for store in settings.stores] == [1_000, 10]


def test_what_cdk_json_says_is_right() -> None:
    context = json.loads((ROOT / "cdk.json").read_text())["context"]

    assert Settings.parse(context["skewless:stores"]).stores


def test_all_that_is_wrong_is_said_at_once() -> None:
    found = problems(
        {
            "Dev_1": {"zone": "eu-central-1"},
            "prod": {"account": 123, "python": "3.9", "writes_per_second": 0},
        }
    )

    assert [problem.partition(":")[0] for problem in found] == [
        "store 'Dev_1'",
        "store 'Dev_1'",
        "store 'prod'",
        "store 'prod'",
        "store 'prod'",
    ]
    assert "lower case letters, digits and single hyphens" in found[0]
    assert "there is no setting 'zone'; there are environment, account, region" in found[1]
    assert "account must be a 12-digit account id in quotes, not 123" in found[2]
    assert "python must be one of 3.11, 3.12, 3.13, 3.14, not '3.9'" in found[3]
    assert "writes_per_second must be a whole number of at least 1, not 0" in found[4]


@pytest.mark.parametrize("context", [None, {}, [], "dev"])
def test_an_app_without_stores_is_told_how_to_name_one(context: object) -> None:
    (problem,) = problems(context)

    assert problem.startswith("it must map the names of stores to their settings")
    assert '{"dev": {}}' in problem


def test_a_customer_key_without_a_region_is_refused_before_synthesis() -> None:
    key = "arn:aws:kms:eu-central-1:123456789012:key/1"

    (problem,) = problems({"dev": {"encryption_key": key}})

    assert "encryption_key needs region as well" in problem


def test_a_name_that_makes_the_bucket_too_long_is_refused() -> None:
    (problem,) = problems({"a" * 27: {}})

    assert "longer than 26 characters" in problem


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("region", "Europe"),
        ("alarm_topic", "topic"),
        ("reader_accounts", ["1"]),
        ("reader_accounts", "123456789012"),
        ("is_disposable", "yes"),
        ("scan_limit_gb", True),
        ("environment", ""),
    ],
)
def test_a_setting_of_the_wrong_kind_is_named(name: str, value: object) -> None:
    (problem,) = problems({"dev": {name: value}})

    assert problem.startswith(f"store 'dev': {name} must be ")
    assert repr(value) in problem


def test_functions_run_on_the_python_that_synthesizes() -> None:
    running = f"{sys.version_info.major}.{sys.version_info.minor}"

    assert synthesizing_python() == (running if running in PYTHONS else PYTHONS[-1])
    assert Settings.parse({"dev": {}}).stores[0].python == synthesizing_python()


def test_stores_may_be_json_text_as_the_command_line_gives_them() -> None:
    app = cdk.App(context={"skewless:stores": '{"dev": {"writes_per_second": 200}}'})
    (store,) = Settings.from_context(app.node).stores
    assert (store.store, store.writes_per_second) == ("dev", 200)


@pytest.mark.parametrize(
    ("known", "given", "expected"),
    [
        (("111122223333", "eu-west-1"), {}, ("111122223333", "eu-west-1")),
        (("111122223333", "eu-west-1"), {"region": "us-east-2"}, ("111122223333", "us-east-2")),
        (("111122223333", "eu-west-1"), {"account": "4" * 12}, ("4" * 12, "eu-west-1")),
        # A region without an account is the command line's guess.
        (("", "us-east-1"), {}, (None, None)),
        (("", ""), {"region": "us-east-2"}, (None, "us-east-2")),
    ],
)
def test_a_store_goes_where_the_credentials_lead(
    monkeypatch: pytest.MonkeyPatch,
    known: tuple[str, str],
    given: dict[str, str],
    expected: tuple[str | None, str | None],
) -> None:
    for name, value in zip(("ACCOUNT", "REGION"), known, strict=True):
        monkeypatch.setenv(f"CDK_DEFAULT_{name}", value)
    settings = StoreSettings(store="dev", account=given.get("account"), region=given.get("region"))
    assert (settings.account, settings.region) == expected
