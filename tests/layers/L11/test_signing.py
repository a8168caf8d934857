"""Signatures: those of the specification, and those that are none."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from agentic.layers.L11_integration.errors import SignatureError, StaleMessageError
from agentic.layers.L11_integration.signing import (
    TOLERANCE,
    check_github,
    check_standard,
    new_secret,
    signed,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"test": 2432232314}'
MOMENT = 1614265330
HEADERS = {
    "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
    "webhook-timestamp": str(MOMENT),
    "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
}


def test_what_was_signed_is_known_by_whoever_has_one_of_the_secrets() -> None:
    old, new = new_secret(), new_secret()
    headers = signed([new, old], "m", MOMENT, BODY)
    for secret in (old, new):
        assert check_standard([secret], headers, BODY, MOMENT) == "m"
    with pytest.raises(SignatureError):
        check_standard([new_secret()], headers, BODY, MOMENT)


def test_the_signature_is_that_of_the_package_standardwebhooks() -> None:
    assert signed([SECRET], HEADERS["webhook-id"], MOMENT, BODY) == HEADERS
    assert check_standard([SECRET], HEADERS, BODY, MOMENT) == HEADERS["webhook-id"]


@pytest.mark.parametrize("late", [-TOLERANCE - 1, TOLERANCE + 1])
def test_a_message_of_another_time_is_not_believed(late: int) -> None:
    headers = signed([SECRET], "m", MOMENT, BODY)
    with pytest.raises(StaleMessageError):
        check_standard([SECRET], headers, BODY, MOMENT + late)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"webhook-signature": ""},
        {"webhook-signature": "v1,"},
        {"webhook-signature": "v1a,AAAA v2,BBBB"},
        {"webhook-signature": "v1,\u00e9"},
        {"webhook-id": ""},
        {"webhook-id": "another"},
        {"webhook-timestamp": "yesterday"},
        {"webhook-timestamp": "9" * 400},
        {"webhook-timestamp": str(MOMENT + 1)},
    ],
)
def test_a_lie_is_not_believed(spoilt: dict[str, str]) -> None:
    headers = {**signed([SECRET], "m", MOMENT, BODY), **spoilt}
    with pytest.raises(SignatureError):
        check_standard([SECRET], headers, BODY, MOMENT)


def test_what_github_signs_is_believed() -> None:
    right = hmac.new(b"a secret of mine", BODY, hashlib.sha256).hexdigest()
    headers = {"x-hub-signature-256": f"sha256={right}"}
    assert check_github(["a secret of mine"], headers, BODY) == right
    for wrong, body in ((headers, BODY + b" "), ({}, BODY), ({"x-hub-signature-256": "sha1=00"}, BODY)):
        with pytest.raises(SignatureError):
            check_github(["a secret of mine"], wrong, body)
