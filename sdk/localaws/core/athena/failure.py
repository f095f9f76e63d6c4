"""The reason why a query failed, in Athena's words: other errors are mapped to its codes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb
from botocore.exceptions import ClientError
from pyiceberg.exceptions import CommitFailedException, ValidationException
from sqlglot.errors import ParseError, UnsupportedError

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_REASON = 1000
_REFUSALS = frozenset({"403", "AccessDenied", "AccessDeniedException"})


class QueryFailedError(Exception):
    """A query that Athena would end as FAILED, with this StateChangeReason."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code

    @classmethod
    def table_not_found(cls, database: str, table: str) -> QueryFailedError:
        """The catalog has no such table."""
        return cls(
            "TABLE_NOT_FOUND", f"line 1:1: Table 'awsdatacatalog.{database}.{table}' does not exist"
        )

    @classmethod
    def not_supported(cls, what: str) -> QueryFailedError:
        """Athena, or this imitation of it, cannot do that."""
        return cls("NOT_SUPPORTED", what)


def reason_of(error: Exception) -> str:
    """The StateChangeReason for whatever was raised while a query ran."""
    if isinstance(error, QueryFailedError):
        return str(error)
    text = str(error).strip()[:_LONGEST_REASON]
    if _is_refusal(error):
        return f"PERMISSION_DENIED: {text}"
    return next(_codes(error, text), f"GENERIC_INTERNAL_ERROR: {type(error).__name__}: {text}")


def _is_refusal(error: BaseException) -> bool:
    if isinstance(error, ClientError):
        return error.response["Error"]["Code"] in _REFUSALS
    return isinstance(error.__cause__, ClientError) and _is_refusal(error.__cause__)


def _codes(error: Exception, text: str) -> Iterator[str]:
    first_line = text.splitlines()[0] if text else ""
    if isinstance(error, ParseError | duckdb.ParserException):
        yield f"SYNTAX_ERROR: line 1:1: {first_line}"
    if isinstance(error, UnsupportedError):
        yield f"NOT_SUPPORTED: {first_line}"
    if isinstance(error, CommitFailedException | ValidationException):
        yield f"ICEBERG_COMMIT_ERROR: {first_line}"
    if "Division by zero" in text:
        yield "DIVISION_BY_ZERO: Division by zero"
    if column := re.search(r'column "?([^"]+?)"? not found', text, re.IGNORECASE):
        yield f"COLUMN_NOT_FOUND: line 1:1: Column '{column[1]}' cannot be resolved"
    if function := re.search(r"Function with name (\S+) does not exist", text):
        yield f"FUNCTION_NOT_FOUND: line 1:1: Function '{function[1]}' not registered"
    if isinstance(error, duckdb.OutOfRangeException) or "out of range" in text:
        yield f"NUMERIC_VALUE_OUT_OF_RANGE: {first_line}"
    if isinstance(error, duckdb.ConversionException):
        yield f"INVALID_CAST_ARGUMENT: {first_line}"
    if isinstance(error, duckdb.BinderException):
        yield f"TYPE_MISMATCH: line 1:1: {first_line}"
