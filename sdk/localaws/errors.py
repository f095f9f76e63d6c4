"""What the local AWS itself refuses. What AWS refuses comes as AWS's own answers do."""

from __future__ import annotations


class LocalAwsError(Exception):
    """The root of the errors of this package."""


class UsageError(LocalAwsError, ValueError):
    """An argument does not fit what it is used for."""
