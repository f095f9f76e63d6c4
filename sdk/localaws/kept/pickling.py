"""moto's objects as bytes, and back.

Some objects are not pickled as they are:

- a backend, which others point to, is written as its name: there is one of each in a process;
- the bytes of an S3 object are stored apart, by their digest, so that they are written once;
- a private key of KMS is written in its standard form;
- an item of DynamoDB is written as plain values, a dictionary with all that is in it;
- a lock is made anew.
"""

from __future__ import annotations

import hashlib
import importlib
import io
import pickle
import threading
from types import BuiltinFunctionType, FunctionType
from typing import TYPE_CHECKING, Any

from cryptography.hazmat.primitives import serialization
from moto.core.base_backend import BackendDict
from moto.dynamodb.models.dynamo_type import Item
from moto.kms.utils import ECDSAPrivateKey, RSAPrivateKey
from moto.s3.models import FakeKey

from localaws.core import s3
from localaws.errors import UsageError
from localaws.kept import items, mappings

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

_PROTOCOL = 5
_OF_THE_PROCESS = frozenset({"_value_buffer", "lock", s3.BYTES})
# A folder may have been put there by others, and a pickle may name any function to be called.
_OWN = "localaws.kept."
_CLASSES = ("collections", "datetime", "decimal", "localaws.", "moto.", "uuid", "zoneinfo")
_CALLED = (type, FunctionType, BuiltinFunctionType)
_OTHERS = {
    "_codecs": frozenset({"encode"}),
    "builtins": frozenset({"bytearray", "complex", "dict", "frozenset", "list", "object", "set"}),
    "copyreg": frozenset({"__newobj__", "__newobj_ex__", "_reconstructor"}),
    "re": frozenset({"_compile"}),
    "threading": frozenset({"Event"}),
}


def backends_of(module: str, service: str) -> Any:
    """Moto's backends of a service, of all accounts.

    Args:
        module: where the service's backend is defined, such as `moto.sqs.models`.
        service: by moto's name.
    """
    for found in vars(importlib.import_module(module)).values():
        if isinstance(found, BackendDict) and found.service_name == service:
            return found
    raise UsageError(f"moto has no service {service!r} in {module}")


class Writer:
    """Writes states, and gathers what they refer to.

    Attributes:
        digests: of all S3 objects that were met.
        bodies: their bytes by digest, of those that are not stored yet.
    """

    def __init__(self, services: Iterable[Any], stored: Collection[str]) -> None:
        """Begin.

        Args:
            services: moto's backends.
            stored: the digests of bytes that need not be gathered.
        """
        self.digests: set[str] = set()
        self.bodies: dict[str, bytes] = {}
        self._stored = stored
        self._reducers: dict[type, Callable[[Any], Any]] = {
            FakeKey: self._reduce_object,
            ECDSAPrivateKey: _reduce_private_key,
            RSAPrivateKey: _reduce_private_key,
            Item: items.reduce,
            type(threading.Lock()): _reduce_lock,
            type(threading.RLock()): _reduce_lock,
            threading.Condition: _reduce_lock,
        }
        for backends in services:
            self._reducers[backends.backend] = _reducer_of_backends(backends.service_name)

    def written(self, state: Any) -> bytes:
        """A state as bytes.

        Raises:
            pickle.PicklingError, TypeError, AttributeError: something in it cannot be written.
        """
        buffer = io.BytesIO()
        _Pickler(buffer, self._reducers).dump(state)
        return buffer.getvalue()

    def _reduce_object(self, stored: FakeKey) -> Any:
        attributes = vars(stored)
        digest = attributes.get(s3.DIGEST)
        if digest is None or digest not in self._stored:
            body = _body_of(stored)
            digest = attributes[s3.DIGEST] = hashlib.sha256(body).hexdigest()
            self.bodies[digest] = body
        self.digests.add(digest)
        state = {name: attributes[name] for name in attributes.keys() - _OF_THE_PROCESS}
        return _object_again, (digest, state)


class Reader:
    """Reads states."""

    def __init__(self, body_of: Callable[[str], bytes]) -> None:
        """Begin.

        Args:
            body_of: returns the bytes of a digest.
        """
        self._body_of = body_of

    def read(self, written: bytes) -> Any:
        """A state again.

        Raises:
            UsageError: it is nothing that `Writer` wrote.
        """
        return _Unpickler(io.BytesIO(written), self._body_of).load()


class _Pickler(pickle.Pickler):
    def __init__(self, target: io.BytesIO, reducers: Mapping[type, Callable[[Any], Any]]) -> None:
        super().__init__(target, protocol=_PROTOCOL)
        self._reducers = reducers

    def reducer_override(self, found: Any) -> Any:
        reduce = self._reducers.get(type(found))
        if reduce is not None:
            return reduce(found)
        if mappings.is_own_kind(found):
            return mappings.reduce(found)
        # What could not be read again is not written.
        if isinstance(found, _CALLED) and not _is_known(found):
            raise pickle.PicklingError(f"{found.__module__}.{found.__qualname__} is not read again")
        return NotImplemented


class _Unpickler(pickle.Unpickler):
    def __init__(self, source: io.BytesIO, body_of: Callable[[str], bytes]) -> None:
        super().__init__(source)
        self._body_of = body_of

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == (__name__, _object_again.__name__):
            return lambda digest, state: _object_again(digest, state, self._body_of)
        found = super().find_class(module, name)
        if not _is_known(found):
            raise UsageError(f"it names {module}.{name}, which no state of a local AWS does")
        return found


def _is_known(found: Any) -> bool:
    """Whether a state may name a class or function: by where it is defined, not where it is."""
    module = getattr(found, "__module__", None) or ""
    if module.startswith(_OWN):
        return True
    if isinstance(found, type) and module.startswith(_CLASSES):
        return True
    return getattr(found, "__qualname__", "") in _OTHERS.get(module, frozenset())


def _body_of(stored: Any) -> bytes:
    try:
        return bytes(stored.value)
    except ValueError:  # the bytes of an object that was deleted are gone
        return b""


def _object_again(digest: str, state: dict[str, Any], body_of: Callable[[str], bytes]) -> Any:
    stored: Any = FakeKey.__new__(FakeKey)
    stored.__setstate__({**state, "value": body_of(digest)})
    stored.__dict__[s3.DIGEST] = digest
    return stored


def _reducer_of_backends(service: str) -> Callable[[Any], Any]:
    def reduce(backend: Any) -> Any:
        name = (type(backend).__module__, service, backend.account_id, backend.region_name)
        return _backend_again, name

    return reduce


def _reduce_lock(lock: Any) -> Any:
    # Nobody holds it, and nobody waits: no request is at work.
    return _lock_again, (type(lock).__name__.strip("_").lower(),)


def _lock_again(kind: str) -> Any:
    return {"condition": threading.Condition, "rlock": threading.RLock}.get(kind, threading.Lock)()


def _backend_again(module: str, service: str, account: str, region: str) -> Any:
    return backends_of(module, service)[account][region]


def _reduce_private_key(key: Any) -> Any:
    state = dict(vars(key))
    content = state.pop("private_key").private_bytes(
        serialization.Encoding.DER,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return _private_key_again, (type(key), content, state)


def _private_key_again(kind: Any, content: bytes, state: dict[str, Any]) -> Any:
    key: Any = kind.__new__(kind)
    key.__dict__.update(state, private_key=serialization.load_der_private_key(content, None))
    return key
