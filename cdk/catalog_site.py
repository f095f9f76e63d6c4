"""The catalog's files behind CloudFront: a private bucket, and nothing for strangers.

Two locks. The bucket answers one distribution only, by its origin access control. The distribution
answers only requests with cookies that somebody signed who holds a viewer key; CloudFront itself
checks them, at every file. A signed link to `/enter` sets them, see docs/deploying.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_certificatemanager as acm
from aws_cdk import aws_cloudfront as cloudfront
from aws_cdk import aws_cloudfront_origins as origins
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from cdk.acknowledgements import BUCKET, CATALOG, acknowledge
from cdk.retention import removal_policy

if TYPE_CHECKING:
    from cdk.catalog_settings import CatalogSettings
    from skewless.store_names import StoreNames

ENTER = "/enter"
CODE = Path(__file__).parent / "catalog_enter.js"
# The site has script and style files of its own, and asks no other host.
POLICY = (
    "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "object-src 'none'"
)


class CatalogSite(Construct):
    """The published catalog of a store.

    Attributes:
        bucket: its files.
        distribution: what browsers talk to.
        publisher: a policy for whoever publishes: to attach to a pipeline's role.
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        names: StoreNames,
        settings: CatalogSettings,
        may_be_destroyed: bool = False,
    ) -> None:
        super().__init__(scope, id)
        self._names = names
        self.bucket = self._bucket(may_be_destroyed=may_be_destroyed)
        self.distribution = self._distribution(settings)
        self.publisher = self._publisher()
        self._parameter(settings)
        cdk.CfnOutput(
            self,
            "Address",
            value=self.distribution.distribution_domain_name,
            description=f"CNAME of {settings.domain}",
        )

    def _bucket(self, *, may_be_destroyed: bool) -> s3.Bucket:
        bucket = s3.Bucket(
            self,
            "Bucket",
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            removal_policy=removal_policy(may_be_destroyed=may_be_destroyed),
        )
        acknowledge(bucket, BUCKET)
        return bucket

    def _distribution(self, settings: CatalogSettings) -> cloudfront.Distribution:
        origin = origins.S3BucketOrigin.with_origin_access_control(self.bucket)
        headers = self._headers()
        distribution = cloudfront.Distribution(
            self,
            "Distribution",
            comment=f"Catalog of the skewless store {self._names.store}",
            domain_names=[settings.domain],
            certificate=acm.Certificate.from_certificate_arn(
                self, "Certificate", settings.certificate
            ),
            minimum_protocol_version=cloudfront.SecurityPolicyProtocol.TLS_V1_2_2021,
            http_version=cloudfront.HttpVersion.HTTP2_AND_3,
            default_root_object="index.html",
            default_behavior=cloudfront.BehaviorOptions(
                origin=origin,
                viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                trusted_key_groups=[self._viewers(settings)],
                cache_policy=cloudfront.CachePolicy.CACHING_OPTIMIZED,
                response_headers_policy=headers,
            ),
            additional_behaviors={
                ENTER: cloudfront.BehaviorOptions(
                    origin=origin,  # never asked: the function answers
                    viewer_protocol_policy=cloudfront.ViewerProtocolPolicy.HTTPS_ONLY,
                    cache_policy=cloudfront.CachePolicy.CACHING_DISABLED,
                    response_headers_policy=headers,
                    function_associations=[
                        cloudfront.FunctionAssociation(
                            event_type=cloudfront.FunctionEventType.VIEWER_REQUEST,
                            function=self._enter(),
                        )
                    ],
                )
            },
        )
        acknowledge(distribution, CATALOG)
        return distribution

    def _viewers(self, settings: CatalogSettings) -> cloudfront.KeyGroup:
        keys = [
            cloudfront.PublicKey(self, f"ViewerKey{number}", encoded_key=key)
            for number, key in enumerate(settings.viewer_keys, start=1)
        ]
        for number, key in enumerate(keys, start=1):
            cdk.CfnOutput(
                self,
                f"ViewerKeyId{number}",
                value=key.public_key_id,
                description="The id of the viewer key, which links are signed with",
            )
        return cloudfront.KeyGroup(self, "Viewers", items=keys)

    def _enter(self) -> cloudfront.Function:
        return cloudfront.Function(
            self,
            "Enter",
            runtime=cloudfront.FunctionRuntime.JS_2_0,
            comment="A signed link becomes cookies",
            code=cloudfront.FunctionCode.from_file(file_path=str(CODE)),
        )

    def _headers(self) -> cloudfront.ResponseHeadersPolicy:
        return cloudfront.ResponseHeadersPolicy(
            self,
            "Headers",
            comment=f"Catalog of the skewless store {self._names.store}",
            security_headers_behavior=cloudfront.ResponseSecurityHeadersBehavior(
                content_security_policy=cloudfront.ResponseHeadersContentSecurityPolicy(
                    content_security_policy=POLICY, override=True
                ),
                content_type_options=cloudfront.ResponseHeadersContentTypeOptions(override=True),
                frame_options=cloudfront.ResponseHeadersFrameOptions(
                    frame_option=cloudfront.HeadersFrameOption.DENY, override=True
                ),
                referrer_policy=cloudfront.ResponseHeadersReferrerPolicy(
                    referrer_policy=cloudfront.HeadersReferrerPolicy.NO_REFERRER, override=True
                ),
                strict_transport_security=cloudfront.ResponseHeadersStrictTransportSecurity(
                    access_control_max_age=cdk.Duration.days(730), override=True
                ),
            ),
            custom_headers_behavior=cloudfront.ResponseCustomHeadersBehavior(
                custom_headers=[
                    cloudfront.ResponseCustomHeader(header=name, value=value, override=True)
                    for name, value in (
                        ("Cross-Origin-Opener-Policy", "same-origin"),
                        ("Cross-Origin-Resource-Policy", "same-origin"),
                        ("Permissions-Policy", "camera=(), geolocation=(), microphone=()"),
                        ("X-Robots-Tag", "noindex"),
                    )
                ]
            ),
        )

    def _publisher(self) -> iam.ManagedPolicy:
        files = self.bucket.arn_for_objects("*")
        policy = iam.ManagedPolicy(
            self,
            "Publisher",
            description=f"Publish the catalog of store {self._names.store}",
            statements=[
                iam.PolicyStatement(
                    actions=["ssm:GetParameter"],
                    resources=[self._names.arn("ssm", f"parameter{self._names.catalog_parameter}")],
                ),
                iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]),
                iam.PolicyStatement(actions=["s3:DeleteObject", "s3:PutObject"], resources=[files]),
            ],
        )
        bucket = cdk.Stack.of(self).get_logical_id(self.bucket.node.default_child)  # type: ignore[arg-type]
        reason = "The catalog's own files, which have this bucket to themselves."
        acknowledge(policy, {f"AwsSolutions-IAM5[Resource::<{bucket}.Arn>/*]": reason})
        return policy

    def _parameter(self, settings: CatalogSettings) -> None:
        ssm.StringParameter(
            self,
            "Parameter",
            parameter_name=self._names.catalog_parameter,
            description=f"Where the catalog of store {self._names.store} is published",
            string_value=cdk.Stack.of(self).to_json_string(
                {"bucket": self.bucket.bucket_name, "address": f"https://{settings.domain}"}
            ),
        )
