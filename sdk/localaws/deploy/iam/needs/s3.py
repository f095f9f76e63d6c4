"""S3: which action an operation of the REST API is, on which bucket or object."""

from __future__ import annotations

import re
from functools import partial
from html import unescape
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from localaws.deploy.iam.permission import Context, Permission
from localaws.deploy.iam.request import body_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localaws.deploy.iam.request import ApiRequest

# Where the action is not the operation's own name.
_ACTIONS: Mapping[str, str] = {
    "CompleteMultipartUpload": "PutObject",
    "CopyObject": "PutObject",
    "CreateMultipartUpload": "PutObject",
    "DeleteBucketCors": "PutBucketCORS",
    "DeleteBucketEncryption": "PutEncryptionConfiguration",
    "DeleteBucketLifecycle": "PutLifecycleConfiguration",
    "DeleteBucketReplication": "PutReplicationConfiguration",
    "DeleteBucketTagging": "PutBucketTagging",
    "DeletePublicAccessBlock": "PutBucketPublicAccessBlock",
    "GetBucketAccelerateConfiguration": "GetAccelerateConfiguration",
    "GetBucketCors": "GetBucketCORS",
    "GetBucketEncryption": "GetEncryptionConfiguration",
    "GetBucketLifecycleConfiguration": "GetLifecycleConfiguration",
    "GetBucketNotificationConfiguration": "GetBucketNotification",
    "GetBucketReplication": "GetReplicationConfiguration",
    "GetObjectLockConfiguration": "GetBucketObjectLockConfiguration",
    "GetPublicAccessBlock": "GetBucketPublicAccessBlock",
    "HeadBucket": "ListBucket",
    "HeadObject": "GetObject",
    "ListBuckets": "ListAllMyBuckets",
    "ListMultipartUploads": "ListBucketMultipartUploads",
    "ListObjectVersions": "ListBucketVersions",
    "ListObjects": "ListBucket",
    "ListObjectsV2": "ListBucket",
    "ListParts": "ListMultipartUploadParts",
    "PutBucketAccelerateConfiguration": "PutAccelerateConfiguration",
    "PutBucketCors": "PutBucketCORS",
    "PutBucketEncryption": "PutEncryptionConfiguration",
    "PutBucketLifecycleConfiguration": "PutLifecycleConfiguration",
    "PutBucketNotificationConfiguration": "PutBucketNotification",
    "PutBucketReplication": "PutReplicationConfiguration",
    "PutObjectLockConfiguration": "PutBucketObjectLockConfiguration",
    "PutPublicAccessBlock": "PutBucketPublicAccessBlock",
    "SelectObjectContent": "GetObject",
    "UploadPart": "PutObject",
    "UploadPartCopy": "PutObject",
}
_OF_A_VERSION = frozenset({"GetObject", "DeleteObject", "GetObjectTagging", "GetObjectAttributes"})
_DELETED = re.compile(rb"<Object>(.*?)</Object>", re.DOTALL)
_LISTING = ("prefix", "delimiter", "max-keys")


def needs(request: ApiRequest) -> Iterator[Permission]:
    """What an S3 request needs."""
    asked = request.parameters
    bucket, key = asked.get("Bucket", ""), asked.get("Key", "")
    action = _ACTIONS.get(request.operation, request.operation)
    context = partial(_context, request)
    if request.operation == "DeleteObjects":
        yield from _deletions(request, bucket)
        return
    if "versionId" in asked and action in _OF_A_VERSION:
        action = action.replace("Object", "ObjectVersion", 1)
    yield Permission(f"s3:{action}", _arn(bucket, key), context)
    if request.operation in {"CopyObject", "UploadPartCopy"}:
        yield _source(request)
    if request.operation in {"PutObject", "CopyObject", "CreateMultipartUpload"}:
        for header, extra in (("TAGGING", "PutObjectTagging"), ("ACL", "PutObjectAcl")):
            if f"HTTP_X_AMZ_{header}" in request.headers:
                yield Permission(f"s3:{extra}", _arn(bucket, key), context)


def visibility(request: ApiRequest) -> Permission | None:
    """The right by which a missing object answers 404; without it S3 answers 403."""
    if request.service != "s3" or request.operation not in {"GetObject", "HeadObject"}:
        return None
    return Permission("s3:ListBucket", _arn(request.parameters.get("Bucket", "")))


def _source(request: ApiRequest) -> Permission:
    path = unquote(str(request.headers.get("HTTP_X_AMZ_COPY_SOURCE", ""))).lstrip("/")
    path, _, version = path.partition("?versionId=")
    return Permission(f"s3:GetObject{'Version' if version else ''}", f"arn:aws:s3:::{path}")


def _deletions(request: ApiRequest, bucket: str) -> Iterator[Permission]:
    for entry in _DELETED.findall(body_of(request)):
        action = "DeleteObjectVersion" if b"<VersionId>" in entry else "DeleteObject"
        key = unescape(entry.partition(b"<Key>")[2].partition(b"</Key>")[0].decode())
        yield Permission(f"s3:{action}", _arn(bucket, key))


def _context(request: ApiRequest) -> Context:
    asked: Mapping[str, Any] = request.parameters
    context = {f"s3:{name}": (str(asked[name]),) for name in _LISTING if asked.get(name)}
    if request.operation in {"ListObjects", "ListObjectsV2", "ListObjectVersions"}:
        context.setdefault("s3:prefix", ("",))
    headers = {
        "s3:x-amz-server-side-encryption": "HTTP_X_AMZ_SERVER_SIDE_ENCRYPTION",
        "s3:x-amz-acl": "HTTP_X_AMZ_ACL",
    }
    for name, header in headers.items():
        if header in request.headers:
            context[name] = (str(request.headers[header]),)
    return context


def _arn(bucket: str, key: str = "") -> str:
    if not bucket:
        return "*"
    return f"arn:aws:s3:::{bucket}/{key}" if key else f"arn:aws:s3:::{bucket}"
