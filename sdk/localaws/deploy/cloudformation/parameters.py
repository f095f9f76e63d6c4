"""A template's parameters: given, kept from before, by default, or read from Systems Manager."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localaws.deploy.cloudformation import dynamic_reference
from localaws.deploy.cloudformation.failure import ResourceError, ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localaws.deploy.cloudformation.template import Template

_STORED = "AWS::SSM::Parameter::Value<"


def stated(
    template: Template, asked: Iterable[Mapping[str, Any]], before: Mapping[str, str]
) -> dict[str, str]:
    """The text of each parameter, before what it names in Systems Manager is read."""
    declared = template.section("Parameters")
    values = {name: str(it["Default"]) for name, it in declared.items() if "Default" in it}
    for parameter in asked:
        name = parameter["ParameterKey"]
        if name not in declared:
            raise ValidationError(f"Parameters: [{name}] do not exist in the template")
        if parameter.get("UsePreviousValue"):
            if name in before:
                values[name] = before[name]
        else:
            values[name] = parameter["ParameterValue"]
    missing = [name for name in declared if name not in values]
    if missing:
        raise ValidationError(f"Parameters: [{', '.join(missing)}] must have values")
    for name, value in values.items():
        _check(name, value, declared[name])
    return values


def resolved(
    template: Template, values: Mapping[str, str], client: Callable[[str], Any]
) -> dict[str, Any]:
    """What Ref gives for each parameter."""
    declared = template.section("Parameters")
    return {
        name: _resolved(declared[name].get("Type", "String"), value, client)
        for name, value in values.items()
    }


def _resolved(kind: str, value: str, client: Callable[[str], Any]) -> Any:
    if kind.startswith(_STORED):
        kind = kind.removeprefix(_STORED).removesuffix(">")
        try:
            value = dynamic_reference.parameter(value, client)
        except ResourceError as error:
            raise ValidationError(str(error)) from error
    if kind == "CommaDelimitedList" or kind.startswith("List<"):
        return [item.strip() for item in value.split(",")]
    return value


def _check(name: str, value: str, declared: Mapping[str, Any]) -> None:
    allowed = [str(item) for item in declared.get("AllowedValues", ())]
    if allowed and value not in allowed:
        raise ValidationError(f"Parameter '{name}' must be one of AllowedValues")
    pattern = declared.get("AllowedPattern")
    if pattern and not re.fullmatch(pattern, value):
        raise ValidationError(f"Parameter '{name}' must match pattern {pattern}")
