"""A resource of a stack, and the protocol of a resource type.

A type knows one AWS service and nothing of stacks: the deployment decides what is created,
changed, replaced or deleted, and in which order.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from localaws.deploy.cloudformation.failure import ResourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_SUFFIX = 12


def _suffix() -> str:
    return uuid.uuid4().hex[:_SUFFIX]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a stack lives, and how its services are reached."""

    account: str
    region: str
    partition: str
    stack_name: str
    stack_id: str
    client: Callable[[str], Any]
    tags: Mapping[str, str]

    def arn(self, service: str, resource: str) -> str:
        """The ARN of something of this account and region."""
        return f"arn:{self.partition}:{service}:{self.region}:{self.account}:{resource}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A resource with its properties resolved; its physical id is empty until it exists."""

    logical_id: str
    type_name: str
    properties: Mapping[str, Any]
    place: Place
    physical_id: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    deletion_policy: str = "Delete"
    update_replace_policy: str = "Delete"
    needs: frozenset[str] = frozenset()
    suffix: str = field(default_factory=_suffix, compare=False)

    def named(self, name_property: str, limit: int = 64) -> str:
        """The name the template gives, or one like CloudFormation's own."""
        given: str | None = self.properties.get(name_property)
        if given:
            return given
        stem = f"{self.place.stack_name}-{self.logical_id}"[: limit - _SUFFIX - 1]
        return f"{stem}-{self.suffix}"

    def client(self, service: str) -> Any:
        """The service's client on this server."""
        return self.place.client(service)

    def at(self, physical_id: str) -> Resource:
        """The same resource, now that it exists."""
        return replace(self, physical_id=physical_id)

    def given(self, *names: str) -> dict[str, Any]:
        """Those of the named properties that the template states."""
        return {name: self.properties[name] for name in names if name in self.properties}


class ResourceType:
    """A resource type: a few calls of its service's API.

    `create` makes the bare resource by one call that either makes it or does not; `configure` sets
    whatever can be set again, after creation and at updates. So a failure in the middle leaves a
    resource whose id is known and which can be deleted.
    """

    name: ClassVar[str]
    # The properties that take effect. Others are refused, because ignoring one would be a lie.
    properties: ClassVar[frozenset[str]]

    def create(self, resource: Resource) -> str:
        """Make the resource; its physical id."""
        raise NotImplementedError

    def configure(self, resource: Resource) -> None:
        """Set what can be changed in place; called with the physical id known."""

    def update(self, resource: Resource, before: Resource) -> None:  # noqa: ARG002 for those that need it
        """Change the resource in place."""
        self.configure(resource)

    def delete(self, resource: Resource) -> None:
        """Delete the resource; one that is gone already may raise the service's error."""
        raise NotImplementedError

    def find(self, resource: Resource) -> str | None:  # noqa: ARG002 for those that can be found
        """The physical id of the resource by its name, if there is one; may raise as `delete`."""
        return None

    def attributes(self, resource: Resource) -> Mapping[str, Any]:  # noqa: ARG002 most have none
        """What Fn::GetAtt gives, asked of the service."""
        return {}

    def refuse_ignored(self, resource: Resource) -> None:
        """Fail for properties that AWS has but that would take no effect here."""
        ignored = sorted(set(resource.properties) - self.properties)
        if ignored:
            raise ResourceError(
                f"The local AWS does not provide {', '.join(ignored)} of {self.name}"
            )
