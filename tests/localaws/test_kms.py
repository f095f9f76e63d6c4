"""A signature made by the local KMS holds with any other verifier."""

from __future__ import annotations

import hashlib
import uuid
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

if TYPE_CHECKING:
    from localaws import LocalAws


DIGEST = {"MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}


@pytest.fixture
def kms(aws: LocalAws) -> Any:
    return aws.client("kms")


@pytest.fixture
def key(kms: Any) -> str:
    name = f"alias/{uuid.uuid4().hex}"
    made = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
    kms.create_alias(AliasName=name, TargetKeyId=made["KeyId"])
    return name


def digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def test_a_digest_is_signed_as_it_is(kms: Any, key: str) -> None:
    signature = kms.sign(KeyId=key, Message=digest(b"report"), **DIGEST)["Signature"]
    public = load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, b"report", ec.ECDSA(hashes.SHA256()))


def test_a_signature_of_something_else_is_an_error(kms: Any, key: str) -> None:
    signature = kms.sign(KeyId=key, Message=digest(b"report"), **DIGEST)["Signature"]
    with pytest.raises(kms.exceptions.KMSInvalidSignatureException):
        kms.verify(KeyId=key, Message=digest(b"other"), Signature=signature, **DIGEST)
