"""CloudFormation's operations on stacks: change sets, their execution, and deletion.

Each runs to its end before the request is answered; clients that poll find it done.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from moto.cloudformation.utils import generate_changeset_id, generate_stack_id
from moto.core.utils import utcnow

from localaws.deploy.cloudformation import change_set as change_sets
from localaws.deploy.cloudformation import deployment, parameters
from localaws.deploy.cloudformation.change_set import ChangeSet
from localaws.deploy.cloudformation.deployment import Deployment, FailedError
from localaws.deploy.cloudformation.failure import (
    AlreadyExistsError,
    ChangeSetNotFoundError,
    InvalidChangeSetStatusError,
    ResourceError,
    ValidationError,
)
from localaws.deploy.cloudformation.other_stacks import OtherStacks
from localaws.deploy.cloudformation.resource import Place
from localaws.deploy.cloudformation.scope import Scope
from localaws.deploy.cloudformation.stack import Deployed, Output, Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localaws.deploy.cloudformation.resource import Resource
    from localaws.deploy.cloudformation.template import Template

_ONE_AT_A_TIME = threading.RLock()
_DEPLOYABLE = frozenset(
    {"CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "UPDATE_FAILED"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The state that a request asks of a stack."""

    template: Template
    parameters: Iterable[Mapping[str, Any]]
    tags: Mapping[str, str] | None
    description: str | None = None
    adopt: bool = False


class Operations:
    """The operations of one account's CloudFormation in one region."""

    def __init__(self, backend: Any, client: Callable[[str, str], Any]) -> None:
        self._backend = backend
        self._client = client

    def create_change_set(self, stack_name: str, name: str, kind: str, asked: Asked) -> ChangeSet:
        """Compute what would change; a stack that is to be created is there from now on."""
        with _ONE_AT_A_TIME:
            stack = self._stack_to_change(stack_name, kind)
            if any(it.stack is stack and it.name == name for it in self._change_sets()):
                raise AlreadyExistsError(f"ChangeSet {name} of stack {stack.name} already exists")
            before = stack.stack_parameters
            tags = dict(stack.tags) if asked.tags is None else asked.tags
            values = parameters.stated(asked.template, asked.parameters, before)
            made = ChangeSet(
                change_set_id=generate_changeset_id(
                    name, self._backend.region_name, self._backend.account_id
                ),
                name=name,
                kind=kind,
                stack=stack,
                template=asked.template,
                parameters=values,
                tags=tags,
                description=asked.description,
            )
            self._preview(made, adopt=asked.adopt)
            if stack.stack_id not in self._backend.stacks:
                self._backend.stacks[stack.stack_id] = stack
                stack.move_to("REVIEW_IN_PROGRESS", "User Initiated")
            self._backend.change_sets[made.change_set_id] = made
            return made

    def change_set(self, name: str, stack_name: str | None) -> ChangeSet:
        """A change set by its id, or by its name and its stack's."""
        for made in self._change_sets():
            if name == made.change_set_id or (
                name == made.name and stack_name in {made.stack.name, made.stack.stack_id}
            ):
                return made
        raise ChangeSetNotFoundError(f"ChangeSet [{name}] does not exist")

    def execute(self, made: ChangeSet, *, roll_back: bool = True) -> None:
        """Do what a change set says. Whether it succeeded is the stack's status."""
        with _ONE_AT_A_TIME:
            if made.execution_status != "AVAILABLE":
                raise InvalidChangeSetStatusError(
                    f"ChangeSet [{made.change_set_id}] cannot be executed in its current status "
                    f"of [{made.status}]"
                )
            made.execution_status = "EXECUTE_COMPLETE"
            # As on AWS, a stack's change sets are gone once one of them is executed.
            self._forget_change_sets(made.stack)
            self._deploy(made, roll_back=roll_back)

    def delete(self, stack: Stack, retained: Iterable[str] = ()) -> None:
        """Delete a stack; what could not be deleted leaves it in DELETE_FAILED."""
        with _ONE_AT_A_TIME:
            if stack.enable_termination_protection:
                raise ValidationError(
                    f"Stack [{stack.name}] cannot be deleted while TerminationProtection is enabled"
                )
            stack.move_to("DELETE_IN_PROGRESS", "User Initiated")
            used = self._other_stacks().in_use(stack, {export.name for export in stack.exports})
            if used:
                stack.move_to("DELETE_FAILED", used)
                return
            left = _deleted(stack, frozenset(retained))
            if left:
                names = ", ".join(sorted(left))
                stack.move_to(
                    "DELETE_FAILED", f"The following resource(s) failed to delete: [{names}]. "
                )
                return
            self._forget(stack)

    def _change_sets(self) -> list[ChangeSet]:
        return list(self._backend.change_sets.values())

    def _forget_change_sets(self, stack: Stack) -> None:
        for made in self._change_sets():
            if made.stack is stack:
                del self._backend.change_sets[made.change_set_id]

    def _stack_to_change(self, name: str, kind: str) -> Stack:
        found = next((it for it in self._backend.stacks.values() if it.name == name), None)
        if kind == "UPDATE":
            if found is None:
                raise ValidationError(f"Stack [{name}] does not exist")
            if found.status not in _DEPLOYABLE:
                raise ValidationError(
                    f"Stack:{found.stack_id} is in {found.status} state and can not be updated."
                )
            updated: Stack = found
            return updated
        if found is not None and found.status != "REVIEW_IN_PROGRESS":
            raise AlreadyExistsError(
                f"Stack [{name}] already exists and cannot be created again with the changeSet"
            )
        region, account = self._backend.region_name, self._backend.account_id
        return found or Stack(
            stack_id=generate_stack_id(name, region, account),
            name=name,
            account_id=account,
            region_name=region,
        )

    def _preview(self, made: ChangeSet, *, adopt: bool) -> None:
        stack, deployed = made.stack, made.stack.deployed
        scope = self._scope(made)
        scope.resources.update(stack.resources)
        scope.check_rules()
        made.changes = change_sets.changes(scope, stack.resources, adopt=adopt)
        problem = change_sets.unimportable(made.template, made.changes) or self._managed(made)
        if problem:
            made.fail(problem)
        elif deployed and not made.changes and _is_same(deployed, made):
            made.fail(change_sets.NO_CHANGES)

    def _managed(self, made: ChangeSet) -> str | None:
        """Why a resource cannot be adopted: another stack has it."""
        for stack in self._backend.stacks.values():
            owned = {(it.type_name, it.physical_id): stack.name for it in stack.resources.values()}
            for change in made.changes:
                owner = owned.get((change.type_name, change.physical_id))
                if change.action == "Import" and owner:
                    return (
                        f"Resource {change.physical_id} of {change.logical_id} is already managed "
                        f"by stack {owner}"
                    )
        return None

    def _scope(self, made: ChangeSet) -> Scope:
        region, account = self._backend.region_name, self._backend.account_id

        def client(service: str) -> Any:
            return self._client(region, service)

        return Scope(
            template=made.template,
            parameters=parameters.resolved(made.template, made.parameters, client),
            place=Place(
                account=account,
                region=region,
                partition=self._backend.partition,
                stack_name=made.stack.name,
                stack_id=made.stack.stack_id,
                client=client,
                tags=made.tags,
            ),
            outside=self._other_stacks(),
        )

    def _other_stacks(self) -> OtherStacks:
        return OtherStacks(account=self._backend.account_id, region=self._backend.region_name)

    def _deploy(self, made: ChangeSet, *, roll_back: bool) -> None:
        stack, verb = made.stack, made.kind
        stack.move_to(f"{verb}_IN_PROGRESS", "User Initiated")
        stack.last_updated_time = utcnow() if verb == "UPDATE" else None
        run = Deployment(
            scope=self._scope(made), before=stack.resources, imports=made.imports, journal=stack
        )
        try:
            run.run()
            outputs = self._other_stacks().outputs(stack, run.scope)
        except (FailedError, ResourceError) as error:
            why = (
                f"The following resource(s) failed to {verb.lower()}: [{error}]. "
                if isinstance(error, FailedError)
                else str(error)
            )
            self._fail(made, run, why, roll_back=roll_back)
            return
        if verb == "UPDATE":
            stack.move_to("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")
            run.clean_up()
        stack.settle(_outcome(made, run, outputs))
        stack.move_to(f"{verb}_COMPLETE")

    def _fail(self, made: ChangeSet, run: Deployment, why: str, *, roll_back: bool) -> None:
        stack, verb = made.stack, made.kind
        prefix = "" if verb == "CREATE" else "UPDATE_"
        if not roll_back:
            kept = {**stack.resources, **run.scope.resources}
            run.scope.resources.update(kept)
            stack.settle(_outcome(made, run, ()))
            stack.move_to(f"{verb}_FAILED", why)
            return
        stack.move_to(f"{prefix}ROLLBACK_IN_PROGRESS", why)
        run.roll_back()
        if verb == "CREATE":
            run.scope.resources.clear()
            run.scope.resources.update({it.logical_id: it for it in run.left})
            stack.settle(_outcome(made, run, ()))
        stack.move_to(f"{prefix}ROLLBACK_{'FAILED' if run.left else 'COMPLETE'}")

    def _forget(self, stack: Stack) -> None:
        self._forget_change_sets(stack)
        self._backend.stacks.pop(stack.stack_id, None)
        self._backend.deleted_stacks[stack.stack_id] = stack
        stack.move_to("DELETE_COMPLETE")


def _deleted(stack: Stack, retained: frozenset[str]) -> dict[str, Resource]:
    """Delete a stack's resources; those that are still there."""
    left: dict[str, Resource] = {}
    kept: dict[str, Resource] = {}
    for resource in deployment.dependents_first(stack.resources.values()):
        needed = {need for it in left.values() for need in it.needs}
        if resource.logical_id in retained:
            stack.resource(resource, "DELETE_SKIPPED")
        elif resource.logical_id in needed:
            kept[resource.logical_id] = resource
        else:
            try:
                deployment.delete(resource, stack)
            except FailedError:
                left[resource.logical_id] = resource
    if stack.deployed:
        stack.deployed = replace(stack.deployed, resources={**kept, **left})
    return left


def _outcome(made: ChangeSet, run: Deployment, outputs: tuple[Output, ...]) -> Deployed:
    outside = run.scope.outside
    return Deployed(
        template=made.template,
        parameters=made.parameters,
        resolved=run.scope.parameters,
        tags=made.tags,
        resources=dict(run.scope.resources),
        outputs=outputs,
        imported=frozenset(outside.imported) if isinstance(outside, OtherStacks) else frozenset(),
    )


def _is_same(deployed: Deployed, made: ChangeSet) -> bool:
    return (
        deployed.template.body == made.template.body
        and deployed.parameters == made.parameters
        and deployed.tags == made.tags
    )
