"""The names of a store's resources as a stack has them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aws_cdk as cdk

from skewless.store_names import StoreNames

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import Construct

_ACCOUNT = re.compile(r"\d{12}")


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
