# SPDX-License-Identifier: Apache-2.0
"""Localized keys against the examples of the RFCs and drafts, and what pysnmp makes of them."""

from __future__ import annotations

import pytest

from pdu_agent.snmp.credentials import AuthProtocol, PrivProtocol, User
from pdu_agent.snmp.keys import HASH_NAMES, auth_key, localized_key, priv_key
from tests.snmp.ber import password_key

ENGINE_ID = bytes.fromhex("000000000000000000000002")  # of RFC 3414 A.3
PASSPHRASE = "maplesyrup"

MD5 = "526f5eed9fcce26f8964c2930787d82b"  # RFC 3414 A.3.1
SHA = "6695febc9288e36282235fc7151f128497b38f3f"  # RFC 3414 A.3.2

# What pysnmp 7.1.30 computes. Those of aes256c with MD5 and SHA are also the first 32 octets
# of the examples in draft-reeder-snmpv3-usm-3desede-00, sections 5.1 and 5.2.
PRIV_KEYS = {
    ("md5", "des"): MD5,
    ("md5", "aes128"): MD5,
    ("md5", "aes256"): MD5 + "fa24a92467426c2f4b09192be10dfaec",
    ("md5", "aes256c"): MD5 + "79eff44a90650ee0a3a40abfac5acc12",
    ("sha", "des"): SHA[:32],
    ("sha", "aes128"): SHA[:32],
    ("sha", "aes256"): SHA + "505e07eb9af25568fa1f5dbe",
    ("sha", "aes256c"): SHA + "9b8b6d78936ba6e7d19dfd9c",
    ("sha224", "aes128"): "0bd8827c6e29f8065e08e09237f177e4",
    ("sha224", "aes256"): "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be682075674e82d9bf0",
    ("sha224", "aes256c"): "0bd8827c6e29f8065e08e09237f177e410f69b90e1782be68207567422c34be4",
    ("sha256", "aes256"): "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b",
    ("sha256", "aes256c"): "8982e0e549e866db361a6b625d84cccc11162d453ee8ce3a6445c2d6776f0f8b",
    ("sha384", "aes256"): "3b298f16164a11184279d5432bf169e2d2a48307de02b3d3f7e2b4f36eb6f045",
    ("sha512", "aes256"): "22a5a36cedfcc085807a128d7bc6c2382167ad6c0dbc5fdff856740f3d84c099",
}


def user(auth: str, priv: str) -> User:
    return User("u", AuthProtocol(auth), PASSPHRASE, PrivProtocol(priv), PASSPHRASE)


@pytest.mark.parametrize(("auth", "expected"), [("md5", MD5), ("sha", SHA)])
def test_the_examples_of_rfc_3414(auth: str, expected: str) -> None:
    key = auth_key(user(auth, "none"), ENGINE_ID)
    assert key is not None
    assert key.hex() == expected


@pytest.mark.parametrize("hash_name", ["sha224", "sha256", "sha384", "sha512"])
def test_sha_2_keys_equal_the_algorithm_as_the_rfc_prints_it(hash_name: str) -> None:
    key = localized_key(hash_name, b"an odd passphrase", ENGINE_ID)
    assert key == password_key(b"an odd passphrase", ENGINE_ID, hash_name)


@pytest.mark.parametrize(("auth", "priv"), PRIV_KEYS)
def test_privacy_keys_are_cut_or_extended_to_what_the_cipher_takes(auth: str, priv: str) -> None:
    key = priv_key(user(auth, priv), ENGINE_ID)
    assert key is not None
    assert key.hex() == PRIV_KEYS[auth, priv]


def test_every_authentication_protocol_has_its_hash() -> None:
    assert set(HASH_NAMES) == set(AuthProtocol) - {AuthProtocol.NONE}


def test_who_has_no_protocol_has_no_key() -> None:
    assert priv_key(user("sha256", "none"), ENGINE_ID) is None
    nobody = User("u", AuthProtocol.NONE, "", PrivProtocol.NONE)
    assert auth_key(nobody, ENGINE_ID) is None
