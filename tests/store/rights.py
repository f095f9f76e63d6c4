"""Sessions that may do what a role of the product may, on a store of the local AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.models import DEFAULT_ACCOUNT_ID

from cdk.access import statements
from localaws.core.session import REGION
from skewless.store_names import StoreNames

if TYPE_CHECKING:
    from cdk.permissions import Role
    from localaws import LocalAws
    from localaws.core.session import LocalSession
    from skewless import FeatureStore
    from skewless.aws import Resources


@dataclass(frozen=True, kw_only=True)
class NamesOf(StoreNames):
    """Names of a store that the local AWS made: not all are those of a stack."""

    made: Resources

    @property
    def resources(self) -> Resources:
        return self.made


def session_as(
    local: LocalAws,
    role: Role,
    store: FeatureStore,
    *,
    sources: tuple[str, ...] | None = None,
    leading_keys: list[str] | None = None,
) -> LocalSession:
    """A session with the statements that a stack would give to the role."""
    made = store.resources
    names = NamesOf(
        made=made, store=made.store, account=DEFAULT_ACCOUNT_ID, region=REGION, partition="aws"
    )
    found = statements(role, names, sources, leading_keys)
    return local.as_policy(*(_document(one) for one in found))


def _document(statement: dict[str, Any]) -> dict[str, Any]:
    limited = {"Condition": statement["conditions"]} if "conditions" in statement else {}
    return {
        "Effect": "Allow",
        "Action": statement["actions"],
        "Resource": statement["resource_arns"],
        **limited,
    }
