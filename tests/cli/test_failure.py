from __future__ import annotations

from botocore.exceptions import ClientError, NoCredentialsError

from skewless.cli.failure import PartlyFailedError, explain
from skewless.errors import InputError


def test_an_error_of_ours_is_its_own_message() -> None:
    assert explain(InputError("no such column")) == "no such column"


def test_a_refusal_of_aws_is_its_operation_code_and_message() -> None:
    error = ClientError(
        {"Error": {"Code": "AccessDeniedException", "Message": "not allowed"}}, "GetDatabase"
    )
    assert explain(error) == "AWS refused GetDatabase: AccessDeniedException: not allowed"


def test_missing_credentials_are_named() -> None:
    assert explain(NoCredentialsError()) == "AWS could not be asked: Unable to locate credentials"


def test_a_missing_package_names_its_extra() -> None:
    assert "skewless[local]" in explain(ModuleNotFoundError(name="moto.server"))
    assert "skewless[training]" in explain(ModuleNotFoundError(name="pyarrow"))
    assert explain(ModuleNotFoundError(name="shop")) == "the Python module 'shop' is not installed"


def test_a_file_that_cannot_be_written_is_named() -> None:
    assert explain(PermissionError(13, "Permission denied", "/x")) == "'/x': Permission denied"


def test_what_nobody_foresaw_says_how_to_see_more() -> None:
    message = explain(ZeroDivisionError("division by zero"))
    assert "unexpected ZeroDivisionError: division by zero" in message
    assert "SKEWLESS_DEBUG=1" in message


def test_one_failure_of_several_is_told_with_its_name() -> None:
    failures = {"a": InputError("x")}
    assert str(PartlyFailedError("views", 1, failures)) == "x"
    assert str(PartlyFailedError("views", 3, failures)) == "1 of 3 views failed:\n  - a: x"
