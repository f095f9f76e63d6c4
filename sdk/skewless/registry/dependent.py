"""A dependent: one thing that stands on another. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Dependent:
    """One thing that stands on another.

    Attributes:
        kind: view, on_demand_view, service, or whatever else lineage knows of.
        name: with its version, as in `churn_model@1`.
    """

    kind: str
    name: str

    def to_dict(self) -> dict[str, object]:
        """Return plain data for JSON."""
        return {"kind": self.kind, "name": self.name}

    def __str__(self) -> str:
        return f"{self.kind.replace('_', '-').removesuffix('-view')} {self.name}"
