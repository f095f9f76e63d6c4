"""The result of an examination: findings, each with its remedy."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Severity(StrEnum):
    """The severity of a finding."""

    OK = "ok"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        severity: ok, warning or error.
        subject: what was looked at, such as `table skewless-prod-online`.
        what: what was found.
        remedy: a command or a setting; empty where nothing is to be done.
    """

    severity: Severity
    subject: str
    what: str
    remedy: str = ""

    def __str__(self) -> str:
        way_out = f" -> {self.remedy}" if self.remedy else ""
        return f"{self.severity.value:<7}  {self.subject}: {self.what}{way_out}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All findings of one examination.

    Attributes:
        store: the store's name.
        findings: in the order of the examination.
    """

    store: str
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings of what does not work, or soon will not."""
        return self._of(Severity.ERROR)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """The findings that need attention, or could not be examined."""
        return self._of(Severity.WARNING)

    @property
    def is_healthy(self) -> bool:
        """Whether there is no error; there may be warnings."""
        return not self.errors

    def document(self) -> dict[str, Any]:
        """Return the diagnosis in JSON's types."""
        found: dict[str, Any] = json.loads(json.dumps(asdict(self)))
        return {"is_healthy": self.is_healthy, **found}

    def __str__(self) -> str:
        """Return the findings, each with its remedy."""
        return "\n".join([repr(self), *(f"  {found}" for found in self.findings)])

    def __repr__(self) -> str:
        fine = len(self.findings) - len(self.errors) - len(self.warnings)
        counts = f"{len(self.errors)} errors, {len(self.warnings)} warnings, {fine} ok"
        return f"Diagnosis({self.store!r}: {counts})"

    def _of(self, severity: Severity) -> tuple[Finding, ...]:
        return tuple(found for found in self.findings if found.severity is severity)


def warning(subject: str, what: str, remedy: str = "") -> Finding:
    """Return a finding that should be seen to."""
    return Finding(Severity.WARNING, subject, what, remedy)


def error(subject: str, what: str, remedy: str = "") -> Finding:
    """Return a finding that does not work."""
    return Finding(Severity.ERROR, subject, what, remedy)
