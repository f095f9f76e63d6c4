"""The published catalog: private, by HTTPS, and off unless it is asked for."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from aws_cdk.assertions import Match, Template
from cdk_nag import AwsSolutionsChecks

from cdk.catalog_site import CODE, POLICY
from cdk.settings import Settings, SettingsError
from tests.cdk.apps import ROOT, only, stacks
from tests.cdk.test_templates import LINT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = "-----BEGIN PUBLIC KEY-----\n" + "A" * 64 + "\n" + "B" * 12 + "==\n-----END PUBLIC KEY-----\n"
CERTIFICATE = "arn:aws:acm:us-east-1:123456789012:certificate/00000000-0000-0000-0000-000000000000"
CATALOG = {"domain": "features.example.com", "certificate": CERTIFICATE, "viewer_keys": [KEY, KEY]}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("catalog")


@pytest.fixture(scope="module")
def catalog(folder: Path) -> Template:
    made = stacks(folder, {"dev": {"catalog": CATALOG}})
    assert sorted(made) == ["skewless-dev-catalog", "skewless-dev-data", "skewless-dev-jobs"]
    report = AwsSolutionsChecks(made["skewless-dev-catalog"].node.root).validate_scope(
        made["skewless-dev-catalog"]
    )
    assert [violation.rule_name for violation in report.violations] == []
    return Template.from_stack(made["skewless-dev-catalog"])


def behaviors(catalog: Template) -> list[dict[str, Any]]:
    config = only(catalog, "AWS::CloudFront::Distribution")["Properties"]["DistributionConfig"]
    return [config["DefaultCacheBehavior"], *config["CacheBehaviors"]]


def test_a_store_has_no_catalog_unless_it_is_asked_for(templates: dict[str, Template]) -> None:
    assert sorted(templates) == ["skewless-dev-data", "skewless-dev-jobs"]


def test_the_bucket_is_private_encrypted_and_answers_by_tls_only(catalog: Template) -> None:
    bucket = only(catalog, "AWS::S3::Bucket")["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]
    assert "WebsiteConfiguration" not in bucket
    policy = only(catalog, "AWS::S3::BucketPolicy")["Properties"]["PolicyDocument"]["Statement"]
    denied = [statement for statement in policy if statement["Effect"] == "Deny"]
    assert {"Bool": {"aws:SecureTransport": "false"}} in [each["Condition"] for each in denied]
    (allowed,) = [statement for statement in policy if statement["Effect"] == "Allow"]
    assert allowed["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert allowed["Action"] == "s3:GetObject"
    assert "AWS:SourceArn" in allowed["Condition"]["StringEquals"]


def test_the_distribution_reads_by_origin_access_control(catalog: Template) -> None:
    control = only(catalog, "AWS::CloudFront::OriginAccessControl")["Properties"]
    assert control["OriginAccessControlConfig"] | {"Name": ""} == {
        "Name": "",
        "OriginAccessControlOriginType": "s3",
        "SigningBehavior": "always",
        "SigningProtocol": "sigv4",
    }
    catalog.resource_count_is("AWS::CloudFront::CloudFrontOriginAccessIdentity", 0)
    (origin,) = only(catalog, "AWS::CloudFront::Distribution")["Properties"]["DistributionConfig"][
        "Origins"
    ]
    assert "OriginAccessControlId" in origin
    assert origin["S3OriginConfig"] == {"OriginAccessIdentity": ""}


def test_no_file_is_answered_without_a_signature(catalog: Template) -> None:
    files, enter = behaviors(catalog)
    assert len(files["TrustedKeyGroups"]) == 1
    assert "FunctionAssociations" not in files
    assert enter["PathPattern"] == "/enter"
    (association,) = enter["FunctionAssociations"]
    assert association["EventType"] == "viewer-request"  # it answers; the origin is never asked
    group = only(catalog, "AWS::CloudFront::KeyGroup")["Properties"]["KeyGroupConfig"]
    assert len(group["Items"]) == 2
    assert len([name for name in catalog.find_outputs("*") if "ViewerKeyId" in name]) == 2
    catalog.has_resource_properties(
        "AWS::CloudFront::PublicKey", {"PublicKeyConfig": {"EncodedKey": KEY}}
    )


def test_it_talks_https_by_tls_1_2_or_newer_only(catalog: Template) -> None:
    assert [each["ViewerProtocolPolicy"] for each in behaviors(catalog)] == ["https-only"] * 2
    config = only(catalog, "AWS::CloudFront::Distribution")["Properties"]["DistributionConfig"]
    assert config["Aliases"] == ["features.example.com"]
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": CERTIFICATE,
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SslSupportMethod": "sni-only",
    }


def test_pages_may_load_from_their_own_host_only(catalog: Template) -> None:
    headers = only(catalog, "AWS::CloudFront::ResponseHeadersPolicy")["Properties"]
    security = headers["ResponseHeadersPolicyConfig"]["SecurityHeadersConfig"]
    policy = security["ContentSecurityPolicy"]["ContentSecurityPolicy"]
    assert policy.startswith("default-src 'self';")
    assert "unsafe" not in policy
    assert sorted(security) == [
        "ContentSecurityPolicy",
        "ContentTypeOptions",
        "FrameOptions",
        "ReferrerPolicy",
        "StrictTransportSecurity",
    ]
    assert all("ResponseHeadersPolicyId" in each for each in behaviors(catalog))


def test_the_header_allows_what_the_pages_themselves_allow() -> None:
    base = ROOT / "sdk" / "skewless" / "catalog" / "site" / "templates" / "base.html"
    own = re.search(r'Content-Security-Policy" content="([^"]*)"', base.read_text())
    assert own is not None
    assert set(own[1].split("; ")) <= set(POLICY.split("; "))


def test_whoever_publishes_may_write_files_and_nothing_else(catalog: Template) -> None:
    policy = only(catalog, "AWS::IAM::ManagedPolicy")["Properties"]["PolicyDocument"]
    actions = [statement["Action"] for statement in policy["Statement"]]
    assert actions == ["ssm:GetParameter", "s3:ListBucket", ["s3:DeleteObject", "s3:PutObject"]]
    catalog.has_resource_properties(
        "AWS::SSM::Parameter", {"Name": "/skewless/dev/catalog", "Value": Match.any_value()}
    )


def test_cfn_lint_has_nothing_to_say_of_it(catalog: Template, folder: Path) -> None:
    path = folder / "catalog.template.json"
    path.write_text(json.dumps(catalog.to_json()))
    options = ["--regions", "us-east-1", "--ignore-checks", "W3005"]
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", LINT, *options, "--", str(path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def entered(query: dict[str, str]) -> dict[str, Any]:
    """Run the function as CloudFront does."""
    event = {"request": {"querystring": {name: {"value": text} for name, text in query.items()}}}
    program = f"{CODE.read_text()}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    done = subprocess.run(  # noqa: S603
        ["node", "-e", program],  # noqa: S607
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_signed_link_becomes_cookies_that_only_this_host_gets() -> None:
    found = entered({"x-Policy": "eyJ_~-", "x-Signature": "abc", "x-Key-Pair-Id": "K1"})
    assert (found["statusCode"], found["headers"]["location"]) == (302, {"value": "/"})
    assert {name: cookie["value"] for name, cookie in found["cookies"].items()} == {
        "CloudFront-Policy": "eyJ_~-",
        "CloudFront-Signature": "abc",
        "CloudFront-Key-Pair-Id": "K1",
    }
    assert {cookie["attributes"] for cookie in found["cookies"].values()} == {
        "Path=/; Secure; HttpOnly; SameSite=Lax"
    }


@pytest.mark.parametrize("policy", ["", "a b", "a;b", "a\r\nSet-Cookie: x", "x" * 2049, None])
def test_a_link_that_is_none_sets_no_cookie(policy: str | None) -> None:
    query = {"x-Signature": "abc", "x-Key-Pair-Id": "K1"}
    found = entered(query if policy is None else {**query, "x-Policy": policy})
    assert (found["statusCode"], found["cookies"]) == (400, {})


WRONG: dict[str, tuple[Callable[[dict[str, Any]], object], str]] = {
    "no key": (lambda given: given.update(viewer_keys=[]), "everybody could read the catalog"),
    "no keys": (lambda given: given.pop("viewer_keys"), "everybody could read the catalog"),
    "a private key": (
        lambda given: given.update(viewer_keys=[KEY.replace("PUBLIC", "PRIVATE")]),
        "must be a public key in PEM",
    ),
    "an address": (lambda given: given.update(domain="https://x.example.com"), "domain must be"),
    "a region": (
        lambda given: given.update(certificate=CERTIFICATE.replace("us-east-1", "eu-west-1")),
        "in us-east-1",
    ),
    "a member": (lambda given: given.update(public=True), "there is no setting 'public'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_catalog_that_would_be_open_or_cannot_be_is_refused(name: str) -> None:
    change, why = WRONG[name]
    given = {**CATALOG}
    change(given)
    with pytest.raises(SettingsError, match=re.escape(why)):
        Settings.parse({"dev": {"catalog": given}})


def test_a_catalog_that_is_no_object_is_refused() -> None:
    with pytest.raises(SettingsError, match="catalog must be an object"):
        Settings.parse({"dev": {"catalog": True}})
