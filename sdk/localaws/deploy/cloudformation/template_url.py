"""Templates by URL: the objects of this server's S3, whatever name the client has for its host.

Stock moto finds bucket and key in a path only if the URL contains "localhost", and takes
127.0.0.1 for a bucket.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote, urlsplit

from localaws.deploy.cloudformation.failure import ValidationError

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_S3 = ".amazonaws.com"


def read(url: str, s3: Any) -> str:
    """The text of the template at a URL, by path (local) or by any of S3's own addresses."""
    bucket, key = _object(url)
    try:
        body: bytes = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    except (s3.exceptions.NoSuchBucket, s3.exceptions.NoSuchKey) as error:
        raise ValidationError(f"S3 error: TemplateURL {url}: {error}") from error
    return body.decode()


def _object(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    path = unquote(parts.path.lstrip("/"))
    if host in _LOOPBACK or (host.endswith(_S3) and host.startswith(("s3.", "s3-"))):
        bucket, _, key = path.partition("/")
    elif host.endswith((_S3, ".localhost")):
        bucket, key = host.split(".", 1)[0], path
    else:
        raise ValidationError(f"TemplateURL must be a supported URL: {url} names no S3 object")
    if not (bucket and key):
        raise ValidationError(f"TemplateURL must name a bucket and a key: {url}")
    return bucket, key
