"""Policy documents, read into statements."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localaws.deploy.iam import pattern
from localaws.deploy.iam.condition import Condition, PolicyError
from localaws.deploy.iam.permission import UNKNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from localaws.deploy.iam.permission import Context

_KNOWN = frozenset(
    {
        "Sid",
        "Effect",
        "Action",
        "NotAction",
        "Resource",
        "NotResource",
        "Condition",
        "Principal",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """One statement; what the document leaves out is None."""

    is_deny: bool
    actions: tuple[str, ...] | None = None
    not_actions: tuple[str, ...] | None = None
    resources: tuple[str, ...] | None = None
    not_resources: tuple[str, ...] | None = None
    conditions: tuple[Condition, ...] = ()
    principals: tuple[tuple[str, str], ...] = ()
    """Of a trust policy: kinds and values, such as ("AWS", an ARN)."""

    def concerns(self, action: str, resource: str, context: Context) -> bool:
        """Whether the statement speaks of a request.

        Raises:
            PolicyError: a condition cannot be evaluated.
        """
        return (
            self.names(action)
            and self._covers(resource, context)
            and all(condition.holds(context) for condition in self.conditions)
        )

    def names(self, action: str) -> bool:
        """Whether it names the action."""
        if self.actions is not None:
            return any(pattern.matches_action(one, action) for one in self.actions)
        return not any(pattern.matches_action(one, action) for one in self.not_actions or ())

    def _covers(self, resource: str, context: Context) -> bool:
        if resource == UNKNOWN:
            # Its ARN is not known here: what may cover it allows, only what must cover it denies.
            return not self.is_deny or self.resources == ("*",)
        if self.resources is not None:
            return _any_matches(self.resources, resource, context)
        return not _any_matches(self.not_resources or (), resource, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A document's statements."""

    name: str
    statements: tuple[Statement, ...]

    @classmethod
    def parse(cls, document: str | Mapping[str, Any], name: str = "policy") -> Policy:
        """Read a document.

        Raises:
            PolicyError: it has what the local AWS cannot evaluate.
        """
        text = document if isinstance(document, str) else json.dumps(document)
        return _parsed(text, name)

    @property
    def actions(self) -> frozenset[str]:
        """The actions that it allows, as written."""
        return frozenset(
            action
            for statement in self.statements
            if not statement.is_deny
            for action in statement.actions or ()
        )


def granted_actions(*documents: str | Mapping[str, Any]) -> frozenset[str]:
    """The actions that policy documents allow, as written: wildcards stay wildcards.

    Raises:
        PolicyError: a document allows by NotAction, which names no actions.
    """
    policies = [Policy.parse(document) for document in documents]
    for statement in (one for policy in policies for one in policy.statements):
        if not statement.is_deny and statement.actions is None:
            raise PolicyError(
                "a statement allows by NotAction: what it grants is not a set of actions; name the "
                "actions it allows"
            )
    return frozenset(action for policy in policies for action in policy.actions)


@functools.lru_cache(maxsize=1024)
def _parsed(text: str, name: str) -> Policy:
    try:
        statements = _listed(json.loads(text)["Statement"])
        return Policy(name=name, statements=tuple(_statement(one) for one in statements))
    except PolicyError as error:
        raise PolicyError(f"policy {name!r}: {error}") from error
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyError(f"policy {name!r} is not a policy document: {error!r}") from error


def _statement(document: Mapping[str, Any]) -> Statement:
    if unknown := set(document) - _KNOWN:
        raise PolicyError(f"the local AWS does not know {', '.join(sorted(unknown))}")
    if document["Effect"] not in {"Allow", "Deny"}:
        raise PolicyError(f"Effect is {document['Effect']!r}; it is 'Allow' or 'Deny'")
    return Statement(
        is_deny=document["Effect"] == "Deny",
        actions=_texts(document, "Action"),
        not_actions=_texts(document, "NotAction"),
        resources=_texts(document, "Resource"),
        not_resources=_texts(document, "NotResource"),
        conditions=tuple(
            Condition(operator=operator, key=key, values=tuple(_text(v) for v in _listed(values)))
            for operator, keys in document.get("Condition", {}).items()
            for key, values in keys.items()
        ),
        principals=tuple(_principals(document.get("Principal", {}))),
    )


def _principals(document: Any) -> Iterable[tuple[str, str]]:
    if isinstance(document, str):
        return [("AWS", document)]
    return [(kind, value) for kind, values in document.items() for value in _listed(values)]


def _texts(document: Mapping[str, Any], name: str) -> tuple[str, ...] | None:
    return tuple(map(_text, _listed(document[name]))) if name in document else None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> str:
    """JSON's true and 5 are the texts "true" and "5" in a policy."""
    return value if isinstance(value, str) else json.dumps(value)


def _any_matches(patterns: Iterable[str], resource: str, context: Context) -> bool:
    for one in patterns:
        wanted = pattern.filled(one, context)
        if wanted is not None and pattern.matches_arn(wanted, resource):
            return True
    return False
