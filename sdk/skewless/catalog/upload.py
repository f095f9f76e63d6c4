"""Uploads a catalog's folder into the private bucket behind CloudFront: cdk/catalog_site.py.

What pages load is there before the pages are, and what is no longer in the catalog goes last. So
whoever reads meanwhile sees the catalog as it was, or as it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from skewless.aws import PARAMETER_PREFIX
from skewless.errors import InputError, StoreError

if TYPE_CHECKING:
    from skewless.aws import Aws

FIRST = "index.html"
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".woff2": "font/woff2",
}
# A page of the catalog has one address for good. Browsers and CloudFront ask whether it changed,
# which is one small answer.
_CACHING = "no-cache"


@dataclass(frozen=True, slots=True, kw_only=True)
class Uploaded:
    """What was published.

    Attributes:
        address: of the first page.
        files: how many are there now.
        removed: the names of those that are there no more.
    """

    address: str
    files: int
    removed: tuple[str, ...]


def upload(folder: str | Path, store: str, aws: Aws) -> Uploaded:
    """Publish a catalog's folder.

    Args:
        folder: what `skewless catalog` wrote. It has nothing else in it.
        store: whose catalog it is.
        aws: where the store is.

    Raises:
        InputError: it is no folder of a catalog, or has a file that no catalog has.
        StoreError: the store's catalog is published nowhere, or AWS refused.
    """
    files = _files(Path(folder))
    try:
        place = _place(store, aws)
        client, bucket = aws.client("s3"), place["bucket"]
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        there = {item["Key"] for page in pages for item in page.get("Contents", ())}
        for name in sorted(files, key=lambda name: (name == FIRST, name.endswith(".html"), name)):
            client.put_object(
                Bucket=bucket,
                Key=name,
                Body=files[name].read_bytes(),
                ContentType=_TYPES[files[name].suffix],
                CacheControl=_CACHING,
            )
        removed = sorted(there - files.keys())
        for name in removed:
            client.delete_object(Bucket=bucket, Key=name)
    except (ClientError, BotoCoreError) as error:
        raise StoreError(f"the catalog of store {store!r} was not published: {error}") from error
    return Uploaded(address=f"{place['address']}/", files=len(files), removed=tuple(removed))


def _files(folder: Path) -> dict[str, Path]:
    if not (folder / FIRST).is_file():
        raise InputError(
            f"{str(folder)!r} is no catalog: it has no {FIRST}. skewless catalog writes one"
        )
    found: dict[str, Path] = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink() or (not path.is_dir() and path.suffix not in _TYPES):
            raise InputError(
                f"{name!r} in {str(folder)!r} is no file of a catalog, and nothing was published: "
                "take it away"
            )
        if not path.is_dir():
            found[name] = path
    return found


def _place(store: str, aws: Aws) -> dict[str, str]:
    """Return bucket and address, as the catalog's stack wrote them."""
    parameter = f"{PARAMETER_PREFIX}{store}/catalog"
    ssm = aws.client("ssm")
    try:
        found: Any = json.loads(ssm.get_parameter(Name=parameter)["Parameter"]["Value"])
        return {name: str(found[name]) for name in ("bucket", "address")}
    except ssm.exceptions.ParameterNotFound as error:
        raise StoreError(
            f"the catalog of store {store!r} is published nowhere: no SSM parameter is called "
            f"{parameter!r}. Give the store the setting `catalog` in cdk.json and deploy its stack"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"the SSM parameter {parameter!r} is incomplete: {error}") from error
