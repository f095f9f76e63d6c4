"""The names of a store's resources as a stack has them, and what a store may be called."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aws_cdk as cdk

from skewless.store_names import StoreNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import Construct

# `skewless-<store>-<account>-<region>` names the bucket, and S3 takes 63 characters.
MAX_STORE_LENGTH = 26
_ACCOUNT = re.compile(r"\d{12}")
_STORE = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def store_name_problems(store: object) -> Iterator[str]:
    """Check the name of a store."""
    if not isinstance(store, str) or not _STORE.fullmatch(store):
        yield (
            f"the store's name {store!r} must be lower case letters, digits and single hyphens, "
            "a letter first"
        )
    elif len(store) > MAX_STORE_LENGTH:
        yield f"the store's name {store!r} is longer than {MAX_STORE_LENGTH} characters"


def account_problems(account: str | None) -> Iterator[str]:
    """Check the id of an account, if one is given."""
    is_literal = account is not None and not cdk.Token.is_unresolved(account)
    if is_literal and not _ACCOUNT.fullmatch(account or ""):
        yield f"the account {account!r} must be an id of 12 digits, in quotes"


def names_of(scope: Construct, store: str, account: str | None = None) -> StoreNames:
    """Return the names of a store in the account, if none is given, and region of a stack.

    All three may be tokens.
    """
    stack = cdk.Stack.of(scope)
    return StoreNames(
        store=store,
        account=account or stack.account,
        region=stack.region,
        partition=stack.partition,
    )
