"""The scope in which a template's functions are resolved.

It knows parameters, mappings, conditions and the resources that exist by now. It asks an `Outside`
about other stacks and services.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from localaws.deploy.cloudformation import dynamic_reference
from localaws.deploy.cloudformation.failure import ResourceError, UnresolvedError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localaws.deploy.cloudformation.resource import Place, Resource
    from localaws.deploy.cloudformation.template import Template

_PLACEHOLDER = re.compile(r"\$\{([^${}]+)\}")
_ABSENT = object()
_ZONES = ("a", "b", "c")


class Outside(Protocol):
    """What other stacks tell."""

    def exported(self, name: str) -> str:
        """The value of an export."""

    def output(self, stack: str, name: str, region: str) -> str:
        """An output of another stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The names a template's functions can use; `resources` grows as resources are made."""

    template: Template
    parameters: Mapping[str, Any]
    place: Place
    outside: Outside
    resources: dict[str, Resource] = field(default_factory=dict)

    def resolve(self, value: Any) -> Any:
        """The value with every function replaced; `AWS::NoValue` takes its key away.

        Raises:
            UnresolvedError: A function names a resource that does not exist yet.
        """
        resolved = self._resolved(value)
        return None if resolved is _ABSENT else resolved

    def holds(self, condition: str) -> bool:
        """Whether a condition of the template is true."""
        conditions = self.template.section("Conditions")
        if condition not in conditions:
            raise ValidationError(f"Template error: unresolved condition dependency {condition}")
        return self.is_true(conditions[condition])

    def has(self, logical_id: str) -> bool:
        """Whether the resource is wanted at all, its condition being true."""
        condition = self.template.resources[logical_id].condition
        return condition is None or self.holds(condition)

    def wanted(self) -> frozenset[str]:
        """The resources whose conditions hold."""
        return frozenset(name for name in self.template.resources if self.has(name))

    def check_rules(self) -> None:
        """Refuse parameters that the template's rules do not allow."""
        for rule in self.template.section("Rules").values():
            applies = self.is_true(rule["RuleCondition"]) if "RuleCondition" in rule else True
            for assertion in rule["Assertions"] if applies else ():
                if not self.is_true(assertion["Assert"]):
                    said = assertion.get("AssertDescription", assertion)
                    raise ValidationError(f"Template validation error: {said}")

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, str):
            return dynamic_reference.replace_in(value, self.place.client)
        if isinstance(value, list):
            items = [self._resolved(item) for item in value]
            return [item for item in items if item is not _ABSENT]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            name, argument = next(iter(value.items()))
            function = _FUNCTIONS.get(name)
            if function is not None:
                return function(self, argument)
            if name.startswith("Fn::"):
                raise ValidationError(f"Template error: {name} is not resolved here")
        pairs = ((key, self._resolved(item)) for key, item in value.items())
        return {key: item for key, item in pairs if item is not _ABSENT}

    def is_true(self, value: Any) -> bool:
        """Whether a condition or a rule's assertion holds."""
        if isinstance(value, dict) and len(value) == 1:
            name, argument = next(iter(value.items()))
            test = _TESTS.get(name)
            if test is not None:
                return test(self, argument)
        resolved = self._resolved(value)
        return resolved is True or str(resolved).lower() == "true"

    def _reference(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return _ABSENT
        if name.startswith("AWS::"):
            return self._pseudo(name)
        if name in self.parameters:
            return self.parameters[name]
        return self._resource(name).physical_id

    def _pseudo(self, name: str) -> Any:
        known: dict[str, Any] = {
            "AWS::AccountId": self.place.account,
            "AWS::Region": self.place.region,
            "AWS::Partition": self.place.partition,
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.place.stack_name,
            "AWS::StackId": self.place.stack_id,
            "AWS::NotificationARNs": [],
        }
        if name not in known:
            raise ValidationError(f"Template error: unknown pseudo parameter {name}")
        return known[name]

    def _resource(self, name: str) -> Resource:
        if name not in self.resources:
            raise UnresolvedError(f"Unresolved resource dependencies [{name}]")
        return self.resources[name]

    def _attribute(self, argument: Any) -> Any:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        resource = self._resource(name)
        path = self._resolved(attribute)
        if path not in resource.attributes:
            raise ResourceError(
                f"Template error: resource {name} ({resource.type_name}) does not support "
                f"attribute type {path} in Fn::GetAtt"
            )
        return resource.attributes[path]

    def _substituted(self, argument: Any) -> str:
        text, given = (argument, {}) if isinstance(argument, str) else argument
        local = {name: self._resolved(value) for name, value in given.items()}

        def replacement(match: re.Match[str]) -> str:
            name = match[1].strip()
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in local:
                return str(local[name])
            return str(self._attribute(name) if "." in name else self._reference(name))

        replaced = _PLACEHOLDER.sub(replacement, text)
        return dynamic_reference.replace_in(replaced, self.place.client)

    def _either(self, argument: Any) -> Any:
        condition, then, otherwise = argument
        return self._resolved(then if self.holds(condition) else otherwise)

    def _joined(self, argument: Any) -> str:
        separator, items = argument
        joined = separator.join(_text(item) for item in self._resolved(items))
        return dynamic_reference.replace_in(joined, self.place.client)

    def _selected(self, argument: Any) -> Any:
        index, items = int(self._resolved(argument[0])), self._resolved(argument[1])
        if not 0 <= index < len(items):
            raise ValidationError(
                f"Template error: Fn::Select cannot select nonexistent value at index {index}"
            )
        return items[index]

    def _split(self, argument: Any) -> list[str]:
        text: str = self._resolved(argument[1])
        return text.split(argument[0])

    def _found_in_map(self, argument: Any) -> Any:
        name, first, second = (self._resolved(part) for part in argument[:3])
        try:
            return self.template.section("Mappings")[name][first][second]
        except KeyError:
            if len(argument) > 3 and "DefaultValue" in argument[3]:  # noqa: PLR2004 its fourth
                return self._resolved(argument[3]["DefaultValue"])
            raise ValidationError(
                f"Template error: Unable to get mapping for {name}::{first}::{second}"
            ) from None

    def _stack_output(self, argument: Any) -> str:
        asked = self._resolved(argument)
        return self.outside.output(
            asked["StackName"], asked["OutputName"], asked.get("Region") or self.place.region
        )

    def _zones(self, argument: Any) -> list[str]:
        region = self._resolved(argument) or self.place.region
        return [region + zone for zone in _ZONES]

    def _contains(self, argument: Any) -> bool:
        items, item = (self._resolved(part) for part in argument)
        return item in items


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


_FUNCTIONS: Mapping[str, Callable[[Scope, Any], Any]] = {
    "Ref": Scope._reference,
    "Fn::GetAtt": Scope._attribute,
    "Fn::Sub": Scope._substituted,
    "Fn::If": Scope._either,
    "Fn::Join": Scope._joined,
    "Fn::Select": Scope._selected,
    "Fn::Split": Scope._split,
    "Fn::FindInMap": Scope._found_in_map,
    "Fn::ImportValue": lambda scope, name: scope.outside.exported(scope._resolved(name)),
    "Fn::GetStackOutput": Scope._stack_output,
    "Fn::GetAZs": Scope._zones,
    "Fn::Base64": lambda scope, text: _encoded(scope._resolved(text)),
    "Fn::ToJsonString": lambda scope, it: json.dumps(scope._resolved(it), separators=(",", ":")),
    "Fn::Length": lambda scope, items: len(scope._resolved(items)),
}
_TESTS: Mapping[str, Callable[[Scope, Any], bool]] = {
    "Fn::Equals": lambda scope, pair: (
        _text(scope.resolve(pair[0])) == _text(scope.resolve(pair[1]))
    ),
    "Fn::Not": lambda scope, tests: not scope.is_true(tests[0]),
    "Fn::And": lambda scope, tests: all(scope.is_true(test) for test in tests),
    "Fn::Or": lambda scope, tests: any(scope.is_true(test) for test in tests),
    "Fn::Contains": Scope._contains,
    "Condition": lambda scope, name: scope.holds(name),
}
