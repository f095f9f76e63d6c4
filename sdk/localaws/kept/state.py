"""What the services hold: taken from moto's backends, and put back into those of a new process."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from moto.core.base_backend import BackendDict

from localaws.kept import mappings
from localaws.kept.pickling import Reader, Writer, backends_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

_RUNNING = frozenset({"cloudformation", "lambda", "scheduler", "stepfunctions"})
# Batch is never run; EC2 has the networks that every account begins with; the rest is moto's own.
_EMPTY = frozenset({"batch", "ec2", "instance_metadata", "moto_api"})
_OF_A_QUERY = {"athena": frozenset({"executions", "query_results", "query_results_queue"})}
_all_of_moto: Any = BackendDict
_OF_EVERY_BACKENDS = frozenset(
    {"_additional_regions", "_id", "_use_boto3_regions", "backend", "service_name"}
)


@dataclass(frozen=True, slots=True)
class Address:
    """Which of moto's services: the module of its backend, and its name."""

    module: str
    service: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was held at one instant.

    Attributes:
        services: each service's state as bytes.
        digests: of all objects' bytes that the states refer to.
        bodies: those bytes by digest, if they were not stored yet.
        failures: why a service could not be taken, by its name.
    """

    services: Mapping[Address, bytes]
    digests: Collection[str]
    bodies: Mapping[str, bytes]
    failures: Mapping[str, str]


def is_empty() -> bool:
    """Whether this process's moto holds nothing yet."""
    return not any(True for _ in _services())


def take(stored: Collection[str]) -> Snapshot:
    """Take what all services hold. No request may be at work meanwhile.

    Args:
        stored: the digests of objects' bytes that need not be taken.
    """
    services = list(_services())
    writer = Writer(services, stored)
    taken: dict[Address, bytes] = {}
    failures: dict[str, str] = {}
    for backends in services:
        address = Address(backends.backend.__module__, backends.service_name)
        if address.service in _RUNNING:
            failures[address.service] = "it runs in this process, and ends with it"
            continue
        try:
            taken[address] = writer.written(_state_of(backends))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            failures[address.service] = str(error)
    return Snapshot(taken, writer.digests, writer.bodies, failures)


def restore(services: Iterable[tuple[Address, bytes]], body_of: Callable[[str], bytes]) -> None:
    """Give moto's services what was taken.

    Args:
        services: the states of `take`.
        body_of: returns an object's bytes by their digest.

    Raises:
        UsageError: a state is none of `take`.
    """
    reader = Reader(body_of)
    for address, written in services:
        backends = backends_of(address.module, address.service)
        state = reader.read(written)
        vars(backends).update(state["shared"])
        for account, region, attributes in state["backends"]:
            _give(backends[account][region], attributes)


def _services() -> Iterator[Any]:
    for backends in list(_all_of_moto._instances):
        if backends.service_name not in _EMPTY:
            yield backends


def _state_of(backends: Any) -> dict[str, Any]:
    """A service's state: of each account and region, and what they share."""
    left_out = _OF_A_QUERY.get(backends.service_name, frozenset())
    shared = {
        name: value for name, value in vars(backends).items() if name not in _OF_EVERY_BACKENDS
    }
    of_each = [
        (
            account,
            region,
            {
                name: _Mapping(mappings.state_of(value)) if isinstance(value, dict) else value
                for name, value in vars(backend).items()
                if name not in left_out
            },
        )
        for account, region, backend in backends.iter_backends()
    ]
    return {"shared": shared, "backends": of_each}


@dataclass(frozen=True, slots=True)
class _Mapping:
    """A dictionary of a backend, whose own one is filled: it makes missing values as moto says."""

    state: mappings.State


def _give(backend: Any, attributes: Mapping[str, Any]) -> None:
    own = vars(backend)
    for name, value in attributes.items():
        if isinstance(value, _Mapping):
            mappings.fill(own.setdefault(name, {}), value.state)
        else:
            own[name] = value
