"""A deployment: a stack's resources become what its template says, or stay as they were.

Each step that changes something comes with its undo. If a step fails, the steps before it are
undone from the last to the first. If all succeed, resources that the template no longer has are
deleted.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from botocore.exceptions import ClientError

from localaws.deploy.cloudformation import schema, tags
from localaws.deploy.cloudformation.failure import ResourceError, is_absent
from localaws.deploy.cloudformation.resource import Resource, ResourceType
from localaws.deploy.cloudformation.services import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localaws.deploy.cloudformation.scope import Scope

_KEPT = frozenset({"Retain", "RetainExceptOnCreate", "Snapshot"})


class Journal(Protocol):
    """The listener of what happens to each resource."""

    def resource(self, resource: Resource, status: str, reason: str | None = None) -> None:
        """A resource's event."""


class FailedError(Exception):
    """A resource failed; everything before it is still in place."""


@dataclass(slots=True, kw_only=True)
class Deployment:
    """One run over the resources of a stack.

    `scope.resources` holds what exists; `imports` are physical ids to adopt, by logical id; `left`
    is what could not be deleted or restored.
    """

    scope: Scope
    before: Mapping[str, Resource]
    imports: Mapping[str, str]
    journal: Journal
    undo: list[Callable[[], None]] = field(default_factory=list)
    replaced: list[Resource] = field(default_factory=list)
    left: list[Resource] = field(default_factory=list)

    def run(self) -> None:
        """Create, change and replace, each resource after those it needs.

        Raises:
            FailedError: One failed; the caller decides whether to `roll_back`.
        """
        for logical_id in self.scope.template.order(self.scope.wanted()):
            before = self.before.get(logical_id)
            resource = self._shell(logical_id)
            try:
                properties = resolved_properties(self.scope, logical_id)
                resource = replace(resource, properties=properties)
                self.scope.resources[logical_id] = self._made(resource, before)
            except Exception as error:  # whatever goes wrong, the stack must roll back
                verb = "CREATE" if before is None else "UPDATE"
                known = resource.at(before.physical_id if before else "")
                self.journal.resource(known, f"{verb}_FAILED", reason(error))
                raise FailedError(logical_id) from error

    def clean_up(self) -> None:
        """Delete what was replaced and what the template no longer has.

        As on AWS a failure here is an event, and the resource is left behind.
        """
        wanted = self.scope.wanted()
        removed = [it for name, it in self.before.items() if name not in wanted]
        for resource in self.replaced:
            self._discard(resource, resource.update_replace_policy)
        for resource in dependents_first(removed):
            self._discard(resource, resource.deletion_policy)

    def roll_back(self) -> None:
        """Undo every step; what cannot be undone is `left`, and the others go on."""
        while self.undo:
            self.undo.pop()()

    def _shell(self, logical_id: str) -> Resource:
        declared = self.scope.template.resources[logical_id]
        return Resource(
            logical_id=logical_id,
            type_name=declared.type_name,
            properties={},
            place=self.scope.place,
            deletion_policy=declared.deletion_policy,
            update_replace_policy=declared.update_replace_policy,
            needs=declared.needs & frozenset(self.scope.template.resources),
        )

    def _made(self, resource: Resource, before: Resource | None) -> Resource:
        kind = provided(resource)
        if before is None:
            adopted = self.imports.get(resource.logical_id)
            if adopted is not None:
                return self._imported(kind, resource.at(adopted))
            return self._created(kind, resource)
        if before.type_name != resource.type_name:
            raise ResourceError(
                "Update of resource type is not permitted. The new template modifies resource type "
                f"of the following resources: [{resource.logical_id}]"
            )
        here = replace(resource, physical_id=before.physical_id, attributes=before.attributes)
        if before.properties == resource.properties:
            return here
        if schema.replacing(resource.type_name, before.properties, resource.properties):
            return self._replacement(kind, resource, before)
        return self._updated(kind, here, before)

    def _created(self, kind: ResourceType, resource: Resource) -> Resource:
        self.journal.resource(resource, "CREATE_IN_PROGRESS")
        kind.refuse_ignored(resource)
        found = _found(kind, resource)
        if found is not None:
            raise ResourceError.already_exists(kind.name, found)
        made = resource.at(kind.create(resource))
        self.undo.append(lambda: self._uncreate(made))
        kind.configure(made)
        return self._complete(kind, made, "CREATE_COMPLETE")

    def _imported(self, kind: ResourceType, resource: Resource) -> Resource:
        """Adopt a resource as it is: AWS changes nothing of it until the template changes."""
        self.journal.resource(resource, "IMPORT_IN_PROGRESS")
        kind.refuse_ignored(resource)
        if _found(kind, resource) is None:
            raise ResourceError(f"Resource {resource.physical_id} to import does not exist")
        return self._complete(kind, resource, "IMPORT_COMPLETE")

    def _updated(self, kind: ResourceType, resource: Resource, before: Resource) -> Resource:
        self.journal.resource(resource, "UPDATE_IN_PROGRESS")
        kind.refuse_ignored(resource)
        self.undo.append(lambda: self._restore(kind, before, resource))
        kind.update(resource, before)
        return self._complete(kind, resource, "UPDATE_COMPLETE")

    def _replacement(self, kind: ResourceType, resource: Resource, before: Resource) -> Resource:
        self.journal.resource(
            before,
            "UPDATE_IN_PROGRESS",
            "Requested update requires the creation of a new physical resource; "
            "hence creating one.",
        )
        kind.refuse_ignored(resource)
        if _found(kind, resource) == before.physical_id:
            raise ResourceError(
                "CloudFormation cannot update a stack when a custom-named resource requires "
                f"replacing. Rename {before.physical_id} and update the stack again."
            )
        made = self._created(kind, resource)
        self.replaced.append(before)
        return made

    def _complete(self, kind: ResourceType, resource: Resource, status: str) -> Resource:
        complete = replace(resource, attributes=dict(kind.attributes(resource)))
        self.journal.resource(complete, status)
        return complete

    def _uncreate(self, resource: Resource) -> None:
        self.scope.resources.pop(resource.logical_id, None)
        # Unlike RetainExceptOnCreate, Retain keeps what a failed stack has made.
        kept = resource.deletion_policy in {"Retain", "Snapshot"}
        self._discard(resource, "Retain" if kept else "Delete")

    def _restore(self, kind: ResourceType, before: Resource, failed: Resource) -> None:
        self.journal.resource(before, "UPDATE_IN_PROGRESS")
        try:
            kind.update(before, failed)
        except Exception as error:  # noqa: BLE001 one that cannot be restored must not stop others
            self.journal.resource(before, "UPDATE_FAILED", reason(error))
            self.left.append(before)
        else:
            self.journal.resource(before, "UPDATE_COMPLETE")

    def _discard(self, resource: Resource, policy: str) -> None:
        try:
            delete(replace(resource, deletion_policy=policy), self.journal)
        except FailedError:
            self.left.append(resource)


def resolved_properties(scope: Scope, logical_id: str) -> dict[str, Any]:
    """A resource's properties, resolved and checked, with the stack's tags."""
    declared = scope.template.resources[logical_id]
    resolved = scope.resolve(dict(declared.properties))
    tagged = tags.with_stack_tags(declared.type_name, resolved, scope.place.tags)
    return schema.checked(declared.type_name, tagged)


def delete(resource: Resource, journal: Journal) -> None:
    """Delete a resource, or leave it if its policy says so.

    Raises:
        FailedError: It is still there.
    """
    if resource.deletion_policy in _KEPT:
        journal.resource(resource, "DELETE_SKIPPED")
        return
    journal.resource(resource, "DELETE_IN_PROGRESS")
    try:
        provided(resource).delete(resource)
    except Exception as error:  # whatever goes wrong, the resource was not deleted
        if not is_absent(error):
            journal.resource(resource, "DELETE_FAILED", reason(error))
            raise FailedError(resource.logical_id) from error
    journal.resource(resource, "DELETE_COMPLETE")


def dependents_first(resources: Iterable[Resource]) -> list[Resource]:
    """The resources, each before those it needs: the order in which they can be deleted."""
    left = {resource.logical_id: resource for resource in resources}
    ordered = []
    while left:
        needed = {need for it in left.values() for need in it.needs if need != it.logical_id}
        free = [name for name in reversed(left) if name not in needed] or list(left)
        ordered += [left.pop(name) for name in free]
    return ordered


def provided(resource: Resource) -> ResourceType:
    """The type of a resource.

    Raises:
        ResourceError: AWS has the type, and this local AWS does not.
    """
    kind = TYPES.get(resource.type_name)
    if kind is None:
        raise ResourceError(
            f"Resource type {resource.type_name} of {resource.logical_id} is not provided by the "
            "local AWS"
        )
    return kind


def reason(error: BaseException) -> str:
    """An event's reason: a service's words as AWS quotes them."""
    if isinstance(error, ClientError):
        said: Any = error.response.get("Error", {})
        return (
            f'Resource handler returned message: "{said.get("Message")}" '
            f"(HandlerErrorCode: {said.get('Code')})"
        )
    return str(error) or type(error).__name__


def _found(kind: ResourceType, resource: Resource) -> str | None:
    try:
        return kind.find(resource)
    except ClientError as error:
        if is_absent(error):
            return None
        raise
