"""A signature made by the local KMS holds with any other verifier."""

from __future__ import annotations

import hashlib
import uuid

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_der_public_key

from skewless.aws import Aws
from skewless.local import LocalAws
from skewless.local.provision import provision

DIGEST = {"MessageType": "DIGEST", "SigningAlgorithm": "ECDSA_SHA_256"}


@pytest.fixture(scope="module")
def key() -> tuple[Aws, str]:
    local = LocalAws.start()
    resources = provision(local, f"kms-{uuid.uuid4().hex[:8]}")
    return Aws(local.session(), local.endpoint), resources.report_key


def digest(text: bytes) -> bytes:
    return hashlib.sha256(text).digest()


def test_a_digest_is_signed_as_it_is(key: tuple[Aws, str]) -> None:
    aws, name = key
    kms = aws.client("kms")
    signature = kms.sign(KeyId=name, Message=digest(b"report"), **DIGEST)["Signature"]
    public = load_der_public_key(kms.get_public_key(KeyId=name)["PublicKey"])
    assert isinstance(public, ec.EllipticCurvePublicKey)
    public.verify(signature, b"report", ec.ECDSA(hashes.SHA256()))


def test_a_signature_of_something_else_is_an_error(key: tuple[Aws, str]) -> None:
    aws, name = key
    kms = aws.client("kms")
    signature = kms.sign(KeyId=name, Message=digest(b"report"), **DIGEST)["Signature"]
    with pytest.raises(kms.exceptions.KMSInvalidSignatureException):
        kms.verify(KeyId=name, Message=digest(b"other"), Signature=signature, **DIGEST)
