"""AWS SDK for pandas, the layer that AWS manages, and the public parameter that names it.

On AWS the layer is somebody else's and its parameter everybody's. Here the layer shows what is
installed beside this interpreter, awswrangler with all that it requires, and is made when it is
first asked for. Another version than the installed one does not exist. AWS builds pyarrow itself,
with fewer parts than the public wheel has: the layer's pyarrow lacks them here too.
"""

from __future__ import annotations

import base64
import functools
import io
import sys
import tempfile
import zipfile
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from moto.awslambda.models import LayerVersion
from moto.awslambda.utils import get_backend
from moto.ssm.models import Parameter, ParameterDict

from localaws.deploy.functions import arrow_as_built, installed

PREFIX = "/aws/service/aws-sdk-pandas/"
_DISTRIBUTION = "awswrangler"
_ARCHITECTURES = ("arm64", "x86_64")
# Parts of the public pyarrow that AWS does not build.
_UNBUILT = (
    *("_azurefs", "_dataset_orc", "_dataset_parquet_encryption", "_flight", "_gcsfs", "_hdfs"),
    *("_orc", "_parquet_encryption", "_s3fs", "_substrait"),
)


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    parameters: Any = ParameterDict
    stock = parameters._check_loading_status

    def load(self: Any, key: str) -> None:
        stock(self, key)
        if str(key or "").startswith(PREFIX):
            _publish(self)

    parameters._check_loading_status = load


def parameter(architecture: str) -> str:
    """The name of the parameter that holds the layer's ARN."""
    version, python = metadata.version(_DISTRIBUTION), f"py{_python()}"
    return f"{PREFIX}{version}/{python}/{architecture}/layer-arn"


def _publish(parameters: Any) -> None:
    for architecture in _ARCHITECTURES:
        name = parameter(architecture)
        if dict.get(parameters, name) is None:
            arn = _layer(parameters.account_id, parameters.region_name, architecture)
            dict.__setitem__(parameters, name, [_public(parameters.account_id, name, arn)])


def _public(account: str, name: str, value: str) -> Any:
    made: Any = Parameter
    return made(
        account_id=account,
        name=name,
        value=value,
        parameter_type="String",
        description=None,
        allowed_pattern=None,
        keyid=None,
        last_modified_date=datetime.now(UTC),
        version=1,
        data_type="text",
    )


def _layer(account: str, region: str, architecture: str) -> str:
    suffix = "-Arm64" if architecture == "arm64" else ""
    made: Any = LayerVersion
    layer = made(
        {
            "LayerName": f"AWSSDKPandas-Python{_python().replace('.', '')}{suffix}",
            "Content": {"ZipFile": base64.b64encode(_empty_zip()).decode()},
            "CompatibleRuntimes": [f"python{_python()}"],
            "CompatibleArchitectures": [architecture],
        },
        account,
        region,
    )
    # Not a zip of 300 MB: `Fleet` takes a layer's folder where it has one.
    layer.folder = folder()
    backend: Any = get_backend(account, region)
    backend._layers.put_layer_version(layer)
    return str(layer.arn)


@functools.cache
def folder() -> Path:
    """The layer's content: packages are in its folder `python`."""
    made = Path(tempfile.mkdtemp(prefix="aws-sdk-pandas-"))
    installed.link([_DISTRIBUTION], made / "python")
    _rebuild(made / "python" / "pyarrow")
    return made


def _rebuild(arrow: Path) -> None:
    """Replace the link to pyarrow by a folder of links to what AWS builds of it."""
    stock = arrow.readlink()
    arrow.unlink()
    arrow.mkdir()
    for part in stock.iterdir():
        if part.name != "__init__.py" and part.name.partition(".")[0] not in _UNBUILT:
            (arrow / part.name).symlink_to(part)
    restricted = "from pyarrow import _as_built\n\n_as_built.apply()\n"
    (arrow / "_as_built.py").symlink_to(Path(arrow_as_built.__file__))
    (arrow / "__init__.py").write_text(f"{(stock / '__init__.py').read_text()}\n{restricted}")


def _empty_zip() -> bytes:
    content = io.BytesIO()
    zipfile.ZipFile(content, "w").close()
    return content.getvalue()


def _python() -> str:
    return f"{sys.version_info.major}.{sys.version_info.minor}"
