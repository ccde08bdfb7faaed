# SPDX-License-Identifier: Apache-2.0
"""Localized keys against RFC 3414's example and its algorithm as printed."""

from __future__ import annotations

import hashlib

import pytest

from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User
from pdu_agent.snmp.keys import auth_key, localized_key, priv_key
from tests.snmp.ber import password_key

RFC_ENGINE_ID = bytes.fromhex("000000000000000000000002")


def test_the_example_of_rfc_3414_a_3_2() -> None:
    key = localized_key("sha1", "maplesyrup", RFC_ENGINE_ID)
    assert key.hex() == "6695febc9288e36282235fc7151f128497b38f3f"


@pytest.mark.parametrize("hash_name", ["sha224", "sha256", "sha384", "sha512"])
def test_sha_2_keys_equal_the_algorithm_as_the_rfc_prints_it(hash_name: str) -> None:
    key = localized_key(hash_name, "an odd passphrase", RFC_ENGINE_ID)
    assert key == password_key(b"an odd passphrase", RFC_ENGINE_ID, hash_name)


@pytest.mark.parametrize("auth", list(AuthProtocol))
@pytest.mark.parametrize(("priv", "octets"), [(PrivProtocol.AES128, 16), (PrivProtocol.AES256, 32)])
def test_privacy_keys_are_cut_or_extended_to_what_the_cipher_takes(
    auth: AuthProtocol, priv: PrivProtocol, octets: int
) -> None:
    user = User("u", auth, "auth passphrase", priv, "priv passphrase")
    key = priv_key(user, RFC_ENGINE_ID)
    assert key is not None
    assert len(key) == octets
    same_passphrase = User("u", auth, "priv passphrase", PrivProtocol.NONE)
    start = auth_key(same_passphrase, RFC_ENGINE_ID)
    hash_name = "sha1" if auth is AuthProtocol.SHA else auth.value
    assert (start + hashlib.new(hash_name, start).digest()).startswith(key)


def test_a_user_without_privacy_has_no_privacy_key() -> None:
    assert priv_key(User("u", auth_pass="12345678", priv=PrivProtocol.NONE), b"12345") is None
