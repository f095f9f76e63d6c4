"""`skewless catalog`: a site of what is published."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from skewless import FeatureStore
from tests.cli.terminal import run

if TYPE_CHECKING:
    from pathlib import Path


def test_the_site_of_an_empty_store_is_written_and_says_what_to_do(tmp_path: Path) -> None:
    ran = run("--local", "catalog", "-o", str(tmp_path / "site"))
    assert ran.code == 0
    assert "index.html" in ran.out
    assert (tmp_path / "site" / "index.html").is_file()


def test_a_folder_with_other_files_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ran = run("--local", "catalog", "-o", str(tmp_path))
    assert ran.code == 1
    assert "holds files that are no catalog's" in ran.err
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_the_site_is_published_where_the_store_s_stack_says(tmp_path: Path) -> None:
    aws = FeatureStore.local("published").aws
    aws.client("s3").create_bucket(Bucket="catalog-of-published")
    place = {"bucket": "catalog-of-published", "address": "https://features.example.com"}
    aws.client("ssm").put_parameter(
        Name="/skewless/published/catalog", Type="String", Value=json.dumps(place)
    )
    folder = str(tmp_path / "site")
    ran = run("--local", "--store", "published", "catalog", "-o", folder, "--publish")
    assert ran.code == 0, ran.err
    assert "published at https://features.example.com/" in ran.out
    there = aws.client("s3").list_objects_v2(Bucket="catalog-of-published")["Contents"]
    written = [path for path in (tmp_path / "site").rglob("*") if path.is_file()]
    assert len(there) == len(written)


def test_the_demo_does_not_begin_where_it_could_not_write_its_catalog(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    ran = run("demo", "--catalog", str(tmp_path))
    assert ran.code == 1
    assert "holds files that are no catalog's" in ran.err
