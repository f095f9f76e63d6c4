"""The stores that cdk.json names, checked before anything is rendered.

    "skewless:stores": {"dev": {"environment": "development"}, "prod": {"account": "...", ...}}

Every store is two stacks, or three with a catalog; several stores live side by side in one account.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from cdk.catalog_settings import CatalogSettings, catalog_problems
from skewless.errors import InputError
from skewless.store_names import store_name_problems

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from constructs import Node

STORES = "skewless:stores"
# Pythons that Lambda runs on arm64 and that AWS's pandas layer supports
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_ACCOUNT = re.compile(r"\d{12}")
_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_KEY_ARN = re.compile(r"arn:[a-z-]+:kms:[a-z0-9-]+:\d{12}:key/.+")
_TOPIC_ARN = re.compile(r"arn:[a-z-]+:sns:[a-z0-9-]+:\d{12}:.+")


class SettingsError(InputError):
    """The settings in cdk.json are wrong.

    Attributes:
        problems: one sentence for each thing that is wrong.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__(f"the context key {STORES!r} is wrong:\n  " + "\n  ".join(problems))


def synthesizing_python() -> str:
    """Return the Python that runs this, if Lambda has it; the newest that Lambda has if not.

    Then the tested version is the one that runs, and the packages' bytecode fits.
    """
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return version if version in PYTHONS else PYTHONS[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """One store.

    Attributes:
        store: its name.
        environment: what it is for, as cost reports show it; the store's name by default.
        account: where it goes; the account of the credentials if None.
        region: likewise.
        encryption_key: ARN of a customer-managed KMS key; needs `region`.
        alarm_topic: ARN of an SNS topic that hears of alarms.
        reader_accounts: other accounts whose functions may read feature values.
        writes_per_second: the most that a cut writes to the online table in a second.
        scan_limit_gb: the most that one query may read of the log.
        python: the functions' Python; by default the one that synthesizes, if Lambda has it.
        catalog: where its catalog is published; nowhere if None.
        is_disposable: one of the two keys that let data be destroyed; see `cdk.retention`.
    """

    store: str
    environment: str = ""
    account: str | None = None
    region: str | None = None
    encryption_key: str | None = None
    alarm_topic: str | None = None
    reader_accounts: tuple[str, ...] = ()
    writes_per_second: int = 1_000
    scan_limit_gb: int = 1_000
    python: str = ""
    catalog: CatalogSettings | None = None
    is_disposable: bool = False

    def __post_init__(self) -> None:
        """Fill in what follows from the rest, and from the credentials of `cdk`.

        CloudFormation adopts a bucket only if the template states its name, which holds account and
        region. Without credentials both are unknown: the name is then computed at deployment, which
        works for everything but adopting.
        """
        account, region = (os.environ.get(f"CDK_DEFAULT_{name}") for name in ("ACCOUNT", "REGION"))
        # The command line has a region even if it knows no account.
        if account and region:
            object.__setattr__(self, "account", self.account or account)
            object.__setattr__(self, "region", self.region or region)
        object.__setattr__(self, "environment", self.environment or self.store)
        object.__setattr__(self, "python", self.python or synthesizing_python())


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """All stores that the app deploys, in the order of cdk.json."""

    stores: tuple[StoreSettings, ...]

    @classmethod
    def from_context(cls, node: Node) -> Settings:
        """Read the settings of an app.

        Raises:
            SettingsError: with everything that is wrong with them.
        """
        return cls.parse(_read(node.try_get_context(STORES)))

    @classmethod
    def parse(cls, context: object) -> Settings:
        """Check and read what the context holds.

        Raises:
            SettingsError: with everything that is wrong with it.
        """
        if not isinstance(context, dict) or not context:
            example = '{"dev": {}}'
            wanted = f"it must map the names of stores to their settings, for example {example}"
            raise SettingsError((f"{wanted}, not {context!r}",))
        problems = tuple(
            f"store {name!r}: {problem}"
            for name, given in context.items()
            for problem in _problems(name, given)
        )
        if problems:
            raise SettingsError(problems)
        return cls(
            stores=tuple(
                StoreSettings(store=name, **_frozen(given)) for name, given in context.items()
            )
        )


def _frozen(given: Mapping[str, Any]) -> dict[str, Any]:
    found = {**given}
    if "reader_accounts" in given:
        found["reader_accounts"] = tuple(given["reader_accounts"])
    if given.get("catalog") is not None:
        found["catalog"] = CatalogSettings.parse(given["catalog"])
    return found


def _read(context: object) -> object:
    """Read JSON where it is text, as `-c` on the command line gives it."""
    if not isinstance(context, str):
        return context
    try:
        return json.loads(context)
    except json.JSONDecodeError:
        return context


def _problems(name: object, given: object) -> Iterator[str]:
    yield from store_name_problems(name)
    if not isinstance(given, dict):
        yield f"its settings must be an object, not {given!r}"
        return
    known = [field.name for field in fields(StoreSettings) if field.name != "store"]
    for unknown in given.keys() - set(known):
        yield f"there is no setting {unknown!r}; there are {', '.join(known)}"
    yield from _text_problems(given)
    yield from _number_problems(given)
    if given.get("catalog") is not None:
        yield from catalog_problems(given["catalog"])
    accounts = given.get("reader_accounts", [])
    if not isinstance(accounts, list) or not all(_matches(_ACCOUNT, each) for each in accounts):
        yield f"reader_accounts must be a list of 12-digit account ids in quotes, not {accounts!r}"
    if not isinstance(given.get("is_disposable", False), bool):
        yield f"is_disposable must be true or false, not {given['is_disposable']!r}"
    if given.get("encryption_key") is not None and given.get("region") is None:
        yield (
            "encryption_key needs region as well: DynamoDB's table names the key of each replica, "
            "so the stack must know where it goes"
        )


def _text_problems(given: Mapping[str, Any]) -> Iterator[str]:
    patterns = {
        "account": (_ACCOUNT, "a 12-digit account id in quotes"),
        "region": (_REGION, "a region such as 'eu-central-1'"),
        "encryption_key": (_KEY_ARN, "the ARN of a KMS key"),
        "alarm_topic": (_TOPIC_ARN, "the ARN of an SNS topic"),
        "environment": (re.compile(r"[\w .:/=+@-]{1,256}"), "what a tag may hold"),
    }
    for name, (pattern, wanted) in patterns.items():
        if given.get(name) is not None and not _matches(pattern, given[name]):
            yield f"{name} must be {wanted}, not {given[name]!r}"
    if given.get("python") is not None and given["python"] not in PYTHONS:
        yield f"python must be one of {', '.join(PYTHONS)}, not {given['python']!r}"


def _number_problems(given: Mapping[str, Any]) -> Iterator[str]:
    for name in ("writes_per_second", "scan_limit_gb"):
        value = given.get(name, 1)
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            yield f"{name} must be a whole number of at least 1, not {value!r}"


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
