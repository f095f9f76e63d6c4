"""Outputs of other stacks, and exports, which keep a stack from being deleted while in use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.cloudformation.models import cloudformation_backends

from localaws.deploy.cloudformation.failure import ResourceError
from localaws.deploy.cloudformation.stack import Output, Stack

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localaws.deploy.cloudformation.scope import Scope


@dataclass(slots=True, kw_only=True)
class OtherStacks:
    """The stacks around one, and what it has imported from them."""

    account: str
    region: str
    imported: set[str] = field(default_factory=set)

    def exported(self, name: str) -> str:
        """The value of an export of this region."""
        for stack in self._stacks():
            for export in stack.exports:
                if export.name == name:
                    self.imported.add(name)
                    value: str = export.value
                    return value
        raise ResourceError(f"No export named {name} found.")

    def output(self, stack: str, name: str, region: str) -> str:
        """An output of a stack, which it need not export."""
        for found in self._stacks(region):
            if stack in {found.name, found.stack_id}:
                for output in found.outputs or ():
                    if output["OutputKey"] == name:
                        value: str = output["OutputValue"]
                        return value
        raise ResourceError(f"Stack {stack} of {region} has no output named {name}")

    def outputs(self, stack: Stack, scope: Scope) -> tuple[Output, ...]:
        """A stack's outputs, now that its resources are made.

        Raises:
            ResourceError: An export is another stack's, or in use as it was.
        """
        outputs = tuple(
            Output(
                key=key,
                value=str(scope.resolve(declared["Value"])),
                description=declared.get("Description"),
                export_name=scope.resolve((declared.get("Export") or {}).get("Name")),
            )
            for key, declared in scope.template.section("Outputs").items()
            if "Condition" not in declared or scope.holds(declared["Condition"])
        )
        after = {it.export_name: it.value for it in outputs if it.export_name}
        before = {it.name: it.value for it in stack.exports}
        used = self.in_use(stack, {key for key, it in before.items() if after.get(key) != it})
        if used:
            raise ResourceError(used)
        self._refuse_taken(stack, after)
        return outputs

    def in_use(self, stack: Stack, exports: set[str]) -> str | None:
        """Why the exports cannot go or change: another stack has imported one."""
        for other in self._stacks():
            imported = other.deployed.imported if other.deployed else frozenset()
            for name in sorted(imported & exports):
                return (
                    f"Cannot delete or update export {stack.name}:{name} as it is in use by "
                    f"{other.name}"
                )
        return None

    def _refuse_taken(self, stack: Stack, names: Iterable[str]) -> None:
        for other in self._stacks():
            taken = sorted({export.name for export in other.exports} & set(names))
            if other is not stack and taken:
                raise ResourceError(
                    f"Export with name {taken[0]} is already exported by stack {other.name}. "
                    "Export names must be unique."
                )

    def _stacks(self, region: str | None = None) -> list[Any]:
        return list(cloudformation_backends[self.account][region or self.region].stacks.values())
