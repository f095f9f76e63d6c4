"""A template: its text, its resources and what each needs before it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]

from localaws.deploy.cloudformation import schema
from localaws.deploy.cloudformation.failure import ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_REFERENCE = re.compile(r"\$\{([^!${}][^${}]*)\}")
_POLICIES = frozenset({"Delete", "Retain", "RetainExceptOnCreate", "Snapshot"})


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # yaml has no types
    """YAML with CloudFormation's short functions; a date stays the text it was."""


def _function(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    if isinstance(node, yaml.ScalarNode):
        value: Any = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _function)
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """A resource as the template declares it, its functions not yet resolved."""

    logical_id: str
    type_name: str
    properties: Mapping[str, Any]
    condition: str | None
    deletion_policy: str
    update_replace_policy: str
    needs: frozenset[str]

    @classmethod
    def parse(cls, logical_id: str, body: Mapping[str, Any]) -> Declared:
        """Read a resource of a template."""
        if not isinstance(body, dict) or "Type" not in body:
            raise ValidationError(
                f"Template format error: [/Resources/{logical_id}] Every Resources object must "
                "contain a Type member."
            )
        explicit = body.get("DependsOn", ())
        properties = body.get("Properties") or {}
        declared = cls(
            logical_id=logical_id,
            type_name=body["Type"],
            properties=properties,
            condition=body.get("Condition"),
            deletion_policy=body.get("DeletionPolicy", "Delete"),
            update_replace_policy=body.get("UpdateReplacePolicy", "Delete"),
            needs=frozenset(
                {*references(properties), *([explicit] if isinstance(explicit, str) else explicit)}
            ),
        )
        for policy in (declared.deletion_policy, declared.update_replace_policy):
            if policy not in _POLICIES:
                raise ValidationError(
                    f"Template format error: Unrecognized DeletionPolicy or UpdateReplacePolicy "
                    f"{policy} for resource {logical_id}"
                )
        return declared


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A checked template."""

    text: str
    body: Mapping[str, Any]
    resources: Mapping[str, Declared]

    @classmethod
    def parse(cls, text: str) -> Template:
        """Read a template of JSON or YAML, or refuse it as CloudFormation does."""
        body = _parsed(text)
        if not isinstance(body, dict) or not body.get("Resources"):
            raise ValidationError(
                "Template format error: At least one Resources member must be defined."
            )
        if body.get("Transform"):
            raise ValidationError(f"Transforms are not run here: {body['Transform']}")
        template = cls(
            text=text,
            body=body,
            resources={name: Declared.parse(name, it) for name, it in body["Resources"].items()},
        )
        template._check()
        return template

    def order(self, wanted: frozenset[str]) -> list[str]:
        """The wanted resources, each after what it needs."""
        ordered: dict[str, None] = {}
        for name in self.resources:
            self._place(name, wanted, ordered, ())
        return list(ordered)

    def section(self, name: str) -> Mapping[str, Any]:
        """A section such as Outputs; empty if the template has none."""
        found: Mapping[str, Any] = self.body.get(name) or {}
        return found

    def _place(
        self, name: str, wanted: frozenset[str], ordered: dict[str, None], path: tuple[str, ...]
    ) -> None:
        if name in path:
            circle = ", ".join(sorted({*path[path.index(name) :], name}))
            raise ValidationError(f"Circular dependency between resources: [{circle}]")
        if name not in wanted or name in ordered:
            return
        for needed in sorted(self.resources[name].needs & wanted):
            self._place(needed, wanted, ordered, (*path, name))
        ordered[name] = None

    def _check(self) -> None:
        unknown = sorted(
            {
                declared.type_name
                for declared in self.resources.values()
                if not schema.is_known(declared.type_name)
            }
        )
        if unknown:
            raise ValidationError(
                f"Template format error: Unrecognized resource types: [{', '.join(unknown)}]"
            )
        names = {*self.resources, *self.section("Parameters")}
        needed = {need for declared in self.resources.values() for need in declared.needs}
        _refuse_unresolved(needed - names, "Resources")
        _refuse_unresolved(set(references(self.section("Outputs"))) - names, "Outputs")
        self.order(frozenset(self.resources))


def references(value: Any) -> Iterator[str]:
    """The names that a value's functions refer to, without CloudFormation's own (AWS::...)."""
    if isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from (name for name in _named(key, item) if not name.startswith("AWS::"))
            yield from references(item)


def _named(key: str, item: Any) -> Iterator[str]:
    match key, item:
        case "Ref", str():
            yield item
        case "Fn::GetAtt", str():
            yield item.split(".", 1)[0]
        case "Fn::GetAtt", [str() as name, *_]:
            yield name
        case "Fn::Sub", str():
            yield from (name.split(".", 1)[0].strip() for name in _REFERENCE.findall(item))
        case "Fn::Sub", [str() as text, dict() as given]:
            found = (name.split(".", 1)[0].strip() for name in _REFERENCE.findall(text))
            yield from (name for name in found if name not in given)


def _refuse_unresolved(names: set[str], block: str) -> None:
    if names:
        raise ValidationError(
            f"Template format error: Unresolved resource dependencies [{', '.join(sorted(names))}] "
            f"in the {block} block of the template"
        )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 it is a SafeLoader
    except yaml.YAMLError as error:
        raise ValidationError(f"Template format error: {error}") from error
