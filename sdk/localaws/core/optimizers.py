"""Glue: what tables are optimized by, which moto does not know. It is kept; nothing runs by it."""

from __future__ import annotations

import functools
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.exceptions import GlueClientError
from moto.glue.responses import GlueResponse

_ADDRESS = ("CatalogId", "DatabaseName", "TableName", "Type")
_ADDRESS_IN_BATCH = ("catalogId", "databaseName", "tableName", "type")


@functools.cache
def apply() -> None:
    """Add the calls to moto, once a process."""
    for name, call in vars(_OptimizerCalls).items():
        if name.endswith("_table_optimizer"):
            setattr(GlueResponse, name, call)


class _OptimizerCalls:
    """The calls, as methods of moto's response."""

    parameters: dict[str, Any]
    glue_backend: Any

    def create_table_optimizer(self) -> Any:
        asked = self.parameters
        self.glue_backend.get_table(asked["DatabaseName"], asked["TableName"])
        address = _address(asked)
        if address in _kept_by(self):
            raise GlueClientError("AlreadyExistsException", "Optimizer already exists.")
        _kept_by(self)[address] = {
            "type": asked["Type"],
            "configuration": asked["TableOptimizerConfiguration"],
        }
        return EmptyResult()

    def update_table_optimizer(self) -> Any:
        asked = self.parameters
        _found(self, asked)["configuration"] = asked["TableOptimizerConfiguration"]
        return EmptyResult()

    def get_table_optimizer(self) -> Any:
        asked = self.parameters
        names = {name: asked[name] for name in _ADDRESS[:3]}
        return ActionResult({**names, "TableOptimizer": _found(self, asked)})

    def batch_get_table_optimizer(self) -> Any:
        optimizers, failures = [], []
        for entry in self.parameters["Entries"]:
            optimizer = _kept_by(self).get(_address(entry, _ADDRESS_IN_BATCH))
            if optimizer is None:
                failures.append({**entry, "error": {"ErrorCode": "EntityNotFoundException"}})
            else:
                optimizers.append({**entry, "tableOptimizer": optimizer})
        return ActionResult({"TableOptimizers": optimizers, "Failures": failures})

    def delete_table_optimizer(self) -> Any:
        _found(self, self.parameters)
        del _kept_by(self)[_address(self.parameters)]
        return EmptyResult()


def _kept_by(response: Any) -> dict[tuple[str, ...], dict[str, Any]]:
    """The optimizers of an account and region; with moto's backend they come and go."""
    kept: dict[tuple[str, ...], dict[str, Any]]
    kept = vars(response.glue_backend).setdefault("_localaws_optimizers", {})
    return kept


def _address(asked: dict[str, Any], names: tuple[str, ...] = _ADDRESS) -> tuple[str, ...]:
    return tuple(asked[name] for name in names)


def _found(response: Any, asked: dict[str, Any]) -> dict[str, Any]:
    optimizer = _kept_by(response).get(_address(asked))
    if optimizer is None:
        raise GlueClientError("EntityNotFoundException", "Optimizer not found.")
    return optimizer
