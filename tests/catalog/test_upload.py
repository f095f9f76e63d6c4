"""A catalog's folder, into the bucket that its stack makes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from skewless import FeatureStore
from skewless.catalog.upload import upload
from skewless.errors import InputError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "catalog-of-upload"


@pytest.fixture(scope="module")
def store() -> FeatureStore:
    found = FeatureStore.local("upload")
    found.aws.client("s3").create_bucket(Bucket=BUCKET)
    found.aws.client("ssm").put_parameter(
        Name="/skewless/upload/catalog",
        Type="String",
        Value=json.dumps({"bucket": BUCKET, "address": "https://features.example.com"}),
    )
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("index.html", "views/a.html", "assets/site.js", "assets/site.css", "x.svg"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def there(store: FeatureStore) -> list[str]:
    found = store.aws.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", [])
    return [item["Key"] for item in found]


def test_files_are_published_as_browsers_want_them(store: FeatureStore, folder: Path) -> None:
    done = upload(folder, "upload", store.aws)
    assert (done.address, done.files) == ("https://features.example.com/", 5)
    assert there(store) == sorted(
        ["index.html", "views/a.html", "assets/site.js", "assets/site.css", "x.svg"]
    )
    page = store.aws.client("s3").get_object(Bucket=BUCKET, Key="views/a.html")
    assert (page["ContentType"], page["CacheControl"]) == ("text/html; charset=utf-8", "no-cache")
    script = store.aws.client("s3").head_object(Bucket=BUCKET, Key="assets/site.js")
    assert script["ContentType"] == "text/javascript; charset=utf-8"


def test_what_is_in_the_catalog_no_more_is_removed(store: FeatureStore, folder: Path) -> None:
    upload(folder, "upload", store.aws)
    (folder / "views/a.html").unlink()
    assert upload(folder, "upload", store.aws).removed == ("views/a.html",)
    assert "views/a.html" not in there(store)


@pytest.mark.parametrize("name", ["notes.docx", ".env", "views/keys.pem"])
def test_a_file_that_no_catalog_has_is_not_published(
    store: FeatureStore, folder: Path, name: str
) -> None:
    (folder / name).write_text("secret")
    with pytest.raises(InputError, match="nothing was published: take it away"):
        upload(folder, "upload", store.aws)
    assert name not in there(store)


def test_a_link_is_not_followed(store: FeatureStore, folder: Path) -> None:
    (folder / "other.html").symlink_to("/etc/passwd")
    with pytest.raises(InputError, match=r"'other\.html'"):
        upload(folder, "upload", store.aws)


def test_a_folder_that_is_no_catalog_is_not_published(store: FeatureStore, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"it has no index\.html"):
        upload(tmp_path, "upload", store.aws)


def test_a_store_without_the_stack_says_what_to_deploy(store: FeatureStore, folder: Path) -> None:
    with pytest.raises(StoreError, match=r"the setting `catalog` in cdk\.json"):
        upload(folder, "elsewhere", store.aws)
