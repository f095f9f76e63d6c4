"""AWS SDK for pandas as its managed layer: named by a public parameter, with its own closure."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

import awswrangler
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError

from tests.localaws.packages import a_function, invoke

if TYPE_CHECKING:
    from localaws import LocalAws

pytestmark = pytest.mark.filterwarnings("ignore::pandas.errors.Pandas4Warning")

PYTHON = f"py{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture(autouse=True)
def functions(aws: LocalAws) -> None:
    """Functions bring their layer when Lambda is first asked for anything."""
    aws.client("lambda").list_functions()


def parameter(version: str, architecture: str = "arm64") -> str:
    return f"/aws/service/aws-sdk-pandas/{version}/{PYTHON}/{architecture}/layer-arn"


def layer(aws: LocalAws) -> str:
    name = parameter(awswrangler.__version__)
    return str(aws.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def test_a_function_with_the_layer_has_awswrangler_and_its_requirements(aws: LocalAws) -> None:
    source = """
    import awswrangler, pyarrow
    def handler(event, context): return awswrangler.__version__
    """
    name = a_function(aws, source, Layers=[layer(aws)])

    assert invoke(aws, name) == awswrangler.__version__


@pytest.mark.parametrize("module", ["duckdb", "skewless", "moto", "polars"])
def test_the_layer_shows_nothing_else_that_is_installed(aws: LocalAws, module: str) -> None:
    name = a_function(
        aws, f"import {module}\ndef handler(event, context): pass", Layers=[layer(aws)]
    )

    assert invoke(aws, name)["errorType"] == "Runtime.ImportModuleError"


def test_another_version_than_the_installed_one_does_not_exist(aws: LocalAws) -> None:
    with pytest.raises(ClientError, match="ParameterNotFound"):
        aws.client("ssm").get_parameter(Name=parameter("0.0.1"))


def test_both_architectures_are_named(aws: LocalAws) -> None:
    names = [parameter(awswrangler.__version__, kind) for kind in ("arm64", "x86_64")]

    found = aws.client("ssm").get_parameters(Names=names)["Parameters"]

    assert len({one["Value"] for one in found}) == 2


CODECS = """
    import io, pyarrow as pa, pyarrow.dataset as ds, pyarrow.parquet as pq
    def outcome(call):
        try:
            return call().num_rows
        except pa.ArrowNotImplementedError as error:
            return str(error)
    def handler(event, context):
        table = pa.table({"x": [1]})
        if "given" in event:
            content = bytes.fromhex(event["given"])
            open("/tmp/a-file.parquet", "wb").write(content)
            return [
                outcome(lambda: pq.read_table(io.BytesIO(content))),
                outcome(lambda: pq.ParquetFile(io.BytesIO(content)).read()),
                outcome(lambda: ds.dataset("/tmp/a-file.parquet").to_table()),
            ]
        def written():
            pq.write_table(table, buffer, compression=event["codec"])
            return pq.read_table(io.BytesIO(buffer.getvalue()))
        buffer = io.BytesIO()
        return [pa.Codec.is_available(event["codec"]), outcome(written)]
"""


def a_file(codec: str) -> str:
    buffer = io.BytesIO()
    pq.write_table(pa.table({"x": [1]}), buffer, compression=codec)
    return buffer.getvalue().hex()


@pytest.mark.parametrize("codec", ["zstd", "lz4", "brotli"])
def test_a_codec_that_aws_does_not_build_neither_reads_nor_writes(
    aws: LocalAws, codec: str
) -> None:
    name = a_function(aws, CODECS, Layers=[layer(aws)])

    refusal = f"Support for codec '{codec}' not built"
    assert invoke(aws, name, {"codec": codec}) == [False, refusal]
    assert invoke(aws, name, {"given": a_file(codec)}) == [refusal] * 3


@pytest.mark.parametrize("codec", ["snappy", "gzip"])
def test_a_codec_that_aws_builds_reads_and_writes(aws: LocalAws, codec: str) -> None:
    name = a_function(aws, CODECS, Layers=[layer(aws)])

    assert invoke(aws, name, {"codec": codec}) == [True, 1]
    assert invoke(aws, name, {"given": a_file(codec)}) == [1] * 3


def test_the_layer_reads_uncompressed_files(aws: LocalAws) -> None:
    name = a_function(aws, CODECS, Layers=[layer(aws)])

    assert invoke(aws, name, {"given": a_file("none")}) == [1] * 3


def test_pyarrow_has_no_file_system_of_s3_in_the_layer(aws: LocalAws) -> None:
    source = "from pyarrow.fs import S3FileSystem\ndef handler(event, context): pass"
    name = a_function(aws, source, Layers=[layer(aws)])

    assert invoke(aws, name)["errorType"] == "Runtime.ImportModuleError"
