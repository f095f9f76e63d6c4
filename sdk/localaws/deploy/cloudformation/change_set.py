"""A change set: what a template would do to a stack, computed before anything is done."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from moto.core.utils import utcnow

from localaws.deploy.cloudformation import schema
from localaws.deploy.cloudformation.deployment import provided, resolved_properties
from localaws.deploy.cloudformation.failure import ResourceError, UnresolvedError, is_absent
from localaws.deploy.cloudformation.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from localaws.deploy.cloudformation.scope import Scope
    from localaws.deploy.cloudformation.stack import Stack
    from localaws.deploy.cloudformation.template import Declared, Template

NO_CHANGES = (
    "The submitted information didn't contain changes. "
    "Submit different information to create a change set."
)
_RETAINING = frozenset({"Retain", "RetainExceptOnCreate"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would happen to one resource."""

    action: str
    logical_id: str
    type_name: str
    physical_id: str
    replacement: str | None = None
    changed: tuple[str, ...] = ()
    replacing: tuple[str, ...] = ()

    def described(self) -> dict[str, Any]:
        """The change as DescribeChangeSet lists it."""
        described: dict[str, Any] = {
            "Action": self.action,
            "LogicalResourceId": self.logical_id,
            "PhysicalResourceId": self.physical_id or None,
            "ResourceType": self.type_name,
            "Scope": ["Properties"] if self.changed else [],
            "Details": [
                {
                    "Target": {
                        "Attribute": "Properties",
                        "Name": name,
                        "RequiresRecreation": "Always" if name in self.replacing else "Never",
                    },
                    "Evaluation": "Static",
                    "ChangeSource": "DirectModification",
                }
                for name in self.changed
            ],
        }
        if self.replacement:
            described["Replacement"] = self.replacement
        return described


@dataclass(slots=True, kw_only=True)
class ChangeSet:
    """A change set of one stack; its status says whether it can be executed."""

    change_set_id: str
    name: str
    kind: str
    stack: Stack
    template: Template
    parameters: Mapping[str, str]
    tags: Mapping[str, str]
    description: str | None
    changes: tuple[Change, ...] = ()
    status: str = "CREATE_COMPLETE"
    status_reason: str | None = None
    execution_status: str = "AVAILABLE"
    creation_time: datetime = field(default_factory=utcnow)

    @property
    def imports(self) -> dict[str, str]:
        """The physical ids to adopt, by logical id."""
        return {it.logical_id: it.physical_id for it in self.changes if it.action == "Import"}

    def fail(self, reason: str) -> None:
        """Make it one that cannot be executed."""
        self.status = "FAILED"
        self.status_reason = reason
        self.execution_status = "UNAVAILABLE"

    def described(self) -> dict[str, Any]:
        """The change set as DescribeChangeSet tells it."""
        return {
            "ChangeSetName": self.name,
            "ChangeSetId": self.change_set_id,
            "StackId": self.stack.stack_id,
            "StackName": self.stack.name,
            "Description": self.description,
            "Parameters": dict(self.parameters),
            "CreationTime": self.creation_time,
            "ExecutionStatus": self.execution_status,
            "Status": self.status,
            "StatusReason": self.status_reason,
            "Tags": [{"Key": key, "Value": value} for key, value in self.tags.items()],
            "Changes": [change.described() for change in self.changes],
            "IncludeNestedStacks": False,
        }


def changes(scope: Scope, before: Mapping[str, Resource], *, adopt: bool) -> tuple[Change, ...]:
    """What the scope's template would change."""
    wanted = scope.wanted()
    found = [_change(scope, name, before.get(name), adopt=adopt) for name in sorted(wanted)]
    removed = (
        Change(
            action="Remove",
            logical_id=name,
            type_name=it.type_name,
            physical_id=it.physical_id,
        )
        for name, it in before.items()
        if name not in wanted
    )
    return (*(change for change in found if change), *removed)


def unimportable(template: Template, found: tuple[Change, ...]) -> str | None:
    """Why a change set cannot adopt what exists; AWS's own words, which its tools look for."""
    affected = [
        change
        for change in found
        if change.action == "Import"
        and template.resources[change.logical_id].deletion_policy not in _RETAINING
    ]
    if not affected:
        return None
    named = ", ".join(
        f"{it.logical_id} ({{{schema.identifier(it.type_name)[-1]}={it.physical_id}}})"
        for it in affected
    )
    return (
        "CloudFormation is attempting to import some resources because they already exist in your "
        "account. The resources must have the DeletionPolicy attribute set to 'Retain' or "
        "'RetainExceptOnCreate' in the template for successful import. "
        f"The affected resources are {named}"
    )


def _change(scope: Scope, name: str, before: Resource | None, *, adopt: bool) -> Change | None:
    declared = scope.template.resources[name]
    try:
        properties = resolved_properties(scope, name)
    except (UnresolvedError, ResourceError):
        properties = None
    if before is None:
        resource = Resource(
            logical_id=name,
            type_name=declared.type_name,
            properties=properties or {},
            place=scope.place,
        )
        is_found = adopt and properties is not None and _has_static_name(declared)
        existing = _existing(resource) if is_found else None
        return Change(
            action="Import" if existing else "Add",
            logical_id=name,
            type_name=declared.type_name,
            physical_id=existing or "",
        )
    if properties == before.properties:
        return None
    return _modification(before, properties)


def _has_static_name(declared: Declared) -> bool:
    """Whether the template states a resource's whole identifier, with no function in it.

    CloudFormation adopts nothing whose name it would have to compute.
    """
    names = schema.identifier(declared.type_name)
    return bool(names) and all(isinstance(declared.properties.get(name), str) for name in names)


def _modification(before: Resource, properties: Mapping[str, Any] | None) -> Change:
    after = properties or {}
    replacing = schema.replacing(before.type_name, before.properties, after) if properties else []
    keys = sorted({*before.properties, *after}) if properties else ()
    return Change(
        action="Modify",
        logical_id=before.logical_id,
        type_name=before.type_name,
        physical_id=before.physical_id,
        replacement="Conditional" if properties is None else str(bool(replacing)),
        changed=tuple(key for key in keys if before.properties.get(key) != after.get(key)),
        replacing=tuple(replacing),
    )


def _existing(resource: Resource) -> str | None:
    """A resource that has the name the template gives; only its whole identifier will do."""
    names = schema.identifier(resource.type_name)
    if not names or not all(name in resource.properties for name in names):
        return None
    try:
        return provided(resource).find(resource)
    except ResourceError:
        return None
    except ClientError as error:
        if is_absent(error):
            return None
        raise
