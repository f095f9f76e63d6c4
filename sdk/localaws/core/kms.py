"""KMS: messages may be digests, and a wrong signature is an error.

Stock moto hashes every message, even a digest, so no other verifier accepts such a signature. And
it answers a wrong signature with False, where AWS raises.
"""

from __future__ import annotations

import functools
from contextvars import ContextVar
from typing import Any

from cryptography.hazmat.primitives.asymmetric.utils import Prehashed
from moto.core.exceptions import JsonRESTError
from moto.kms.responses import KmsResponse
from moto.kms.utils import ECDSAPrivateKey

_is_digest: ContextVar[bool] = ContextVar("_is_digest", default=False)


class InvalidSignatureError(JsonRESTError):
    """The signature is not of this message by this key."""

    def __init__(self) -> None:
        super().__init__("KMSInvalidSignatureException", "")


@functools.cache
def apply() -> None:
    """Patch moto, once a process."""
    key: Any = ECDSAPrivateKey
    hash_of = key._ECDSAPrivateKey__hash_algorithm

    def hash_algorithm(self: Any, signing_algorithm: str) -> Any:
        algorithm = hash_of(self, signing_algorithm)
        return Prehashed(algorithm) if _is_digest.get() else algorithm

    key._ECDSAPrivateKey__hash_algorithm = hash_algorithm
    response: Any = KmsResponse
    sign, verify = response.sign, response.verify

    def within(call: Any, self: Any) -> Any:
        token = _is_digest.set(self._get_param("MessageType") == "DIGEST")
        try:
            return call(self)
        finally:
            _is_digest.reset(token)

    def checked_verify(self: Any) -> Any:
        answer = within(verify, self)
        if '"SignatureValid": false' in str(answer):
            raise InvalidSignatureError
        return answer

    response.sign = lambda self: within(sign, self)
    response.verify = checked_verify
